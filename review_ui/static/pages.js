// Small things on every page: local times, the theme, filters that apply themselves, notes.

import { post } from "./send.js";

const NOTE_MS = 7000;

export function startPages() {
  localiseTimes(document);
  for (const kind of ["htmx:afterSwap", "part:put"]) document.addEventListener(kind, () => localiseTimes(document));
  document.addEventListener("htmx:afterSettle", fadeNote);
  document.addEventListener("htmx:responseError", (event) => isKept(event) || sayProblem(event.detail.xhr.status));
  document.addEventListener("htmx:sendError", (event) => isKept(event) || sayProblem(0));
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", closeMenus);
  document.addEventListener("change", (event) => event.target.closest("form[data-auto-submit]")?.requestSubmit());
  fadeNote();
}

/** Put a sentence where notes appear; isProblem: it stays and looks it. */
export function say(words, isProblem = false) {
  const note = document.createElement("p");
  note.className = isProblem ? "note note-problem" : "note";
  note.textContent = words;
  document.getElementById("note").replaceChildren(note);
  if (!isProblem) fadeNote();
}

/** Put an answer's note where notes appear. */
export function showNote(nodes) {
  document.getElementById("note").replaceChildren(...nodes);
  fadeNote();
}

/** Whether outbox.js or session.js says what has to be said. */
const isKept = (event) => event.detail.requestConfig?.isKept === true;

/** The words stand in the page, in the reader's language. */
function sayProblem(status) {
  const words = document.getElementById("note").dataset;
  say(words[`on${status}`] ?? words.on500, true);
}

let noteTimer = 0;

function fadeNote() {
  clearTimeout(noteTimer);
  const place = document.getElementById("note");
  if (!place?.querySelector(".note:not(.note-problem)")) return;
  noteTimer = setTimeout(() => place.replaceChildren(), NOTE_MS);
}

function localiseTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.dataset.local = "";
    if (time.textContent === time.title) time.textContent = format.format(moment);
    time.title = format.format(moment);
  }
}

function onClick(event) {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  const choice = event.target.closest("[data-themes] button");
  if (choice) chooseTheme(event, choice);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (opener || !menu.contains(event.target)) menu.open = false;
  }
}

/** Escape closes an open menu and leads back to what opened it. */
function closeMenus(event) {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

/** At once, and without leaving the page; the form tells the server, so that it lasts. */
function chooseTheme(event, button) {
  event.preventDefault();
  for (const other of button.form.elements) {
    if (other.ariaPressed) other.ariaPressed = String(other === button);
  }
  document.documentElement.dataset.theme = button.value;
  document.cookie = `spoonful_theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
  if (button.form.dataset.themes === "kept") post(button.form.action, { theme: button.value });
}
