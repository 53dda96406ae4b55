import { type DecisionMade, hasEnded, type Task, type WatchEvent } from "taskbeam-client";
import { onScopeDispose, shallowRef } from "vue";
import { client } from "@/api";

const PAUSE = 1500; // ms between two looks at what a running task has found

interface Heard {
  decision: (made: DecisionMade) => void;
  /** It has found more. */
  grown: () => void;
  /** What came between is not known. */
  missed: () => void;
}

/** The task as it runs, and what others decide, through lost connections. */
export function useLive(taskId: number, heard: Heard) {
  const task = shallowRef<Task | null>(null);
  const error = shallowRef<unknown>(null);
  let known: Task | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function onEvent(event: WatchEvent) {
    if (event.event === "decision") heard.decision(event.data);
    else if (event.event === "reset") heard.missed();
  }

  function soon() {
    timer ??= setTimeout(() => {
      timer = undefined;
      heard.grown();
    }, PAUSE);
  }

  const watching = client.watchTask(taskId, { onEvent });
  const end = watching.subscribe((view) => {
    task.value = view.task;
    error.value = view.error;
    if (known && view.task && hasEnded(view.task) && !hasEnded(known)) heard.missed();
    else if (known && view.task?.processed !== known.processed) soon();
    known = view.task ?? known;
  });
  onScopeDispose(() => {
    clearTimeout(timer);
    end();
    watching.stop();
  });
  return { task, error };
}
