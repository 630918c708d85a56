// Writes that no form makes: with the token of this browser's session, asking for a part of a page.

const headers = () => {
  const sent = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
  return { ...sent, "HX-Request": "true" };
};

/** POST fields to a path of ours; rejects when the server cannot be reached. */
export async function post(path, fields = {}, options = {}) {
  const response = await fetch(path, { method: "POST", headers: headers(), body: new URLSearchParams(fields), ...options });
  if (response.status === 401) document.dispatchEvent(new Event("session:lost"));
  return response;
}

/** The part of a page at a path of ours. */
export function get(path, options = {}) {
  return fetch(path, { headers: headers(), ...options });
}
