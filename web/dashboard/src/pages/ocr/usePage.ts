import type { Rest } from "taskbeam-client";
import { onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";
import { api } from "@/api";
import { useToasts } from "@/stores/toasts";

const WIDTH = 1600; // pixels of the picture: enough to read by, a third of a scan's bytes

const WITHOUT_PICTURE = new Set(["INVALID_IMAGE", "IMAGE_TOO_LARGE", "IMAGE_TOO_SMALL", "ENCRYPTED_DOCUMENT"]);

export const UNKNOWN = "unknown";

export type Box = [number, number, number, number];

/** One page of a task: what it says, its picture, and corrections of both. `state` changes when it has been read. */
export function usePage(taskId: Ref<number>, number: Ref<number>, state: Ref<string>, changed: (page: Rest.OcrPage) => void) {
  const toasts = useToasts();
  const page = shallowRef<Rest.OcrPage>();
  const picture = ref<string>();
  const error = shallowRef<unknown>();
  const busy = ref(false);
  let asked = new AbortController();

  const path = () => ({ task_id: taskId.value, page: number.value });

  async function load() {
    asked.abort();
    const own = (asked = new AbortController());
    if (state.value === UNKNOWN) return; // of a document the pages are known once it has been opened
    try {
      const { data } = await api("GET /api/ocr/tasks/{task_id}/pages/{page}", { path: path(), signal: own.signal });
      if (!isOlder(data)) page.value = data;
      error.value = undefined;
      if (WITHOUT_PICTURE.has(data.error?.code ?? "")) return show(undefined);
      const answer = await api("GET /api/ocr/tasks/{task_id}/pages/{page}/image", { path: path(), query: { width: WIDTH }, signal: own.signal });
      const blob = await answer.blob();
      if (own === asked) show(URL.createObjectURL(blob));
    } catch (fault) {
      if (own !== asked) return;
      show(undefined);
      error.value = fault;
    }
  }

  /** A correction may have been answered while the page was on its way. */
  const isOlder = (data: Rest.OcrPage) => page.value?.page === data.page && page.value.revision > data.revision;

  function show(url: string | undefined) {
    if (picture.value) URL.revokeObjectURL(picture.value);
    picture.value = url;
  }

  /** Made on the revision that is shown: where somebody else was first, theirs is loaded instead. */
  async function change(work: (revision: number) => Promise<{ data: Rest.OcrPage }>) {
    if (!page.value) return false;
    busy.value = true;
    const { revision } = page.value;
    const answer = await toasts.attempt(() => work(revision));
    busy.value = false;
    if (!answer) {
      await load();
      return false;
    }
    page.value = answer.data;
    changed(answer.data);
    return true;
  }

  const correct = (region: number, text: string) =>
    change((revision) => api("PATCH /api/ocr/tasks/{task_id}/pages/{page}/regions/{region}", { path: { ...path(), region }, body: { text, revision } }));
  const readBox = (box: Box) =>
    change((revision) => api("POST /api/ocr/tasks/{task_id}/pages/{page}/regions", { path: path(), body: { box, revision } }));
  const undo = () => change(() => api("DELETE /api/ocr/tasks/{task_id}/pages/{page}/corrections", { path: path() }));

  watch([taskId, number], () => (show(undefined), (page.value = undefined)));
  watch([taskId, number, state], load, { immediate: true });
  onScopeDispose(() => (asked.abort(), show(undefined)));

  return { page, picture, error, busy, load, correct, readBox, undo };
}
