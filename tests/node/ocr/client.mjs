// An app's client of /ws/ocr, on Node's `ws`: node ocr/client.mjs URL PAGE [TOKEN]. Prints what it saw as one line of JSON.
//
// Reads the page, twice at once, a batch, cancels one, sends rubbish, and says goodbye.
import { readFileSync } from "node:fs";
import WebSocket from "ws";

const [url, file, token] = process.argv.slice(2);
const page = readFileSync(file).toString("base64");
const requirements = { engines: ["stub"] };
const socket = new WebSocket(url, { perMessageDeflate: true });
const seen = { extensions: null, statuses: [], progress: [], types: [] };
const waiting = [];

const send = (type, data = {}, id) => socket.send(JSON.stringify({ type, data, timestamp: Date.now() / 1000, id }));
const until = (test) => new Promise((done) => waiting.push({ test, done }));
const end = (id, index) =>
  until(({ type, data }) => /^ocr_(complete|error)$/.test(type) && data.request_id === id && data.index === index);

socket.on("message", (content, isBinary) => {
  if (isBinary) throw new Error("a binary frame");
  const message = JSON.parse(content);
  seen.types.push(message.type);
  if (message.type === "connection_status") seen.statuses.push(message.data.status);
  if (message.type === "ocr_progress" && message.id === "first") seen.progress.push(message.data.progress);
  for (const one of waiting.filter(({ test }) => test(message))) one.done(message.data);
});

await until(({ type }) => type === "connection_status");
seen.extensions = socket.extensions;
if (token) {
  const connected = until(({ type, data }) => type === "connection_status" && data.status === "connected");
  send("auth", { token });
  await connected;
}

const both = [end("first"), end(2)];
send("ocr_request", { image: `data:image/png;base64,${page}`, requirements }, "first");
send("ocr_request", { image: page, requirements: { ...requirements, real_time: true } }, 2);
seen.texts = (await Promise.all(both)).map(({ result }) => result.text);

const batch = [end("batch", 0), end("batch", 1)];
send("ocr_request", { images: [page, "broken"], requirements: { ...requirements, batch_processing: true } }, "batch");
const [whole, broken] = await Promise.all(batch);
seen.batch = [whole.result.cached, broken.error_code];

const cancelled = end("stop");
send("ocr_request", { image: page, requirements: { ...requirements, cache: false } }, "stop");
send("ocr_cancel", { request_id: "stop" });
seen.cancelled = (await cancelled).error_code;

const refused = until(({ type }) => type === "error");
socket.send("rubbish");
seen.refused = (await refused).error_code;
const pong = until(({ type }) => type === "pong");
send("ping");
seen.uptime = (await pong).uptime > 0;

const closed = new Promise((done) => socket.on("close", done));
socket.close(1000);
seen.code = await closed;
console.log(JSON.stringify(seen));
