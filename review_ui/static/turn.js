// Turning to another card: it is read before it is wanted, and takes the page's place in one step.
// Reading claims nothing: who is on the card is asked when it is shown (`desk:turned`).

import { isUnsaved } from "./desk.js";
import { opensHere, putPart, readPart } from "./parts.js";

const FRESH_MS = 15_000; // read longer ago, a card is shown and asked for again
const UNSEEN_MS = 400; // nobody has read a card that came by itself so lately; two clicks of a double click lie closer
const LINKS = ".steps a[rel=next], .steps a[rel=prev], a[data-advance]";

let ahead = null; // { address, wanted: Promise<Card | null>, card: Card once it is there }
let turning = ""; // the address that is on its way

export function startTurn() {
  if (!document.querySelector("[data-desk]")) return;
  history.replaceState({ desk: true }, "");
  document.addEventListener("click", onClick);
  document.addEventListener("desk:decided", () => turnTo(document.querySelector("a[data-advance]"), { isByItself: true }));
  document.addEventListener("htmx:afterSwap", () => setTimeout(readAhead));
  window.addEventListener("popstate", (event) => {
    if (event.state?.desk) show(location.pathname + location.search, { isBack: true });
  });
  setTimeout(readAhead);
}

function onClick(event) {
  if (!opensHere(event)) return;
  const link = event.target.closest?.(LINKS);
  if (link && turnTo(link)) event.preventDefault();
}

/** Go where the link leads; false when that is the browser's to do. */
function turnTo(link, how = {}) {
  if (!link || isUnsaved()) return false;
  const { pathname, search } = link;
  if (!pathname.startsWith("/cards/")) {
    if (link.dataset.advance !== undefined && turning === "") location.assign(link.href);
    return false;
  }
  show(pathname + search, how);
  return true;
}

/** Whether the card came by itself just now: what is pressed then was meant for the one before. */
export const isUnseen = () => document.querySelector("[data-unseen]") !== null;

/**
 * The last open tone is being decided: go on to the next card, if it is there, before the answer is.
 * False where the answer may be a question: it then has to find the card it is about.
 */
export function turnAhead(button) {
  const tone = button.closest(".tone");
  const open = [...document.querySelectorAll(".tone[data-state=pending]")];
  const link = document.querySelector(".steps a[rel=next]");
  const isLast = tone !== null && open.length === 1 && open[0] === tone;
  if (!isLast || !link || ahead?.address !== link.pathname + link.search || !ahead.card) return false;
  const mayAsk = tone.querySelector("[data-licence]") || document.querySelector(".presence-line.is-other, .tone [data-schedule].is-later");
  if (mayAsk || isUnsaved() || performance.now() - ahead.card.at > FRESH_MS) return false;
  show(ahead.address, { isByItself: true });
  return true;
}

/** Read the card that comes next, unless that was done. */
function readAhead() {
  const link = document.querySelector(".steps a[rel=next]");
  const address = link ? link.pathname + link.search : "";
  if (!address || ahead?.address === address) return;
  const next = { address, wanted: read(address), card: null };
  next.wanted.then((card) => {
    next.card = card;
  });
  ahead = next;
}

/** The card at an address; null when it cannot be had without loading its page. */
async function read(address) {
  const desk = await readPart(address, "[data-desk]", { priority: "low" });
  if (!desk) return null;
  globalThis.htmx?.process(desk);
  return { desk, at: performance.now() };
}

async function show(address, { isBack = false, isByItself = false } = {}) {
  if (turning === address) return;
  turning = address;
  const wanted = ahead?.address === address ? ahead.wanted : read(address);
  ahead = null;
  const card = await wanted;
  if (turning !== address) return; // another one was asked for meanwhile
  turning = "";
  if (!card) return location.assign(address);
  put(card.desk);
  if (isByItself) keepUnseen(card.desk);
  if (!isBack) history.pushState({ desk: true }, "", address);
  settle(card.desk);
  if (performance.now() - card.at > FRESH_MS) refresh(address, card.desk);
}

function put(desk) {
  putPart(desk);
  scrollTo({ top: 0, behavior: "instant" });
}

function keepUnseen(desk) {
  desk.dataset.unseen = "";
  setTimeout(() => delete desk.dataset.unseen, UNSEEN_MS);
}

function settle(desk) {
  document.dispatchEvent(new CustomEvent("desk:turned"));
  const tones = desk.querySelector(".tone.is-chosen") ?? document.getElementById("main");
  tones.focus({ preventScroll: true });
  setTimeout(readAhead);
}

/** What was read long ago is asked for again; what changed since takes its place, if nobody began. */
async function refresh(address, shown) {
  const card = await read(address);
  const isUntouched = shown.isConnected && !isUnsaved() && !shown.querySelector(".action-row [open]");
  if (!card || !isUntouched || card.desk.dataset.stamp === shown.dataset.stamp) return;
  put(card.desk);
  settle(card.desk);
}
