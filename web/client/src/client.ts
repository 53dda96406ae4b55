import { type CameraOptions, type CameraSink, type CameraWatch, Cameras } from "./camera.js";
import type { NewExternalTask } from "./generated/rest.js";
import type { Changed, OcrResult, Requirements, ServerEvents } from "./generated/sockets.js";
import { type ConnectionView, Link, type LinkOptions, type Token } from "./link.js";
import { Lobby } from "./lobby.js";
import { OcrLine, type Picture, type RecognizeOptions, type WebSocketClass } from "./ocr.js";
import { TaskReport } from "./report.js";
import { type Api, restOf } from "./rest.js";
import type { Readable } from "./store.js";
import { TASK_EVENTS } from "./tasks.js";
import { TaskFeed, TaskWatch, type WatchOptions } from "./watch.js";

export interface ConnectOptions {
  /** An API key, or what gives the present one; asked at every connect and call. */
  token?: string | Token | undefined;
  /** false: only watched tasks are heard of. Default: true. */
  lobby?: boolean;
  /** Default: WebSocket, and long-polling where that does not come through. */
  transports?: LinkOptions["transports"];
  /** Milliseconds of the server's silence after which it is asked; half as long later it is called stale. Default: 10,000. */
  patience?: number;
  /** For `recognize` on Node before 22: that of `ws`. */
  WebSocket?: WebSocketClass;
}

/**
 * Connects to a server; it goes on trying until `close`.
 *
 * @param url of the server; what is left out is the page's own: "" or "/" is the server the page came from
 */
export function connect(url: string | URL = "", options: ConnectOptions = {}): Client {
  return new Client(new URL(url, globalThis.location?.href), options);
}

export class Client {
  readonly connection: Readable<ConnectionView>;
  /** Every active task. */
  readonly lobby: Lobby;
  /** REST: `api("GET /api/tasks", { query: { status: "running" } })`. */
  readonly api: Api;
  #token: Token;
  readonly #link: Link;
  readonly #feeds = new Map<number, TaskFeed>();
  readonly #reports = new Set<TaskReport>();
  readonly #ocr: OcrLine;
  readonly #cameras: Cameras;

  /** Internal; `connect` makes it. */
  constructor(base: URL, options: ConnectOptions) {
    const { token, lobby = true, transports = ["websocket", "polling"], patience = 10_000, WebSocket } = options;
    this.#token = asFunction(token);
    const given: Token = () => this.#token();
    this.lobby = new Lobby(lobby);
    this.api = restOf(base, given);
    const auth = async () => ({ lobby, ...tokenField(await given()) });
    this.#link = new Link(base, { auth, probe: lobby ? "join_lobby" : "leave_lobby", transports, patience });
    this.connection = this.#link.view;
    this.#ocr = new OcrLine(base, given, patience, WebSocket);
    this.#cameras = new Cameras(this.#link);
    this.#listen();
  }

  /** Watches one task: what it is, kept current, through lost connections and restarts of the server. */
  watchTask(id: number, options: WatchOptions = {}): TaskWatch {
    return new TaskWatch(id, this.#feedOf(id), this.#link, options);
  }

  startTask(id: number): Promise<Changed> {
    return this.#link.ask("start_task", { task_id: id });
  }

  pauseTask(id: number): Promise<Changed> {
    return this.#link.ask("pause_task", { task_id: id });
  }

  resumeTask(id: number): Promise<Changed> {
    return this.#link.ask("resume_task", { task_id: id });
  }

  cancelTask(id: number): Promise<Changed> {
    return this.#link.ask("cancel_task", { task_id: id });
  }

  retryTask(id: number): Promise<Changed> {
    return this.#link.ask("retry_task", { task_id: id });
  }

  /** Announces a task that this program computes itself; the reports of it survive lost connections. */
  reportTask(task: NewExternalTask): TaskReport {
    const report = new TaskReport(task, this.#link, this.api, (over) => this.#reports.delete(over));
    this.#reports.add(report);
    return report;
  }

  /** Reads the text of a picture. Many may be asked for at once. */
  recognize(
    picture: Picture, requirements: Partial<Requirements> = {}, options: RecognizeOptions = {},
  ): Promise<OcrResult> {
    return this.#ocr.recognize(picture, requirements, options);
  }

  /** Shows a camera on a canvas, as long as that can be seen: always the newest frame, as many as can be drawn. */
  watchCamera(id: number, sink: CameraSink, options: CameraOptions = {}): CameraWatch {
    return this.#cameras.watch(id, sink, options);
  }

  /** Hears an event as the server sends it. Gives what ends that. */
  on<E extends keyof ServerEvents>(event: E, listener: (data: ServerEvents[E]) => void): () => void {
    const { socket } = this.#link;
    socket.on(event as string, listener);
    return () => void socket.off(event as string, listener);
  }

  /** From now on with this token; also after a refusal. */
  useToken(token: string | Token | undefined): void {
    this.#token = asFunction(token);
    this.reconnect();
  }

  /** Tries at once, also after a refusal. */
  reconnect(): void {
    this.#link.reconnect();
    this.#cameras.reconnect();
  }

  /** For good. */
  close(): void {
    this.#ocr.close();
    this.#cameras.close();
    this.#link.close();
  }

  #feedOf(id: number): TaskFeed {
    let feed = this.#feeds.get(id);
    if (!feed) this.#feeds.set(id, (feed = new TaskFeed(id, this.#link, () => this.#feeds.delete(id))));
    return feed;
  }

  #listen(): void {
    const { socket } = this.#link;
    for (const event of TASK_EVENTS) {
      socket.on(event as string, (data: ServerEvents[typeof event]) => {
        this.lobby.onTaskEvent(event, data);
        this.#feeds.get(data.id)?.onTaskEvent(event, data);
      });
    }
    socket.on("task_cancelled", ({ id }: ServerEvents["task_cancelled"]) => {
      for (const report of this.#reports) report.onCancelled(id);
    });
    socket.on("active_tasks", (data: ServerEvents["active_tasks"]) => this.lobby.onActiveTasks(data));
    this.#link.onChange((view) => {
      this.lobby.onConnection(view);
      for (const feed of this.#feeds.values()) feed.onConnection();
      for (const report of this.#reports) report.onConnection();
    });
  }
}

const asFunction = (token: string | Token | undefined): Token => (typeof token === "function" ? token : () => token);
const tokenField = (token: string | undefined) => (token ? { token } : {});
