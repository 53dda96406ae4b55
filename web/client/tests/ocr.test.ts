import { afterEach, expect, test } from "vitest";
import type { OcrStep, Requirements } from "../src/index.js";
import { Cable } from "./proxy.js";
import { KEY, URL_LOCKED, URL_OPEN, client, closeClients, picture, soon } from "./server.js";

afterEach(closeClients);

const STUB: Partial<Requirements> = { engines: ["stub"], cache: false };
const TEXT = "第一题\n2 + 2 = ____";

test("a picture is read, with progress that never falls", async () => {
  const steps: OcrStep[] = [];
  const result = await client().recognize(picture("page"), STUB, { onProgress: (step) => steps.push(step) });
  expect(result.text).toBe(TEXT);
  expect(result.regions).toHaveLength(2);
  const figures = steps.map(({ progress }) => progress);
  expect(figures.length).toBeGreaterThan(2);
  expect(figures).toEqual([...figures].sort((one, other) => one - other));
});

test("bytes and base64 do as well, and many at once", async () => {
  const here = client();
  const bytes = new Uint8Array(await picture("page").arrayBuffer());
  const text = Buffer.from(bytes).toString("base64");
  const cached: typeof STUB = { engines: ["stub"] };
  const pictures = [bytes, bytes.buffer, text, `data:image/png;base64,${text}`];
  const results = await Promise.all(pictures.map((one) => here.recognize(one, cached)));
  expect(results.map((result) => result.text)).toEqual([TEXT, TEXT, TEXT, TEXT]);
});

test("reading can be cancelled", async () => {
  const stop = new AbortController();
  const reading = client().recognize(picture("slow"), STUB, {
    signal: stop.signal,
    onProgress: ({ stage }) => stage !== "waiting" && stop.abort(),
  });
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
});

test("what cannot be read says why, and what to do", async () => {
  const here = client();
  await expect(here.recognize("not a picture")).rejects.toMatchObject({ code: "INVALID_IMAGE" });
  const failed = await here.recognize(new Blob(["neither"])).catch((error: unknown) => error);
  expect((failed as { remedy: string }).remedy).not.toBe("");
  await expect(here.recognize(picture("page"), { engines: ["no such engine" as "stub"] })).rejects.toMatchObject({
    name: "TaskbeamError",
  });
});

test("a connection that is cut while a picture is read makes no difference to who asked", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const figures: number[] = [];
  const reading = client(cable.url).recognize(picture("page"), STUB, { onProgress: ({ progress }) => figures.push(progress) });
  await soon(() => figures.some((progress) => progress > 0));
  cable.cut();
  expect((await reading).text).toBe(TEXT);
  expect(figures).toEqual([...figures].sort((one, other) => one - other));
  cable.close();
});

test("a locked server is shown the key; a wrong one is refused", async () => {
  expect((await client(URL_LOCKED, { token: KEY }).recognize(picture("page"), STUB)).text).toBe(TEXT);
  for (const token of [undefined, "tb_wrong"]) {
    await expect(client(URL_LOCKED, { token }).recognize(picture("page"))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  }
});

test("without a server it is given up after a while", async () => {
  const lonely = client("http://127.0.0.1:1", { patience: 100 });
  await expect(lonely.recognize(picture("page"))).rejects.toMatchObject({ code: "OFFLINE" });
});
