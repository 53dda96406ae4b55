// An app's viewer of a camera on socket.io-client: node camera/client.mjs URL TRANSPORT. Prints what it saw as JSON.
//
// Takes ten frames and acks each; then acks none for a second, then one, and says which frame that brought.
import { io } from "socket.io-client";

const [url, transport] = process.argv.slice(2);
const socket = io(`${url}/camera`, { transports: [transport] });
const seen = { statuses: [], frames: [], buffers: 0 };
const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let holds = false;
const held = [];

socket.on("camera_status", (status) => seen.statuses.push(status.state));
socket.on("camera_error", (error) => (seen.error = error));
socket.on("frame", (frame, ack) => {
  const { data, ...about } = frame;
  seen.frames.push({ ...about, at: Date.now() / 1000, isJpeg: data[0] === 0xff && data[1] === 0xd8 });
  seen.buffers += Buffer.isBuffer(data);
  if (holds) held.push(ack);
  else ack();
});
const frames = async (count) => {
  while (seen.frames.length < count) await later(5);
};

seen.watched = await socket.emitWithAck("watch", { width: 64 });
await frames(10);
holds = true;
while (held.length < 2) await later(5);
const before = seen.frames.length;
await later(1500);
seen.unacked = held.length;
held.shift()();
await frames(before + 1);
seen.newest = seen.frames[before].seq - seen.frames[before - 1].seq;
seen.refused = await socket.emitWithAck("watch", { camera_id: 999 });
seen.unwatched = await socket.emitWithAck("unwatch");
socket.close();
console.log(JSON.stringify(seen));
process.exit(0);
