// The keyboard. A key acts only when nobody is typing, composing Chinese, or holding a modifier.
// Which key does what is the person's own: the server says it in the page (review_ui/keys.py).

import { chosenTone, closeOpen, goOnFrom, goToTone, hasDesk, open, pressApprove, undoChosen, undoLast } from "./desk.js";
import { closeStopper, hasQuarantine, movePage, openStopper, pressVerdict, takeBack, writeNote } from "./quarantine.js";
import { sayIfSending, sayWaiting } from "./outbox.js";

const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])";
const FIELDS = "textarea, input:not([type=hidden], :disabled), select, button:not(:disabled)";
const SEQUENCE_MS = 1500;

let sheet = null;
let keys = {};
let sequenceUntil = 0;
let isByKey = false; // the last touch was a key's, not a pointer's

/** What a key of the table does, by its `how`; false leaves the key to the browser. */
const HOWS = {
  press: (selector) => press(find(selector)),
  tone: (number) => hasDesk() && goToTone(Number(number)),
  approve: () => isDecidable() && pressApprove(),
  open: (kind) => isDecidable() && open(kind),
  undo: () => hasDesk() && (undoChosen() || sayIfSending() || undoLast()),
  reason: (number) => choose(Number(number)),
  note: () => press(reasons()?.querySelector("textarea")),
  down: (selector) => move(selector, 1),
  up: (selector) => move(selector, -1),
  "page-down": () => hasQuarantine() && movePage(1),
  "page-up": () => hasQuarantine() && movePage(-1),
  "page-verdict": (selector) => hasQuarantine() && pressVerdict(selector),
  "page-note": () => hasQuarantine() && writeNote(),
  "page-stop": () => hasQuarantine() && openStopper(),
  "page-undo": () => hasQuarantine() && takeBack(),
  address: (path) => location.assign(path),
  sheet: () => sheet.showModal(),
  go: () => {
    sequenceUntil = performance.now() + SEQUENCE_MS;
  },
};

export function startKeys() {
  sheet = document.getElementById("keys");
  if (!sheet) return;
  keys = JSON.parse(sheet.dataset.keys);
  document.addEventListener("keydown", onKey);
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, noteTouch, true);
  document.addEventListener("submit", onSubmit, true);
  for (const kind of ["htmx:afterSwap", "desk:turned"]) document.addEventListener(kind, nameKeys);
  nameKeys();
}

function noteTouch(event) {
  isByKey = event.type === "keydown";
}

/** A reason sent by key goes on to the next tone, as an approval does. */
function onSubmit(event) {
  const tone = event.target.closest("[data-reject]")?.closest(".tone");
  if (tone && isByKey) goOnFrom(tone.dataset.tone);
}

/** What buttons say of their keys is the default until here. */
function nameKeys() {
  for (const place of document.querySelectorAll("kbd[data-key]")) {
    const key = keys.named[place.dataset.key];
    if (key === undefined || key === place.textContent) continue;
    place.textContent = key;
    place.hidden = key === "";
  }
}

/** Whether an input method is composing: its keys are letters on their way, not commands. */
const isComposing = (event) => event.isComposing || event.keyCode === 229;

function onKey(event) {
  if (isComposing(event) || event.defaultPrevented || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter" && !event.repeat && save(event.target)) event.preventDefault();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") close(event.target);
  // Keys held down repeat; a decision must be pressed for, each time.
  else if (!event.repeat && !event.target.closest?.(TYPED_INTO) && act(read(event))) event.preventDefault();
}

/** The key as the table has it: Shift makes the capital, Caps Lock does not; full width is plain. */
function read(event) {
  const key = event.key.normalize("NFKC");
  if (key.length !== 1) return key;
  return event.shiftKey ? key.toUpperCase() : key.toLowerCase();
}

function act(key) {
  const isSequence = performance.now() < sequenceUntil;
  sequenceUntil = 0;
  if (isSequence && run(keys.go, key)) return true;
  // While reasons are shown, a letter must not decide about the tone behind them.
  return run(reasons() ? keys.reasons : keys.page, key) || run(keys.anywhere, key);
}

function run(table, key) {
  const row = table.find(([own]) => own === key);
  return row !== undefined && HOWS[row[1]](row[2]) !== false;
}

/** The list of reasons somebody is in. */
const reasons = () => document.activeElement?.closest("details[data-reject][open]") ?? null;

function choose(number) {
  const choice = reasons()?.querySelectorAll("input[type=radio]")[number - 1];
  if (!choice) return false;
  choice.focus();
  choice.click();
  return true;
}

/** A tone with a decision on its way to the server takes no second one. */
function isDecidable() {
  if (!hasDesk()) return false;
  if (!chosenTone()?.hasAttribute("data-waiting")) return true;
  sayWaiting();
  return false;
}

/** In the chosen tone, in the row that has the focus, else on the page: no other row is meant. */
function find(selector) {
  const row = chosenRow();
  const tone = chosenTone();
  const near = row ?? tone;
  const found = near?.matches(selector) ? near : near?.querySelector(selector);
  if (found) return found;
  const all = [...document.querySelectorAll(selector)];
  return all.find((one) => !one.closest("[data-row], .tone")) ?? null;
}

const chosenRow = () => document.activeElement?.closest("[data-row]") ?? null;

/** Press a button or link, open a fold and enter it, or put the cursor into a field. */
function press(element) {
  if (!element || element.matches(":disabled") || element.closest("[hidden]")) return false;
  if (element.matches("details")) return unfold(element);
  if (element.matches("button, a, summary, label, input[type=checkbox], input[type=radio]")) {
    element.click();
    return true;
  }
  const field = element.matches("input, textarea, select") ? element : element.querySelector(FIELDS);
  if (!field) return false;
  const fold = field.closest("details:not([open])");
  if (fold) fold.open = true;
  field.focus();
  if (field.matches("[type=search]")) field.select();
  return true;
}

/** What only shows something closes with the same key; what asks for something is entered. */
function unfold(fold) {
  const field = fold.querySelector("textarea, input:not([type=hidden], :disabled), select");
  fold.open = field !== null || !fold.open;
  field?.focus();
  return true;
}

function move(selector, step) {
  const rows = [...document.querySelectorAll(selector)];
  if (rows.length === 0) return false;
  // A row's link or the row itself may have the focus; in both cases that row is the one.
  const here = document.activeElement;
  const at = rows.findIndex((row) => row === here || row.contains(here) || (row.closest("[data-row]")?.contains(here) ?? false));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

/** Ctrl+Enter in what somebody writes: its form's own button. */
function save(field) {
  if (!field.matches?.(keys.saves)) return false;
  const button = field.form?.querySelector("button[type=submit]:not(:disabled)");
  if (!button) return false;
  field.form.requestSubmit(button);
  return true;
}

/** Out of what is open, back to where it was opened; what was typed stays. */
function close(target) {
  if (hasQuarantine() && closeStopper()) return;
  if (target.closest?.(TYPED_INTO) && !target.closest("details, [data-row]")) target.blur();
  if (!closeOpen()) closeFold();
  const row = chosenRow();
  const fold = document.activeElement?.closest("[data-row] details[data-stop]");
  if (fold) fold.open = false;
  row?.focus();
}

/** What else is open around the cursor in a tone: a wish, a time. */
function closeFold() {
  const fold = document.activeElement?.closest(".tone details[open]");
  if (!fold) return;
  fold.open = false;
  fold.closest(".tone").focus({ preventScroll: true });
}
