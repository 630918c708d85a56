// Who is on the card: takes a free one, says every half minute that this page is open, lets go.

import { post } from "./send.js";

const BEAT_MS = 30_000;
const IDLE_MS = 600_000; // a page nobody has touched for that long is a forgotten tab
const SIGNS = ["keydown", "pointerdown", "wheel", "touchmove"];

let place = null; // the line of the card that is open
let path = "";
let isLetGo = false; // on purpose: not to be taken back by itself
let touchedAt = 0;
let timer = 0;

export function startPresence() {
  for (const sign of SIGNS) document.addEventListener(sign, onSign, { passive: true, capture: true });
  document.addEventListener("submit", onSubmit);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") onSign();
  });
  document.addEventListener("htmx:afterSwap", adopt);
  document.addEventListener("desk:turned", adopt); // another card took this one's place
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) adopt(true);
  });
  adopt();
}

/** Look which card is open now; the one before is let go. */
function adopt(again) {
  const found = document.querySelector("[data-presence][data-claims]");
  const next = found?.dataset.presence ?? "";
  const isSame = next === path && again !== true;
  if (!isSame) leave();
  place = found;
  if (isSame) return;
  path = next;
  isLetGo = false;
  touchedAt = performance.now();
  clearInterval(timer);
  if (!path) return;
  timer = setInterval(beat, BEAT_MS);
  send("", {});
}

const isHeld = () => place?.querySelector("[data-held]") !== null;

function beat() {
  if (isLetGo || performance.now() - touchedAt > IDLE_MS) return;
  send("/beat", isHeld() ? { had: "1" } : {});
}

/** Somebody is here; after a long absence the card may be somebody else's by now. */
function onSign() {
  const wasAway = performance.now() - touchedAt > IDLE_MS;
  touchedAt = performance.now();
  if (wasAway && path) beat();
}

function leave() {
  if (!path || place.querySelector(".is-other")) return; // what is asked for and not answered yet counts
  post(`${path}/release`, {}, { keepalive: true }).catch(() => {});
}

function onSubmit(event) {
  const form = event.target;
  if (!place?.contains(form)) return;
  event.preventDefault();
  isLetGo = form.querySelector("[data-release]") !== null;
  send(new URL(form.action).pathname.slice(path.length), {});
}

async function send(way, fields) {
  const asked = path;
  let answer;
  try {
    const response = await post(path + way, fields);
    if (!response.ok) return;
    answer = await response.text();
  } catch {
    return; // not reachable: the next beat says it again
  }
  if (asked === path) show(answer);
}

/** Put the answer in place, unless it says what stands there; only times go on then. */
function show(answer) {
  const next = document.createElement("template");
  next.innerHTML = answer;
  const [before, after] = [place, next.content].map((one) => one.querySelector(".presence-line"));
  const [time, newTime] = [before, after].map((line) => line?.querySelector("time"));
  const isSame = before?.className === after?.className && time?.dateTime === newTime?.dateTime;
  if (isSame) {
    if (time) time.textContent = newTime.textContent;
    return;
  }
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...next.content.children);
  if (hadFocus) place.querySelector("button")?.focus();
}
