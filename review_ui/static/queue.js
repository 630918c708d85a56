// The queue's views, filters, search and pages: chosen in place, while the page around them stays.

import { opensHere, putPart, readPart } from "./parts.js";

const QUEUE = "[data-queue]";
const BUSY_MS = 200; // what comes sooner needs no sign that it is on its way
const STRIPS = [".views nav", ".filters"]; // pushed along sideways on a telephone

let asked = new AbortController(); // for what is on its way

export function startQueue() {
  if (!document.querySelector(QUEUE)) return;
  history.replaceState({ queue: true }, "");
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  window.addEventListener("popstate", (event) => {
    if (event.state?.queue) show(location.search, event.state);
  });
}

function onClick(event) {
  const link = event.target.closest?.("a[href]");
  if (link?.origin !== location.origin || link.pathname !== "/queue" || !opensHere(event)) return;
  event.preventDefault();
  show(link.search);
}

function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get" || form.getAttribute("action") !== "/queue") return;
  event.preventDefault();
  const said = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  show(said.size ? `?${said}` : "");
}

/** state: of the history, where somebody goes back to what they have seen. */
async function show(search, state = null) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const address = `/queue${search}`;
  const busy = setTimeout(() => {
    document.querySelector(QUEUE).ariaBusy = "true";
  }, BUSY_MS);
  const part = await readPart(address, QUEUE, { signal });
  clearTimeout(busy);
  if (signal.aborted) return; // something else was chosen meanwhile
  if (!part) return location.assign(address);
  const putBack = notePlace(document.querySelector(QUEUE));
  if (!state) enter(address);
  putPart(part);
  putBack(part);
  scrollTo({ top: state?.top ?? 0, behavior: "instant" });
  if (state?.row) alignRow(state.row);
  const find = document.getElementById("find");
  if (find !== document.activeElement) find.value = new URLSearchParams(search).get("q") ?? "";
}

/** Into the history, with how far down somebody was on what they leave. */
function enter(address) {
  if (address === location.pathname + location.search) return;
  const row = findRow((each) => topOf(each) >= 0);
  history.replaceState({ queue: true, top: scrollY, row: row && { link: linkOf(row), top: topOf(row) } }, "");
  history.pushState({ queue: true }, "", address);
}

/** The row that was seen first is again where it was: how high those above it are is not known before they are seen. */
function alignRow({ link, top }) {
  const row = findRow((each) => linkOf(each) === link);
  if (row) scrollBy({ top: topOf(row) - top, behavior: "instant" });
}

const findRow = (fits) => [...document.querySelectorAll(".row")].find(fits);
const topOf = (row) => row.getBoundingClientRect().top;
const linkOf = (row) => row.querySelector(".row-title").getAttribute("href");

/** Where somebody is on the queue that goes; gives what leads to the same place on the one that comes. */
function notePlace(queue) {
  const pushed = STRIPS.map((strip) => queue.querySelector(strip).scrollLeft);
  const control = queue.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  return (part) => {
    STRIPS.forEach((strip, index) => {
      part.querySelector(strip).scrollLeft = pushed[index];
    });
    const place = (control && part.querySelector(control)) ?? part.querySelector(".list");
    place.focus({ preventScroll: true });
  };
}

/** A selector of the same control, of a filter or a view; null where the list itself is what comes next. */
function nameOf(element) {
  if (element.dataset.leadsTo) return element.dataset.leadsTo;
  if (element.matches("select")) return `select[name="${CSS.escape(element.name)}"]`;
  return element.matches(".views a") ? `.views a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
}
