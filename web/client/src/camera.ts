import { Socket } from "socket.io-client";
import { TaskbeamError, offline } from "./errors.js";
import type { CameraError, CameraFrame, CameraStatus } from "./generated/sockets.js";
import { type Link, ask, unref } from "./link.js";
import { type Readable, Store, reportError } from "./store.js";

export interface CameraOptions {
  /** Most frames a second. Left out: as the camera has it; likewise `quality` (of the JPEGs) and `width` (pixels). */
  fps?: number;
  quality?: number;
  width?: number;
}

export interface CameraView {
  /** The camera's, or why no picture comes: it was refused, the connection is gone, nobody looks, no signal comes. */
  state: CameraStatus["state"] | "refused" | "offline" | "paused";
  /** Since when; milliseconds as of `Date.now()`. */
  since: number;
  /** What the server last said of it. */
  status: CameraStatus | null;
  /** The frame that is shown: its `seq`, size, when the camera gave it (Unix seconds), and when it was drawn (ms). */
  frame: (Pick<CameraFrame, "seq" | "timestamp" | "width" | "height"> & { drawnAt: number }) | null;
  /** Frames drawn in a second, over the last two. */
  fps: number;
  error: TaskbeamError | null;
}

/** Where frames go: a canvas, or what draws them itself; the next one comes when it is done. */
export type CameraSink = HTMLCanvasElement | OffscreenCanvas | ((frame: CameraFrame) => void | Promise<void>);

type Ack = () => void;

const SILENCE = 3000; // ms without a frame: no signal
const LOOK = 500; // ms between two looks at the silence
const WINDOW = 2000; // ms over which frames are counted
const AGAIN = 2000; // ms before what failed is tried again

/** The cameras of a client, over namespace `/camera` of its connection, which is opened when the first is watched. */
export class Cameras {
  readonly #link: Link;
  readonly #feeds = new Map<number, CameraFeed>();
  #socket: Socket | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  watch(id: number, sink: CameraSink, options: CameraOptions): CameraWatch {
    const socket = (this.#socket ??= this.#open());
    let feed = this.#feeds.get(id);
    if (!feed) this.#feeds.set(id, (feed = new CameraFeed(id, socket, () => this.#feeds.delete(id))));
    return new CameraWatch(id, sink, options, feed);
  }

  reconnect(): void {
    this.#socket?.disconnect().connect();
  }

  close(): void {
    clearTimeout(this.#again);
    for (const feed of this.#feeds.values()) feed.close();
    this.#socket?.disconnect();
  }

  #open(): Socket {
    const socket = this.#link.manager.socket("/camera", { auth: this.#link.auth });
    socket.on("connect", () => this.#each((feed) => feed.onConnect()));
    socket.on("disconnect", (reason) => {
      this.#each((feed) => feed.onDisconnect(offline()));
      if (reason === "io server disconnect") this.#tryAgain(socket);
    });
    socket.on("connect_error", (error: Error & { data?: { code: string; message: string } }) => {
      const refusal = error.data && new TaskbeamError(error.data.code, error.data.message);
      this.#each((feed) => feed.onDisconnect(refusal ?? offline(error)));
      if (!socket.active && !isFinal(refusal)) this.#tryAgain(socket);
    });
    socket.on("frame", (frame: CameraFrame, ack: Ack) => {
      const feed = this.#feeds.get(frame.camera_id);
      if (feed) feed.onFrame(frame, ack);
      else ack();
    });
    socket.on("camera_status", (status: CameraStatus) => this.#feeds.get(status.camera_id)?.onStatus(status));
    socket.on("camera_error", (error: CameraError) => this.#feeds.get(Number(error.camera_id))?.onError(error));
    socket.connect();
    return socket;
  }

  #tryAgain(socket: Socket): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => socket.connect(), AGAIN);
  }

  #each(call: (feed: CameraFeed) => void): void {
    for (const feed of this.#feeds.values()) call(feed);
  }
}

const isFinal = (error: TaskbeamError | undefined) => error?.code === "UNAUTHORIZED" || error?.code === "FORBIDDEN";

/** One camera, asked for once however many canvases show it. */
class CameraFeed {
  readonly view = new Store<CameraView>({
    state: "opening", since: Date.now(), status: null, frame: null, fps: 0, error: null,
  });
  readonly #id: number;
  readonly #socket: Socket;
  readonly #onEmpty: () => void;
  readonly #watches = new Set<CameraWatch>();
  readonly #looking: ReturnType<typeof setInterval>;
  #asked = ""; // what the server was asked for on this connection; "": nothing
  #refusal: TaskbeamError | null = null; // of what was asked
  #next: { frame: CameraFrame; ack: Ack } | null = null; // came while another was being drawn
  #isDrawing = false;
  #drawnAt: number[] = []; // ms, within the window
  #waitingSince = Date.now();

  constructor(id: number, socket: Socket, onEmpty: () => void) {
    this.#id = id;
    this.#socket = socket;
    this.#onEmpty = onEmpty;
    this.#looking = setInterval(() => this.#look(), LOOK);
    unref(this.#looking);
    if (hasPage) document.addEventListener("visibilitychange", this.sync);
  }

  add(watch: CameraWatch): void {
    this.#watches.add(watch);
    this.sync();
  }

  remove(watch: CameraWatch): void {
    if (!this.#watches.delete(watch)) return;
    this.sync();
    if (this.#watches.size === 0) {
      this.close();
      this.#onEmpty();
    }
  }

  close(): void {
    clearInterval(this.#looking);
    if (hasPage) document.removeEventListener("visibilitychange", this.sync);
  }

  /** Asks the server for what is wanted now, if that is something else than before. */
  readonly sync = (): void => {
    const seen = this.#seen();
    const wish = seen.length ? JSON.stringify(wishOf(seen)) : "";
    if (this.#socket.connected && wish !== this.#asked) {
      const isFirst = !this.#asked;
      this.#asked = wish;
      if (!wish) this.#unwatch();
      else void this.#watch(wish, isFirst);
    }
    this.#show({});
  };

  onConnect(): void {
    this.#asked = "";
    this.#show({ error: null });
    this.sync();
  }

  onDisconnect(error: TaskbeamError): void {
    this.#asked = "";
    this.#refusal = null;
    this.#show({ error });
  }

  onStatus(status: CameraStatus): void {
    const known = this.view.get().status;
    this.#show({
      status: { ...known, ...status, you: status.you ?? known?.you ?? null },
      ...(status.state === "live" && { error: null }),
    });
  }

  onError({ code, message }: CameraError): void {
    this.#show({ error: new TaskbeamError(code, message) });
  }

  onFrame(frame: CameraFrame, ack: Ack): void {
    this.#next?.ack(); // out of date before it was its turn
    this.#next = { frame, ack };
    if (!this.#isDrawing) void this.#draw();
  }

  async #draw(): Promise<void> {
    this.#isDrawing = true;
    for (let next; (next = this.#next); ) {
      this.#next = null;
      const { frame } = next;
      await Promise.all(this.#seen().map((watch) => watch.draw(frame)));
      next.ack();
      this.#onDrawn(frame);
    }
    this.#isDrawing = false;
  }

  #onDrawn({ seq, timestamp, width, height }: CameraFrame): void {
    const drawnAt = Date.now();
    this.#drawnAt.push(drawnAt);
    this.#show({ frame: { seq, timestamp, width, height, drawnAt }, error: null });
  }

  async #watch(wish: string, isFirst: boolean): Promise<void> {
    if (isFirst) this.#waitingSince = Date.now();
    try {
      await ask(this.#socket, "watch", { camera_id: this.#id, ...(JSON.parse(wish) as CameraOptions) });
      // What the camera itself says is wrong comes before this answer, and stays.
      if (this.view.get().error === this.#refusal) this.#show({ error: null });
      this.#refusal = null;
    } catch (error) {
      if (this.#asked !== wish || !this.#socket.connected) return;
      this.#refusal = TaskbeamError.of(error);
      this.#asked = "";
      unref(setTimeout(this.sync, AGAIN));
      this.#show({ error: this.#refusal });
    }
    this.#show({});
  }

  #unwatch(): void {
    this.#drawnAt = [];
    ask(this.#socket, "unwatch", { camera_id: this.#id }).catch(() => undefined);
  }

  /** Those whose picture can be seen now. */
  #seen(): CameraWatch[] {
    return hasPage && document.hidden ? [] : [...this.#watches].filter((watch) => watch.isSeen);
  }

  #look(): void {
    const now = Date.now();
    this.#drawnAt = this.#drawnAt.filter((at) => now - at < WINDOW);
    this.#show({ fps: this.#drawnAt.length / (WINDOW / 1000) });
  }

  #state(view: CameraView): CameraView["state"] {
    if (this.#refusal || isFinal(view.error ?? undefined)) return "refused";
    if (!this.#socket.connected) return "offline";
    if (!this.#seen().length) return "paused";
    const said = view.status?.state ?? "opening";
    const lastSign = Math.max(view.frame?.drawnAt ?? 0, this.#waitingSince);
    return said === "live" && Date.now() - lastSign > SILENCE ? "stalled" : said;
  }

  #show(change: Partial<CameraView>): void {
    const known = this.view.get();
    const next = { ...known, ...change };
    next.state = this.#state(next);
    if (next.state !== known.state) next.since = Date.now();
    if (Object.keys(next).some((key) => next[key as keyof CameraView] !== known[key as keyof CameraView])) {
      this.view.set(next);
    }
  }
}

/** Of several canvases, whoever asks for most; undefined is what the camera itself has. */
function wishOf(watches: readonly CameraWatch[]): CameraOptions {
  const wish: CameraOptions = {};
  for (const name of ["fps", "quality", "width"] as const) {
    const asked = watches.map(({ options }) => options[name]);
    if (asked.every((value) => value !== undefined)) wish[name] = Math.max(...(asked as number[]));
  }
  return wish;
}

const hasPage = typeof document !== "undefined";

/** A camera on a canvas. `subscribe` gives its view; `stop` ends it. Nothing is fetched while it cannot be seen. */
export class CameraWatch implements Readable<CameraView> {
  readonly id: number;
  readonly #feed: CameraFeed;
  readonly #sink: CameraSink;
  readonly #observer: IntersectionObserver | null;
  #options: CameraOptions;
  #isOnScreen = true;
  #isPaused = false;

  /** Internal; `client.watchCamera` makes it. */
  constructor(id: number, sink: CameraSink, options: CameraOptions, feed: CameraFeed) {
    this.id = id;
    this.#sink = sink;
    this.#options = options;
    this.#feed = feed;
    this.#observer = this.#observe();
    feed.add(this);
  }

  get(): CameraView {
    return this.#feed.view.get();
  }

  subscribe(listener: (view: CameraView) => void): () => void {
    return this.#feed.view.subscribe(listener);
  }

  get options(): CameraOptions {
    return this.#options;
  }

  /** Frames of another rate, quality or width from now on. */
  set(options: CameraOptions): void {
    this.#options = options;
    this.#feed.sync();
  }

  pause(): void {
    this.#isPaused = true;
    this.#feed.sync();
  }

  resume(): void {
    this.#isPaused = false;
    this.#feed.sync();
  }

  stop(): void {
    this.#observer?.disconnect();
    this.#feed.remove(this);
  }

  /** Internal. */
  get isSeen(): boolean {
    return this.#isOnScreen && !this.#isPaused;
  }

  /** Internal. */
  async draw(frame: CameraFrame): Promise<void> {
    try {
      await (typeof this.#sink === "function" ? this.#sink(frame) : paint(this.#sink, frame));
    } catch (error) {
      if (typeof this.#sink === "function") reportError(error); // else one damaged picture; the next one comes
    }
  }

  /** A canvas that is scrolled out of sight needs no frames. */
  #observe(): IntersectionObserver | null {
    if (typeof Element === "undefined" || !(this.#sink instanceof Element)) return null;
    const observer = new IntersectionObserver((entries) => {
      this.#isOnScreen = entries.at(-1)!.isIntersecting;
      this.#feed.sync();
    });
    observer.observe(this.#sink);
    return observer;
  }
}

async function paint(canvas: HTMLCanvasElement | OffscreenCanvas, { data, width, height }: CameraFrame): Promise<void> {
  const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  (canvas.getContext("2d") as CanvasRenderingContext2D).drawImage(bitmap, 0, 0);
  bitmap.close();
}
