import { TaskbeamError, offline } from "./errors.js";
import type { Calls, Problem } from "./generated/rest.js";
import type { Token } from "./link.js";

export type Call = keyof Calls;
export type AnswerOf<C extends Call> = Calls[C]["answer"];

export interface CallOptions {
  signal?: AbortSignal;
  /** Of a write: asked again with the same key within 24 h it is not done again. One is made where none is given. */
  idempotencyKey?: string;
}

export type InputOf<C extends Call> = Omit<Calls[C], "answer"> & CallOptions;
type Arguments<C extends Call> = {} extends Omit<Calls[C], "answer"> ? [input?: InputOf<C>] : [input: InputOf<C>];

/** `api("GET /api/tasks/{task_id}", { path: { task_id: 1 } })`: what the server answers, or a TaskbeamError. */
export type Api = <C extends Call>(call: C, ...input: Arguments<C>) => Promise<AnswerOf<C>>;

interface AnyInput extends CallOptions {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  form?: Record<string, unknown>;
}

export function restOf(base: URL, token: Token, fetcher: typeof fetch = (...all) => fetch(...all)): Api {
  return async (call, ...[given]) => {
    const input = (given ?? {}) as AnyInput;
    const [method, template] = call.split(" ", 2) as [string, string];
    const headers = await headersOf(method, input, token);
    const url = urlOf(base, template, input);
    let response: Response;
    try {
      response = await fetcher(url, { method, headers, body: bodyOf(input), signal: input.signal ?? null });
    } catch (error) {
      if (input.signal?.aborted) throw error;
      throw offline(error);
    }
    return (await answerOf(response)) as never;
  };
}

function urlOf(base: URL, template: string, { path, query }: AnyInput): URL {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path?.[name])));
  const url = new URL(base.pathname.replace(/\/$/, "") + filled, base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  return url;
}

async function headersOf(method: string, input: AnyInput, token: Token): Promise<Record<string, string>> {
  const shown = await token();
  return {
    Accept: "application/json",
    ...(shown && { Authorization: `Bearer ${shown}` }),
    ...(input.body !== undefined && { "Content-Type": "application/json" }),
    ...(method !== "GET" && { "Idempotency-Key": input.idempotencyKey ?? randomId() }),
  };
}

function bodyOf({ body, form }: AnyInput): BodyInit | null {
  if (form) return formOf(form);
  return body === undefined ? null : JSON.stringify(body);
}

function formOf(fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one instanceof Blob) form.append(name, one);
      else if (one !== undefined) form.append(name, typeof one === "object" ? JSON.stringify(one) : String(one));
    }
  }
  return form;
}

async function answerOf(response: Response): Promise<unknown> {
  const kind = response.headers.get("Content-Type") ?? "";
  if (!response.ok) {
    const problem = kind.includes("json") ? ((await response.json().catch(() => ({}))) as Partial<Problem>) : {};
    throw TaskbeamError.ofProblem(problem, response);
  }
  if (response.status === 204) return undefined;
  if (response.headers.get("Content-Disposition")?.startsWith("attachment")) return response; // a file, be it JSON
  return kind.startsWith("application/json") ? response.json() : response;
}

/** 128 random bits; `crypto.randomUUID` exists on secure origins only. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
