import { TaskbeamError } from "./errors.js";
import type { Changed, Joined, ServerEvents, Task } from "./generated/sockets.js";
import type { Link } from "./link.js";
import { type Readable, Store, reportError } from "./store.js";
import { type Liveness, type TaskEvent, type TaskEventName, afterEvent, hasEnded } from "./tasks.js";

export interface TaskView {
  /** null until it is known. */
  task: Task | null;
  liveness: Liveness;
  /** Since when it is so; milliseconds as of `Date.now()`. */
  since: number;
  /** Why it cannot be watched. */
  error: TaskbeamError | null;
}

/** What a listener hears: the task's log, each event once and in order. */
export type WatchEvent =
  | TaskEvent
  /** The log no longer reaches back to what was missed: the events up to `seq` will not come, `task` is what they made. */
  | { event: "reset"; seq: number; data: Task };

type TaskPayload = ServerEvents[TaskEventName];

const AGAIN = 2000; // ms before a join that failed is tried again
const LASTING = new Set(["NOT_FOUND", "FORBIDDEN", "UNAUTHORIZED", "INVALID_INPUT"]);

/** One task, joined once however many watch it; keeps its place in the log. */
export class TaskFeed {
  readonly view: Store<TaskView>;
  readonly watches = new Set<TaskWatch>();
  readonly #id: number;
  readonly #link: Link;
  readonly #onEmpty: () => void;
  #seq: number | null = null; // of the newest event that was handed on; null: none yet
  #attempt = 0; // of a join; what belongs to an earlier one is not looked at
  #isCatchingUp = false;
  #snapshot: Task | null = null; // of the join under way
  #early = new Map<number, TaskEvent>(); // came before those that were missed
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(id: number, link: Link, onEmpty: () => void) {
    this.#id = id;
    this.#link = link;
    this.#onEmpty = onEmpty;
    this.view = new Store<TaskView>({ task: null, liveness: "offline", since: Date.now(), error: null });
  }

  /** Gives the seq after which the watch hears, if that is known already; it wants what came after `after`. */
  add(watch: TaskWatch, after: number | undefined): number | null {
    const seq = this.#seq;
    this.watches.add(watch);
    const isFurtherBack = after !== undefined && (seq === null || after < seq);
    if (isFurtherBack) this.#seq = after;
    if (this.watches.size === 1) this.onConnection();
    else if (isFurtherBack && this.#link.isConnected) this.#join(); // once more; who has an event already drops it
    return after ?? seq;
  }

  remove(watch: TaskWatch): void {
    if (!this.watches.delete(watch) || this.watches.size) return;
    this.#attempt++;
    clearTimeout(this.#again);
    if (this.#link.isConnected) void this.#link.ask("leave_task", { task_id: this.#id }).catch(() => undefined);
    this.#onEmpty();
  }

  onConnection(): void {
    const { state } = this.#link.view.get();
    if (state === "live" && this.view.get().liveness === "stale" && !this.#isCatchingUp && !this.view.get().error) {
      this.#show({ liveness: "live" }); // it was silent, not gone
    } else if (state === "live") {
      this.#join();
    } else if (state === "stale") {
      this.#show({ liveness: "stale" });
    } else {
      this.#attempt++;
      clearTimeout(this.#again);
      this.#isCatchingUp = false;
      this.#early.clear(); // the next connection brings it again, if it still holds
      this.#show({ liveness: "offline", error: state === "refused" ? this.#link.view.get().error : null });
    }
  }

  onTaskEvent(event: TaskEventName, data: TaskPayload): void {
    if (event === "task_status" && data.seq === null) return this.#onSnapshot((data as ServerEvents["task_status"]).data);
    const { task } = this.view.get();
    const next = afterEvent(task ?? undefined, event, data);
    if (next && next !== task) this.#show({ task: next });
    const name = event === "task_failed" ? "task_error" : event;
    this.#accept({ event: name, seq: data.seq, data } as TaskEvent);
  }

  #onSnapshot(snapshot: Task): void {
    this.#snapshot = snapshot;
    for (const watch of this.watches) watch.begin(snapshot.last_seq);
    const { task } = this.view.get();
    if (!task || snapshot.last_seq >= task.last_seq) this.#show({ task: snapshot });
    if (!this.#isCatchingUp) return;
    if (this.#seq === null) this.#seq = snapshot.last_seq;
    else if (snapshot.last_seq < this.#seq) this.#reset(snapshot); // the server's database is another one
  }

  #accept(event: TaskEvent): void {
    if (this.#seq === null) return; // what came before the first join is in its snapshot
    if (event.seq <= this.#seq) return;
    if (event.seq > this.#seq + 1) {
      this.#early.set(event.seq, event);
      if (!this.#isCatchingUp) this.#join(); // something was lost on the way
      return;
    }
    this.#hand(event);
    this.#handEarly();
  }

  #handEarly(): void {
    for (let event; (event = this.#early.get(this.#seq! + 1)); ) this.#hand(event);
    for (const seq of this.#early.keys()) if (seq <= this.#seq!) this.#early.delete(seq);
  }

  #hand(event: TaskEvent): void {
    this.#seq = event.seq;
    for (const watch of [...this.watches]) watch.hear(event);
  }

  #join(): void {
    const attempt = ++this.#attempt;
    clearTimeout(this.#again);
    this.#isCatchingUp = true;
    this.#show({ liveness: "catching-up" });
    const asked = { task_id: this.#id, ...(this.#seq !== null && { last_seq: this.#seq }) };
    // A long log takes its time; whether the connection still lives is seen to elsewhere.
    this.#link.ask("join_task", asked, 600_000).then(
      (answer) => attempt === this.#attempt && this.#onJoined(answer),
      (error: unknown) => attempt === this.#attempt && this.#onRefused(TaskbeamError.of(error)),
    );
  }

  #onJoined({ last_seq, recovered }: Joined): void {
    this.#isCatchingUp = false;
    if (!recovered && this.#seq !== last_seq) this.#reset(this.#snapshot!);
    this.#handEarly();
    if (this.#seq! < last_seq || this.#early.size) this.#join();
    else this.#show({ liveness: this.#link.view.get().state === "stale" ? "stale" : "live", error: null });
  }

  /** What was missed cannot be had any more: what is now, is true. */
  #reset(snapshot: Task): void {
    this.#seq = snapshot.last_seq;
    const later = [...this.#early.values()].filter(({ seq }) => seq > snapshot.last_seq).sort((a, b) => a.seq - b.seq);
    const task = later.reduce((task, { event, data }) => afterEvent(task, event, data) ?? task, snapshot);
    this.#show({ task });
    for (const watch of [...this.watches]) watch.hear({ event: "reset", seq: snapshot.last_seq, data: snapshot });
  }

  #onRefused(error: TaskbeamError): void {
    if (error.code === "CONNECTION_LOST" || error.code === "OFFLINE") return; // the next connection joins again
    this.#isCatchingUp = false;
    this.#show({ liveness: "stale", error });
    if (!LASTING.has(error.code)) this.#again = setTimeout(() => this.#join(), AGAIN);
  }

  #show(change: Partial<TaskView>): void {
    const known = this.view.get();
    const next = { ...known, ...change };
    if (next.liveness !== known.liveness) next.since = Date.now();
    else if (next.task === known.task && next.error === known.error) return;
    this.view.set(next);
  }
}

export interface WatchOptions {
  /** Hear every event after this one; 0: the whole log. Left out: what happens from now on. */
  after?: number;
  /** Hears each event once, in order. What is shown is easier had by `subscribe`. */
  onEvent?: (event: WatchEvent) => void;
}

/** Somebody watches a task. `subscribe` gives its view; `stop` ends it. */
export class TaskWatch implements Readable<TaskView> {
  readonly id: number;
  readonly #feed: TaskFeed;
  readonly #link: Link;
  readonly #onEvent: WatchOptions["onEvent"];
  #seq: number | null = null; // null: hears what comes after the first snapshot
  #isStopped = false;

  /** Internal; `client.watchTask` makes it. */
  constructor(id: number, feed: TaskFeed, link: Link, { after, onEvent }: WatchOptions) {
    this.id = id;
    this.#feed = feed;
    this.#link = link;
    this.#onEvent = onEvent;
    this.#seq = feed.add(this, after);
  }

  /** Of the newest event this watch has heard: `after` of another watch goes on from there. */
  get lastSeq(): number {
    return this.#seq ?? 0;
  }

  get(): TaskView {
    return this.#feed.view.get();
  }

  subscribe(listener: (view: TaskView) => void): () => void {
    return this.#feed.view.subscribe(listener);
  }

  start(): Promise<Changed> {
    return this.#link.ask("start_task", { task_id: this.id });
  }

  pause(): Promise<Changed> {
    return this.#link.ask("pause_task", { task_id: this.id });
  }

  resume(): Promise<Changed> {
    return this.#link.ask("resume_task", { task_id: this.id });
  }

  cancel(): Promise<Changed> {
    return this.#link.ask("cancel_task", { task_id: this.id });
  }

  retry(): Promise<Changed> {
    return this.#link.ask("retry_task", { task_id: this.id });
  }

  /** Waits until the task has ended, and gives it; `signal` ends the waiting. */
  ended(signal?: AbortSignal): Promise<Task> {
    return new Promise((resolve, reject) => {
      const looking = new AbortController();
      signal?.addEventListener("abort", () => (looking.abort(), reject(signal.reason)), { signal: looking.signal });
      const end = this.subscribe(({ task, error }) => {
        if (task && hasEnded(task)) resolve(task);
        else if (error && LASTING.has(error.code)) reject(error);
        else return;
        looking.abort();
      });
      looking.signal.addEventListener("abort", end);
      if (looking.signal.aborted) end(); // it was so from the first
    });
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#feed.remove(this);
  }

  /** Internal. */
  begin(seq: number): void {
    this.#seq ??= seq;
  }

  /** Internal. */
  hear(event: WatchEvent): void {
    if (event.event !== "reset" && (this.#seq === null || event.seq <= this.#seq)) return;
    this.#seq = event.seq;
    try {
      this.#onEvent?.(event);
    } catch (error) {
      reportError(error);
    }
  }
}

