/** What the events of a task make of it; pure functions. */
import type { ServerEvents, Task, TaskCreated, TaskProgress, TaskStatus } from "./generated/sockets.js";

/** How true what is shown is. */
export type Liveness =
  /** Every change is heard of as it happens. */
  | "live"
  /** What was missed is being fetched. */
  | "catching-up"
  /** The server does not answer, or does not let us watch: what is shown was true at `since`. */
  | "stale"
  /** There is no connection: what is shown was true at `since`. */
  | "offline";

export const TASK_EVENTS = [
  "task_created", "task_status", "task_progress", "task_completed", "task_error", "task_failed", "task_cancelled",
  "decision",
] as const satisfies readonly Logged[];

/** Events that have their place in a task's log. */
type Logged = {
  [Name in keyof ServerEvents]: ServerEvents[Name] extends { seq: number | null } ? Name : never;
}[keyof ServerEvents];

export type TaskEventName = (typeof TASK_EVENTS)[number];

// An event that is not listened to would look as if it had got lost.
true satisfies Logged extends TaskEventName ? true : never;

/** An event of a task's log. `task_failed` is the lobby's word for `task_error`. */
export type TaskEvent = {
  [Name in Exclude<TaskEventName, "task_failed">]: { event: Name; seq: number; data: ServerEvents[Name] };
}[Exclude<TaskEventName, "task_failed">];

type Status = Task["status"];
const ACTIVE: ReadonlySet<Status> = new Set<Status>(["queued", "running", "paused"]);
const ENDED: ReadonlySet<Status> = new Set<Status>(["completed", "failed", "cancelled"]);

export const isActive = (task: Task): boolean => ACTIVE.has(task.status);
export const hasEnded = (task: Task): boolean => ENDED.has(task.status);

type Payload = ServerEvents[TaskEventName];

/**
 * The task after an event of it.
 *
 * @param task what is known of it; undefined: nothing, and progress alone does not say enough
 * @returns the same object where the event says nothing new
 */
export function afterEvent(task: Task | undefined, event: TaskEventName, data: Payload): Task | undefined {
  const seq = data.seq ?? (data as TaskStatus).data.last_seq;
  if (task && seq <= task.last_seq && event !== "task_created") return task;
  switch (event) {
    case "task_created":
      return task ?? ofCreated(data as TaskCreated);
    case "task_progress":
      return task && ofProgress(task, data as TaskProgress);
    case "decision":
      return task && { ...task, last_seq: seq }; // about what it found, not about the task
    default:
      return { ...(data as TaskStatus).data, last_seq: seq };
  }
}

function ofCreated({ seq, timestamp: _, ...task }: TaskCreated): Task {
  return { ...task, last_seq: seq };
}

function ofProgress(task: Task, { task_id: _, timestamp: __, progress: ___, seq, ...figures }: TaskProgress): Task {
  return { ...task, ...figures, kind: task.kind, last_seq: seq };
}
