/** Composables over a client: each gives refs, and lets go when its component does. */
import {
  type InjectionKey, type MaybeRefOrGetter, type Plugin, type ShallowRef, computed, inject, onScopeDispose, shallowRef,
  toValue, watch,
} from "vue";
import type { CameraOptions, CameraView, Client, Readable, TaskView, TaskWatch } from "./index.js";
import { OcrState } from "./ocr-state.js";

const KEY: InjectionKey<Client> = Symbol("taskbeam");

/** `app.use(taskbeam(connect(url)))` */
export const taskbeam = (client: Client): Plugin => ({ install: (app) => void app.provide(KEY, client) });

export function useTaskbeam(): Client {
  const client = inject(KEY, null);
  if (!client) throw new Error("There is no client here: app.use(taskbeam(connect(url))) comes first.");
  return client;
}

/** A ref of anything that can be subscribed to. */
export function useReadable<T>(readable: Readable<T>): Readonly<ShallowRef<T>> {
  const ref = shallowRef(readable.get());
  onScopeDispose(readable.subscribe((value) => void (ref.value = value)));
  return ref;
}

/** Whether the server is there: `state`, `since`, `error`, `version`. */
export function useConnection(client: Client = useTaskbeam()) {
  const view = useReadable(client.connection);
  return {
    state: computed(() => view.value.state),
    since: computed(() => view.value.since),
    error: computed(() => view.value.error),
    version: computed(() => view.value.version),
    reconnect: () => client.reconnect(),
  };
}

/** Every active task, newest first. */
export function useTasks(client: Client = useTaskbeam()) {
  const view = useReadable(client.lobby);
  return {
    tasks: computed(() => view.value.tasks),
    liveness: computed(() => view.value.liveness),
    since: computed(() => view.value.since),
  };
}

/** One task; another one when `id` changes, none while it is null. */
export function useTask(id: MaybeRefOrGetter<number | null | undefined>, client: Client = useTaskbeam()) {
  const nothing = { task: null, liveness: "offline", since: Date.now(), error: null } as const;
  const view = shallowRef<TaskView>(nothing);
  let watched: TaskWatch | null = null;
  watch(
    () => toValue(id),
    (now, _before, onCleanup) => {
      view.value = nothing;
      if (now == null) return;
      const own = (watched = client.watchTask(now));
      const end = own.subscribe((value) => void (view.value = value));
      onCleanup(() => (end(), own.stop(), (watched = null)));
    },
    { immediate: true },
  );
  const act = (action: "start" | "pause" | "resume" | "cancel" | "retry") => async () => watched?.[action]();
  return {
    task: computed(() => view.value.task),
    liveness: computed(() => view.value.liveness),
    since: computed(() => view.value.since),
    error: computed(() => view.value.error),
    start: act("start"),
    pause: act("pause"),
    resume: act("resume"),
    cancel: act("cancel"),
    retry: act("retry"),
  };
}

/** Reads one picture at a time. */
export function useOcr(client: Client = useTaskbeam()) {
  const state = new OcrState(client);
  const view = useReadable(state);
  onScopeDispose(state.cancel);
  return {
    isBusy: computed(() => view.value.isBusy),
    step: computed(() => view.value.step),
    result: computed(() => view.value.result),
    error: computed(() => view.value.error),
    recognize: state.recognize,
    cancel: state.cancel,
  };
}

/** A camera on a canvas (a template ref); another one when `id` changes, none while it is null. */
export function useCamera(
  id: MaybeRefOrGetter<number | null | undefined>,
  canvas: MaybeRefOrGetter<HTMLCanvasElement | null | undefined>,
  options: MaybeRefOrGetter<CameraOptions> = {},
  client: Client = useTaskbeam(),
) {
  const nothing = { state: "paused", since: Date.now(), status: null, frame: null, fps: 0, error: null } as const;
  const view = shallowRef<CameraView>(nothing);
  watch(
    () => [toValue(id), toValue(canvas)] as const,
    ([now, element], _before, onCleanup) => {
      view.value = nothing;
      if (now == null || !element) return;
      const own = client.watchCamera(now, element, toValue(options));
      const end = own.subscribe((value) => void (view.value = value));
      const follow = watch(() => toValue(options), (changed) => own.set(changed), { deep: true });
      onCleanup(() => (follow(), end(), own.stop()));
    },
    { immediate: true },
  );
  return {
    state: computed(() => view.value.state),
    since: computed(() => view.value.since),
    status: computed(() => view.value.status),
    frame: computed(() => view.value.frame),
    fps: computed(() => view.value.fps),
    error: computed(() => view.value.error),
  };
}
