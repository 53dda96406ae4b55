import type { DecisionMade, Rest } from "taskbeam-client";
import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";
import { asListQuery, type ClusterFilters } from "./filters";
import { afterDecision, type Row, rowOf } from "./rows";
import { api } from "@/api";

const FIRST = 50;
const PAGE = 200; // rows of one answer, with their texts: more would hold up the page while it is read

type Take = (page: Row[]) => Row[];

/**
 * The clusters that match, in the order they were found, page after page.
 *
 * What is decided while one looks stays in its place until the filters change: nothing jumps under a reviewer's hand.
 */
export function useQueue(taskId: number, filters: Ref<ClusterFilters>) {
  const rows = shallowRef<Row[]>([]);
  const total = ref(0);
  const cursor = ref<string | null>(null);
  const loading = ref(true);
  const error = shallowRef<unknown>();
  let asked = new AbortController();
  let lastAsked: string | null = null; // with which the last page came

  const ask = (limit: number, after: string | null, { signal }: AbortController) => {
    const query = { ...asListQuery(filters.value), limit, ...(after && { cursor: after }) };
    return api("GET /api/dedup/tasks/{task_id}/clusters", { path: { task_id: taskId }, query, signal });
  };

  /** Pages from `after` on until there are so many rows; an earlier asking is given up. */
  async function load(after: string | null, limit: number, take: Take, atLeast = 0) {
    asked.abort();
    const own = (asked = new AbortController());
    loading.value = true;
    try {
      const page: Row[] = [];
      let next = after;
      do {
        lastAsked = next;
        const { data, meta } = await ask(limit, next, own);
        if (own !== asked) return;
        page.push(...data.map(rowOf));
        total.value = meta.total;
        next = meta.next_cursor;
      } while (next !== null && page.length < atLeast);
      cursor.value = next;
      rows.value = take(newest(page));
      error.value = undefined;
    } catch (fault) {
      if (own === asked) error.value = fault;
    } finally {
      if (own === asked) loading.value = false;
    }
  }

  const more = () => load(cursor.value, PAGE, (page) => [...rows.value, ...page]);

  /** All that is loaded, as it is now; `made`: a decision on many, which explains what matches no longer. */
  const again = (made?: DecisionMade) =>
    load(null, PAGE, (page) => {
      const end = cursor.value === null ? Infinity : (page.at(-1)?.id ?? 0);
      const gone = without(page).filter((row) => row.id <= end).map((row) => (made ? afterDecision(row, made, true) : row));
      return inOrder([...page, ...gone.filter((row) => row.decision)]);
    }, rows.value.length);

  /**
   * What a running task has found since. New clusters come at the end, so of a long queue only that is looked at;
   * those that an earlier run knew have their old place, and come to sight when the task has ended.
   */
  async function grow() {
    if (loading.value) return;
    if (rows.value.length <= PAGE) return again();
    if (cursor.value === null) return load(lastAsked, PAGE, (page) => inOrder([...without(page), ...page]));
    const answer = await ask(1, null, new AbortController()).catch(() => undefined);
    if (answer) total.value = answer.meta.total;
  }

  /** What was heard while the answer was on its way is newer than the answer. */
  const newest = (page: Row[]) => {
    const known = new Map(rows.value.map((row) => [row.id, row]));
    return page.map((row) => ((known.get(row.id)?.revision ?? -1) > row.revision ? known.get(row.id)! : row));
  };
  const without = (page: Row[]) => {
    const known = new Set(page.map((row) => row.id));
    return rows.value.filter((row) => !known.has(row.id));
  };
  const inOrder = (all: Row[]) => all.sort((one, other) => one.id - other.id);

  function put(cluster: Rest.Cluster) {
    rows.value = rows.value.map((row) => (row.id === cluster.id && row.revision <= cluster.revision ? rowOf(cluster) : row));
  }

  function hear(made: DecisionMade) {
    rows.value = rows.value.map((row) => afterDecision(row, made, false));
  }

  watch(filters, () => {
    rows.value = [];
    void load(null, FIRST, (page) => page);
  }, { immediate: true });
  onScopeDispose(() => asked.abort());

  return { rows, total, loading, error, hasMore: computed(() => cursor.value !== null), more, again, grow, put, hear };
}
