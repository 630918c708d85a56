// The main part of a page, exchanged in one step for that of another page of ours.

import { get } from "./send.js";

/** Whether a click opens its link here: not in another tab, and not what somebody else has done. */
export function opensHere(event) {
  return !(event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
}

/** The part at an address, as nodes not yet on the page; null when it cannot be had that way. */
export async function readPart(address, selector, options = {}) {
  try {
    const response = await get(address, options);
    if (!response.ok) return null;
    const page = document.createElement("template");
    page.innerHTML = await response.text();
    const part = page.content.querySelector(selector);
    return part && document.adoptNode(part);
  } catch {
    return null; // not reachable now; the browser says so if it is asked for
  }
}

/** Show a part; what the page is called with it stands in its `data-title`. */
export function putPart(part) {
  document.getElementById("main").replaceChildren(part);
  document.title = part.dataset.title;
  document.dispatchEvent(new Event("part:put"));
}
