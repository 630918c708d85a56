// The editor while somebody types: the text is kept, checked and measured at each pause, and stays
// in this browser when the desk cannot be reached.

import { get, post } from "./send.js";

const CHECK_MS = 150;
const KEEP_MS = 900;
const RETRY_MS = 5_000;
const EDITORS = "[data-editor] textarea[name=text]";

const editors = new Map(); // by textarea
const quietly = new WeakSet(); // editors that open by themselves

export function startWorking() {
  document.addEventListener("htmx:afterSwap", scan);
  document.addEventListener("desk:turned", scan);
  document.addEventListener("input", onInput);
  document.addEventListener("compositionend", onInput);
  document.addEventListener("click", onClick);
  window.addEventListener("toggle", onUnfold, true);
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("scroll", onScroll, true);
  window.addEventListener("pagehide", keepAll);
  window.addEventListener("online", keepAll);
  scan();
}

/** Put a line where the cursor stands, or stood last, as if it had been typed. */
function insert({ area }, line) {
  const [start, end] = [area.selectionStart, area.selectionEnd];
  const [before, after] = [area.value.slice(0, start), area.value.slice(end)];
  const gap = (isApart) => (area.lang.startsWith("zh") || isApart ? "" : " ");
  area.focus();
  area.setRangeText(gap(/(^|\s)$/.test(before)) + line + gap(/^(\s|$)/.test(after)), start, end, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function scan() {
  for (const [area, editor] of editors) {
    if (area.isConnected) continue;
    stop(editor);
    editors.delete(area);
  }
  for (const area of document.querySelectorAll(EDITORS)) {
    const slot = area.form?.querySelector("[data-working]");
    if (slot && !editors.has(area)) adopt(area, slot);
  }
}

function adopt(area, slot) {
  const editor = {
    area,
    slot,
    path: slot.dataset.working,
    store: `spoonful-text:${slot.dataset.user}:${slot.dataset.draftId}`,
    draftText: slot.querySelector("[data-draft-text]").content.textContent,
    version: area.form.elements.version,
    kept: area.value, // what the desk has, or stands there anyway
    asking: null,
    timers: {},
  };
  editors.set(area, editor);
  lay(editor);
  restore(editor);
}

/** A sheet under the text: the words that findings point at are underlined on it. */
function lay(editor) {
  const { area } = editor;
  const stack = document.createElement("div");
  stack.className = "ink-stack";
  editor.ink = document.createElement("div");
  editor.ink.className = `ink ${area.className}`;
  editor.ink.lang = area.lang;
  editor.ink.ariaHidden = "true";
  area.before(stack);
  stack.append(editor.ink, area);
}

// --- what was typed and not saved comes back ---

function restore(editor) {
  const { area, slot } = editor;
  const kept = slot.querySelector("[data-kept]");
  const local = readLocal(editor);
  const words = kept?.querySelector("[data-kept-text]").value;
  if (local && (local.text === editor.draftText || local.text === words)) forgetLocal(editor);
  else if (local) return restoreLocal(editor, local, kept);
  if (!kept || area.value !== editor.draftText) return;
  if (kept.dataset.outdated !== undefined) {
    showClash(editor, kept.dataset.kept, words, kept.dataset.version);
    return;
  }
  kept.querySelector("[data-kept-text]").remove(); // it stands in the editor itself
  put(editor, words);
  editor.kept = words;
  area.defaultValue = words;
}

/** The latest words are those of this browser: they never reached the desk. */
function restoreLocal(editor, local, kept) {
  kept?.remove();
  const note = editor.slot.querySelector("[data-local]").content.cloneNode(true);
  const time = note.querySelector("time");
  time.dateTime = new Date(local.at).toISOString();
  time.textContent = sayAge(local.at);
  editor.slot.prepend(note);
  if (String(local.version) === editor.version.value) {
    put(editor, local.text);
    keep(editor);
  } else {
    editor.unplaced = local.text;
    showClash(editor, editor.path, local.text, local.version);
  }
}

/** Put a text into the editor and open it, without taking the focus: keys stay the desk's. */
function put(editor, text) {
  editor.area.value = text;
  unfold(editor);
  later(editor, "check", check, 0);
}

function unfold(editor) {
  const fold = editor.area.closest("details");
  if (fold.open) return;
  quietly.add(fold);
  fold.open = true;
}

/** Whoever opens an editor wants to write; one that opens by itself is no reason to move there. */
function onUnfold(event) {
  if (quietly.delete(event.target)) event.stopPropagation();
}

function sayAge(at) {
  const minutes = Math.round((at - Date.now()) / 60_000);
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  return Math.abs(minutes) < 60 ? format.format(minutes, "minute") : format.format(Math.round(minutes / 60), "hour");
}

// --- typing ---

function onInput(event) {
  const editor = editors.get(event.target);
  if (!editor || event.isComposing) return; // half a Chinese word is nothing to check
  later(editor, "check", check, CHECK_MS);
  later(editor, "keep", keep, KEEP_MS);
}

function later(editor, name, act, ms) {
  clearTimeout(editor.timers[name]);
  editor.timers[name] = setTimeout(() => act(editor), ms);
}

function stop(editor) {
  for (const timer of Object.values(editor.timers)) clearTimeout(timer);
  editor.asking?.abort();
}

async function check(editor) {
  editor.asking?.abort(); // an answer about older words is worth nothing
  const asking = new AbortController();
  editor.asking = asking;
  try {
    const response = await post(`${editor.path}/check`, { text: editor.area.value }, { signal: asking.signal });
    if (!response.ok) return;
    show(editor, await response.text());
  } catch {
    // stale or not reachable; keeping the text says so
  }
}

function show(editor, answer) {
  const parts = document.createElement("template");
  parts.innerHTML = answer;
  const part = (name) => [...(parts.content.querySelector(`[data-part=${name}]`)?.childNodes ?? [])];
  const { form } = editor.area;
  form.querySelector("[data-live-findings]")?.replaceChildren(...part("findings"));
  form.querySelector("[data-meters]")?.replaceChildren(...part("meters"));
  editor.ink.replaceChildren(...part("ink"));
  fit(editor);
}

/** The sheet's lines stand exactly under the text's. */
function fit({ area, ink }) {
  const { fontSize, fontFamily, fontWeight, lineHeight, letterSpacing, textAlign, padding } = getComputedStyle(area);
  Object.assign(ink.style, { fontSize, fontFamily, fontWeight, lineHeight, letterSpacing, textAlign, padding });
  ink.style.paddingRight = `calc(${padding.split(" ")[1] ?? padding} + ${area.offsetWidth - area.clientWidth - 2}px)`; // a scroll bar
  ink.scrollTop = area.scrollTop;
}

function onScroll(event) {
  const editor = editors.get(event.target);
  if (editor) editor.ink.scrollTop = editor.area.scrollTop;
}

// --- keeping ---

const isUnkept = (editor) => editor.area.value !== editor.kept && editor.area.isConnected;

async function keep(editor, options = {}) {
  if (!isUnkept(editor)) return;
  if (editor.isKeeping && !options.keepalive) return void later(editor, "keep", keep, KEEP_MS);
  editor.isKeeping = true;
  const text = editor.area.value;
  writeLocal(editor, text);
  try {
    const response = await post(`${editor.path}/working`, { text, version: editor.version.value }, options);
    await settle(editor, text, response);
  } catch {
    say(editor, "away");
    later(editor, "keep", keep, RETRY_MS);
  } finally {
    editor.isKeeping = false;
  }
}

async function settle(editor, text, response) {
  if (response.ok || response.status === 409) {
    editor.kept = text;
    if (editor.area.value === text) forgetLocal(editor);
    if (response.status === 409) return place(editor, await response.text());
    // The page may be left without a warning: nothing would be lost.
    editor.area.defaultValue = text;
    return say(editor, text === editor.draftText ? "" : "kept");
  }
  say(editor, { 401: "signed-out", 403: "signed-out", 404: "gone", 413: "long" }[response.status] ?? "away");
  if (response.status === 401 || response.status >= 500) later(editor, "keep", keep, RETRY_MS);
}

/** The page is left, or the line is back: whatever is not kept yet goes out now. */
function keepAll(event) {
  for (const editor of editors.values()) {
    if (isUnkept(editor)) keep(editor, { keepalive: event.type === "pagehide" });
  }
}

/** Say in the editor's foot how the text is; name: of the words in its template, '' for nothing. */
function say(editor, name) {
  const place = editor.area.form?.querySelector("[data-saved]");
  if (!place || place.dataset.says === name) return;
  place.dataset.says = name;
  const words = name && editor.slot.querySelector("[data-words]").content.querySelector(`[data-word="${name}"]`);
  place.replaceChildren(...(words ? [words.cloneNode(true)] : []));
}

/** A saved text is on its way: what was scheduled before must not come after it. */
function onSubmit(event) {
  const editor = editors.get(event.target.querySelector?.(EDITORS.split(" ")[1]));
  if (!editor || event.target !== editor.area.form) return;
  stop(editor);
  writeLocal(editor, editor.area.value); // until the desk shows it, whatever becomes of the request
}

// --- this browser's own copy ---

function readLocal(editor) {
  try {
    return JSON.parse(localStorage.getItem(editor.store));
  } catch {
    return null; // no storage here, or not ours
  }
}

function writeLocal(editor, text) {
  try {
    localStorage.setItem(editor.store, JSON.stringify({ text, version: editor.version.value, at: Date.now() }));
  } catch {
    // full or forbidden: the desk has the text, or soon
  }
}

function forgetLocal(editor) {
  try {
    localStorage.removeItem(editor.store);
  } catch {
    // as above
  }
}

// --- somebody else wrote ---

async function showClash(editor, path, text, version) {
  try {
    const response = await post(`${path}/working`, { text, version });
    if (response.status === 409) place(editor, await response.text());
  } catch {
    // not reachable: the text stands in the editor or below it
  }
  editor.mine = text;
}

function place(editor, answer) {
  const clash = document.createElement("template");
  clash.innerHTML = answer;
  const section = clash.content.querySelector("[data-clash]");
  const isHere = section.dataset.draftId === editor.slot.dataset.draftId;
  for (const button of section.querySelectorAll("[data-keep-mine], [data-take-theirs]")) button.hidden = !isHere;
  section.querySelector("[data-reload]").hidden = isHere && section.querySelector("[data-keep-mine]") !== null;
  editor.area.form.querySelector("[data-clash]")?.remove();
  editor.area.closest(".ink-stack").after(section);
  unfold(editor);
  editor.mine = editor.area.value;
  say(editor, "");
}

// --- what people press ---

function onClick(event) {
  const button = event.target.closest("button, [data-reload]");
  const area = button?.form?.querySelector(EDITORS.split(" ")[1]) ?? button?.closest("[data-editor]")?.querySelector("textarea[name=text]");
  const editor = editors.get(area);
  if (!editor) return;
  if (button.matches("[data-discard]")) {
    event.preventDefault();
    discard(editor);
  } else if (button.matches("[data-keep-mine]")) {
    const clash = button.closest("[data-clash]");
    editor.version.value = clash.dataset.version;
    clash.remove();
    put(editor, editor.mine);
    editor.kept = null; // it is kept as begun from the other text; from here on it is based on this one
    keep(editor);
    area.focus();
  } else if (button.matches("[data-take-theirs]")) {
    const clash = button.closest("[data-clash]");
    editor.version.value = clash.dataset.version;
    editor.draftText = clash.querySelector("[data-theirs]").content.textContent;
    clash.remove();
    discard(editor);
  } else if (button.matches("[data-insert]")) {
    insert(editor, button.dataset.insert);
  } else if (button.matches("[data-use-version]")) {
    area.value = button.parentElement.querySelector("[data-version-text]").content.textContent;
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    area.focus();
  }
}

async function discard(editor) {
  stop(editor);
  forgetLocal(editor);
  editor.slot.querySelector(".kept")?.remove();
  editor.area.value = editor.kept = editor.area.defaultValue = editor.draftText;
  say(editor, "");
  check(editor);
  editor.area.focus();
  try {
    await post(`${editor.path}/working/discard`);
  } catch {
    // it will be offered once more, and can be discarded then
  }
}

/** Ready lines and earlier versions are fetched when somebody looks; findings show as soon as the
 * editor opens.
 */
function onToggle(event) {
  const fold = event.target;
  if (!fold.open) return;
  const editor = editors.get(fold.querySelector?.("textarea[name=text]"));
  if (editor && fold.matches("[data-editor]")) check(editor);
  if (fold.dataset.versions) fill(fold.querySelector("[data-version-list]"), fold.dataset.versions);
  if (fold.dataset.snippets) fill(fold.querySelector("[data-snippet-list]"), fold.dataset.snippets);
}

async function fill(list, path) {
  if (list.dataset.isFetched) return;
  try {
    const response = await get(path);
    if (!response.ok) return;
    list.innerHTML = await response.text();
    list.dataset.isFetched = "1";
  } catch {
    // the link to the page with them stays
  }
}
