// The keyboard. A key acts only when nobody is typing, composing Chinese, or holding a modifier.

import { closeOpen, goToTone, hasDesk, open, pressApprove, pressUndo } from "./desk.js";
import { closeStopper, hasQuarantine, movePage, openStopper, pressVerdict, takeBack, writeNote } from "./quarantine.js";

const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])";
const SEQUENCE_MS = 1200;
const PLACES = { q: "/queue", p: "/posts", g: "/groups", r: "/runs", s: "/sources", t: "/tones", x: "/quarantine" };

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
  j: () => moveTo(".rows .row-title", 1),
  k: () => moveTo(".rows .row-title", -1),
};

const IN_POSTS = {
  j: () => moveTo("[data-row]", 1),
  k: () => moveTo("[data-row]", -1),
  a: () => pressInRow("[data-keep]"),
  w: () => pressInRow("[data-withdraw]"),
  u: () => pressInRow("[data-undo]"),
  n: () => enterInRow("textarea[name=note]"),
};

const IN_SOURCES = {
  j: () => moveTo("[data-row]", 1),
  k: () => moveTo("[data-row]", -1),
  s: () => enterInRow("textarea[name=note]"),
};

const IN_TONES = {
  j: () => moveTo("[data-row]", 1),
  k: () => moveTo("[data-row]", -1),
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
    if (event.target.closest?.(TYPED_INTO) && !event.target.closest("details, [data-row]")) event.target.blur();
    closeOpen();
    leaveRow();
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
  const page = keysHere();
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

function keysHere() {
  if (hasDesk()) return ON_DESK;
  if (hasQuarantine()) return IN_QUARANTINE;
  return { "/posts": IN_POSTS, "/sources": IN_SOURCES, "/tones": IN_TONES }[location.pathname] ?? IN_QUEUE;
}

function moveTo(selector, step) {
  const rows = [...document.querySelectorAll(selector)];
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement?.closest(selector));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(Math.max(next, 0), rows.length - 1)].focus();
  return true;
}

/** The row that has the focus, or something in it has: no other is ever acted on. */
const chosenRow = () => document.activeElement?.closest("[data-row]") ?? null;

function pressInRow(selector) {
  const button = chosenRow()?.querySelector(selector);
  if (!button || button.disabled) return false;
  button.click();
  return true;
}

function enterInRow(selector) {
  const field = chosenRow()?.querySelector(selector);
  if (!field) return false;
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
  return true;
}

/** Out of a note or the stop form, back to its row; what was typed stays. */
function leaveRow() {
  const row = chosenRow();
  const fold = document.activeElement?.closest("[data-row] details[data-stop]");
  if (fold) fold.open = false;
  row?.focus();
}
