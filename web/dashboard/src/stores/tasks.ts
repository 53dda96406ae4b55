import { afterEvent, type ServerEvents, type Task, type TaskEventName } from "taskbeam-client";
import { defineStore } from "pinia";
import { onScopeDispose, shallowReactive } from "vue";
import { client } from "@/api";

const EVENTS = ["task_created", "task_status", "task_progress", "task_completed", "task_failed", "task_cancelled"] as const satisfies TaskEventName[];
const PAUSE = 80; // ms between two renderings, however many events come

/**
 * Every task the page knows, current as the lobby tells it.
 *
 * Events come faster than they can be drawn (500 tasks, twice a second each), so they are applied at once and shown
 * together; one that comes alone is shown at once. A row reads `tasks.get(id)` and is rendered again only when that task changed.
 */
export const useTasks = defineStore("tasks", () => {
  const shown = shallowReactive(new Map<number, Task>());
  const coming = new Map<number, Task>();
  const listeners = new Set<(changed: Task[]) => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shownAt = 0;

  for (const event of EVENTS) client.on(event, (data) => hear(event, data));
  client.on("active_tasks", ({ tasks }) => tasks.forEach(offer));

  function hear(event: TaskEventName, data: ServerEvents[TaskEventName]) {
    const known = coming.get(data.id) ?? shown.get(data.id);
    const task = afterEvent(known, event, data);
    if (task && task !== known) come(task);
  }

  /** A task as the server described it; an older description than what is known changes nothing. */
  function offer(task: Task) {
    const known = coming.get(task.id) ?? shown.get(task.id);
    if (!known || task.last_seq > known.last_seq) come(task);
  }

  function come(task: Task) {
    coming.set(task.id, task);
    timer ??= setTimeout(show, Math.max(0, shownAt + PAUSE - Date.now()));
  }

  function show() {
    clearTimeout(timer);
    timer = undefined;
    shownAt = Date.now();
    const changed = [...coming.values()];
    coming.clear();
    for (const task of changed) shown.set(task.id, task);
    for (const listener of listeners) listener(changed);
  }

  /** What the server answered, shown at once. */
  function put(tasks: Task[]) {
    tasks.forEach(offer);
    show();
  }

  function forget(id: number) {
    coming.delete(id);
    shown.delete(id);
  }

  /** Forgets what no page shows: one that is open all day hears of many. */
  function keepOnly(ids: Set<number>) {
    for (const id of shown.keys()) if (!ids.has(id)) shown.delete(id);
  }

  /** Hears what changed, many at once, for as long as its component lives. */
  function onChanged(listener: (changed: Task[]) => void) {
    listeners.add(listener);
    onScopeDispose(() => listeners.delete(listener));
  }

  return { get: (id: number) => shown.get(id), put, forget, keepOnly, onChanged };
});
