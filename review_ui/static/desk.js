// The desk between two decisions: which tone is chosen, what its button says, where focus goes.
// Listeners stand on the document once; a card that takes the place of another is only adopted.

import { say } from "./pages.js";

const FOLDS = "details[data-editor], details[data-reject], details[data-licence]";
const NOT_TEXT = "a, button, summary, input, textarea, select, label";

let desk = null;
let lookedSince = 0;
let activeMs = 0;
const keyed = new Set(); // tones whose decision was pressed by key and is on its way
let isSubmitting = false;

export function startDesk() {
  for (const kind of ["focusin", "pointerdown"]) document.addEventListener(kind, onTouch);
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-group]")) countGroups();
    if (event.target.matches("[data-schedule] input")) markLater(event.target);
  });
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKeydown);
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("htmx:configRequest", onRequest);
  document.addEventListener("htmx:beforeSwap", keepHeight);
  document.addEventListener("htmx:afterSwap", afterDecision);
  document.addEventListener("desk:turned", adopt);
  document.addEventListener("submit", () => {
    isSubmitting = true;
    setTimeout(() => {
      isSubmitting = false;
    });
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved() && !isSubmitting) event.preventDefault();
  });
  adopt();
  measure();
}

/** Take the card that is on the page now. */
function adopt() {
  desk = document.querySelector("[data-desk]");
  if (!desk) return;
  activeMs = 0;
  lookedSince = document.visibilityState === "visible" ? performance.now() : 0;
  const tones = desk.querySelector("[data-tones]");
  if (tones) choose(tones.dataset.chosen);
  // On a narrow screen the tones stand in a row to swipe; the one in view is the chosen one.
  tones?.addEventListener("scrollend", () => {
    const left = tones.getBoundingClientRect().left;
    const distance = (tone) => Math.abs(tone.getBoundingClientRect().left - left);
    const inView = [...tones.children].sort((a, b) => distance(a) - distance(b))[0];
    if (tones.scrollWidth > tones.clientWidth) choose(inView.dataset.tone);
  });
  sayZone();
  showLayers(isShowingLayers());
}

export const hasDesk = () => desk !== null;

/** Whether some text was typed that is not saved. */
export function isUnsaved() {
  return [...(desk?.querySelectorAll("textarea[name=text]") ?? [])].some((area) => area.value !== area.defaultValue);
}

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
  const { top } = tone.querySelector(".tone-head").getBoundingClientRect();
  const isSeen = top >= 0 && top < window.innerHeight / 2;
  tone.scrollIntoView({ block: isSeen ? "nearest" : "start", inline: "start" });
}

/** Press the button of the chosen tone; the next settle then moves on by itself. */
export function pressOn(selector) {
  const button = chosenTone()?.querySelector(selector);
  if (!button || button.disabled) return false;
  keyed.add(chosenTone().dataset.tone);
  button.click();
  return true;
}

/** When that tone's answer comes, go on to the next open one. */
export const goOnFrom = (tone) => keyed.add(tone);

/** Approve the chosen tone; where its licence is in doubt, first ask for the tick. */
export function pressApprove() {
  const fold = chosenTone()?.querySelector("details[data-licence]");
  if (!fold) return pressOn("[data-approve]");
  if (!fold.open) return open("licence");
  if (fold.querySelector("input[type=checkbox]").checked) return pressOn("[data-approve]");
  enter(fold);
  say(fold.dataset.ask, true);
  return true;
}

export const undoChosen = () => pressOn("[data-undo]");

/** Undo the decision that was told of last, on whatever card; else the last one on this card. */
export function undoLast() {
  const told = document.querySelector("[data-undo-last]");
  const last = [...desk.querySelectorAll("[data-undo]")].at(-1);
  if (told || !last) {
    told?.click();
    return told !== null;
  }
  choose(last.closest(".tone").dataset.tone);
  return pressOn("[data-undo]");
}

/** Open the editor or the reasons of the chosen tone, and put the cursor there. */
export function open(kind) {
  const fold = chosenTone()?.querySelector(`details[data-${kind}]`);
  if (!fold) return false;
  show(fold);
  enter(fold); // now, not at the toggle event: the next key pressed is already text
  return true;
}

/** Close what is open in the chosen tone; typed text stays in it. */
export function closeOpen() {
  const fold = desk?.querySelector(`:is(${FOLDS})[open]`);
  if (!fold) return false;
  fold.open = false;
  fold.closest(".tone").focus({ preventScroll: true });
  return true;
}

function onTouch(event) {
  const tone = event.target.closest?.(".tone");
  if (tone && desk?.contains(tone)) choose(tone.dataset.tone);
}

function onClick(event) {
  if (!desk) return;
  if (event.target.closest("[data-close]")) {
    const fold = event.target.closest("details");
    fold.open = false;
    fold.closest(".tone").focus({ preventScroll: true });
    return;
  }
  if (event.target.closest("[data-difference]")) return showLayers(!isShowingLayers(), true);
  const tab = event.target.closest(".tone-tabs a");
  if (tab) {
    event.preventDefault();
    goToTone(document.querySelector(tab.hash)?.dataset.tone);
    return;
  }
  const text = event.target.closest("[data-draft]");
  if (text && !event.target.closest(NOT_TEXT)) editAt(text, event);
}

function onKeydown(event) {
  // Enter on the tick is the step after it, not the form's first button.
  if (event.key !== "Enter" || !event.target.matches?.("[data-licence] input[type=checkbox]")) return;
  event.preventDefault();
  if (!event.repeat) pressApprove();
}

function onToggle(event) {
  const fold = event.target;
  if (!desk?.contains(fold) || !fold.open || !fold.matches(FOLDS)) return;
  if (!fold.contains(document.activeElement?.closest("form"))) enter(fold);
}

// --- editing in place ---------------------------------------------------------------------

/** A click into the text puts the cursor there, in the editor that takes the text's place. */
function editAt(text, event) {
  const fold = text.closest(".tone").querySelector("details[data-editor]");
  // Text is read by touch, and selected to be copied; neither is a wish to write.
  if (!fold || event.pointerType === "touch" || !getSelection().isCollapsed || event.detail > 1) return;
  const at = offsetAt(text, event);
  choose(text.closest(".tone").dataset.tone);
  show(fold);
  enter(fold);
  const area = fold.querySelector("textarea[name=text]");
  if (at !== null && area.value === area.defaultValue) area.setSelectionRange(at, at);
}

/** Where in the draft's text the pointer is. */
function offsetAt(text, event) {
  const place = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  const range = place ? null : document.caretRangeFromPoint?.(event.clientX, event.clientY);
  const [node, offset] = place ? [place.offsetNode, place.offset] : [range?.startContainer, range?.startOffset];
  const line = (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(".line");
  if (!line || !text.contains(line)) return null;
  let before = 0;
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  for (let at = walker.nextNode(); at; at = walker.nextNode()) {
    if (at.parentElement.closest(".marker")) continue;
    if (at === node) return Number(line.dataset.at) + before + offset;
    before += at.data.length;
  }
  return Number(line.dataset.at) + before;
}

/** Open a fold; an editor is at least as high as the text was, so that nothing below moves. */
function show(fold) {
  if (fold.open) return;
  const area = fold.querySelector("textarea[name=text]");
  if (area) {
    const text = fold.closest(".tone").querySelector("[data-draft]");
    area.style.minHeight = `${text.offsetHeight}px`;
  }
  fold.open = true;
}

/** Put the cursor into the first field of an opened editor or list of reasons. */
function enter(fold) {
  const field = fold.querySelector("textarea[name=text], input[type=radio], input[type=checkbox]");
  if (!field) return;
  field.focus({ preventScroll: true });
  if (field.tagName === "TEXTAREA") field.setSelectionRange(0, 0);
  (field.closest(".rejecter") ?? field.closest("fieldset, textarea"))?.scrollIntoView({ block: "nearest" });
}

// --- the three layers ---------------------------------------------------------------------

const isShowingLayers = () => document.documentElement.classList.contains("shows-layers");

/** Texts, or what became of the source in them; the choice goes on to the next cards. */
function showLayers(isOn, isByHand = false) {
  if (!desk || (!isOn && !isByHand)) return;
  document.documentElement.classList.toggle("shows-layers", isOn);
  for (const fold of desk.querySelectorAll("[data-layers]")) fold.open = isOn;
  desk.querySelector("[data-difference]")?.setAttribute("aria-pressed", String(isOn));
}

// --- when it goes out ---------------------------------------------------------------------

/** Times in forms are this place's; the server is told how far ahead of UTC that is. */
function sayZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const place of desk.querySelectorAll("[data-zone]")) place.textContent = zone;
  for (const field of desk.querySelectorAll("[data-schedule] input")) markLater(field);
}

function markLater(field) {
  field.closest("[data-schedule]").classList.toggle("is-later", field.value !== "");
}

/** The offset on the day that was picked: summer time may begin before it. */
function offsetOn(local) {
  const time = local ? new Date(local) : new Date();
  return String(-(Number.isNaN(time.valueOf()) ? new Date() : time).getTimezoneOffset());
}

function onRequest(event) {
  const { parameters } = event.detail;
  if (parameters.active_s !== undefined) parameters.active_s = takeActive();
  if (parameters.utc_offset === undefined) return;
  const tone = event.detail.elt.closest?.(".tone");
  parameters.utc_offset = offsetOn(tone?.querySelector("[data-schedule] input")?.value);
}

// --- after a decision ---------------------------------------------------------------------

/**
 * A decided tone is shorter than an open one; what stands below must not jump for that. Where a
 * form was opened it did already, and goes back.
 */
function keepHeight() {
  const tones = desk?.querySelector("[data-tones]");
  if (tones && !tones.querySelector("details[open] form")) tones.style.minHeight = `${tones.offsetHeight}px`;
}

/**
 * After a swap focus must not be lost: by key it goes on to the next open tone. Whoever has gone
 * elsewhere meanwhile stays there: letters typed into a text must never land on the desk as keys.
 */
function afterDecision(event) {
  if (event.detail.elt?.id === "main" || event.detail.target?.id === "main") return afterAll();
  if (!event.detail.elt?.classList?.contains("tone")) return;
  const tone = document.getElementById(event.detail.elt.id);
  const isByKey = keyed.delete(tone.dataset.tone);
  sayZone();
  showLayers(isShowingLayers());
  countGroups();
  const field = document.activeElement?.closest("input, select, textarea, .action-row [open], .open-editor[open]");
  const chosen = chosenTone();
  const isElsewhere = (field && !tone.contains(field)) || (chosen && chosen !== tone);
  if (!isElsewhere) {
    choose(tone.dataset.tone);
    const stillOpen = tone.querySelector("details[data-editor][open] textarea, details[data-licence][open] input[type=checkbox]");
    if (stillOpen) stillOpen.focus({ preventScroll: true });
    else if (tone.dataset.state === "pending" || !isByKey) tone.focus({ preventScroll: true });
    else if (!nextOpen(tone)) desk.querySelector("[data-advance]")?.focus();
  }
  sayDecided(isElsewhere && field !== null);
}

/** All of the card came anew. */
function afterAll() {
  document.dispatchEvent(new CustomEvent("desk:turned", { detail: { isSame: true } }));
  chosenTone()?.focus({ preventScroll: true });
  sayDecided(false);
}

/** The last open tone was decided: whoever turns pages may go on, unless somebody is writing. */
function sayDecided(isBusy) {
  if (desk.querySelector("[data-advance]") && !desk.querySelector(".tone[data-state=pending]") && !isBusy && !isUnsaved()) {
    document.dispatchEvent(new CustomEvent("desk:decided"));
  }
}

function nextOpen(from) {
  const all = [...desk.querySelectorAll(".tone")];
  const start = all.indexOf(from);
  const turned = [...all.slice(start + 1), ...all.slice(0, start)];
  const next = turned.find((tone) => tone.dataset.state === "pending");
  if (next) goToTone(next.dataset.tone);
  return next !== undefined;
}

/** What each approve button says follows the boxes ticked below; the words come with the panel. */
function countGroups() {
  const words = desk?.querySelector("[data-groups]")?.dataset;
  if (!words) return;
  const names = new Map();
  for (const row of desk.querySelectorAll("[data-group]")) {
    const tone = row.querySelector("select")?.value;
    if (!tone || !row.querySelector("input:checked")) continue;
    names.set(tone, [...(names.get(tone) ?? []), row.querySelector(".group-name").textContent]);
  }
  for (const tone of desk.querySelectorAll(".tone")) {
    const groups = names.get(tone.dataset.tone) ?? [];
    const label = groups.length === 0 ? words.none : groups.length === 1 ? words.one : words.many;
    for (const place of tone.querySelectorAll("[data-approve-label]")) place.textContent = label.replace("{num}", groups.length);
    const targets = tone.querySelector("[data-targets]");
    if (targets) targets.textContent = groups.join(", ") || words.nobody;
  }
}

/** Seconds the page was in view since the last decision. */
function measure() {
  document.addEventListener("visibilitychange", () => {
    if (lookedSince) activeMs += performance.now() - lookedSince;
    lookedSince = document.visibilityState === "visible" ? performance.now() : 0;
  });
}

function takeActive() {
  const now = performance.now();
  const total = activeMs + (lookedSince ? now - lookedSince : 0);
  activeMs = 0;
  lookedSince = document.visibilityState === "visible" ? now : 0;
  return (total / 1000).toFixed(1);
}
