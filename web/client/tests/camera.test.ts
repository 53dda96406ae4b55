import { afterEach, expect, test } from "vitest";
import type { CameraFrame } from "../src/index.js";
import { Cable } from "./proxy.js";
import { URL_LOCKED, URL_OPEN, client, closeClients, sleep, soon, until } from "./server.js";

afterEach(closeClients);

const isJpeg = ({ data }: CameraFrame) => {
  const bytes = new Uint8Array(data as ArrayBuffer);
  return bytes[0] === 0xff && bytes[1] === 0xd8;
};

test("a camera's frames come as asked for, and its view says what it is", async () => {
  const frames: CameraFrame[] = [];
  const watch = client().watchCamera(1, (frame) => void frames.push(frame), { width: 64, fps: 30 });
  await soon(() => frames.length >= 10);
  expect(frames.every((frame) => isJpeg(frame) && frame.width === 64)).toBe(true);
  const { frame, status, error } = await until(watch, ({ state, fps }) => state === "live" && fps > 0);
  expect([frame!.width, status!.camera_id, error]).toEqual([64, 1, null]);
  watch.set({ width: 32 });
  await soon(() => frames.at(-1)!.width === 32);
});

test("who draws slowly gets the newest frame, not those in between", async () => {
  const seqs: number[] = [];
  client().watchCamera(1, async ({ seq }) => {
    seqs.push(seq);
    await sleep(300);
  }, { width: 64 });
  await soon(() => seqs.length >= 5);
  expect(seqs.at(-1)! - seqs.at(-2)!).toBeGreaterThan(3); // of a source with 30 frames a second
});

test("two canvases of one camera are one watch, and each is drawn", async () => {
  const here = client();
  const [small, large]: CameraFrame[][] = [[], []];
  const first = here.watchCamera(1, (frame) => void small!.push(frame), { width: 32 });
  const second = here.watchCamera(1, (frame) => void large!.push(frame), { width: 96 });
  await soon(() => small!.at(-1)?.width === 96 && large!.at(-1)?.width === 96);
  second.stop();
  await soon(() => small!.at(-1)!.width === 32);
  const count = large!.length;
  first.stop();
  await sleep(200);
  expect(large!.length).toBe(count);
});

test("what is paused fetches nothing; the server counts no viewer", async () => {
  const here = client();
  const viewers = async () =>
    (await here.api("GET /api/cameras/{camera_id}/status", { path: { camera_id: 1 } })).data.viewers;
  const watch = here.watchCamera(1, () => {}, { width: 64 });
  await until(watch, ({ frame }) => frame);
  watch.pause();
  await until(watch, ({ state }) => state === "paused");
  await soon(async () => (await viewers()) === 0);
  const { seq } = watch.get().frame!;
  watch.resume();
  await until(watch, ({ frame, state }) => state === "live" && frame!.seq > seq);
});

test("frames go on over a new connection", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const watch = client(cable.url).watchCamera(1, () => {}, { width: 64 });
  await until(watch, ({ frame }) => frame);
  cable.cut();
  await until(watch, ({ state }) => state === "offline");
  const { seq } = watch.get().frame!;
  await until(watch, ({ frame, state }) => state === "live" && frame!.seq > seq);
  cable.close();
});

test("a camera that does not exist, and one that may not be seen, are refused and say why", async () => {
  const missing = client().watchCamera(999, () => {});
  expect((await until(missing, ({ state }) => state === "refused")).error).toMatchObject({ code: "NOT_FOUND" });
  const locked = client(URL_LOCKED).watchCamera(1, () => {});
  expect((await until(locked, ({ state }) => state === "refused")).error).toMatchObject({ code: "UNAUTHORIZED" });
});
