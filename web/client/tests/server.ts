/** The servers that tests/e2e/test_client_package.py runs for us, and what it does with them when asked. */
import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { type Client, type ConnectOptions, type Readable, type Task, type WebSocketClass, connect } from "../src/index.js";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by pytest tests/e2e/test_client_package.py`);
  return value;
}

export const URL_OPEN = setting("TASKBEAM_TEST_URL");
export const URL_LOCKED = setting("TASKBEAM_TEST_LOCKED_URL");
export const KEY = setting("TASKBEAM_TEST_KEY");
/** Of the locked one, with one key. */
export const MOST_CONNECTIONS = 8;

/** Pages that the stub engine reads: `page` in half a second, `slow` in ten. */
export const picture = (name: "page" | "slow" | "other") =>
  new Blob([readFileSync(`${setting("TASKBEAM_TEST_PICTURES")}/${name}.png`)], { type: "image/png" });

export async function control(command: "restart" | "kill" | "start" | "replace" | "forget", query = ""): Promise<void> {
  const response = await fetch(`${setting("TASKBEAM_TEST_CONTROL")}/${command}?${query}`, { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
}

const clients: Client[] = [];

/** A client that is closed after the test. */
export function client(url = URL_OPEN, options: ConnectOptions = {}): Client {
  const made = connect(url, { WebSocket: WebSocket as unknown as WebSocketClass, ...options });
  clients.push(made);
  return made;
}

export function closeClients(): void {
  for (const made of clients.splice(0)) made.close();
}

/** The first value that does. */
export function until<T>(readable: Readable<T>, does: (value: T) => unknown): Promise<T> {
  return new Promise((resolve) => {
    let isOver = false;
    let end = () => {};
    end = readable.subscribe((value) => {
      if (isOver || !does(value)) return;
      isOver = true;
      end();
      resolve(value);
    });
    if (isOver) end();
  });
}

export async function soon(does: () => unknown): Promise<void> {
  while (!(await does())) await sleep(20);
}

export const sleep = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

/** A task that other programs compute: it does what the test says. */
export async function external(api: Client["api"], task_name = "a task", total = 100) {
  const { data } = await api("POST /api/external/tasks", { body: { task_name, total } });
  const report = async (body: { progress?: number; message?: string; status?: "completed" | "failed" | "cancelled" }) =>
    (await api("PATCH /api/external/tasks/{task_id}", { path: { task_id: data.id }, body })).data as Task;
  return { id: data.id, report };
}
