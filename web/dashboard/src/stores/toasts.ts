import { defineStore } from "pinia";
import { ref } from "vue";
import { TaskbeamError } from "taskbeam-client";

export interface Toast {
  id: number;
  tone: "good" | "info" | "bad";
  /** A sentence, already in the reader's language. */
  text?: string;
  error?: unknown;
}

/** What was done, and what went wrong, for a moment in a corner. */
export const useToasts = defineStore("toasts", () => {
  const shown = ref<Toast[]>([]);
  let last = 0;

  const add = (toast: Omit<Toast, "id">) => {
    shown.value = [...shown.value.slice(-3), { ...toast, id: ++last }];
  };
  const dismiss = (id: number) => {
    shown.value = shown.value.filter((toast) => toast.id !== id);
  };

  /** Runs `work`; its failure is shown and gives undefined. */
  async function attempt<T>(work: () => Promise<T>, done?: string): Promise<T | undefined> {
    try {
      const result = await work();
      if (done) add({ tone: "good", text: done });
      return result;
    } catch (error) {
      if (!(error instanceof TaskbeamError && error.status === 401)) add({ tone: "bad", error });
      return undefined;
    }
  }

  return { shown, add, dismiss, attempt };
});
