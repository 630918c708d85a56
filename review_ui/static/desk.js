// The desk between two decisions: which tone is chosen, what its button says, where focus goes.

import { say } from "./pages.js";

const FOLDS = "details[data-editor], details[data-reject], details[data-licence]";

let desk = null;
let lookedSince = 0;
let activeMs = 0;
const keyed = new Set(); // tones whose decision was pressed by key and is on its way
let isSubmitting = false;

export function startDesk() {
  desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const tones = desk.querySelector("[data-tones]");
  if (tones) choose(tones.dataset.chosen);
  desk.addEventListener("focusin", (event) => {
    const tone = event.target.closest(".tone");
    if (tone) choose(tone.dataset.tone);
  });
  desk.addEventListener("pointerdown", (event) => {
    const tone = event.target.closest(".tone");
    if (tone) choose(tone.dataset.tone);
  });
  // On a narrow screen the tones stand in a row to swipe; the one in view is the chosen one.
  tones?.addEventListener("scrollend", () => {
    const left = tones.getBoundingClientRect().left;
    const distance = (tone) => Math.abs(tone.getBoundingClientRect().left - left);
    const inView = [...tones.children].sort((a, b) => distance(a) - distance(b))[0];
    if (tones.scrollWidth > tones.clientWidth) choose(inView.dataset.tone);
  });
  desk.addEventListener("change", (event) => {
    if (event.target.closest("[data-group]")) countGroups();
  });
  desk.addEventListener("click", onClose);
  desk.addEventListener("keydown", (event) => {
    // Enter on the tick is the step after it, not the form's first button.
    if (event.key !== "Enter" || !event.target.matches?.("[data-licence] input[type=checkbox]")) return;
    event.preventDefault();
    if (!event.repeat) pressApprove();
  });
  desk.addEventListener("toggle", onToggle, true);
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.parameters.active_s !== undefined) event.detail.parameters.active_s = takeActive();
  });
  document.addEventListener("htmx:beforeSwap", keepHeight);
  document.addEventListener("htmx:afterSwap", afterDecision);
  desk.addEventListener("submit", () => {
    isSubmitting = true;
    setTimeout(() => {
      isSubmitting = false;
    });
  });
  window.addEventListener("beforeunload", warnOfUnsaved);
  measure();
}

export const hasDesk = () => desk !== null;

export function chosenTone() {
  return desk?.querySelector(".tone.is-chosen") ?? null;
}

/** Choose a tone by its name or its number from 1; moves no focus. */
export function choose(which) {
  const all = [...desk.querySelectorAll(".tone")];
  const tone = typeof which === "number" ? all[which - 1] : all.find((one) => one.dataset.tone === which);
  if (!tone) return null;
  for (const one of all) one.classList.toggle("is-chosen", one === tone);
  for (const tab of desk.querySelectorAll(".tone-tabs a")) {
    if (tab.hash === `#${tone.id}`) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  return tone;
}

/** Choose and go there. */
export function goToTone(which) {
  const tone = choose(which);
  if (!tone) return;
  tone.focus({ preventScroll: true });
  tone.scrollIntoView({ block: "nearest", inline: "start" });
}

/** Press the button of the chosen tone; the next settle then moves on by itself. */
export function pressOn(selector) {
  const button = chosenTone()?.querySelector(selector);
  if (!button || button.disabled) return false;
  keyed.add(chosenTone().dataset.tone);
  button.click();
  return true;
}

/** Approve the chosen tone; where its licence is in doubt, first ask for the tick. */
export function pressApprove() {
  const fold = chosenTone()?.querySelector("details[data-licence]");
  if (!fold) return pressOn("[data-approve]");
  if (!fold.open) return open("licence");
  if (fold.querySelector("input[type=checkbox]").checked) return pressOn("[data-approve]");
  enter(fold);
  say("Tick that you have checked the licence, then approve.", true);
  return true;
}

/** Undo on the chosen tone, else on the last one that can be undone. */
export function pressUndo() {
  if (pressOn("[data-undo]")) return true;
  const last = [...desk.querySelectorAll("[data-undo]")].at(-1);
  if (!last) return false;
  choose(last.closest(".tone").dataset.tone);
  return pressOn("[data-undo]");
}

/** Open the editor or the reasons of the chosen tone, and put the cursor there. */
export function open(kind) {
  const fold = chosenTone()?.querySelector(`details[data-${kind}]`);
  if (!fold) return false;
  fold.open = true;
  enter(fold); // now, not at the toggle event: the next key pressed is already text
  return true;
}

/** Close what is open in the chosen tone; typed text stays in it. */
export function closeOpen() {
  const fold = desk?.querySelector(`:is(${FOLDS})[open]`);
  if (!fold) return false;
  fold.open = false;
  fold.closest(".tone").focus();
  return true;
}

function onClose(event) {
  if (event.target.closest("[data-close]")) {
    const fold = event.target.closest("details");
    fold.open = false;
    fold.closest(".tone").focus();
  }
}

function onToggle(event) {
  const fold = event.target;
  if (fold.open && fold.matches(FOLDS) && !fold.contains(document.activeElement?.closest("form"))) enter(fold);
}

/** Put the cursor into the first field of an opened editor or list of reasons. */
function enter(fold) {
  const field = fold.querySelector("textarea[name=text], input[type=radio], input[type=checkbox]");
  field.focus({ preventScroll: true });
  if (field.tagName === "TEXTAREA") field.setSelectionRange(0, 0);
  fold.scrollIntoView({ block: "nearest" });
}

/** A decided tone is shorter than an open one; what stands below must not jump for that. */
function keepHeight() {
  const tones = desk.querySelector("[data-tones]");
  if (tones) tones.style.minHeight = `${tones.offsetHeight}px`;
}

/**
 * After a swap focus must not be lost: by key it goes on to the next open tone. Whoever has gone
 * elsewhere meanwhile stays there: letters typed into a text must never land on the desk as keys.
 */
function afterDecision(event) {
  if (!event.detail.elt?.classList?.contains("tone")) return;
  const tone = document.getElementById(event.detail.elt.id);
  const isByKey = keyed.delete(tone.dataset.tone);
  countGroups();
  const field = document.activeElement?.closest("input, select, textarea, .tone-choices [open]");
  const chosen = chosenTone();
  if ((field && !tone.contains(field)) || (chosen && chosen !== tone)) return;
  choose(tone.dataset.tone);
  const stillOpen = tone.querySelector("details[data-editor][open] textarea, details[data-licence][open] input[type=checkbox]");
  if (stillOpen) stillOpen.focus();
  else if (tone.dataset.state === "pending" || !isByKey) tone.focus({ preventScroll: true });
  else if (!nextOpen(tone)) desk.querySelector("[data-advance]")?.focus();
}

function nextOpen(from) {
  const all = [...desk.querySelectorAll(".tone")];
  const start = all.indexOf(from);
  const turned = [...all.slice(start + 1), ...all.slice(0, start)];
  const next = turned.find((tone) => tone.dataset.state === "pending");
  if (next) goToTone(next.dataset.tone);
  return next !== undefined;
}

/** What each approve button says follows the boxes ticked below. */
function countGroups() {
  const names = new Map();
  for (const row of desk.querySelectorAll("[data-group]")) {
    const tone = row.querySelector("select")?.value;
    if (!tone || !row.querySelector("input:checked")) continue;
    names.set(tone, [...(names.get(tone) ?? []), row.querySelector(".group-name").textContent]);
  }
  for (const tone of desk.querySelectorAll(".tone")) {
    const groups = names.get(tone.dataset.tone) ?? [];
    const count = groups.length;
    const labels = tone.querySelectorAll("[data-approve-label]");
    if (labels.length === 0) continue;
    for (const label of labels) label.textContent = count === 0 ? "Approve, no group" : `Approve for ${count} ${count === 1 ? "group" : "groups"}`;
    tone.querySelector("[data-targets]").textContent = groups.join(", ") || "No ticked group takes this tone";
  }
}

/** Seconds the page was in view since the last decision. */
function measure() {
  const turn = () => {
    if (lookedSince) activeMs += performance.now() - lookedSince;
    lookedSince = document.visibilityState === "visible" ? performance.now() : 0;
  };
  turn();
  document.addEventListener("visibilitychange", turn);
}

function takeActive() {
  const now = performance.now();
  const total = activeMs + (lookedSince ? now - lookedSince : 0);
  activeMs = 0;
  lookedSince = document.visibilityState === "visible" ? now : 0;
  return (total / 1000).toFixed(1);
}

function warnOfUnsaved(event) {
  const isUnsaved = [...desk.querySelectorAll("textarea[name=text]")].some((area) => area.value !== area.defaultValue);
  if (isUnsaved && !isSubmitting) event.preventDefault();
}
