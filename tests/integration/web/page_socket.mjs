// Runs the first page's socket client outside a browser and prints what it tells, a JSON line each.
import { readFile } from "node:fs/promises";

const [module, host, token] = process.argv.slice(2);
globalThis.location = { protocol: "http:", host };
const source = await readFile(module, "utf8");
const { LiveSocket } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const socket = new LiveSocket(() => (token ? { token } : {}));
for (const event of ["state", "refused", "active_tasks", "task_created", "task_progress"]) {
  socket.addEventListener(event, ({ detail }) => console.log(JSON.stringify([event, detail])));
}
socket.open();
