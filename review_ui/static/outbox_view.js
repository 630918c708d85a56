// What waits for the connection, or was refused after it came back, as people see it.

/** What a press was about, in words that stand on the page. */
export function wordsIn(element, submitter) {
  const button = submitter ?? element.querySelector("button[type=submit]") ?? element;
  const tone = element.closest(".tone");
  return {
    what: plain(button),
    tone: plain(tone?.querySelector("h2")),
    title: plain(document.querySelector("h1")),
    page: location.pathname + location.search,
  };
}

/** An element's words without its keys. */
function plain(element) {
  if (!element) return "";
  const copy = element.cloneNode(true);
  for (const key of copy.querySelectorAll("kbd, [aria-hidden=true]")) key.remove();
  return copy.textContent.trim().replace(/\s+/g, " ").slice(0, 200);
}

export const isRefused = (press) => press.state === "refused";

/**
 * Put the answer to a press where htmx would have put it, if that still stands. What it says: as
 * words, and as the nodes of its note.
 */
export function landInPlace(press, answer, status) {
  const parsed = new DOMParser().parseFromString(answer, "text/html");
  const said = plain(parsed.querySelector("#note .note, .note"));
  const target = document.getElementById(press.target);
  const isAnswer = status < 300 || status === 409 || status === 422;
  if (isAnswer && target && isAbout(target, press)) {
    window.htmx.swap(target, answer, { swapStyle: press.swap, swapDelay: 0, settleDelay: 0 });
  }
  return { said, note: [...(parsed.querySelector("#note")?.childNodes ?? [])] };
}

/** Whether what stands there is still about the same card and draft: cards take each other's place. */
function isAbout(target, press) {
  const desk = target.closest("[data-desk]") ?? target.querySelector("[data-desk]");
  const draft = press.path.match(/\/drafts\/(\d+)\//)?.[1];
  const isCard = desk !== null && press.path.startsWith(`/cards/${encodeURIComponent(desk.dataset.card)}/`);
  return isCard && (!draft || !target.dataset.draftId || target.dataset.draftId === draft);
}

/** The line at the foot of the page, and a mark on each tone that waits. */
export function showOutbox(place, presses) {
  const waiting = presses.filter((press) => press.state === "waiting");
  const refused = presses.filter(isRefused);
  place.hidden = waiting.length + refused.length === 0;
  fill(place, "waiting", waiting);
  fill(place, "refused", refused);
  for (const tone of document.querySelectorAll(".tone")) {
    const waits = tone.dataset.state === "pending" && waiting.some((press) => isAbout(tone, press));
    if (tone.hasAttribute("data-waiting") !== waits) markTone(tone, waits, place.dataset.waits);
  }
}

/** Where its buttons are, a tone says that it waits; they do nothing meanwhile. */
function markTone(tone, waits, words) {
  tone.toggleAttribute("data-waiting", waits);
  const buttons = tone.querySelector(".action-row");
  if (buttons?.contains(document.activeElement)) tone.focus({ preventScroll: true });
  buttons?.toggleAttribute("inert", waits);
  tone.querySelector(".waits")?.remove();
  if (!waits || !buttons) return;
  const line = document.createElement("p");
  line.className = "waits";
  line.textContent = words;
  buttons.before(line);
}

function fill(place, name, presses) {
  const part = place.querySelector(`[data-part=${name}]`);
  part.hidden = presses.length === 0;
  const words = presses.length === 1 ? place.dataset[`${name}One`] : place.dataset[`${name}Many`].replace("{n}", presses.length);
  const line = part.querySelector("[data-says]");
  if (line.textContent !== words) line.textContent = words; // said aloud only when it is news
  part.querySelector("ol").replaceChildren(...presses.map((press) => row(place, press)));
}

function row(place, press) {
  const line = place.querySelector("template").content.cloneNode(true).firstElementChild;
  line.dataset.press = press.id;
  line.querySelector("[data-what]").textContent = press.what;
  line.querySelector("[data-tone]").textContent = press.tone;
  const card = line.querySelector("a");
  card.textContent = press.title;
  card.href = press.page.startsWith("/") ? press.page : "/queue";
  const time = line.querySelector("time");
  time.dateTime = new Date(press.at).toISOString();
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(press.at);
  const why = line.querySelector("[data-why]");
  why.textContent = press.said ?? "";
  why.hidden = !press.said;
  const text = new URLSearchParams(press.body).get("text");
  const kept = line.querySelector("details");
  if (text && isRefused(press)) kept.querySelector("textarea").value = text;
  else kept.remove();
  const button = line.querySelector("[data-forget]");
  button.textContent = isRefused(press) ? button.dataset.refused : button.dataset.waiting;
  return line;
}
