/** Hooks over a client: each renders again when its value changes, and lets go when its component does. */
import {
  type ReactNode, type RefObject, createContext, createElement, useCallback, useContext, useEffect, useState,
  useSyncExternalStore,
} from "react";
import type { CameraOptions, CameraView, CameraWatch, Client, Readable, TaskView, TaskWatch } from "./index.js";
import { OcrState } from "./ocr-state.js";

const Context = createContext<Client | null>(null);

/** `<TaskbeamProvider client={connect(url)}>`; the client is made outside of components. */
export function TaskbeamProvider({ client, children }: { client: Client; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client }, children);
}

export function useTaskbeam(): Client {
  const client = useContext(Context);
  if (!client) throw new Error("There is no client here: put a <TaskbeamProvider client={…}> around the components.");
  return client;
}

/** The present value of anything that can be subscribed to. */
export function useReadable<T>(readable: Readable<T>): T {
  const subscribe = useCallback((listener: () => void) => readable.subscribe(listener), [readable]);
  const get = useCallback(() => readable.get(), [readable]);
  return useSyncExternalStore(subscribe, get, get);
}

/** Whether the server is there. */
export function useConnection() {
  const client = useTaskbeam();
  return { ...useReadable(client.connection), reconnect: () => client.reconnect() };
}

/** Every active task, newest first. */
export const useTasks = () => useReadable(useTaskbeam().lobby);

const constant = <T>(value: T): Readable<T> => ({ get: () => value, subscribe: () => () => {} });
const NO_TASK = constant<TaskView>({ task: null, liveness: "offline", since: Date.now(), error: null });
const NO_CAMERA = constant<CameraView>({
  state: "paused", since: Date.now(), status: null, frame: null, fps: 0, error: null,
});

/** One task; another one when `id` changes, none while it is null. */
export function useTask(id: number | null | undefined) {
  const client = useTaskbeam();
  const [watch, setWatch] = useState<TaskWatch | null>(null);
  useEffect(() => {
    if (id == null) return;
    const own = client.watchTask(id);
    setWatch(own);
    return () => {
      own.stop();
      setWatch(null);
    };
  }, [client, id]);
  const act = (action: "start" | "pause" | "resume" | "cancel" | "retry") => async () => watch?.[action]();
  const view = useReadable<TaskView>(watch ?? NO_TASK);
  return {
    ...view, start: act("start"), pause: act("pause"), resume: act("resume"), cancel: act("cancel"), retry: act("retry"),
  };
}

/** Reads one picture at a time. */
export function useOcr() {
  const client = useTaskbeam();
  const [state] = useState(() => new OcrState(client));
  useEffect(() => state.cancel, [state]);
  return { ...useReadable(state), recognize: state.recognize, cancel: state.cancel };
}

/** A camera on the canvas that the ref holds. */
export function useCamera(id: number | null | undefined, canvas: RefObject<HTMLCanvasElement | null>, options: CameraOptions = {}) {
  const client = useTaskbeam();
  const [watch, setWatch] = useState<CameraWatch | null>(null);
  const { fps, quality, width } = options;
  useEffect(() => {
    if (id == null || !canvas.current) return;
    const own = client.watchCamera(id, canvas.current, given({ fps, quality, width }));
    setWatch(own);
    return () => {
      own.stop();
      setWatch(null);
    };
  }, [client, id, canvas]);
  useEffect(() => watch?.set(given({ fps, quality, width })), [watch, fps, quality, width]);
  return useReadable<CameraView>(watch ?? NO_CAMERA);
}

const given = (options: { [name in keyof CameraOptions]: CameraOptions[name] | undefined }): CameraOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
