// Node's own socket.io server, doing what our server does in this benchmark.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";

const payload = JSON.parse(readFileSync(new URL("payload.json", import.meta.url)));
const http = createServer();
const io = new Server(http, { transports: ["websocket"] });

const pause = (ms) => new Promise((done) => (ms > 0 ? setTimeout(done, ms) : setImmediate(done)));

async function run({ events, rate }) {
  const began = performance.now();
  for (let n = 0; n < events; n++) {
    io.to("room").emit("task_progress", { n, ...payload, timestamp: Date.now() / 1000 });
    await pause(rate ? began + ((n + 1) * 1000) / rate - performance.now() : 0);
  }
}

io.on("connection", (socket) => {
  socket.on("join_task", (_, ack) => { socket.join("room"); ack({ ok: true }); });
  socket.on("go", (scenario, ack) => { ack({ ok: true }); run(scenario); });
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
