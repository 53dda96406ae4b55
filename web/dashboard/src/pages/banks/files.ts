/** Files on their way from wherever they were dropped to the import page. */
import { onScopeDispose, ref } from "vue";
import { useRouter } from "vue-router";

export const ACCEPTED = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.xlsx,.gift";

let waiting: File | undefined;

export function takeFile(): File | undefined {
  const file = waiting;
  waiting = undefined;
  return file;
}

/** Goes to the import page with a file, if one is given, and the bank it is meant for. */
export function useImportOf() {
  const router = useRouter();
  return (file?: File, bank?: number) => {
    waiting = file;
    return router.push({ name: "banks.import", query: bank ? { bank } : {} });
  };
}

/** A file dropped anywhere in the window; `isOver` while one is held above it. */
export function useWindowDrop(onFile: (file: File) => void) {
  const isOver = ref(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const over = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    isOver.value = true;
  };
  const leave = (event: DragEvent) => event.relatedTarget === null && (isOver.value = false);
  const drop = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    isOver.value = false;
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  };
  const listeners = { dragenter: over, dragover: over, dragleave: leave, drop };
  for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
  onScopeDispose(() => {
    for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
  });
  return isOver;
}
