import type { DecisionMade, Rest } from "taskbeam-client";
import { ref, shallowReactive } from "vue";
import { type Action, asMerge, type Choice } from "./plan";
import { api } from "@/api";

/** Something that this window did, and can take back. */
export type Done = { kind: "one"; cluster: number; revision: number } | { kind: "many"; decision: number };

/**
 * Deciding, and taking back. A decision is on its way until the server has answered: only then it is called saved;
 * `unsaved` says why one was not.
 */
export function useDeciding(taskId: number, put: (cluster: Rest.Cluster) => void) {
  const saving = shallowReactive(new Set<number>());
  const unsaved = shallowReactive(new Map<number, unknown>());
  const done = ref<Done[]>([]);
  const own = new Set<number>(); // decisions made here
  const ownRevisions = new Set<string>(); // of clusters, that came of them
  const flying = new Set<Promise<unknown>>();

  async function decide(cluster: Rest.Cluster, action: Action, choice: Choice): Promise<boolean> {
    const body = { action, revision: cluster.revision, ...(action === "merge" && asMerge(cluster, choice)) };
    return one(cluster.id, async (path) => {
      const { data } = await api("POST /api/dedup/tasks/{task_id}/clusters/{cluster_id}/decision", { path, body });
      if (data.decision?.decision_id) own.add(data.decision.decision_id);
      ownRevisions.add(`${data.id}/${data.revision}`);
      done.value = [...done.value, { kind: "one", cluster: data.id, revision: data.revision }];
      put(data);
    });
  }

  /** @param revision as one has seen it: what somebody else decided since is not taken back unseen */
  const undo = (id: number, revision: number) => {
    done.value = done.value.filter((each) => each.kind !== "one" || each.cluster !== id);
    return one(id, async (path) => {
      const { data } = await api("DELETE /api/dedup/tasks/{task_id}/clusters/{cluster_id}/decision", { path, query: { revision } });
      ownRevisions.add(`${data.id}/${data.revision}`);
      put(data);
    });
  };

  async function one(id: number, work: (path: { task_id: number; cluster_id: number }) => Promise<void>): Promise<boolean> {
    if (saving.has(id)) return false;
    saving.add(id);
    unsaved.delete(id);
    try {
      await fly(() => work({ task_id: taskId, cluster_id: id }));
      return true;
    } catch (error) {
      unsaved.set(id, error);
      return false;
    } finally {
      saving.delete(id);
    }
  }

  const decideMany = (action: Action, filters: Rest.OpenClusters): Promise<Rest.Effect> =>
    fly(async () => {
      const { data } = await api("POST /api/dedup/tasks/{task_id}/clusters/decisions", { path: { task_id: taskId }, body: { action, filters } });
      if (data.decision_id) {
        own.add(data.decision_id);
        done.value = [...done.value, { kind: "many", decision: data.decision_id }];
      }
      return data;
    });

  /** Whatever comes of it, it is not tried again by the next undoing. */
  const undoMany = (decision: number): Promise<Rest.Undone> =>
    fly(async () => {
      done.value = done.value.filter((each) => each.kind !== "many" || each.decision !== decision);
      const { data } = await api("DELETE /api/dedup/tasks/{task_id}/decisions/{decision_id}", { path: { task_id: taskId, decision_id: decision } });
      own.add(data.decision_id);
      return data;
    });

  function fly<T>(work: () => Promise<T>): Promise<T> {
    const flight = work().finally(() => flying.delete(flight));
    flying.add(flight);
    return flight;
  }

  /** Whether it was made in this window; waits for answers that are under way, since the event may come first. */
  async function isOwn(made: DecisionMade): Promise<boolean> {
    const known = () => own.has(made.decision_id) || ownRevisions.has(`${made.cluster_id}/${made.revision}`);
    if (!known()) await Promise.allSettled([...flying]);
    return known();
  }

  return { saving, unsaved, done, decide, undo, decideMany, undoMany, isOwn, isOwnNow: (decision: number | null) => decision !== null && own.has(decision) };
}
