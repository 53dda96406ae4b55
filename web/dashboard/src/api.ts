/** The server: one client for the whole page, and what browsers need beside it. */
import { type Call, connect, type InputOf, type Rest, TaskbeamError } from "taskbeam-client";

const STORED = "taskbeam.token"; // the camera page of this server reads the same name
const places = () => [sessionStorage, localStorage];

let token = places().map((place) => place.getItem(STORED)).find(Boolean) ?? undefined;

export const currentToken = () => token;

/** From now on with this key. */
export function tryToken(given: string | undefined) {
  token = given;
}

/** @param keep whether this machine remembers the key, or only this tab. */
export function keepToken(keep: boolean) {
  forgetToken();
  (keep ? localStorage : sessionStorage).setItem(STORED, token ?? "");
  client.reconnect();
}

export function forgetToken() {
  for (const place of places()) place.removeItem(STORED);
}

export const client = connect("/", { token: () => token });

/** REST; see `Calls` in taskbeam-client. Throws TaskbeamError. */
export const { api } = client;

interface Paged {
  data: unknown[];
  meta: Rest.ListMeta;
}

/** Every row of a list, page after page: `for await (const task of all("GET /api/tasks", { query: … }))`. */
export async function* all<C extends Call>(call: C, input: object = {}): AsyncGenerator<RowOf<C>> {
  const asked = input as { query?: object };
  let cursor: string | null | undefined;
  do {
    const query = { limit: 500, ...asked.query, ...(cursor && { cursor }) };
    const page = (await api(call, ...([{ ...asked, query }] as unknown as [InputOf<C>]))) as Paged;
    yield* page.data as RowOf<C>[];
    cursor = page.meta.next_cursor;
  } while (cursor);
}

/** The same as one array. */
export async function list<C extends Call>(call: C, input: object = {}): Promise<RowOf<C>[]> {
  const rows: RowOf<C>[] = [];
  for await (const row of all(call, input)) rows.push(row);
  return rows;
}

type RowOf<C extends Call> = import("taskbeam-client").AnswerOf<C> extends { data: Array<infer Row> } ? Row : never;

/** Saves what a call answers as a file, undefined: under the server's name for it. A link would go without the token. */
export async function saveAs(fileName: string | undefined, answer: Promise<Response>) {
  const response = await answer;
  const url = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement("a"), { href: url, download: fileName ?? nameOf(response) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function nameOf(response: Response): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return encoded ? decodeURIComponent(encoded) : "taskbeam";
}

/** fetch cannot say how far an upload is, XMLHttpRequest can: `onProgress` gets 0 … 1. */
export function upload<T>(path: string, form: FormData, onProgress: (part: number) => void = () => {}, signal?: AbortSignal) {
  const request = new XMLHttpRequest();
  request.open("POST", path);
  if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
  signal?.addEventListener("abort", () => request.abort());
  return new Promise<T>((resolve, reject) => {
    request.addEventListener("error", () => reject(new TaskbeamError("OFFLINE", "The server cannot be reached.")));
    request.addEventListener("abort", () => reject(new DOMException("The upload was stopped.", "AbortError")));
    request.addEventListener("load", () => {
      const { status, responseText, statusText } = request;
      if (status < 400) resolve((JSON.parse(responseText) as { data: T }).data);
      else reject(TaskbeamError.ofProblem(problemIn(responseText), new Response(null, { status, statusText })));
    });
    request.send(form);
  });
}

function problemIn(text: string): Partial<Rest.Problem> {
  try {
    return JSON.parse(text) as Rest.Problem;
  } catch {
    return {}; // a proxy's page, not ours
  }
}
