import { type Rest, TaskbeamError } from "taskbeam-client";
import { onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";
import { api } from "@/api";

const KEPT = 12; // clusters with their texts: the next ones, and those one just came from

/** The chosen cluster with its differences; those that come next are fetched ahead. */
export function useCluster(taskId: number, selected: Ref<number | undefined>) {
  const cluster = shallowRef<Rest.Cluster>();
  const error = shallowRef<unknown>();
  const loading = ref(false);
  const kept = new Map<number, Rest.Cluster>();
  const stale = new Set<number>(); // kept, but changed since: shown until the new one is there
  const leaving = new AbortController();

  async function fetchOne(id: number): Promise<Rest.Cluster> {
    const path = { task_id: taskId, cluster_id: id };
    const { data } = await api("GET /api/dedup/tasks/{task_id}/clusters/{cluster_id}", { path, signal: leaving.signal });
    keep(data);
    return data;
  }

  function keep(data: Rest.Cluster) {
    if ((kept.get(data.id)?.revision ?? 0) > data.revision) return;
    kept.delete(data.id);
    kept.set(data.id, data);
    stale.delete(data.id);
    for (const id of kept.keys()) if (kept.size > KEPT && id !== selected.value) kept.delete(id);
  }

  /** What the server answered. */
  function put(data: Rest.Cluster) {
    keep(data);
    if (data.id === selected.value) cluster.value = kept.get(data.id);
  }

  async function show(id: number | undefined) {
    error.value = undefined;
    cluster.value = id === undefined ? undefined : kept.get(id);
    if (id === undefined) return;
    if (cluster.value) return void (stale.has(id) && refresh(id));
    loading.value = true;
    try {
      await fetchOne(id);
      if (id === selected.value) cluster.value = kept.get(id);
    } catch (fault) {
      if (id === selected.value && !leaving.signal.aborted) error.value = fault;
    } finally {
      if (id === selected.value) loading.value = false;
    }
  }

  /** Somebody changed it (undefined: any): it is read again, and what is shown meanwhile stays. */
  async function refresh(id?: number) {
    const shown = selected.value;
    for (const one of id === undefined ? kept.keys() : [id]) stale.add(one);
    if (shown === undefined || (id !== undefined && id !== shown)) return;
    try {
      put(await fetchOne(shown));
      if (shown === selected.value) error.value = undefined;
    } catch (fault) {
      const isGone = fault instanceof TaskbeamError && fault.code === "NOT_FOUND";
      if (shown === selected.value && !leaving.signal.aborted && (isGone || !cluster.value)) error.value = fault;
    }
  }

  /** One after the other, so that what is asked for meanwhile need not wait for all. */
  async function ahead(ids: readonly number[]) {
    for (const id of ids) if (!kept.has(id) || stale.has(id)) await fetchOne(id).catch(() => undefined);
  }

  watch(selected, show, { immediate: true });
  onScopeDispose(() => leaving.abort());
  return { cluster, error, loading, put, refresh, ahead, again: () => show(selected.value) };
}
