import type { Task } from "taskbeam-client";
import { computed, ref, shallowRef } from "vue";
import { upload } from "@/api";

export interface Wishes {
  accuracy_requirement: "high" | "medium" | "low";
  language: "auto" | "chinese" | "english" | "mixed";
  document_type: "auto" | "document" | "receipt" | "id_card" | "business_card";
  pages: string;
}

/** Files on their way to the server, where they become one task with a unit per page. */
export function useUpload() {
  const files = shallowRef<File[]>([]);
  const wishes = ref<Wishes>({ accuracy_requirement: "medium", language: "auto", document_type: "auto", pages: "" });
  const sent = ref(0);
  const error = shallowRef<unknown>();
  const sending = shallowRef<AbortController>();
  const size = computed(() => files.value.reduce((sum, file) => sum + file.size, 0));

  function add(more: Iterable<File>) {
    const known = new Set(files.value.map(nameOf));
    files.value = [...files.value, ...[...more].filter((file) => !known.has(nameOf(file)))];
    error.value = undefined;
  }

  function remove(file: File) {
    files.value = files.value.filter((one) => one !== file);
  }

  /** The new task; undefined: it was stopped or refused, and `error` says why. */
  async function send(): Promise<Task | undefined> {
    sending.value = new AbortController();
    sent.value = 0;
    try {
      return await upload<Task>("/api/ocr/tasks", form(), (part) => (sent.value = part), sending.value.signal);
    } catch (fault) {
      if (!(fault instanceof DOMException)) error.value = fault;
      return undefined;
    } finally {
      sending.value = undefined;
    }
  }

  function form(): FormData {
    const { pages, ...rest } = wishes.value;
    const data = new FormData();
    data.append("requirements", JSON.stringify(pages.trim() ? { ...rest, pages: pages.trim() } : rest));
    for (const file of files.value) data.append("files[]", file);
    return data;
  }

  return { files, wishes, size, sent, error, sending, add, remove, send, stop: () => sending.value?.abort() };
}

const nameOf = (file: File) => `${file.name}/${file.size}/${file.lastModified}`;
