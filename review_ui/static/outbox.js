// No decision is lost on the way: each press has a name (request_id) and stays in this browser until
// the desk has answered it. It is sent again as it was pressed, with the version that was seen; the
// desk takes one name once, and refuses a version that is no longer the one that stands.

import { add, change, forget, get, list, openKept, storeKey } from "./kept.js";
import { say, showNote } from "./pages.js";
import { renewSession } from "./session.js";
import { isUnseen, turnAhead } from "./turn.js";
import { isRefused, landInPlace, showOutbox, wordsIn } from "./outbox_view.js";

const TIMEOUT_MS = 20_000;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;
const CUT_MS = 30_000; // without an answer for that long, nobody waits for it any more
const MOST_TRIES = 6; // that the desk breaks over, before a press steps aside for the next
// What the desk takes once: by the press's name, and never for another version than was seen.
const CLOSES = /\/drafts\/\d+\/(approve|reject)\b/;
const DECIDES = /^\/cards\/[^/]+\/(drafts\/\d+\/|approve\b)/;

const mine = new Set(); // presses this page waits for
let place = null;
let retryMs = FIRST_RETRY_MS;
let timer = 0;

export function startOutbox() {
  place = document.getElementById("outbox");
  if (!place) return;
  openKept(place.dataset.user);
  document.addEventListener("htmx:configRequest", onPress, true);
  document.addEventListener("htmx:beforeRequest", onLeave, true);
  document.addEventListener("htmx:beforeSend", onSend, true);
  document.addEventListener("htmx:beforeOnLoad", onAnswer, true);
  for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:sendAbort"]) document.addEventListener(kind, onSilence, true);
  document.addEventListener("session:back", () => flush());
  window.addEventListener("online", () => flush());
  window.addEventListener("storage", (event) => event.key === storeKey() && show());
  window.addEventListener("pagehide", cutAll);
  document.addEventListener("htmx:afterSwap", show);
  document.addEventListener("desk:turned", show);
  place.addEventListener("click", onClick);
  show();
  flush();
}

/** To whoever decides about a tone whose decision is on its way already. */
export const sayWaiting = () => say(place.dataset.already, true);

/** To whoever undoes while the desk has not answered the last press: nothing older is meant. */
export function sayIfSending() {
  if (mine.size > 0) say(place.dataset.sending, true);
  return mine.size > 0;
}

const isDecision = (config) => config.verb === "post" && DECIDES.test(config.path);

function onPress(event) {
  const { detail } = event;
  if (!isDecision(detail)) return;
  if (detail.elt.closest("[data-waiting]")) {
    event.preventDefault();
    sayWaiting();
    return;
  }
  if (isUnseen()) {
    event.preventDefault();
    say(place.dataset.tooSoon, true);
    return;
  }
  detail.pressId = crypto.randomUUID();
  detail.parameters.request_id = detail.pressId; // the name in the page is for forms without any script
  detail.timeout = TIMEOUT_MS;
}

/** The last decision on a card need not keep anybody there: its answer comes to where they are then. */
function onLeave(event) {
  const { requestConfig: config } = event.detail;
  if (!isDecision(config) || !CLOSES.test(config.path)) return;
  const press = keep(config);
  if (!press) return;
  if (!turnAhead(config.elt)) return forget(press.id);
  event.preventDefault();
  document.getElementById("note").replaceChildren(); // an Undo there is of what was decided before
  sendBehind(press);
}

async function sendBehind(press) {
  mine.add(press.id);
  const status = await send(press);
  mine.delete(press.id);
  if (canComeBack(status)) {
    change(press.id, { state: "waiting" });
    flush();
  }
  show();
}

function onSend({ detail }) {
  const config = detail.requestConfig;
  if (!isDecision(config)) return;
  mine.add(config.pressId);
  keep(config);
}

/** The press as it is kept until it is answered; null where there is no room. */
function keep(config) {
  const fields = new URLSearchParams(config.formData);
  fields.delete("csrf");
  const press = {
    id: config.pressId,
    path: config.path,
    body: fields.toString(),
    at: Date.now(),
    state: "sent",
    tries: 0,
    target: config.target?.id ?? "",
    swap: config.elt.getAttribute("hx-swap") ?? "outerHTML",
    ...wordsIn(config.elt, config.triggeringEvent?.submitter),
  };
  return add(press) ? press : null;
}

function onAnswer({ detail }) {
  const id = detail.requestConfig.pressId;
  if (!mine.delete(id)) return;
  const { status } = detail.xhr;
  if (canComeBack(status)) wait(id, detail, status);
  else forget(id);
}

function onSilence({ detail }) {
  const id = detail.requestConfig.pressId;
  if (mine.delete(id)) wait(id, detail, 0);
}

/** Answers after which the same press may still go through. */
const canComeBack = (status) => status >= 500 || [0, 401, 403, 408, 425, 429].includes(status);

function wait(id, detail, status) {
  if (!get(id)) return; // there was no room: what pages.js says then is true
  detail.requestConfig.isKept = true;
  change(id, { state: "waiting" });
  show();
  if (status === 403) flush();
  else if (status !== 401) later(); // then session.js asks to sign in, and says when that is done
}

/** The page goes away with presses under way: the next page asks after them at once. */
function cutAll() {
  for (const id of mine) change(id, { state: "waiting" });
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(flush, retryMs);
  retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
}

const isDue = (press) => press.state === "waiting" || (press.state === "sent" && !mine.has(press.id) && Date.now() - press.at > CUT_MS);

/** Send what waits, in order; only one tab does. */
async function flush() {
  clearTimeout(timer);
  if (!list().some((press) => !isRefused(press))) return;
  const send = () => sendAll();
  const ended = navigator.locks ? await navigator.locks.request(storeKey(), { ifAvailable: true }, (lock) => lock && send()) : await send();
  show();
  if (ended === "asked") return; // whoever signs in again starts it
  if (list().some((press) => !isRefused(press))) later();
  else retryMs = FIRST_RETRY_MS;
}

async function sendAll() {
  for (const { id } of list().filter(isDue)) {
    const press = get(id); // as it is by now: another tab may have sent it, or somebody taken it back
    if (!press || !isDue(press)) continue;
    const status = await send(press);
    if (status === 401 || status === 403) {
      const who = await renewSession();
      if (who === "none") document.dispatchEvent(new Event("session:lost"));
      if (who !== "same") return "asked";
      const again = await send(press);
      if (canComeBack(again)) {
        if (again !== 403) return "";
        refuse(press, place.dataset.forbidden);
      }
    } else if (canComeBack(status)) {
      change(id, { tries: press.tries + (status >= 500 ? 1 : 0) });
      if (press.tries + 1 < MOST_TRIES || status < 500) return "";
      refuse(press, place.dataset.broken);
    }
  }
  return "";
}

/** The status of the answer, 0 when there is none. */
async function send(press) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") ?? "{}"), "HX-Request": "true" };
  let response;
  let answer;
  try {
    response = await fetch(press.path, { method: "POST", headers, body: new URLSearchParams(press.body), signal: AbortSignal.timeout(TIMEOUT_MS) });
    answer = await response.text();
  } catch {
    return 0;
  }
  if (canComeBack(response.status)) return response.status;
  if (response.ok) forget(press.id);
  else refuse(press, "");
  const { said, note } = landInPlace(press, answer, response.status);
  if (response.ok) showNote(note);
  else change(press.id, { said: said || place.dataset.gone });
  return response.status;
}

function refuse(press, said) {
  change(press.id, { state: "refused", said });
}

function show() {
  showOutbox(place, list());
}

function onClick(event) {
  if (event.target.closest("[data-send-now]")) {
    retryMs = FIRST_RETRY_MS;
    flush();
  }
  const row = event.target.closest("[data-forget]")?.closest("[data-press]");
  if (!row) return;
  forget(row.dataset.press);
  show();
  place.querySelector("[data-part]:not([hidden]) summary")?.focus();
}
