// Comments: names behind an @ are completed, and what calls this person is seen once the card is open.

import { get, post } from "./send.js";

const CALL = /(?:^|[^A-Za-z0-9])@([^\s@]{0,40})$/;
const SHOWN = 6;

let names = null; // fetched at the first @

export function startComments() {
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("pointerdown", onPick);
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-comment]")) close(event.target);
  });
  document.addEventListener("desk:turned", see);
  see();
}

/** What calls somebody is seen when they open the card; its mark stays until they leave. */
function see() {
  const place = document.querySelector("[data-comments]");
  if (!place?.querySelector("[data-new]")) return;
  for (const button of place.querySelectorAll("[data-seen]")) button.hidden = true;
  post(`${place.dataset.comments}/seen`).catch(() => {});
}

const listOf = (area) => area.form.querySelector("[role=listbox]");
const isOpen = (area) => !listOf(area).hidden;

async function onInput(event) {
  const area = event.target;
  if (!area.matches?.("[data-comment]")) return;
  const typed = readCall(area);
  if (typed === null) return close(area);
  names ??= fetchNames();
  const known = await names;
  if (readCall(area) !== typed) return; // typed on meanwhile
  const fitting = known.filter((name) => name.toLowerCase().startsWith(typed.toLowerCase()));
  show(area, fitting.slice(0, SHOWN));
}

/** What stands between the last @ and the cursor, null when nobody is being called. */
function readCall(area) {
  const found = CALL.exec(area.value.slice(0, area.selectionStart));
  return found ? found[1] : null;
}

async function fetchNames() {
  try {
    const response = await get("/comments/names");
    const list = document.createElement("template");
    list.innerHTML = response.ok ? await response.text() : "";
    return [...list.content.querySelectorAll("[role=option]")].map((option) => option.textContent);
  } catch {
    names = null; // asked again at the next @
    return [];
  }
}

function show(area, fitting) {
  if (fitting.length === 0) return close(area);
  const list = listOf(area);
  list.replaceChildren(
    ...fitting.map((name, index) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${index}`;
      option.role = "option";
      option.textContent = name;
      return option;
    }),
  );
  list.hidden = false;
  area.setAttribute("aria-controls", list.id);
  choose(area, 0);
}

function close(area) {
  const list = listOf(area);
  list.hidden = true;
  area.removeAttribute("aria-activedescendant");
}

function choose(area, index) {
  const options = [...listOf(area).children];
  const at = (index + options.length) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
  area.setAttribute("aria-activedescendant", options[at].id);
}

function onKey(event) {
  const area = event.target;
  if (!area.matches?.("[data-comment]") || event.isComposing || event.keyCode === 229 || !isOpen(area)) return;
  const options = [...listOf(area).children];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) choose(area, at + steps[event.key]);
  else if (event.key === "Enter" || event.key === "Tab") take(area, options[at].textContent);
  else if (event.key === "Escape") close(area);
  else return;
  event.preventDefault();
  event.stopPropagation(); // the list's keys are not the desk's
}

function onPick(event) {
  const option = event.target.closest(".names [role=option]");
  if (!option) return;
  event.preventDefault(); // the cursor stays in the text
  take(option.closest("form").querySelector("[data-comment]"), option.textContent);
}

function take(area, name) {
  const end = area.selectionStart;
  const start = end - readCall(area).length;
  area.setRangeText(`${name} `, start, end, "end");
  close(area);
  area.focus();
}
