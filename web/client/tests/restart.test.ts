/** What becomes of everything when the server is killed under it, and comes back. */
import { afterEach, expect, test } from "vitest";
import type { Client, WatchEvent } from "../src/index.js";
import { Cable } from "./proxy.js";
import { URL_OPEN, client, closeClients, control, external, picture, soon, until } from "./server.js";

afterEach(closeClients);

const found = async (api: Client["api"], task_id: number) =>
  (await api("GET /api/tasks/{task_id}", { path: { task_id } })).data;

test("after a restart everything is as the server has it, without anybody's help", async () => {
  const here = client();
  const task = await external(here.api, "outlives the server");
  const events: WatchEvent[] = [];
  const watch = here.watchTask(task.id, { after: 0, onEvent: (event) => events.push(event) });
  const [working, failing] = [here.reportTask({ task_name: "goes on" }), here.reportTask({ task_name: "ends" })];
  const ids = [await working.id, await failing.id] as const;
  const reading = here.recognize(picture("other"), { engines: ["stub"], cache: false });
  await until(watch, ({ liveness }) => liveness === "live");

  await control("kill");
  await until(watch, ({ liveness }) => liveness === "offline");
  working.progress(20);
  working.progress(60, { message: "said while nobody heard" });
  const failed = failing.fail("out of paper");
  const late = here.reportTask({ task_name: "begins in the dark" });
  await control("start");

  await until(watch, ({ liveness }) => liveness === "live");
  const { tasks } = await until(here.lobby, (lobby) => lobby.tasks.some((one) => one.progress_percentage === 60));
  expect(tasks.find(({ id }) => id === ids[0])).toMatchObject({ message: "said while nobody heard" });
  await task.report({ progress: 30 });
  await task.report({ status: "completed" });
  const { last_seq } = await watch.ended();
  await soon(() => watch.lastSeq === last_seq);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: last_seq }, (_, at) => at + 1));
  expect((await reading).text).toContain("another page");

  await working.complete({ answer: 42 });
  expect(await found(here.api, ids[0])).toMatchObject({ status: "completed", result: { answer: 42 } });
  await failed;
  expect(await found(here.api, ids[1])).toMatchObject({ status: "failed", error: { message: "out of paper" } });
  const log = await here.api("GET /api/tasks/{task_id}/events", { path: { task_id: ids[1] } });
  expect(log.data.filter(({ event }) => event === "task_error")).toHaveLength(1);
  const begun = await here.api("GET /api/tasks", { query: { q: "begins in the dark" } });
  expect(begun.data.map(({ id }) => id)).toEqual([await late.id]);
}, 60_000);

test("where another database takes the server's place, what it has is what is shown", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url);
  const old = await external(client().api, "of the old database");
  for (const progress of [10, 20, 30]) await old.report({ progress });
  const events: WatchEvent[] = [];
  const watch = far.watchTask(old.id, { after: 0, onEvent: (event) => events.push(event) });
  await soon(() => watch.lastSeq === 4);
  cable.hold();
  await control("replace");
  const near = client();
  let task = await external(near.api, "of the new database");
  while (task.id < old.id) task = await external(near.api, "of the new database");
  cable.cut();
  cable.letGo();
  await until(watch, (view) => view.liveness === "live" && view.task?.task_name === "of the new database");
  expect(events.slice(4)).toMatchObject([{ event: "reset", seq: 1 }]);
  await task.report({ progress: 10 });
  await soon(() => watch.lastSeq === 2);
  cable.close();
}, 60_000);
