import { afterEach, expect, test } from "vitest";
import { Cable } from "./proxy.js";
import { KEY, MOST_CONNECTIONS, URL_LOCKED, URL_OPEN, client, closeClients, until } from "./server.js";

afterEach(closeClients);

test("a connection says that it is live, and which version answers", async () => {
  const { connection } = client();
  expect(connection.get().state).toBe("connecting");
  const { state, error } = await until(connection, ({ version }) => version);
  expect([state, error]).toEqual(["live", null]);
});

test("a connection that is cut is offline, says why and since when, and comes back by itself", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const { connection } = client(cable.url);
  await until(connection, ({ state }) => state === "live");
  const before = Date.now();
  cable.cut();
  const lost = await until(connection, ({ state }) => state === "offline");
  expect(lost.error).toMatchObject({ code: "OFFLINE" });
  expect(lost.error!.remedy).not.toBe("");
  expect(lost.since).toBeGreaterThanOrEqual(before);
  await until(connection, ({ state }) => state === "live");
  cable.close();
});

test("a server that falls silent is stale, and live again as soon as it speaks", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const { connection, lobby } = client(cable.url, { patience: 1500 });
  await until(lobby, ({ liveness }) => liveness === "live");
  cable.hold();
  await until(connection, ({ state }) => state === "stale");
  await until(lobby, ({ liveness }) => liveness === "stale");
  cable.letGo();
  await until(connection, ({ state }) => state === "live");
  await until(lobby, ({ liveness }) => liveness === "live");
  cable.close();
});

test("a connection that stays silent is given up for a new one", async () => {
  const cable = await new Cable(URL_OPEN).open();
  const { connection } = client(cable.url, { patience: 300 });
  await until(connection, ({ state }) => state === "live");
  cable.hold();
  await until(connection, ({ state }) => state === "offline");
  cable.letGo();
  await until(connection, ({ state }) => state === "live");
  cable.close();
});

test("long-polling does where WebSocket does not come through", async () => {
  const polling = client(URL_OPEN, { transports: ["polling"] });
  await until(polling.lobby, ({ liveness }) => liveness === "live");
});

test("a wrong token is refused, not tried again and again; another one may be used then", async () => {
  const locked = client(URL_LOCKED, { token: "tb_wrong" });
  const refused = await until(locked.connection, ({ state }) => state === "refused");
  expect(refused.error).toMatchObject({ code: "UNAUTHORIZED" });
  await expect(locked.api("GET /api/tasks")).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
  expect(locked.lobby.get().liveness).toBe("offline");
  locked.useToken(async () => KEY);
  await until(locked.connection, ({ state }) => state === "live");
  await until(locked.lobby, ({ liveness }) => liveness === "live");
  expect((await locked.api("GET /api/tasks")).data).toBeInstanceOf(Array);
});

test("who finds no place says so, and comes in by itself when there is one", async () => {
  const taken = Array.from({ length: MOST_CONNECTIONS }, () => client(URL_LOCKED, { token: KEY }));
  await Promise.all(taken.map(({ connection }) => until(connection, ({ state }) => state === "live")));
  const { connection } = client(URL_LOCKED, { token: KEY });
  const { error } = await until(connection, ({ state }) => state === "offline");
  expect(error).toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
  taken[0]!.close();
  await until(connection, ({ state, error }) => state === "live" && error === null);
});

test("what is asked without a connection fails at once, and says that nothing was done", async () => {
  const lonely = client("http://127.0.0.1:1");
  await until(lonely.connection, ({ state }) => state === "offline");
  await expect(lonely.pauseTask(1)).rejects.toMatchObject({ code: "OFFLINE" });
  await expect(lonely.api("GET /api/tasks")).rejects.toMatchObject({ code: "OFFLINE" });
});

test("a closed client stays closed", async () => {
  const closed = client();
  await until(closed.connection, ({ state }) => state === "live");
  closed.close();
  expect(closed.connection.get().state).toBe("closed");
  expect(closed.lobby.get().liveness).toBe("offline");
});
