/** The cameras, one at a time: frames come over Socket.IO, each is acked when it has been drawn. */

import { get, keepToken, picture, post, token } from "./api.js";
import { LiveSocket } from "./socket.js";
import { rough, text, whole } from "./texts.js";

const SILENCE = 3000; // ms without a frame: no signal
const WINDOW = 2000; // ms over which frames are counted

const at = (id) => document.getElementById(id);
const socket = new LiveSocket(() => (token() ? { token: token() } : {}), "/camera");
const canvas = at("picture").getContext("2d");

let cameras = [];
let camera = null; // the one that is chosen
let wanted = true; // to be watched as soon as it can be
let connected = false;
let status = null;
let fault = "";
let newest = null; // {seq, timestamp, width, height} of the last frame drawn
let drawnAt = []; // ms, within the window
let watchedSince = 0;

// --- the list ---

async function listCameras() {
  try {
    cameras = (await get("/api/cameras?limit=500")).data;
  } catch (error) {
    if (error.code === "UNAUTHORIZED") at("token-form").hidden = false;
    else say(error.message, "bad");
    return;
  }
  at("no-cameras").hidden = cameras.length > 0;
  at("cameras").replaceChildren(...cameras.map(chooser));
  if (camera) watch();
  else if (cameras.length) choose(cameras.find(({ id }) => `#${id}` === location.hash) ?? cameras[0]);
}

function chooser(one) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = one.name;
  button.setAttribute("aria-current", String(one.id === camera?.id));
  button.addEventListener("click", () => choose(one));
  return button;
}

function choose(one) {
  if (camera && camera.id !== one.id) socket.ask("unwatch", { camera_id: camera.id });
  camera = one;
  wanted = true;
  canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height);
  history.replaceState(null, "", `#${one.id}`);
  at("view").hidden = false;
  at("camera-name").textContent = one.name;
  at("cameras").replaceChildren(...cameras.map(chooser));
  say("");
  forget();
  watch();
}

// --- watching ---

const isSeen = () => wanted && !document.hidden;
const chosen = (id) => (at(id).value ? Number(at(id).value) : undefined);

/** Once more for the same camera changes how its frames come. */
async function watch() {
  show();
  if (!camera || !connected || !isSeen()) return;
  const { id } = camera;
  const wish = { quality: chosen("quality"), width: chosen("width"), fps: chosen("most-fps") };
  const answer = await socket.ask("watch", { camera_id: id, ...wish });
  if (!answer.ok && answer.message && camera.id === id) fault = answer.message;
  show();
}

function unwatch() {
  if (camera) socket.ask("unwatch", { camera_id: camera.id });
  forget();
}

/** What is known of the camera is out of date. */
function forget() {
  status = newest = null;
  fault = "";
  drawnAt = [];
  watchedSince = performance.now();
  show();
}

async function draw({ detail: frame, acknowledge }) {
  try {
    if (frame.camera_id !== camera?.id || !isSeen()) return;
    const bitmap = await createImageBitmap(new Blob([frame.data], { type: "image/jpeg" }));
    if (frame.camera_id === camera.id && frame.seq > (newest?.seq ?? 0)) paint(bitmap, frame);
    bitmap.close();
  } catch {
    // One damaged picture; the next one comes.
  } finally {
    acknowledge();
  }
}

function paint(bitmap, { seq, timestamp, width, height }) {
  const element = canvas.canvas;
  if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
  canvas.drawImage(bitmap, 0, 0);
  if (!newest) at("veil").hidden = true;
  newest = { seq, timestamp, width, height };
  drawnAt.push(performance.now());
}

// --- what is shown beside the picture ---

function show() {
  const now = performance.now();
  drawnAt = drawnAt.filter((moment) => now - moment < WINDOW);
  const [title, words] = veil(now);
  at("veil").hidden = !title;
  at("veil-title").textContent = title;
  at("veil-text").textContent = words;
  at("toggle").textContent = text(wanted ? "stop" : "start");
  const state = wanted && connected ? (status?.state ?? "opening") : "closed";
  at("camera-state").dataset.state = state;
  at("camera-state").textContent = text(`camera_${state}`);
  showFigures(now);
}

/** What hides the picture: [title, words], empty when it is to be seen. */
function veil(now) {
  const silentSince = drawnAt.at(-1) ?? watchedSince;
  if (!wanted) return [text("stopped"), ""];
  if (!connected) return [text("no_signal"), text(at("connection").dataset.state)];
  if (fault) return [text("no_signal"), fault];
  if (drawnAt.length && status?.state !== "stalled") return ["", ""];
  if (status?.state === "stalled" || now - silentSince > SILENCE) return [text("no_signal"), text("no_frames")];
  return newest ? ["", ""] : [text("opening"), ""];
}

function showFigures(now) {
  const seconds = Math.min(WINDOW, now - watchedSince) / 1000;
  const runs = drawnAt.length > 0;
  at("fps").textContent = runs ? rough(drawnAt.length / seconds) : "–";
  at("age").textContent = newest && wanted ? ageOf(newest) : "–";
  at("dropped").textContent = status?.you ? whole(status.you.dropped) : "–";
  at("size").textContent = newest ? `${newest.width} × ${newest.height}` : "–";
  at("viewers").textContent = status ? whole(status.viewers) : "–";
}

/** By the clocks of both computers; where ours is behind, there is nothing below zero. */
function ageOf({ timestamp }) {
  const age = Math.max(0, Date.now() / 1000 - timestamp);
  return age < 1 ? `${whole(Math.round(age * 1000))} ms` : `${rough(age)} s`;
}

function say(words, state = "") {
  at("camera-message").textContent = words;
  at("camera-message").dataset.state = state;
}

// --- what is done with it ---

async function saveSnapshot() {
  await busily(at("snapshot"), async () => {
    const blob = await picture(`/api/cameras/${camera.id}/snapshot.jpg`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${camera.name} ${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(text("snapshot_saved"), "good");
  });
}

async function readText() {
  await busily(at("read"), async () => {
    const { data } = await post(`/api/cameras/${camera.id}/ocr`);
    say(text("reading", { id: data.id }), "good");
  });
}

async function busily(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.disabled = false;
  }
}

// --- connection ---

function listen() {
  socket.addEventListener("state", ({ detail }) => {
    connected = detail === "live";
    at("connection").dataset.state = detail;
    at("connection").textContent = text(detail);
    forget();
    if (connected) listCameras();
  });
  socket.addEventListener("refused", ({ detail }) => {
    at("token-form").hidden = detail?.code !== "UNAUTHORIZED";
    if (detail?.code !== "UNAUTHORIZED") say(detail?.message ?? "", "bad");
  });
  socket.addEventListener("frame", draw);
  socket.addEventListener("camera_status", ({ detail }) => {
    if (detail.camera_id !== camera?.id) return;
    if (detail.state === "live") fault = "";
    status = { ...status, ...detail, you: detail.you ?? status?.you };
    show();
  });
  socket.addEventListener("camera_error", ({ detail }) => {
    if (detail.camera_id === camera?.id) fault = detail.message;
    show();
  });
}

at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(at("token").value.trim());
  at("token-form").hidden = true;
  socket.open();
});
at("toggle").addEventListener("click", () => {
  wanted = !wanted;
  forget();
  if (wanted) watch();
  else unwatch();
});
for (const id of ["quality", "width", "most-fps"]) at(id).addEventListener("change", watch);
at("controls").addEventListener("submit", (event) => event.preventDefault());
at("snapshot").addEventListener("click", saveSnapshot);
at("read").addEventListener("click", readText);
document.addEventListener("visibilitychange", () => (document.hidden ? unwatch() : watch()));
setInterval(show, 250);
listen();
socket.open();
