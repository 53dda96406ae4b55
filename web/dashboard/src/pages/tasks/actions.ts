import type { Task } from "taskbeam-client";
import type { Component } from "vue";
import IconBan from "~icons/lucide/ban";
import IconPause from "~icons/lucide/pause";
import IconPlay from "~icons/lucide/play";
import IconRetry from "~icons/lucide/rotate-ccw";
import IconTrash from "~icons/lucide/trash-2";
import { api } from "@/api";

export const ACTIONS = ["start", "pause", "resume", "retry", "cancel", "delete"] as const;
export type Action = (typeof ACTIONS)[number];
type Status = Task["status"];

/** From which statuses the server takes each; what it refuses is not offered. */
export const FROM: Record<Action, readonly Status[]> = {
  start: ["pending"],
  pause: ["running"],
  resume: ["paused"],
  retry: ["failed", "cancelled"],
  cancel: ["pending", "queued", "running", "paused"],
  delete: ["pending", "completed", "failed", "cancelled"],
};

export const ICONS: Record<Action, Component> = { start: IconPlay, pause: IconPause, resume: IconPlay, retry: IconRetry, cancel: IconBan, delete: IconTrash };
export const IS_DANGEROUS: Record<Action, boolean> = { start: false, pause: false, resume: false, retry: false, cancel: true, delete: true };

/** What can be done with a task now. Another program's own task is not ours to run. */
export const possible = (task: Task): Action[] =>
  ACTIONS.filter((action) => FROM[action].includes(task.status) && (task.kind !== "external" || action === "cancel" || action === "delete"));

/** Gives the task as it is then; undefined: it is deleted. */
export async function perform(action: Action, id: number): Promise<Task | undefined> {
  const path = { task_id: id };
  if (action === "delete") return void (await api("DELETE /api/tasks/{task_id}", { path }));
  return (await api(`POST /api/tasks/{task_id}/${action}`, { path })).data as Task;
}
