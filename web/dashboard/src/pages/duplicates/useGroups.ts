import type { Rest } from "taskbeam-client";
import { shallowRef } from "vue";
import { api } from "@/api";

const MOST = 500; // the largest; who has more finds the others by the address

/** The groups of a task, for the filter. */
export function useGroups(taskId: number) {
  const groups = shallowRef<Rest.DedupGroup[]>([]);

  async function load() {
    const answer = await api("GET /api/dedup/tasks/{task_id}/groups", { path: { task_id: taskId }, query: { limit: MOST } }).catch(() => undefined);
    if (answer) groups.value = answer.data;
  }

  void load();
  return { groups, load };
}
