import { type Rest, type TaskView, TaskbeamError, type WatchEvent } from "taskbeam-client";
import { computed, onScopeDispose, shallowRef } from "vue";
import { api, client } from "@/api";

export type Change = Rest.Event;
export type Point = Rest.Point;
/** Another program that reports its task may leave the rate out. */
export type RatedPoint = Point & { rate: number };

const PAUSE = 500; // ms between two drawings of the curve
const MOST_POINTS = 2000; // of the curve, then every second one goes

/** A task as it is, with what happened to it: its changes and its curve so far, then each as it comes. */
export function useTaskLife(id: number) {
  const view = shallowRef<TaskView>({ task: null, liveness: "offline", since: Date.now(), error: null });
  const changes = shallowRef<Change[]>([]);
  const curve = shallowRef<Point[]>([]);
  const error = shallowRef<unknown>();
  let come: WatchEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const watch = client.watchTask(id, { onEvent: hear });
  const end = watch.subscribe((value) => (view.value = value));
  void load();
  onScopeDispose(() => {
    end();
    watch.stop();
    clearTimeout(timer);
  });

  async function load() {
    try {
      const { data } = await api("GET /api/tasks/{task_id}/history", { path: { task_id: id } });
      changes.value = data.changes;
      curve.value = data.curve;
      error.value = undefined;
      show();
    } catch (fault) {
      error.value = fault;
    }
  }

  function hear(event: WatchEvent) {
    if (event.event === "reset") return void load();
    come.push(event);
    timer ??= setTimeout(show, event.event === "task_progress" ? PAUSE : 0);
  }

  function show() {
    clearTimeout(timer);
    timer = undefined;
    const events = come;
    come = [];
    changes.value = [...changes.value, ...events.flatMap(changeOf).filter(after(changes.value))];
    curve.value = thinned([...curve.value, ...events.flatMap(pointOf).filter(after(curve.value))]);
  }

  const refusal = computed(() => view.value.error ?? (error.value instanceof TaskbeamError && error.value.code === "NOT_FOUND" ? error.value : undefined));
  return { view, changes, curve, error, refusal };
}

const after = (known: { seq: number }[]) => {
  const last = known.at(-1)?.seq ?? 0;
  return ({ seq }: { seq: number }) => seq > last;
};

function changeOf(event: WatchEvent): Change[] {
  if (event.event === "reset" || event.event === "task_progress") return [];
  return [{ seq: event.seq, event: event.event, data: { ...event.data }, created_at: event.data.timestamp }];
}

function pointOf(event: WatchEvent): Point[] {
  if (event.event !== "task_progress") return [];
  const { timestamp, seq, processed, progress_percentage, rate } = event.data;
  return [{ at: timestamp, seq, processed, progress_percentage, rate }];
}

const thinned = (points: Point[]) => (points.length > MOST_POINTS ? points.filter((_, index) => index % 2 === 0 || index === points.length - 1) : points);
