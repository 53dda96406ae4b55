import { afterEach, expect, test } from "vitest";
import { TaskbeamError } from "../src/index.js";
import { KEY, URL_LOCKED, client, closeClients, until } from "./server.js";

afterEach(closeClients);

test("files go up, lists come back by page, and what is no JSON comes as it is", async () => {
  const { api, watchTask } = bound();
  const { data: bank } = await api("POST /api/banks", { body: { name: "from a page" } });
  const path = { bank_id: bank.id };
  const rows = ["1 + 1 = ?", "2 + 2 = ?", "3 + 3 = ?"].map((stem) => JSON.stringify({ stem }));
  const file = new File([rows.join("\n")], "questions.jsonl");
  const imported = await api("POST /api/banks/{bank_id}/import", { path, form: { file } });
  expect((await watchTask(imported.data.id).ended()).status).toBe("completed");
  const first = await api("GET /api/banks/{bank_id}/questions", { path, query: { limit: 2 } });
  expect([first.data.length, first.meta.total]).toEqual([2, 3]);
  const query = { limit: 2, cursor: first.meta.next_cursor! };
  const second = await api("GET /api/banks/{bank_id}/questions", { path, query });
  expect([second.data.length, second.meta.next_cursor]).toEqual([1, null]);
  const exported = await api("GET /api/banks/{bank_id}/export", { path, query: { format: "csv" } });
  expect(await exported.text()).toContain("3 + 3 = ?");
  expect(await api("DELETE /api/banks/{bank_id}", { path })).toBeUndefined();
});

test("a refusal is a typed error with its code, its status and what to do", async () => {
  const { api } = bound();
  const error = await api("GET /api/tasks", { query: { limit: 9999 } }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskbeamError);
  expect(error).toMatchObject({ code: "INVALID_INPUT", status: 422, errors: [{ field: "limit" }] });
  expect((error as TaskbeamError).remedy).not.toBe("");
  await expect(api("GET /api/tasks/{task_id}", { path: { task_id: 999_999 } })).rejects.toMatchObject({
    code: "NOT_FOUND", status: 404,
  });
});

test("a write that is asked for again with its key is done once", async () => {
  const { api } = bound();
  const ask = () => api("POST /api/external/tasks", { body: { task_name: "once" }, idempotencyKey: "a-key-of-mine" });
  const [first, second] = [await ask(), await ask()];
  expect(second.data.id).toBe(first.data.id);
});

test("a call can be given up", async () => {
  const { api } = bound();
  await expect(api("GET /api/tasks", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
});

test("calls show the key", async () => {
  const { api, connection } = client(URL_LOCKED, { token: () => KEY });
  await until(connection, ({ state }) => state === "live");
  expect((await api("POST /api/external/tasks", { body: { task_name: "behind a lock" } })).data.kind).toBe("external");
});

function bound() {
  const here = client();
  return { api: here.api, watchTask: here.watchTask.bind(here) };
}
