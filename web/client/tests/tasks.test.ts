import { afterEach, expect, test } from "vitest";
import type { Task, WatchEvent } from "../src/index.js";
import { Cable } from "./proxy.js";
import { client, closeClients, control, external, picture, soon, until, URL_OPEN } from "./server.js";

afterEach(closeClients);

const seqs = (events: readonly WatchEvent[]) => events.map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

test("a watched task is live and shows each change", async () => {
  const here = client();
  const task = await external(here.api);
  const watch = here.watchTask(task.id);
  expect((await until(watch, ({ liveness }) => liveness === "live")).task).toMatchObject({ id: task.id, status: "running" });
  await task.report({ progress: 40, message: "half way, nearly" });
  await until(watch, (view) => view.task!.progress_percentage === 40 && view.task!.message === "half way, nearly");
  await task.report({ status: "completed" });
  expect(await watch.ended()).toMatchObject({ status: "completed", progress_percentage: 100 });
});

test("a listener hears the whole log once and in order, whatever happens to the connection", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url);
  const near = client();
  const task = await external(near.api);
  const events: WatchEvent[] = [];
  const watch = far.watchTask(task.id, { after: 0, onEvent: (event) => events.push(event) });
  for (let progress = 1; progress <= 30; progress++) {
    await task.report({ progress });
    if (progress % 10 === 0) cable.cut();
  }
  await task.report({ status: "completed" });
  const { last_seq } = await watch.ended();
  await soon(() => watch.lastSeq === last_seq);
  expect(seqs(events)).toEqual(upTo(last_seq));
  expect(events.at(-1)).toMatchObject({ event: "task_completed" });
  cable.close();
});

test("one who watches from now on does not hear what was", async () => {
  const here = client();
  const task = await external(here.api);
  await task.report({ progress: 10 });
  const [early, late]: WatchEvent[][] = [[], []];
  const first = here.watchTask(task.id, { onEvent: (event) => early!.push(event) });
  await until(first, ({ liveness }) => liveness === "live");
  const second = here.watchTask(task.id, { after: 0, onEvent: (event) => late!.push(event) });
  await soon(() => second.lastSeq === 2);
  await task.report({ progress: 20 });
  await soon(() => second.lastSeq === 3 && first.lastSeq === 3);
  expect([seqs(early!), seqs(late!)]).toEqual([[3], [1, 2, 3]]);
});

test("an event that got lost on the way is fetched, and nothing is heard out of order", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url, { lobby: false });
  const near = client();
  const task = await external(near.api);
  const events: WatchEvent[] = [];
  const watch = far.watchTask(task.id, { after: 0, onEvent: (event) => events.push(event) });
  await until(watch, ({ liveness }) => liveness === "live");
  await cable.loseNext(() => task.report({ progress: 10 }));
  expect(watch.lastSeq).toBe(1);
  await task.report({ progress: 20 });
  await soon(() => watch.lastSeq === 3);
  expect(seqs(events)).toEqual([1, 2, 3]);
  await until(watch, ({ liveness }) => liveness === "live");
  cable.close();
});

test("where the log no longer reaches back, the task as it is takes the place of what is missing", async () => {
  const here = client();
  const task = await external(here.api);
  for (const progress of [10, 20, 30]) await task.report({ progress });
  await control("forget", `task=${task.id}&up_to=3`);
  const events: WatchEvent[] = [];
  const watch = here.watchTask(task.id, { after: 1, onEvent: (event) => events.push(event) });
  await until(watch, ({ liveness }) => liveness === "live");
  expect(events).toMatchObject([{ event: "reset", seq: 4, data: { progress_percentage: 30 } }]);
  await task.report({ progress: 50 });
  await soon(() => watch.lastSeq === 5);
  expect(events[1]).toMatchObject({ event: "task_progress", seq: 5 });
});

test("offline and catching up are said, and what is shown then is what was last known", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url);
  const near = client();
  const task = await external(near.api);
  const watch = far.watchTask(task.id);
  await until(watch, ({ liveness }) => liveness === "live");
  const seen: string[] = [];
  watch.subscribe(({ liveness }) => seen.at(-1) === liveness || seen.push(liveness));
  cable.cut();
  const lost = await until(watch, ({ liveness }) => liveness === "offline");
  expect(lost.task).toMatchObject({ progress_percentage: 0 });
  await task.report({ progress: 70 });
  const back = await until(watch, ({ liveness }) => liveness === "live");
  expect(back.task).toMatchObject({ progress_percentage: 70 });
  expect([seen[0], seen[1], seen.at(-1)]).toEqual(["live", "offline", "live"]);
  cable.close();
});

test("a task that does not exist is an error of its own watch, not of others", async () => {
  const here = client();
  const task = await external(here.api);
  const [wrong, right] = [here.watchTask(999_999), here.watchTask(task.id)];
  const { liveness, error } = await until(wrong, (view) => view.error);
  expect([liveness, error!.code]).toEqual(["stale", "NOT_FOUND"]);
  await expect(wrong.ended()).rejects.toMatchObject({ code: "NOT_FOUND" });
  await until(right, (view) => view.liveness === "live");
});

test("a task can be steered", async () => {
  const here = client();
  const { data } = await here.api("POST /api/ocr/tasks", {
    form: { "files[]": [picture("slow"), picture("slow")], requirements: { engines: ["stub"] }, auto_start: false },
  });
  const watch = here.watchTask(data.id);
  expect((await watch.start()).status).toBe("queued");
  await until(watch, ({ task }) => task?.status === "running");
  await here.pauseTask(data.id);
  await until(watch, ({ task }) => task?.status === "paused");
  await expect(watch.retry()).rejects.toMatchObject({ code: "INVALID_TRANSITION" });
  await watch.resume();
  await watch.cancel();
  expect((await watch.ended()).status).toBe("cancelled");
  expect((await watch.retry()).status).toBe("queued");
  await here.cancelTask(data.id);
  await until(watch, ({ task }) => task?.status === "cancelled");
});

test("waiting for the end can be given up", async () => {
  const here = client();
  const task = await external(here.api);
  const waiting = here.watchTask(task.id).ended(AbortSignal.timeout(50));
  await expect(waiting).rejects.toMatchObject({ name: "TimeoutError" });
});

test("the lobby has every active task, and forgets those that have ended", async () => {
  const here = client();
  await until(here.lobby, ({ liveness }) => liveness === "live");
  const one = await external(here.api, "one");
  const other = await external(here.api, "other");
  const named = (tasks: readonly Task[]) => tasks.filter(({ id }) => id === one.id || id === other.id);
  await until(here.lobby, ({ tasks }) => named(tasks).length === 2);
  const [first, second] = named(here.lobby.get().tasks);
  expect([first!.id, second!.id]).toEqual([other.id, one.id]);
  await one.report({ progress: 10 });
  await until(here.lobby, ({ tasks }) => named(tasks)[1]!.progress_percentage === 10);
  expect(named(here.lobby.get().tasks)[0]).toBe(first); // what did not change is the same object
  await one.report({ status: "failed" });
  await until(here.lobby, ({ tasks }) => named(tasks).length === 1);
});

test("after a cut the lobby is what the server says", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url);
  const near = client();
  const one = await external(near.api, "ends while nobody looks");
  await until(far.lobby, ({ tasks }) => tasks.some(({ id }) => id === one.id));
  cable.cut();
  await until(far.lobby, ({ liveness }) => liveness === "offline");
  await one.report({ status: "completed" });
  const { id } = await external(near.api, "begins while nobody looks");
  const { tasks } = await until(far.lobby, ({ liveness }) => liveness === "live");
  expect(tasks.map((task) => task.id)).toContain(id);
  expect(tasks.map((task) => task.id)).not.toContain(one.id);
  cable.close();
});

test("who stays out of the lobby is not told that what it once saw is live", async () => {
  const here = client(URL_OPEN, { lobby: false });
  await until(here.lobby, ({ liveness }) => liveness === "stale");
  const task = await external(here.api);
  const watch = here.watchTask(task.id);
  await until(watch, ({ liveness }) => liveness === "live");
  expect(here.lobby.get().liveness).toBe("stale");
});
