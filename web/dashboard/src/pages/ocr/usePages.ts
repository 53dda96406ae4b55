import type { Rest, Task } from "taskbeam-client";
import { computed, onScopeDispose, type Ref, shallowRef, watch } from "vue";
import { api, list } from "@/api";
import { onReconnected } from "@/stores/connection";
import { useTasks } from "@/stores/tasks";

const PAUSE = 1000; // ms between two looks at the pages while they are being read

/** A task and how each of its pages stands, current while it runs; what the pages say is read one by one. */
export function usePages(id: Ref<number>) {
  const tasks = useTasks();
  const task = computed(() => tasks.get(id.value));
  const pages = shallowRef<Rest.OcrPage[]>([]);
  const error = shallowRef<unknown>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let loading = 0;

  async function load() {
    const own = ++loading;
    try {
      const path = { task_id: id.value };
      tasks.put([(await api("GET /api/ocr/tasks/{task_id}", { path })).data as Task]);
      const found = await list("GET /api/ocr/tasks/{task_id}/pages", { path, query: { results: false } });
      if (own !== loading) return;
      pages.value = found;
      error.value = undefined;
    } catch (fault) {
      if (own === loading) error.value = fault;
    }
  }

  /** Progress comes up to 20 times a second; the list is asked for once in a while. */
  function soon() {
    timer ??= setTimeout(async () => {
      await load();
      timer = undefined;
      if (task.value && pages.value.filter((page) => page.status !== "pending").length < task.value.processed) soon();
    }, PAUSE);
  }

  watch(id, load, { immediate: true });
  watch(() => [task.value?.processed, task.value?.status], (_now, before) => before[1] !== undefined && soon());
  onReconnected(load);
  onScopeDispose(() => clearTimeout(timer));

  function put(changed: Rest.OcrPage) {
    pages.value = pages.value.map((page) => (page.page === changed.page ? { ...changed, result: null } : page));
  }

  return { task, pages, error, load, put };
}
