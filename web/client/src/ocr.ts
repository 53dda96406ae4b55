import { TaskbeamError, offline } from "./errors.js";
import type { OcrAnswers, OcrRequests, OcrResult, Requirements } from "./generated/sockets.js";
import { type Token, unref } from "./link.js";
import { randomId } from "./rest.js";

/** What can be read: a file, bytes, or base64 text with or without a `data:image/…;base64,` head. */
export type Picture = Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | string;

export interface OcrStep {
  /** Per cent; never falls. */
  progress: number;
  stage: OcrAnswers["ocr_progress"]["stage"] | "waiting";
  message: string;
}

export interface RecognizeOptions {
  onProgress?: (step: OcrStep) => void;
  /** Aborted: the server stops reading, and the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** What we need of a WebSocket: the browser's, Node's from 22 on, or that of `ws`. */
export type WebSocketClass = new (url: string) => WebSocket;

interface Request {
  id: string;
  data: OcrRequests["ocr_request"];
  tries: number;
  progress: number;
  onProgress: (step: OcrStep) => void;
  resolve: (result: OcrResult) => void;
  reject: (error: unknown) => void;
}

type Told = { [T in keyof OcrAnswers]: { type: T; data: OcrAnswers[T]; id?: string | number } }[keyof OcrAnswers];

const MOST_TRIES = 5; // of one picture; the server remembers what it has read
const PAUSE = 300; // ms before a new connection, times the number of tries
const LONGEST_PAUSE = 1500;
const PATIENCES = 3; // that long the server may be away, as after a restart
const PING = 25_000; // ms; a connection silent for 90 s is closed
const PONG_WAIT = 15_000; // ms
const IDLE = 30_000; // ms after which a connection that nobody needs is closed
const TOO_LONG = 1009;
const UNAUTHORIZED = 4401;

/** One connection to `/ws/ocr`, open while it is needed; many pictures may be on their way. */
export class OcrLine {
  readonly #url: string;
  readonly #token: Token;
  readonly #Socket: WebSocketClass | undefined;
  readonly #patience: number;
  readonly #requests = new Map<string, Request>();
  #socket: WebSocket | null = null;
  #isReady = false;
  #heardAt = 0;
  #failures = 0; // connections in a row that brought no answer
  #awaySince = 0; // ms; of the first of them
  #pinging: ReturnType<typeof setInterval> | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(base: URL, token: Token, patience: number, Socket: WebSocketClass | undefined) {
    const url = new URL(`${base.pathname.replace(/\/$/, "")}/ws/ocr`, base);
    url.protocol = url.protocol.replace("http", "ws");
    this.#url = url.href;
    this.#token = token;
    this.#patience = patience;
    this.#Socket = Socket ?? globalThis.WebSocket;
  }

  async recognize(
    picture: Picture, requirements: Partial<Requirements> = {}, { onProgress, signal }: RecognizeOptions = {},
  ): Promise<OcrResult> {
    signal?.throwIfAborted();
    const image = await textOf(picture);
    signal?.throwIfAborted();
    return new Promise<OcrResult>((resolve, reject) => {
      const id = randomId();
      const data = { image, requirements } as Request["data"];
      const request: Request = { id, data, tries: 0, progress: 0, onProgress: onProgress ?? (() => {}), resolve, reject };
      signal?.addEventListener("abort", () => this.#cancel(request, signal.reason), { once: true });
      this.#requests.set(id, request);
      if (this.#isReady) this.#ask(request);
      else this.#open();
    });
  }

  close(): void {
    clearTimeout(this.#again);
    this.#fail(new TaskbeamError("CANCELLED", "The client was closed."));
    this.#socket?.close(1000);
  }

  #open(): void {
    clearTimeout(this.#resting);
    if (this.#socket || this.#again) return;
    if (!this.#Socket) return this.#fail(new TaskbeamError("NO_WEBSOCKET", "There is no WebSocket here.", NO_WEBSOCKET));
    const socket = (this.#socket = new this.#Socket(this.#url));
    socket.addEventListener("message", ({ data }) => this.#hear(socket, JSON.parse(data as string) as Told));
    socket.addEventListener("close", ({ code }) => this.#onClose(socket, code));
    socket.addEventListener("error", () => this.#onClose(socket, 1006)); // not every WebSocket says both
  }

  #hear(socket: WebSocket, told: Told): void {
    if (socket !== this.#socket) return;
    this.#heardAt = Date.now();
    switch (told.type) {
      case "connection_status":
        return told.data.status === "connected" ? this.#onReady() : void this.#showToken(socket);
      case "ocr_start":
        return this.#onStart(told.data);
      case "ocr_progress":
        return this.#onProgress(told.data);
      case "ocr_complete":
        return this.#take(told.data.request_id)?.resolve(told.data.result);
      case "ocr_error":
        return this.#take(told.data.request_id)?.reject(errorOf(told.data));
      case "error":
        return this.#onError(told.data);
    }
  }

  #onReady(): void {
    this.#isReady = true;
    this.#pinging = setInterval(() => this.#ping(), PING);
    unref(this.#pinging);
    for (const request of this.#requests.values()) this.#ask(request);
    this.#rest();
  }

  async #showToken(socket: WebSocket): Promise<void> {
    const token = await this.#token();
    if (socket !== this.#socket) return;
    if (token) return this.#send("auth", { token });
    this.#fail(new TaskbeamError("UNAUTHORIZED", "This server needs an API key before it reads anything."));
    socket.close(1000);
  }

  #onStart({ request_id }: OcrAnswers["ocr_start"]): void {
    this.#failures = 0;
    const request = this.#requests.get(String(request_id));
    if (request && !request.progress) request.onProgress({ progress: 0, stage: "waiting", message: "" });
  }

  #onProgress({ request_id, progress, stage, message }: OcrAnswers["ocr_progress"]): void {
    const request = this.#requests.get(String(request_id));
    if (!request) return;
    request.progress = Math.max(request.progress, progress); // of a second try the first part is known
    request.onProgress({ progress: request.progress, stage, message });
  }

  #onError(fault: OcrAnswers["error"]): void {
    const error = errorOf(fault);
    if (fault.request_id != null) this.#take(fault.request_id)?.reject(error);
    else if (error.code === "UNAUTHORIZED" || error.code === "TOO_MANY_CONNECTIONS") this.#fail(error);
  }

  #onClose(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#isReady = false;
    clearInterval(this.#pinging);
    if (code === UNAUTHORIZED) this.#fail(new TaskbeamError("UNAUTHORIZED", "The API key is not valid."));
    if (code === TOO_LONG) this.#refuseLargest();
    if (this.#failures++ === 0) this.#awaySince = Date.now();
    const isAway = Date.now() - this.#awaySince > PATIENCES * this.#patience;
    for (const request of this.#requests.values()) {
      if (isAway || request.tries >= MOST_TRIES) this.#take(request.id)?.reject(offline());
    }
    if (this.#requests.size) this.#openLater();
    else this.#failures = 0;
  }

  #openLater(): void {
    this.#again = setTimeout(() => {
      this.#again = undefined;
      if (this.#requests.size) this.#open();
    }, Math.min(PAUSE * this.#failures, LONGEST_PAUSE));
  }

  /** Of all that were sent, the server does not say which was too long. */
  #refuseLargest(): void {
    const [largest] = [...this.#requests.values()].sort((one, other) => sizeOf(other) - sizeOf(one));
    if (largest) this.#take(largest.id)?.reject(new TaskbeamError("IMAGE_TOO_LARGE", "The image is too large."));
  }

  #ask(request: Request): void {
    request.tries++;
    this.#send("ocr_request", request.data, request.id);
  }

  #cancel(request: Request, reason: unknown): void {
    if (!this.#take(request.id)) return;
    if (this.#isReady) this.#send("ocr_cancel", { request_id: request.id });
    request.reject(reason);
  }

  /** The request is over. */
  #take(id: string | number): Request | undefined {
    const request = this.#requests.get(String(id));
    if (this.#requests.delete(String(id))) this.#rest();
    return request;
  }

  #fail(error: TaskbeamError): void {
    for (const request of this.#requests.values()) request.reject(error);
    this.#requests.clear();
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#resting);
    if (this.#requests.size || !this.#socket) return;
    this.#resting = setTimeout(() => this.#socket?.close(1000), IDLE);
    unref(this.#resting);
  }

  #ping(): void {
    const asked = Date.now();
    const socket = this.#socket!;
    this.#send("ping", {});
    unref(setTimeout(() => this.#heardAt < asked && this.#giveUp(socket), PONG_WAIT));
  }

  /** A dead connection does not even close in time. */
  #giveUp(socket: WebSocket): void {
    socket.close();
    this.#onClose(socket, 1006);
  }

  #send<T extends keyof OcrRequests>(type: T, data: OcrRequests[T], id?: string): void {
    this.#socket?.send(JSON.stringify({ type, data, timestamp: Date.now() / 1000, ...(id && { id }) }));
  }
}

const NO_WEBSOCKET = { remedy: 'Before Node 22: npm install ws, and connect(url, { WebSocket }) with that of "ws".' };

function errorOf({ error_code, error_message, details, suggestions }: OcrAnswers["error"]): TaskbeamError {
  const retryAfter = Number(details.retry_after) || undefined;
  const remedy = suggestions.join(" ");
  return new TaskbeamError(error_code, error_message, { ...(remedy && { remedy }), ...(retryAfter && { retryAfter }) });
}

const sizeOf = ({ data }: Request) => data.image?.length ?? 0;

async function textOf(picture: Picture): Promise<string> {
  if (typeof picture === "string") return picture;
  if (picture instanceof Blob && typeof FileReader === "function") return dataUrlOf(picture);
  return base64Of(new Uint8Array(picture instanceof Blob ? await picture.arrayBuffer() : picture));
}

/** Browsers do it beside the page's own work. */
function dataUrlOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new TaskbeamError("INVALID_IMAGE", "The file cannot be read.", { cause: reader.error }));
    reader.readAsDataURL(blob);
  });
}

const CHUNK = 0x8000; // arguments a call may have

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}
