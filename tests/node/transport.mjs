// A page's client as it is, against the transport: node transport.mjs URL. Prints what it saw as one line of JSON.
//
// Starts on long-polling and moves to WebSocket while numbered events come in; then binary data, acks, a second
// namespace, and a server that throws it out and lets it in again.
import { io } from "socket.io-client";

const [url] = process.argv.slice(2);
const seen = { numbers: [], transports: [] };
const socket = io(url, { reconnectionDelay: 50 });
const other = io(`${url}/other`, { reconnectionDelay: 50 });
const once = (emitter, event) => new Promise((done) => emitter.once(event, done));
const post = (body) =>
  fetch(`${url}/emit`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

socket.io.once("open", () => seen.transports.push(socket.io.engine.transport.name));
const upgraded = once(socket.io, "open").then(() => once(socket.io.engine, "upgrade"));
await Promise.all([once(socket, "connect"), once(other, "connect")]);
await socket.emitWithAck("join", { room: "page" });

const total = 300;
const all = new Promise((done) => {
  socket.on("news", ({ n }) => { if (seen.numbers.push(n) === total) done(); });
});
for (let first = 0; first < total; first += 10) {
  await post({ steps: [{ event: "news", rooms: ["page"], first, times: 10, by: first % 20 ? "socketio" : "push" }] });
}
await all;
await upgraded;
seen.transports.push(socket.io.engine.transport.name);

const frame = once(socket, "frame");
await post({ steps: [{ event: "frame", rooms: ["page"], binary: [0, 255] }] });
seen.binary = [...new Uint8Array((await frame).binary)];
seen.echo = await socket.emitWithAck("echo", { back: Buffer.from([1, 2, 3]) });
seen.echo.back = [...new Uint8Array(seen.echo.back)];

const elsewhere = once(other, "news");
await other.emitWithAck("join", { room: "page" });
await post({ steps: [{ event: "news", rooms: ["page"], namespace: "/other", first: 7 }] });
seen.other = (await elsewhere).n;

seen.reason = await new Promise((done) => { socket.once("disconnect", done); socket.emit("throw_me_out"); });
socket.connect();
await once(socket, "connect");
seen.again = await socket.emitWithAck("echo", "back");
console.log(JSON.stringify(seen));
socket.disconnect();
other.disconnect();
