// Hover or focus a draft's sentence: the source sentences it rests on light up, and back; the same
// for a finding and the words it points at. In a text the arrow keys go sentence by sentence.

const LIT = "is-lit";

export function startLight() {
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, onEnter);
  document.documentElement.addEventListener("pointerleave", clear);
  document.addEventListener("focusout", clear);
  document.addEventListener("keydown", onArrow);
  for (const kind of ["htmx:afterSettle", "desk:turned"]) document.addEventListener(kind, makeReachable);
  makeReachable();
}

/** One stop for Tab per text; the arrow keys move inside it. */
function makeReachable() {
  for (const text of document.querySelectorAll("[data-draft], [data-source]")) {
    if (text.querySelector(".sentence[tabindex='0']")) continue;
    text.querySelectorAll(".sentence").forEach((sentence, index) => {
      sentence.tabIndex = index === 0 ? 0 : -1;
    });
  }
}

function onEnter(event) {
  const desk = event.target.closest?.("[data-desk]");
  if (!desk) return clear();
  const sentence = event.target.closest(".sentence");
  const finding = event.target.closest("[data-finding]");
  clear();
  if (finding) light([finding, ...marksOf(desk, finding.dataset.finding)]);
  else if (sentence) light(partners(desk, sentence));
}

/** The sentence itself and its counterparts on the other side. */
function partners(desk, sentence) {
  if (sentence.dataset.s) {
    const id = sentence.dataset.s;
    const drafts = [...desk.querySelectorAll(`.sentence[data-refs~="${CSS.escape(id)}"]`)];
    return [...sameSource(desk, id), ...drafts];
  }
  const own = desk.querySelectorAll(`.sentence[data-d="${CSS.escape(sentence.dataset.d)}"]`);
  const refs = (sentence.dataset.refs ?? "").split(" ").filter(Boolean);
  return [...own, ...refs.flatMap((id) => sameSource(desk, id))];
}

function sameSource(desk, id) {
  return [...desk.querySelectorAll(`.sentence[data-s="${CSS.escape(id)}"]`)];
}

function marksOf(desk, key) {
  return [...desk.querySelectorAll(`mark[data-f~="${CSS.escape(key)}"]`)];
}

function light(elements) {
  for (const element of elements) element.classList.add(LIT);
  const source = elements.find((element) => element.closest("[data-source]"));
  const box = source?.closest(".source");
  // Only the source scrolls, and only when what it shows is out of its own sight.
  if (!box || box.scrollHeight <= box.clientHeight) return;
  const inside = source.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  if (inside.top < frame.top || inside.bottom > frame.bottom) {
    box.scrollTop += inside.top - frame.top - frame.height / 3;
  }
}

function clear() {
  for (const element of document.querySelectorAll(`.${LIT}`)) element.classList.remove(LIT);
}

function onArrow(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !event.target.classList?.contains("sentence")) return;
  const text = event.target.closest("[data-draft], [data-source]");
  const sentences = [...text.querySelectorAll(".sentence")];
  const next = sentences[sentences.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
