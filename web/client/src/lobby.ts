import type { ServerEvents, Task } from "./generated/sockets.js";
import type { ConnectionView } from "./link.js";
import { type Readable, Store } from "./store.js";
import { type Liveness, type TaskEventName, afterEvent, isActive } from "./tasks.js";

export interface LobbyView {
  /** All that are queued, running or paused (the server sends 1,000 at most), newest first. */
  tasks: readonly Task[];
  liveness: Liveness;
  /** Since when it is so; milliseconds as of `Date.now()`. */
  since: number;
}

/** Every active task, kept current. A task that does not change keeps its object. */
export class Lobby implements Readable<LobbyView> {
  readonly #view = new Store<LobbyView>({ tasks: [], liveness: "offline", since: Date.now() });
  readonly #isKept: boolean;
  #tasks = new Map<number, Task>();
  #liveness: Liveness = "offline";
  #since = Date.now();

  /** @param isKept whether the client is in the lobby; otherwise it has what it was shown once, and says `stale` */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  get(): LobbyView {
    return this.#view.get();
  }

  subscribe(listener: (view: LobbyView) => void): () => void {
    return this.#view.subscribe(listener);
  }

  /** Internal. */
  onConnection({ state }: ConnectionView): void {
    if (state === "live") this.#become(this.#liveness === "stale" ? this.#known() : "catching-up");
    else this.#become(state === "stale" ? "stale" : "offline");
  }

  /** Internal. */
  onActiveTasks({ tasks }: ServerEvents["active_tasks"]): void {
    this.#tasks = new Map(tasks.map((task) => [task.id, task]));
    this.#become(this.#known());
    this.#show();
  }

  /** Internal. */
  onTaskEvent(event: TaskEventName, data: ServerEvents[TaskEventName]): void {
    const known = this.#tasks.get(data.id);
    const task = afterEvent(known, event, data);
    if (task === known) return;
    if (task && isActive(task)) this.#tasks.set(task.id, task);
    else if (!this.#tasks.delete(data.id)) return;
    this.#show();
  }

  #known(): Liveness {
    return this.#isKept ? "live" : "stale";
  }

  #become(liveness: Liveness): void {
    if (liveness === this.#liveness) return;
    this.#liveness = liveness;
    this.#since = Date.now();
    this.#show();
  }

  #show(): void {
    this.#view.setLater(() => {
      const tasks = [...this.#tasks.values()].sort((one, other) => other.id - one.id);
      return { tasks, liveness: this.#liveness, since: this.#since };
    });
  }
}
