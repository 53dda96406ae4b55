// A page of the kind that is in use: plain socket.io-client, the contract's fixed names, no acks, no client of ours.
const server = new URLSearchParams(location.search).get("server");
const socket = io(server);
const seen = {};
const NAMES = [
  "connected", "active_tasks", "task_created", "task_status", "task_progress", "task_completed", "task_error",
  "task_failed", "error", "left",
];
for (const name of NAMES) socket.on(name, (data) => (seen[name] ??= []).push(data));

async function post(path, body) {
  const response = await fetch(server + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  });
  return { status: response.status, body: await response.json() };
}

async function until(name, does = () => true) {
  for (;;) {
    const found = (seen[name] ?? []).find(does);
    if (found) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** A dedup task, from its making to its end. */
async function dedup() {
  const made = await post("/api/dedup/tasks", { task_name: "of an old page", filters: { type_name: "单选题" } });
  const { id } = made.body.data;
  socket.emit("join_task", { task_id: id });
  const first = await until("task_status", (data) => data.task_id === id);
  const started = await post(`/api/dedup/tasks/${id}/start`);
  const completed = await until("task_completed", (data) => data.task_id === id);
  socket.emit("leave_task", { task_id: id });
  const left = await until("left", (data) => data.task_id === id);
  const progress = seen.task_progress.filter((data) => data.task_id === id);
  return { made, first, started, completed, left, progress };
}

/** A task that this page computes itself. */
async function report(end) {
  const id = `task_${Date.now()}_${end}`;
  socket.emit("task_created", { id, formData: { subject: "数学" }, mode: "quick", startTime: 1 });
  const created = await until("task_created", (data) => data.startTime === 1 && data.mode === "quick" && data.status === "running" && data.task_name.includes(id));
  socket.emit("task_progress", { id, progress: 40, message: "on the way" });
  const progress = await until("task_progress", (data) => data.id === created.id && data.progress === 40);
  socket.emit(end === "completed" ? "task_completed" : "task_failed", end === "completed" ? { id, result: { found: 2 } } : { id, error: "no paper" });
  return { created, progress, ended: await until(`task_${end}`, (data) => data.id === created.id) };
}

async function wrong() {
  socket.emit("join_task", { task_id: 999999 });
  return until("error");
}
