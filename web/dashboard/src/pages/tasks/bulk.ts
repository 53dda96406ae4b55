import { TaskbeamError } from "taskbeam-client";
import { type Action, FROM, perform } from "./actions";
import type { TaskFilters } from "@/composables/useTaskList";
import { all, api } from "@/api";

const AT_ONCE = 4;

export interface Outcome {
  done: number;
  /** Their status did not allow it (any more). */
  refused: number;
  /** What ended it before its end. */
  error?: unknown;
}

/** How many tasks that match could have this done to them. */
export async function countMatching(action: Action, filters: TaskFilters): Promise<number> {
  const lists = statusesOf(action, filters).map((status) => api("GET /api/tasks", { query: { ...filters, status, limit: 1 } }));
  return (await Promise.all(lists)).reduce((sum, { meta }) => sum + meta.total, 0);
}

/** With all that match, also those no page has loaded. They are listed before the first is changed: cursors then hold. */
export async function performAll(action: Action, filters: TaskFilters, report: (done: number) => void): Promise<Outcome> {
  const ids: number[] = [];
  for (const status of statusesOf(action, filters)) {
    for await (const task of all("GET /api/tasks", { query: { ...filters, status } })) ids.push(task.id);
  }
  return performEach(action, ids, report);
}

export async function performEach(action: Action, ids: number[], report: (done: number) => void): Promise<Outcome> {
  const outcome: Outcome = { done: 0, refused: 0 };
  const left = [...ids];
  const work = async () => {
    for (let id; outcome.error === undefined && (id = left.shift()) !== undefined; ) {
      await one(action, id, outcome);
      report(outcome.done + outcome.refused);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
}

async function one(action: Action, id: number, outcome: Outcome) {
  try {
    await perform(action, id);
    outcome.done += 1;
  } catch (error) {
    if (error instanceof TaskbeamError && (error.status === 409 || error.status === 404)) outcome.refused += 1;
    else outcome.error = error;
  }
}

const statusesOf = (action: Action, { status }: TaskFilters) => FROM[action].filter((one) => !status || one === status);
