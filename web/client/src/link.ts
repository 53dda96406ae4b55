import { Manager, type ManagerOptions, type Socket } from "socket.io-client";
import { TaskbeamError, offline } from "./errors.js";
import type { ClientEvents, Refused } from "./generated/sockets.js";
import { Store } from "./store.js";

export type Token = () => string | undefined | Promise<string | undefined>;

export type ConnectionState =
  /** Not yet connected for the first time. */
  | "connecting"
  | "live"
  /** Connected in name, but the server does not answer. */
  | "stale"
  /** Not connected; it is tried again by itself. */
  | "offline"
  /** The server does not let us in with this token; `reconnect` tries again. */
  | "refused"
  /** By `close`. */
  | "closed";

export interface ConnectionView {
  state: ConnectionState;
  /** Since when; milliseconds as of `Date.now()`. */
  since: number;
  /** Why it is not live. */
  error: TaskbeamError | null;
  /** The server's. */
  version: string | null;
}

export interface LinkOptions {
  auth: () => Promise<Record<string, unknown>>;
  /** Harmless, and answered: how a silent server is asked whether it is there. */
  probe: "join_lobby" | "leave_lobby";
  transports: NonNullable<ManagerOptions["transports"]>;
  /** Milliseconds without a word after which the server is asked; its own pings come every 25 s. */
  patience: number;
}

const FINAL = new Set(["UNAUTHORIZED", "FORBIDDEN"]); // asking again with the same token would be refused again
const ANSWER_WAIT = 10_000; // ms
const LOOKS = 10; // at the silence, within the patience
const WAKING = 1000; // ms of silence after which a page that wakes up asks
const LAST_WORD = 1000; // ms between what the server says and its throwing us out
const FIRST_PAUSE = 250; // ms; with the longest, a server that is back is found within 2 s
const LONGEST_PAUSE = 1300;

type Answer<E extends keyof ClientEvents> = ClientEvents[E]["answer"];

/** The Socket.IO connection of a client: its state, told truly, and questions with answers. */
export class Link {
  readonly manager: Manager;
  readonly socket: Socket;
  readonly view = new Store<ConnectionView>({ state: "connecting", since: Date.now(), error: null, version: null });
  #heardAt = 0;
  #probing = false;
  #said: { error: TaskbeamError; at: number } | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting: (() => void)[] = [];
  /** Hear at once, before anything that comes over a new connection. */
  readonly #listeners: ((view: ConnectionView) => void)[] = [];
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #options: LinkOptions;

  constructor(base: URL, options: LinkOptions) {
    this.#options = options;
    this.manager = new Manager(base.origin, {
      path: `${base.pathname.replace(/\/$/, "")}/socket.io/`,
      transports: options.transports,
      tryAllTransports: true,
      reconnectionDelay: FIRST_PAUSE,
      reconnectionDelayMax: LONGEST_PAUSE,
      autoConnect: false,
    });
    this.socket = this.manager.socket("/", { auth: this.auth });
    this.#listen();
    this.#watch = setInterval(this.#look, options.patience / LOOKS);
    unref(this.#watch);
    this.socket.connect();
  }

  /** For further namespaces of the same connection. */
  readonly auth = (give: (auth: object) => void): void => {
    this.#options.auth().then(give, (error: unknown) => {
      this.#become("refused", TaskbeamError.of(error, "UNAUTHORIZED"));
      this.socket.disconnect();
    });
  };

  get isConnected(): boolean {
    return this.socket.connected;
  }

  /**
   * Sends an event; gives the server's answer.
   *
   * @throws TaskbeamError OFFLINE: it was not sent; CONNECTION_LOST or TIMEOUT: nobody knows; else the server's refusal
   */
  async ask<E extends keyof ClientEvents>(
    event: E, data: ClientEvents[E]["data"], wait = ANSWER_WAIT,
  ): Promise<Answer<E>> {
    if (this.view.get().state === "connecting") await this.#settled();
    return ask<Answer<E>>(this.socket, event, data, wait);
  }

  /** When it is known whether there is a connection. */
  #settled(): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push(done);
    });
  }

  onChange(listener: (view: ConnectionView) => void): void {
    this.#listeners.push(listener);
  }

  /** Gives when there is a new connection; never, where none is lost before. */
  nextConnection(): Promise<void> {
    return new Promise((done) => this.socket.once("connect", done));
  }

  /** Tries at once, also after a refusal. */
  reconnect(): void {
    clearTimeout(this.#again);
    this.socket.disconnect();
    this.#become("connecting", null);
    this.socket.connect();
  }

  /** Asks the server whether it is there, if it was silent for some time. */
  readonly check = (): void => {
    if (this.isConnected && Date.now() - this.#heardAt > WAKING) void this.#probe();
  };

  close(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#again);
    stopListeningToPage(this.check);
    this.#become("closed", null);
    this.socket.disconnect();
  }

  #listen(): void {
    const { manager, socket } = this;
    manager.on("open", () => manager.engine.on("packet", this.#heard));
    socket.on("error", ({ code, message }: { code: string; message: string }) => {
      this.#said = { error: new TaskbeamError(code, message), at: Date.now() };
    });
    socket.on("connected", ({ version }: { version: string }) => this.view.set({ ...this.view.get(), version }));
    socket.on("connect", () => {
      this.#heard();
      this.#become("live", null);
    });
    socket.on("disconnect", (reason, details) => {
      if (this.view.get().state === "closed") return;
      this.#become("offline", this.#lastWord() ?? reasonOf(details) ?? offline(details));
      if (reason === "io server disconnect") this.#tryAgain(); // then socket.io does not by itself
    });
    socket.on("connect_error", (error: Error & { data?: { code: string; message: string } }) => {
      const refusal = error.data && new TaskbeamError(error.data.code, error.data.message);
      if (refusal && FINAL.has(refusal.code)) return this.#become("refused", refusal);
      this.#become("offline", refusal ?? offline(error));
      if (!socket.active) this.#tryAgain();
    });
    listenToPage(this.check);
  }

  /** An `error` event: also what the server says before it throws us out. */
  #lastWord(): TaskbeamError | null {
    return this.#said && Date.now() - this.#said.at < LAST_WORD ? this.#said.error : null;
  }

  #tryAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.socket.connect(), LONGEST_PAUSE * (0.5 + Math.random()));
  }

  readonly #heard = (): void => {
    this.#heardAt = Date.now();
    if (this.view.get().state === "stale") this.#become("live", null);
  };

  readonly #look = (): void => {
    if (this.isConnected && isSeen() && Date.now() - this.#heardAt > this.#options.patience) void this.#probe();
  };

  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    const { engine } = this.manager;
    const asked = Date.now();
    const wait = this.#options.patience / 2;
    try {
      await this.ask(this.#options.probe, {}, wait).catch(() => undefined);
      const isSilent = () => this.isConnected && this.manager.engine === engine && this.#heardAt < asked;
      if (!isSilent()) return;
      this.#become("stale", new TaskbeamError("TIMEOUT", "The server does not answer."));
      await new Promise((done) => unref(setTimeout(done, wait)));
      if (isSilent()) engine.close(); // and a new connection is tried
    } finally {
      this.#probing = false;
    }
  }

  #become(state: ConnectionState, error: TaskbeamError | null): void {
    const known = this.view.get();
    if (known.state === "closed") return;
    const since = known.state === state ? known.since : Date.now();
    this.view.set({ ...known, state, since, error });
    if (state === known.state) return;
    for (const listener of this.#listeners) listener(this.view.get());
    if (state !== "connecting") for (const done of this.#waiting.splice(0)) done();
  }
}

const TRY_AGAIN_LATER = 1013;

/** Who is turned away for now is told so by how the connection ends. */
function reasonOf(details: unknown): TaskbeamError | null {
  const { code, reason } = (details as { context?: Partial<CloseEvent> } | undefined)?.context ?? {};
  if (code !== TRY_AGAIN_LATER || !reason) return null;
  const words = reason.replaceAll("_", " ").toLowerCase();
  return new TaskbeamError(words.replaceAll(" ", "_").toUpperCase(), `The server closed the connection for now: ${words}.`);
}

export async function ask<Answer>(socket: Socket, event: string, data: object, wait = ANSWER_WAIT): Promise<Answer> {
  if (!socket.connected) throw offline();
  let answer: Answer | Refused;
  try {
    answer = (await socket.timeout(wait).emitWithAck(event, data)) as Answer | Refused;
  } catch (error) {
    if (socket.connected) throw new TaskbeamError("TIMEOUT", "The server did not answer in time.", { cause: error });
    throw new TaskbeamError("CONNECTION_LOST", "The connection was lost before the server answered.", { cause: error });
  }
  if (isRefusal(answer)) throw new TaskbeamError(answer.code, answer.message);
  return answer;
}

const isRefusal = (answer: unknown): answer is Refused => (answer as Refused | undefined)?.ok === false;

// --- the page, where there is one ---

const isSeen = () => typeof document === "undefined" || !document.hidden;

/** A laptop that wakes up, a phone that comes back: the connection may have died without a word. */
function listenToPage(check: () => void): void {
  if (typeof document === "undefined") return;
  document.addEventListener("visibilitychange", check);
  for (const event of ["online", "offline", "pageshow"]) addEventListener(event, check);
}

function stopListeningToPage(check: () => void): void {
  if (typeof document === "undefined") return;
  document.removeEventListener("visibilitychange", check);
  for (const event of ["online", "offline", "pageshow"]) removeEventListener(event, check);
}

/** Node would wait for it before it ends. */
export function unref(timer: ReturnType<typeof setTimeout>): void {
  (timer as { unref?: () => void }).unref?.();
}
