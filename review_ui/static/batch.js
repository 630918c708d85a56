// The batch: approved only when its last draft has been in view, with the seconds it was looked at.

import { say } from "./pages.js";

export function startBatch() {
  const form = document.querySelector("[data-batch]");
  const button = form?.querySelector("[data-batch-approve]");
  if (!button) return;
  const wait = form.querySelector("[data-batch-wait]");
  let seen = 0;
  let since = document.visibilityState === "visible" ? performance.now() : null;
  const look = () => {
    if (since !== null) seen += performance.now() - since;
    since = document.visibilityState === "visible" ? performance.now() : null;
  };
  document.addEventListener("visibilitychange", look);
  form.addEventListener("submit", () => {
    look();
    form.querySelector("[data-batch-seconds]").value = (seen / 1000).toFixed(1);
  });
  // Not `disabled`: whoever presses it too early, by key or pointer, is told why nothing happens.
  button.setAttribute("aria-disabled", "true");
  button.addEventListener("click", (event) => {
    if (button.getAttribute("aria-disabled") !== "true") return;
    event.preventDefault();
    say(wait.textContent);
  });
  const texts = form.querySelectorAll(".batch-text");
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    button.removeAttribute("aria-disabled");
  });
  const end = texts[texts.length - 1].lastElementChild ?? texts[texts.length - 1];
  watcher.observe(end);
}
