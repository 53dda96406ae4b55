// Many clients that are cut off again and again while tasks run, and go on from their last_seq when they are back.
//
// `node tasks/storm.mjs URL CLIENTS CUTS TASK_ID…`; half of the clients use long-polling. Prints a JSON line
// {ready: true} when all have joined, and at the end {cuts, seen: [{task_id, events: [[seq, event], …]}, …]}.
import { io } from "socket.io-client";

const [url, clients, cuts, ...tasks] = process.argv.slice(2);
const EVENTS = ["task_created", "task_status", "task_progress", "task_completed", "task_error", "task_cancelled"];
const LAST = new Set(["task_completed", "task_error", "task_cancelled"]);

class Client {
  constructor(number) {
    this.taskId = Number(tasks[number % tasks.length]);
    this.events = [];
    this.joined = new Promise((done) => { this.hasJoined = done; });
    this.finished = new Promise((done) => { this.hasFinished = done; });
    const transports = [number % 2 ? "polling" : "websocket"];
    this.socket = io(url, { transports, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 200 });
    this.socket.on("connect", () => this.join());
    this.socket.on("connect_error", (error) => { if (!this.socket.active) throw error; });  // final: it would wait for ever
    for (const event of EVENTS) this.socket.on(event, (data) => this.take(event, data));
  }

  get lastSeq() {
    return this.events.length ? this.events.at(-1)[0] : 0;
  }

  join() {
    this.isJoined = false;
    this.socket.emit("join_task", { task_id: this.taskId, last_seq: this.lastSeq }, (answer) => {
      if (!answer.ok || !answer.recovered) throw new Error(JSON.stringify(answer));
      this.isJoined = true;
      this.hasJoined();
    });
  }

  // The lobby tells of the task, too: what a client has, or what would leave a gap before its join is answered, it drops.
  take(event, { task_id, id, seq }) {
    if ((task_id ?? id) !== this.taskId || seq !== this.lastSeq + 1) return;
    this.events.push([seq, event]);
    if (LAST.has(event)) this.hasFinished();
  }

  cut() {
    this.socket.io.engine?.close();
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const all = Array.from({ length: Number(clients) }, (_, number) => new Client(number));
await Promise.all(all.map((client) => client.joined));
console.log(JSON.stringify({ ready: true }));
let done = 0;
while (done < Number(cuts)) {
  await pause(10 + Math.random() * 40);
  const client = all[Math.floor(Math.random() * all.length)];
  if (!client.socket.connected) continue;
  client.cut();
  done++;
}
console.log(JSON.stringify({ cuts: done }));
await Promise.all(all.map((client) => client.finished));
const seen = all.map(({ taskId, events }) => ({ task_id: taskId, events }));
process.stdout.write(`${JSON.stringify({ seen })}\n`, () => process.exit(0));  // a pipe takes it in pieces
