import { TaskbeamError } from "./errors.js";
import type { ExternalReport, NewExternalTask } from "./generated/rest.js";
import { type Link, ask, unref } from "./link.js";
import { type Api, randomId } from "./rest.js";
import { type Readable, Store } from "./store.js";

export interface ReportView {
  /** The server's id; null until it has answered. */
  id: number | null;
  state: "announcing" | "running" | "completed" | "failed" | "cancelled"
  /** The server takes no more reports: it was cancelled or deleted there, or was never ours. */
  | "refused";
  error: TaskbeamError | null;
}

/** What is said of a task; what is left out stays as it is. */
export type Progress = Pick<ExternalReport, "message" | "processed"> & { progress: number };
type End = Pick<ExternalReport, "status" | "result" | "error">;

const SPACING = 60; // ms; the server takes 20 reports of a task in a second
const FIRST_PAUSE = 500; // ms before a report that must arrive is sent again; each further one waits twice as long
const LONGEST_PAUSE = 10_000;
const PASSING = new Set(["OFFLINE", "UNAVAILABLE", "DATABASE_AWAY", "RATE_LIMIT_EXCEEDED", "REQUEST_IN_PROGRESS"]);

/**
 * A task that this program computes, and the server shows.
 *
 * Reports survive lost connections and restarts of the server: of progress the newest arrives as soon as it can, and the
 * announcement and the end arrive once, however often they had to be sent.
 */
export class TaskReport implements Readable<ReportView> {
  readonly #view = new Store<ReportView>({ id: null, state: "announcing", error: null });
  readonly #link: Link;
  readonly #api: Api;
  readonly #onOver: (report: TaskReport) => void;
  readonly #refused = new AbortController();
  readonly #announced: Promise<number>;
  #newest: Progress | null = null;
  #sending: Promise<void> | null = null;
  #isEnding = false;

  /** Internal; `client.reportTask` makes it. */
  constructor(task: NewExternalTask, link: Link, api: Api, onOver: (report: TaskReport) => void) {
    this.#onOver = onOver;
    this.#link = link;
    this.#api = api;
    const key = randomId();
    const announced = this.#insist(() => api("POST /api/external/tasks", { body: task, idempotencyKey: key }));
    this.#announced = announced.then(({ data }) => {
      this.#view.set({ id: data.id, state: "running", error: null });
      return data.id;
    });
    this.#announced.then(() => this.onConnection(), (error: unknown) => this.#onRefused(error));
  }

  get(): ReportView {
    return this.#view.get();
  }

  subscribe(listener: (view: ReportView) => void): () => void {
    return this.#view.subscribe(listener);
  }

  /** The server's id, once it has answered. */
  get id(): Promise<number> {
    return this.#announced;
  }

  /** Aborted when nobody wants the task any more: stop computing. Its reason is a TaskbeamError. */
  get signal(): AbortSignal {
    return this.#refused.signal;
  }

  /** Per cent, 0 … 100. Say it as often as you like: the newest counts. */
  progress(percent: number, more: Omit<Progress, "progress"> = {}): void {
    this.#newest = { ...this.#newest, ...more, progress: Math.min(100, Math.max(0, percent)) };
    this.onConnection();
  }

  /** Gives when the server has recorded it. `result`: anything that is JSON. */
  complete(result?: Record<string, unknown>): Promise<void> {
    return this.#end({ status: "completed", ...(result && { result }) });
  }

  fail(error: string): Promise<void> {
    return this.#end({ status: "failed", error });
  }

  cancel(): Promise<void> {
    return this.#end({ status: "cancelled" });
  }

  /** Internal: sends what waits to be sent, if it can be. */
  onConnection(): void {
    if (this.#sending || this.#isEnding || !this.#newest || !this.#link.isConnected || this.get().id === null) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
      this.onConnection();
    });
  }

  /** Internal. */
  onCancelled(id: number): void {
    if (id === this.get().id && !this.#isEnding) this.#onRefused(new TaskbeamError("CANCELLED", "It was cancelled."));
  }

  async #send(): Promise<void> {
    const said = this.#newest!;
    this.#newest = null;
    try {
      await ask(this.#link.socket, "task_progress", { id: String(this.get().id), ...said });
      await sleep(SPACING);
    } catch (error) {
      const { code } = TaskbeamError.of(error);
      if (code === "CONNECTION_LOST" || code === "TIMEOUT" || PASSING.has(code)) {
        this.#newest = { ...said, ...(this.#newest as Progress | null) }; // it is sent again, or a newer one
        await sleep(FIRST_PAUSE);
      } else {
        this.#onRefused(error);
      }
    }
  }

  async #end(end: End): Promise<void> {
    this.signal.throwIfAborted();
    if (this.#isEnding) throw new TaskbeamError("INVALID_TRANSITION", "Its end was already reported.");
    this.#isEnding = true;
    const id = await this.#announced;
    await this.#sending;
    const key = randomId();
    const body = { ...this.#newest, ...end };
    try {
      await this.#insist(() =>
        this.#api("PATCH /api/external/tasks/{task_id}", { path: { task_id: id }, body, idempotencyKey: key }));
      this.#view.set({ id, state: end.status as ReportView["state"], error: null });
      this.#onOver(this);
    } catch (error) {
      this.#onRefused(error);
      throw error;
    }
  }

  /** Until the server has said yes or no. */
  async #insist<T>(call: () => Promise<T>): Promise<T> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await call();
      } catch (error) {
        const { code, retryAfter = 0 } = TaskbeamError.of(error);
        if (!PASSING.has(code) || this.#link.view.get().state === "closed") throw error;
        await Promise.race([sleep(Math.max(pause, 1000 * retryAfter)), this.#link.nextConnection()]);
      }
    }
  }

  #onRefused(error: unknown): void {
    const reason = TaskbeamError.of(error);
    this.#isEnding = true;
    this.#view.set({ ...this.get(), state: "refused", error: reason });
    this.#refused.abort(reason);
    this.#onOver(this);
  }
}

const sleep = (milliseconds: number) => new Promise<void>((done) => unref(setTimeout(done, milliseconds)));
