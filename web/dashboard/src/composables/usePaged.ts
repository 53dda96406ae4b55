import { computed, onScopeDispose, ref, shallowRef } from "vue";

interface Paged<Row> {
  data: Row[];
  meta: { next_cursor: string | null; total: number };
}

/**
 * A list that is loaded page by page.
 *
 * @param fetchPage one page: `({ cursor, limit, signal }) => api("GET …", { query: { cursor, limit }, signal })`
 */
export function usePaged<Row>(fetchPage: (at: { cursor?: string; limit: number; signal: AbortSignal }) => Promise<Paged<Row>>, size = 50) {
  const rows = shallowRef<Row[]>([]);
  const total = ref(0);
  const loading = ref(false);
  const error = shallowRef<unknown>();
  const cursor = ref<string | null>(null);
  let asked = new AbortController();

  async function load(limit: number, after?: string) {
    asked.abort();
    const own = (asked = new AbortController());
    loading.value = true;
    try {
      const page = await fetchPage({ limit, signal: own.signal, ...(after && { cursor: after }) });
      if (own !== asked) return;
      rows.value = after ? [...rows.value, ...page.data] : page.data;
      total.value = page.meta.total;
      cursor.value = page.meta.next_cursor;
      error.value = undefined;
    } catch (fault) {
      if (own === asked) error.value = fault;
    } finally {
      if (own === asked) loading.value = false;
    }
  }
  onScopeDispose(() => asked.abort());

  return {
    rows,
    total,
    loading,
    error,
    hasMore: computed(() => cursor.value !== null),
    more: () => load(size, cursor.value ?? undefined),
    /** From the first row; as many as are shown now. */
    again: () => load(Math.min(500, Math.max(size, rows.value.length))),
  };
}
