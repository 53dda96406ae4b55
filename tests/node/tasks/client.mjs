// One socket.io-client, driven over stdin: `node tasks/client.mjs URL TRANSPORT [AUTH]`.
//
// In, a JSON line each: {emit, data} | {ask, data, number} | {cut: true} (the connection breaks) | {close: true}.
// Out, a JSON line each: {event, data} | {ack, data} | {connected, transport} | {disconnected} | {refused, message, data}.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, transport, auth] = process.argv.slice(2);
const transports = transport === "upgrade" ? ["polling", "websocket"] : [transport];
const socket = io(url, { transports, reconnectionDelay: 50, ...(auth && { auth: JSON.parse(auth) }) });
const say = (line) => console.log(JSON.stringify(line));

socket.on("connect", () => say({ connected: socket.id, transport: socket.io.engine.transport.name }));
socket.io.on("open", () => socket.io.engine.on("upgrade", (to) => say({ upgraded: to.name })));
socket.on("disconnect", (reason) => say({ disconnected: reason }));
socket.on("connect_error", (error) => say({ refused: true, message: error.message, data: error.data }));
socket.onAny((event, data) => say({ event, data }));

for await (const line of createInterface({ input: process.stdin })) {
  const { emit, ask, data, number, cut, close } = JSON.parse(line);
  if (emit) socket.emit(emit, data);
  if (ask) socket.emit(ask, data, (answer) => say({ ack: number, data: answer }));
  if (cut) socket.io.engine.close();
  if (close) socket.close();
}
process.exit(0);
