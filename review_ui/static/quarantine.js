// The quarantine by keyboard: which page is meant, and where focus goes once it is decided.

let list = null;
const keyed = new Set(); // pages whose verdict was pressed by key and is on its way
let lastSettled = "";

export function startQuarantine() {
  list = document.querySelector("[data-quarantine]");
  if (!list) return;
  document.addEventListener("htmx:afterSwap", afterVerdict);
  list.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) closeStopper();
  });
}

export const hasQuarantine = () => list !== null;

/** The page that has the focus, or something in it has. */
const chosen = () => document.activeElement?.closest("[data-page]") ?? null;

const pages = () => [...list.querySelectorAll("[data-page]")];

/** One page down or up; the first one when none is chosen. */
export function movePage(step) {
  const all = pages();
  if (all.length === 0) return false;
  const at = all.indexOf(chosen());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  goTo(all[Math.min(Math.max(next, 0), all.length - 1)]);
  return true;
}

/** Press a button of the chosen page; no page is ever decided that was not chosen. */
export function pressVerdict(selector, page = chosen()) {
  const button = page?.querySelector(selector);
  if (!button || button.disabled) return false;
  keyed.add(page.id);
  button.click();
  return true;
}

/** Take the chosen page's verdict back, else the last one given here. */
export function takeBack() {
  return pressVerdict("[data-restore]") || pressVerdict("[data-restore]", document.getElementById(lastSettled));
}

/** Put the cursor into the note of the chosen page. */
export function writeNote() {
  return enter(chosen()?.querySelector("details[data-note]"));
}

/** Open the form that stops the chosen page's source. */
export function openStopper() {
  return enter(chosen()?.querySelector("details[data-stop]"));
}

function enter(fold) {
  if (!fold) return false;
  fold.open = true;
  fold.querySelector("textarea").focus();
  return true;
}

/** Out of a note or the stop form, back to its page; what was typed stays. */
export function closeStopper() {
  const page = chosen();
  if (!page) return false;
  const fold = document.activeElement.closest("details[data-stop]");
  if (fold) fold.open = false;
  page.focus();
  return true;
}

/** After a verdict by key the next open page is chosen; by pointer, focus stays where it was. */
function afterVerdict(event) {
  const id = event.detail.elt?.id;
  const page = event.detail.elt?.matches?.("[data-page]") && document.getElementById(id);
  if (!page) return;
  const isByKey = keyed.delete(id);
  // Not by its class: while a swap settles, htmx lends the new element the old one's.
  const isSettled = page.dataset.state === "settled";
  if (isSettled) lastSettled = id;
  const typing = document.activeElement?.closest("input, select, textarea");
  if (typing && !page.contains(typing)) return;
  const next = isByKey && isSettled ? nextOpen(page) : null;
  goTo(next ?? page);
}

function nextOpen(from) {
  const all = pages();
  const at = all.indexOf(from);
  return [...all.slice(at + 1), ...all.slice(0, at)].find((page) => page.dataset.state === "open");
}

function goTo(page) {
  page.focus({ preventScroll: true });
  page.scrollIntoView({ block: "nearest" });
}
