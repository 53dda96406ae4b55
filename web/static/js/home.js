/** The first page: what runs, live; a bank to import; duplicates to look for. */

import { get, keepToken, post, token, upload } from "./api.js";
import { card, show } from "./cards.js";
import { LiveSocket } from "./socket.js";
import { text, whole } from "./texts.js";

const ACTIVE = new Set(["queued", "running", "paused"]);
const RECENT = 10;

const at = (id) => document.getElementById(id);
const cards = new Map(); // task id -> its card
const socket = new LiveSocket(() => (token() ? { token: token() } : {}));

// --- tasks ---

/** Newest first, running ones in their own list; what ended moves over to the latest. */
function place(task) {
  let element = cards.get(task.id);
  if (element) {
    show(element, task);
  } else if (task.task_name) {
    element = card(task, act);
    cards.set(task.id, element);
  } else {
    return; // progress of a task whose beginning has not come yet
  }
  const list = at(ACTIVE.has(element.task.status) ? "running" : "recent");
  if (element.parentElement !== list) insert(list, element);
  tidy();
}

function insert(list, element) {
  const older = [...list.children].find((other) => other.task.id < element.task.id);
  list.insertBefore(element, older ?? null);
}

function tidy() {
  const running = at("running").childElementCount;
  at("running-count").textContent = running ? whole(running) : "";
  at("all-quiet").hidden = running > 0;
  for (const old of [...at("recent").children].slice(RECENT)) {
    cards.delete(old.task.id);
    old.remove();
  }
  at("no-tasks").hidden = at("recent").childElementCount > 0;
}

async function act(action, task) {
  try {
    place((await post(`/api/tasks/${task.id}/${action}`)).data);
  } catch (error) {
    show(cards.get(task.id), { message: error.message });
  }
}

async function refresh() {
  const { data } = await get(`/api/tasks?limit=${RECENT + 10}`);
  for (const task of data.reverse()) place(task);
  tidy();
}

// --- banks ---

async function listBanks() {
  const { data } = await get("/api/banks?limit=500");
  for (const id of ["bank", "dedup-bank"]) {
    const chosen = at(id).value;
    at(id).replaceChildren(...data.map(bankOption));
    if (chosen) at(id).value = chosen;
  }
}

function bankOption(bank) {
  return new Option(`${bank.name} (${whole(bank.question_count ?? 0)} ${text("questions")})`, bank.id);
}

function say(id, words, state = "") {
  at(id).textContent = words;
  at(id).dataset.state = state;
}

async function importFile(event) {
  event.preventDefault();
  const [file] = at("file").files;
  const bar = at("upload-progress");
  bar.hidden = false;
  say("import-message", `${text("uploading")} …`);
  try {
    const { data } = await upload(`/api/banks/${at("bank").value}/import`, file, (part) => { bar.value = part; });
    place(data);
    say("import-message", `${text("uploaded")} #${data.id}`, "good");
    at("import-form").reset();
    showFile();
  } catch (error) {
    say("import-message", error.message, "bad");
  } finally {
    bar.hidden = true;
  }
}

async function findDuplicates(event) {
  event.preventDefault();
  const bank = at("dedup-bank");
  const name = bank.selectedOptions[0]?.text.replace(/ \(.*$/, "") ?? "";
  try {
    const body = { task_name: `${text("duplicates")} · ${name}`, bank_id: Number(bank.value), auto_start: true };
    const { data } = await post("/api/dedup/tasks", body);
    place(data);
    say("dedup-message", `#${data.id}`, "good");
  } catch (error) {
    say("dedup-message", error.message, "bad");
  }
}

function showFile() {
  at("file-name").textContent = at("file").files[0]?.name ?? text("choose");
}

function acceptDrops(area) {
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    at("file").files = event.dataTransfer.files;
    showFile();
  });
}

async function copy({ target }) {
  const source = target.dataset?.copies;
  if (!source) return;
  await navigator.clipboard.writeText(at(source).textContent);
  target.textContent = text("copied");
  setTimeout(() => { target.textContent = text("copy"); }, 1500);
}

// --- connection ---

function load() {
  return Promise.all([refresh(), listBanks()]).catch((error) => {
    if (error.code === "UNAUTHORIZED") at("token-form").hidden = false;
    else say("import-message", error.message, "bad");
  });
}

function listen() {
  socket.addEventListener("state", ({ detail }) => {
    at("connection").dataset.state = detail;
    at("connection").textContent = text(detail);
    if (detail === "live") load(); // what happened while we were away
  });
  socket.addEventListener("refused", ({ detail }) => {
    at("token-form").hidden = detail?.code !== "UNAUTHORIZED";
  });
  socket.addEventListener("active_tasks", ({ detail }) => detail.tasks.forEach(place));
  socket.addEventListener("task_created", ({ detail }) => place(detail));
  socket.addEventListener("task_progress", ({ detail }) => place(detail));
  for (const event of ["task_status", "task_completed", "task_failed", "task_cancelled"]) {
    socket.addEventListener(event, ({ detail }) => {
      place(detail.data);
      if (detail.data.kind === "import" && detail.data.status === "completed") listBanks();
    });
  }
}

at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(at("token").value.trim());
  at("token-form").hidden = true;
  socket.open();
});
at("import-form").addEventListener("submit", importFile);
at("dedup-form").addEventListener("submit", findDuplicates);
at("file").addEventListener("change", showFile);
document.addEventListener("click", copy);
acceptDrops(at("drop"));
listen();
load();
socket.open();
