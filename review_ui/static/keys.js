// The keyboard. A key acts only when nobody is typing, composing Chinese, or holding a modifier.

import { closeOpen, goToTone, hasDesk, open, pressApprove, pressUndo } from "./desk.js";
import { closeStopper, hasQuarantine, movePage, openStopper, pressVerdict, takeBack, writeNote } from "./quarantine.js";

const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])";
const SEQUENCE_MS = 1200;
const PLACES = { q: "/queue", p: "/posts", g: "/groups", r: "/runs", s: "/sources", x: "/quarantine" };

let sequenceUntil = 0;

const ANYWHERE = {
  "/": focusSearch,
  "?": () => document.getElementById("keys").showModal(),
  g: () => {
    sequenceUntil = performance.now() + SEQUENCE_MS;
    return true;
  },
};

const ON_DESK = {
  j: () => follow("next"),
  k: () => follow("prev"),
  1: () => goToTone(1),
  2: () => goToTone(2),
  3: () => goToTone(3),
  a: () => pressApprove(),
  e: () => open("editor"),
  r: () => open("reject"),
  u: () => pressUndo(),
};

const IN_QUEUE = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
};

const IN_QUARANTINE = {
  j: () => movePage(1),
  k: () => movePage(-1),
  a: () => pressVerdict("[data-accept]"),
  i: () => pressVerdict("[data-ignore]"),
  u: () => takeBack(),
  n: () => writeNote(),
  s: () => openStopper(),
};

export function startKeys() {
  document.addEventListener("keydown", onKey);
}

/** Whether an input method is composing: its keys are letters on their way, not commands. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

function onKey(event) {
  if (isComposing(event) || event.defaultPrevented) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") {
    if (document.querySelector("dialog[open]")) return;
    if (hasQuarantine() && closeStopper()) return;
    if (event.target.closest?.(TYPED_INTO) && !event.target.closest("details")) event.target.blur();
    closeOpen();
    return;
  }
  // Keys held down repeat; a decision must be pressed for, each time.
  if (event.repeat || event.target.closest?.(TYPED_INTO) || document.querySelector("dialog[open]")) return;
  if (performance.now() < sequenceUntil) {
    sequenceUntil = 0;
    if (PLACES[event.key]) {
      event.preventDefault();
      location.assign(PLACES[event.key]);
      return;
    }
  }
  const page = hasDesk() ? ON_DESK : hasQuarantine() ? IN_QUARANTINE : IN_QUEUE;
  const act = (Object.hasOwn(page, event.key) && page[event.key]) || (Object.hasOwn(ANYWHERE, event.key) && ANYWHERE[event.key]);
  if (act && act() !== false) event.preventDefault();
}

function focusSearch() {
  const field = document.getElementById("find");
  field.focus();
  field.select();
}

function follow(rel) {
  const link = document.querySelector(`.steps a[rel=${rel}]`);
  if (!link) return false;
  link.click();
  return true;
}

function moveRow(step) {
  const rows = [...document.querySelectorAll(".rows .row-title")];
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(Math.max(next, 0), rows.length - 1)].focus();
  return true;
}
