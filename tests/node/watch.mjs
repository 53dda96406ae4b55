// Watches the lobby and the tasks it is told of, as a dashboard does; each line of standard input is a task id to join,
// an empty line ends it. Prints one JSON line per task event: {event, task_id, seq, lag} (lag in ms, server to here).
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, transport = "websocket"] = process.argv.slice(2);
const EVENTS = ["task_created", "task_status", "task_progress", "task_completed", "task_error", "task_cancelled"];
const socket = io(url, { transports: [transport], auth: { lobby: false } });

for (const event of EVENTS) {
  socket.on(event, (data) => {
    const lag = Date.now() - data.timestamp * 1000;
    console.log(JSON.stringify({ event, task_id: data.task_id ?? data.id, seq: data.seq, lag }));
  });
}
socket.on("connect", () => console.log(JSON.stringify({ event: "connect" })));
socket.on("connect_error", (error) => {
  console.error(error.message, error.data);
  process.exit(1);
});
for await (const line of createInterface({ input: process.stdin })) {
  if (!line) break;
  socket.emit("join_task", { task_id: Number(line), last_seq: 0 });
}
socket.disconnect();
