// Signed out in the middle of something: sign in again on the spot, nothing on the page is lost.

const WARN_MS = 600_000;
const ASK_AFTER_MS = 4_000;
const MAX_TIMER_MS = 2_147_000_000;

let dialog = null;
let banner = null;
let timer = 0;

export function startSession() {
  dialog = document.getElementById("sign-in-again");
  banner = document.getElementById("signed-out");
  if (!dialog) return;
  dialog.querySelector("[data-again]").addEventListener("submit", onSubmit);
  document.addEventListener("click", (event) => event.target.closest("[data-sign-in-again]") && ask());
  document.addEventListener("session:lost", () => showBanner("lost")); // found out by what runs by itself
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    event.detail.requestConfig.isKept = true; // the dialog says what has to be said
    ask();
  }, true);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookAgain());
  setTimeout(watch, ASK_AFTER_MS);
}

/** Who the browser is signed in as: "same" as on this page, "other", "none", or "" if unknown.
 * With the same person, everything on the page has the session's new token afterwards. */
export async function renewSession() {
  const now = await getSession();
  if (now === null) return "";
  if (!now.user) return "none";
  if (String(now.user) !== dialog.dataset.user) {
    sayOther(now.name);
    return "other";
  }
  setToken(now.csrf);
  keepEnd(now.ends_at);
  return "same";
}

/** {user, name, csrf, ends_at}; {} when nobody is signed in, null when the desk cannot say. */
async function getSession() {
  try {
    const response = await fetch("/session", { headers: { "HX-Request": "true" } });
    if (response.status === 401) return {};
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function setToken(csrf) {
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": csrf }));
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
}

// --- the dialog ---

async function ask() {
  if (dialog.open) return;
  // Somebody may have signed in again in another tab.
  if (banner.dataset.kind !== "soon" && (await renewSession()) === "same") done();
  else open();
}

function open() {
  if (dialog.open || dialog.dataset.state === "other") return;
  dialog.showModal();
  const { name, password } = dialog.querySelector("[data-again]").elements;
  (name.value ? password : name).focus();
}

async function onSubmit(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  const problem = await signIn(form);
  button.disabled = false;
  if (problem) {
    say(dialog.dataset[problem]);
    form.elements.password.select();
    return;
  }
  form.elements.password.value = "";
  if ((await renewSession()) === "same") done();
}

/** What went wrong, as the dialog has words for it; '' when nothing did. */
async function signIn(form) {
  try {
    const guest = await (await fetch("/session/guest")).json();
    const fields = new URLSearchParams(new FormData(form));
    fields.set("csrf", guest.csrf);
    const response = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
    if (response.type === "opaqueredirect") return "";
    return { 422: "wrong", 429: "slow" }[response.status] ?? "away";
  } catch {
    return "away";
  }
}

/** Signed in as the person whose page this is: go on where it stopped. */
function done() {
  say("");
  dialog.close();
  banner.hidden = true;
  banner.dataset.kind = "";
  document.dispatchEvent(new Event("session:back"));
}

function sayOther(name) {
  dialog.dataset.state = "other";
  dialog.querySelector("[data-again]").hidden = true;
  dialog.querySelector("[data-other-way]").hidden = true;
  const other = dialog.querySelector("[data-is-other]");
  other.hidden = false;
  other.querySelector("[data-who]").textContent = dialog.dataset.other.replace("{name}", name);
  if (!dialog.open) dialog.showModal();
}

function say(words) {
  const place = dialog.querySelector("[data-problem]");
  place.hidden = !words;
  place.querySelector("span:last-child").textContent = words;
}

async function lookAgain() {
  if (dialog.open && dialog.dataset.state !== "other" && (await renewSession()) === "same") done();
}

// --- before it ends ---

const endKey = () => `spoonful-session:${dialog.dataset.user}`;

/** Ask once for each session when it ends. */
async function watch() {
  const csrf = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRF-Token"] ?? "";
  const [mark, end] = (sessionStorage.getItem(endKey()) ?? "").split(" ");
  if (mark === csrf.slice(0, 8)) warnBefore(end);
  else await renewSession();
}

function keepEnd(end) {
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
  sessionStorage.setItem(endKey(), `${csrf.slice(0, 8)} ${end}`);
  warnBefore(end);
}

function warnBefore(end) {
  clearTimeout(timer);
  const left = new Date(end) - Date.now();
  if (Number.isNaN(left)) return;
  if (left <= 0) showBanner("lost");
  else if (left <= WARN_MS) {
    showBanner("soon", end);
    timer = setTimeout(() => showBanner("lost"), left);
  } else timer = setTimeout(() => warnBefore(end), Math.min(left - WARN_MS, MAX_TIMER_MS));
}

function showBanner(kind, end) {
  const at = end ? new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(new Date(end)) : "";
  banner.dataset.kind = kind;
  banner.querySelector("[data-says]").textContent = banner.dataset[kind].replace("{time}", at);
  banner.hidden = false;
}
