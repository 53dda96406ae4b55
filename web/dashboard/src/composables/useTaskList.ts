import type { Task } from "taskbeam-client";
import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";
import { api } from "@/api";
import { onReconnected } from "@/stores/connection";
import { useTasks } from "@/stores/tasks";

const PAGE = 100;
const MOST = 500; // rows in one answer
const REFRESH = 60_000; // ms; no event tells of a task that somebody else deleted

/** As the server's list takes them; what is left out filters nothing. */
export interface TaskFilters {
  status?: Task["status"];
  kind?: Task["kind"];
  q?: string;
}

/** The tasks that match, newest first, page after page; new ones come on top, those that match no longer go. */
export function useTaskList(filters: Ref<TaskFilters>) {
  const tasks = useTasks();
  const ids = shallowRef<number[]>([]);
  const total = ref(0);
  const cursor = ref<string | null>(null);
  const loading = ref(true);
  const error = shallowRef<unknown>();
  let asked = new AbortController();
  let news = new Set<number>(); // heard of since the list under way was asked for: it may not have them yet

  async function load(limit = PAGE, after: string | null = null) {
    asked.abort();
    const own = (asked = new AbortController());
    loading.value = true;
    news = new Set();
    try {
      const query = { ...filters.value, limit, ...(after && { cursor: after }) };
      const { data, meta } = await api("GET /api/tasks", { query, signal: own.signal });
      if (own !== asked) return;
      tasks.put(data as Task[]);
      const listed = data.map((task) => task.id);
      const oldest = meta.next_cursor === null ? 0 : (listed.at(-1) ?? 0);
      ids.value = ordered([...(after ? ids.value : [...news].filter((id) => id > oldest)), ...listed]);
      total.value = meta.total;
      cursor.value = meta.next_cursor;
      error.value = undefined;
    } catch (fault) {
      if (own === asked) error.value = fault;
    } finally {
      if (own === asked) loading.value = false;
    }
  }

  /** Each once, the newest first; what has changed meanwhile and matches no longer is left out. */
  function ordered(some: number[]): number[] {
    const fits = (id: number) => {
      const task = tasks.get(id);
      return task !== undefined && matches(task, filters.value);
    };
    return [...new Set(some)].filter(fits).sort((one, other) => other - one);
  }

  tasks.onChanged((changed) => {
    for (const task of changed) news.add(task.id);
    const known = new Set(ids.value);
    const oldest = cursor.value === null ? 0 : (ids.value.at(-1) ?? 0); // older ones come with their own page
    const gone = new Set(changed.filter((task) => known.has(task.id) && !matches(task, filters.value)).map((task) => task.id));
    const come = changed.filter((task) => !known.has(task.id) && task.id > oldest && matches(task, filters.value)).map((task) => task.id);
    if (!gone.size && !come.length) return;
    ids.value = ordered([...ids.value, ...come]);
    total.value += come.length - gone.size;
  });

  function drop(id: number) {
    if (ids.value.includes(id)) total.value -= 1;
    ids.value = ids.value.filter((one) => one !== id);
    news.delete(id);
    tasks.forget(id);
  }

  const again = () => load(Math.min(MOST, Math.max(PAGE, ids.value.length)));
  watch(filters, () => load(), { immediate: true });
  onReconnected(again);
  const looking = setInterval(() => !document.hidden && !loading.value && void again(), REFRESH);
  onScopeDispose(() => {
    clearInterval(looking);
    asked.abort();
    tasks.keepOnly(new Set(ids.value));
  });

  return {
    ids,
    total,
    loading,
    error,
    hasMore: computed(() => cursor.value !== null),
    more: () => load(MOST, cursor.value),
    again,
    drop,
  };
}

const matches = (task: Task, { status, kind, q }: TaskFilters) =>
  (!status || task.status === status) && (!kind || task.kind === kind) && (!q || task.task_name.toLowerCase().includes(q.toLowerCase()));
