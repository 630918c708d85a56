// Presses that have no answer yet, kept in this browser for the person who made them.

const CAP = 50;

let key = "";

/** user: whose they are. Another person at the same browser never sees or sends them. */
export function openKept(user) {
  key = `spoonful-presses:${user}`;
}

export const storeKey = () => key;

/** In the order they were pressed. */
export function list() {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // not ours, or storage is closed
  }
}

export const get = (id) => list().find((one) => one.id === id);

/** Keep a press; false where there is no room for it. */
export function add(press) {
  const all = list().filter((one) => one.id !== press.id);
  return all.length < CAP && write([...all, press]);
}

export function change(id, values) {
  const all = list();
  const press = all.find((one) => one.id === id);
  if (press) write(all.map((one) => (one === press ? { ...one, ...values } : one)));
}

export function forget(id) {
  const all = list();
  if (all.some((one) => one.id === id)) write(all.filter((one) => one.id !== id));
}

function write(all) {
  try {
    if (all.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(all));
    return true;
  } catch {
    return false; // full, or closed
  }
}
