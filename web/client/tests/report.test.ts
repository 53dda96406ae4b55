import { afterEach, expect, test } from "vitest";
import { Cable } from "./proxy.js";
import { URL_OPEN, client, closeClients, sleep, soon, until } from "./server.js";

afterEach(closeClients);

const found = async (here: ReturnType<typeof client>, task_id: number) =>
  (await here.api("GET /api/tasks/{task_id}", { path: { task_id } })).data;

test("a task of this program's own is shown with its fields, its progress and its result", async () => {
  const here = client();
  const report = here.reportTask({ task_name: "mine", total: 4, meta: { mode: "quick" } });
  expect(report.get().state).toBe("announcing");
  const id = await report.id;
  const watch = here.watchTask(id);
  report.progress(25, { processed: 1, message: "one of four" });
  const { task } = await until(watch, (view) => view.task?.progress_percentage === 25);
  expect(task).toMatchObject({ kind: "external", mode: "quick", processed: 1, message: "one of four" });
  await report.complete({ found: 3 });
  expect(await watch.ended()).toMatchObject({ status: "completed", result: { found: 3 } });
  expect(report.get()).toMatchObject({ id, state: "completed" });
  await expect(report.fail("too late")).rejects.toMatchObject({ code: "INVALID_TRANSITION" });
});

test("progress may be said as often as one likes: the newest arrives, and not each of them", async () => {
  const here = client();
  const report = here.reportTask({ task_name: "talkative" });
  const id = await report.id;
  for (let step = 0; step <= 500; step++) report.progress(step / 10);
  await soon(async () => (await found(here, id)).progress_percentage === 50);
  expect((await found(here, id)).last_seq).toBeLessThan(10);
});

test("reports go on over a new connection when the old one was cut", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const far = client(cable.url);
  const near = client();
  const report = far.reportTask({ task_name: "far away" });
  const id = await report.id;
  for (let percent = 10; percent <= 90; percent += 10) {
    report.progress(percent);
    if (percent % 30 === 0) cable.cut();
    await sleep(30);
  }
  await soon(async () => (await found(near, id)).progress_percentage === 90);
  cable.cut();
  await report.complete();
  expect((await found(near, id)).status).toBe("completed");
  cable.close();
});

test("who computes a task hears when somebody cancels it", async () => {
  const here = client();
  const report = here.reportTask({ task_name: "unwanted" });
  const id = await report.id;
  await client().cancelTask(id);
  await soon(() => report.signal.aborted);
  expect(report.signal.reason).toMatchObject({ code: "CANCELLED" });
  expect(report.get().state).toBe("refused");
  await expect(report.complete()).rejects.toMatchObject({ code: "CANCELLED" });
});

test("a task that cannot be announced says why", async () => {
  const report = client().reportTask({ task_name: "" });
  await expect(report.id).rejects.toMatchObject({ code: "INVALID_INPUT", errors: [{ field: "task_name" }] });
  expect(report.get()).toMatchObject({ state: "refused", error: { code: "INVALID_INPUT" } });
});
