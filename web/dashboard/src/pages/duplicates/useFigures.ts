import type { Rest } from "taskbeam-client";
import { onScopeDispose, shallowRef } from "vue";
import { api } from "@/api";

const PAUSE = 300; // ms; decisions come faster than anybody reads figures

/** How much is decided, and what is left. */
export function useFigures(taskId: number) {
  const figures = shallowRef<Rest.Review>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  async function load() {
    const mine = ++asked;
    const answer = await api("GET /api/dedup/tasks/{task_id}/review", { path: { task_id: taskId } }).catch(() => undefined);
    if (answer && mine === asked) figures.value = answer.data;
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(load, PAUSE);
  }

  void load();
  onScopeDispose(() => clearTimeout(timer));
  return { figures, load, soon };
}
