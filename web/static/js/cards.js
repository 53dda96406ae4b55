/** A task as a card: made once, then only its changing parts are written. */

import { duration, rough, stage, text, whole } from "./texts.js";

const template = document.getElementById("task-card");

const ACTIONS = { running: ["pause", "cancel"], queued: ["cancel"], paused: ["resume", "cancel"] };

/** @param {(action: string, task: object) => void} act is called when a button is pressed */
export function card(task, act) {
  const element = template.content.firstElementChild.cloneNode(true);
  element.addEventListener("click", ({ target }) => {
    if (target.dataset.action) act(target.dataset.action, element.task);
  });
  show(element, task);
  return element;
}

export function show(element, task) {
  element.task = { ...element.task, ...task };
  const now = element.task;
  write(element, ".task-id", `#${now.id}`);
  write(element, ".task-name", now.task_name ?? text("task"));
  write(element, ".task-kind", text(`kind_${now.kind}`));
  write(element, ".state", stateOf(now));
  write(element, ".figures", figuresOf(now));
  write(element, ".message", messageOf(now));
  element.querySelector("progress").value = now.progress_percentage;
  if (element.dataset.status !== now.status) {
    element.dataset.status = now.status;
    element.querySelector(".actions").replaceChildren(...actionsOf(now).map(button));
  }
}

function write(element, selector, words) {
  const part = element.querySelector(selector);
  if (part.textContent !== words) part.textContent = words;
}

/** What another program computes, only that program can stop. */
function actionsOf(task) {
  return task.kind === "external" ? [] : ACTIONS[task.status] ?? [];
}

function button(action) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text(action);
  element.dataset.action = action;
  return element;
}

function stateOf(task) {
  const words = text(`status_${task.status}`);
  if (task.status === "running" || task.status === "paused") return `${words} · ${task.progress_percentage.toFixed(1)} %`;
  return task.queue_position && task.status === "queued" ? `${words} · ${task.queue_position}` : words;
}

function figuresOf(task) {
  const parts = [];
  if (task.total) parts.push(`${whole(task.processed)} / ${whole(task.total)} ${text(`unit_${task.unit}`)}`);
  if (task.status === "running" && task.rate) parts.push(`${rough(task.rate)}${text("per_second")}`);
  if (task.status === "running" && task.eta_seconds != null) parts.push(`${text("left")} ${duration(task.eta_seconds)}`);
  return parts.join(" · ");
}

function messageOf(task) {
  if (task.error) return task.error.message;
  if (task.status === "completed" && task.result && ["import", "dedup"].includes(task.kind)) {
    return text(`result_${task.kind}`, task.result);
  }
  return task.status === "running" ? stage(task.message) : "";
}
