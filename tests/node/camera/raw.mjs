// An old app's viewer of a camera on Node's `ws`: node camera/raw.mjs URL. Prints what it saw as one line of JSON.
//
// It takes five images, stops reading for two seconds, and says how old the images are that it gets then.
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const socket = new WebSocket(url);
const images = [];
const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const until = async (count) => {
  while (images.length < count) await later(5);
};
socket.on("message", (content, isBinary) => {
  const message = isBinary ? { type: "binary", data: content } : JSON.parse(content);
  const data = isBinary ? content : Buffer.from(message.data, "base64");
  images.push({ ...message, data: undefined, isJpeg: data[0] === 0xff && data[1] === 0xd8, at: Date.now() / 1000 });
});
await until(5);
socket.pause();
await later(2000);
socket.resume();
const stopped = images.length;
await later(1000);
const closed = new Promise((done) => socket.on("close", done));
socket.close(1000);
console.log(JSON.stringify({ images, stopped, extensions: socket.extensions, code: await closed }));
