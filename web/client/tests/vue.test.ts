/** The composables, without a page; in one they are looked at by tests/browser. */
import { afterEach, expect, test } from "vitest";
import { computed, effectScope, nextTick, ref } from "vue";
import { useCamera, useConnection, useOcr, useTask, useTasks } from "../src/vue.js";
import { client, closeClients, external, picture, soon } from "./server.js";

afterEach(closeClients);

test("a task's refs follow the id, and are let go with their component", async () => {
  const here = client();
  const [one, other] = [await external(here.api, "one"), await external(here.api, "other")];
  const scope = effectScope();
  const id = ref<number | null>(null);
  const { task, liveness, cancel } = scope.run(() => useTask(id, here))!;
  const name = computed(() => task.value?.task_name);
  expect([name.value, liveness.value]).toEqual([undefined, "offline"]);
  id.value = one.id;
  await soon(() => name.value === "one" && liveness.value === "live");
  id.value = other.id;
  await nextTick();
  await soon(() => name.value === "other");
  await cancel();
  await soon(() => task.value!.status === "cancelled");
  scope.stop();
});

test("the lobby, the connection, a picture and a camera are refs as well", async () => {
  const here = client();
  const { id } = await external(here.api);
  const scope = effectScope();
  const used = scope.run(() => ({
    ...useTasks(here), connection: useConnection(here), ocr: useOcr(here), camera: useCamera(1, null, {}, here),
  }))!;
  await soon(() => used.tasks.value.some((task) => task.id === id) && used.liveness.value === "live");
  expect(used.connection.state.value).toBe("live");
  expect(used.camera.state.value).toBe("paused");
  const reading = used.ocr.recognize(picture("page"), { engines: ["stub"] });
  expect((await reading)!.text).toContain("第一题");
  await soon(() => used.ocr.result.value && !used.ocr.isBusy.value);
  await used.ocr.recognize("not a picture");
  await soon(() => used.ocr.error.value?.code === "INVALID_IMAGE");
  scope.stop();
});
