// Small pieces of the element: making nodes, and saying how a process is.

import { joinWords } from "./words.js";

/** A node with properties and children; a child that is no node becomes text. */
export function make(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "role") node.setAttribute("role", value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** What it was started with, as one would type it. */
export function commandLine(process) {
  return joinWords([process.command, ...process.args]);
}

/** How it is, in a word or two. */
export function stateText(process) {
  if (process.running) return "running";
  return process.signal ?? (process.exitCode === 0 ? "done" : `exit ${process.exitCode}`);
}

/** A badge that shows how a process is. */
export function stateBadge() {
  const badge = make("span", { className: "state" });
  return {
    badge,
    show(process) {
      const text = stateText(process);
      if (badge.textContent !== text) badge.textContent = text;
      badge.dataset.is = process.running ? "running" : process.exitCode === 0 ? "done" : "failed";
    },
  };
}

/** How long it has run, or ran. */
export function spanText(process) {
  const end = process.endedAt ? Date.parse(process.endedAt) : Date.now();
  const seconds = Math.max(0, (end - Date.parse(process.startedAt)) / 1000);
  if (seconds < 10) return process.running ? `${Math.floor(seconds)} s` : `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
