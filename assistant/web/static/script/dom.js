// Small helpers that every other file uses: elements, words, the API, and what the person has asked of the browser.

// A frame in another page brings its words along, in the language of that page.
const brought = document.getElementById("words");
const words = brought ? JSON.parse(brought.textContent) : (await import("../words.js")).default;

export const root = new URL("../..", import.meta.url); // where the application lives, behind whatever proxy
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
export const wide = matchMedia("(min-width: 64rem)"); // there is room for the sources beside the answer
export const { fixed, language, title } = words; // fixed: nobody chooses another language

const plural = new Intl.PluralRules(language);

// The words of the page for a key; {name} takes a value, and a key with several forms the one for values.count.
export function say(key, values = {}) {
  const entry = words[`script.${key}`];
  const form = typeof entry === "string" ? entry : (entry[plural.select(values.count)] ?? entry.other);
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function button(label, onclick, properties = {}) {
  return element("button", { type: "button", onclick, ...properties }, label);
}

export function named(sign, label, onclick, properties = {}) {
  return button(sign, onclick, { ariaLabel: label, title: label, ...properties });
}

let send = fetch;

// Have requests sent otherwise: a frame in another page has a token to send with them.
export function sendBy(other) {
  send = other;
}

// An error that trying again at once does not mend.
export function refusal(sentence) {
  return Object.assign(new Error(sentence), { refused: true });
}

// The response to a request. An Error carries one sentence for people: the server's own, or that it cannot be reached.
export async function request(path, { method = "GET", body, signal } = {}) {
  const headers = body ? { "content-type": "application/json" } : {};
  let response;
  try {
    response = await send(new URL(path, root), { method, headers, body: body && JSON.stringify(body), signal });
  } catch (problem) {
    throw problem instanceof TypeError ? new Error(say("offline")) : problem; // what fetch calls any broken connection
  }
  if (!response.ok) throw refusal((await response.json().catch(() => ({}))).message ?? say("offline"));
  return response;
}

// What the API answers; errors as of request.
export async function call(path, how) {
  const response = await request(path, how);
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : response.text();
}

const live = element("p", { className: "unseen", role: "status" });
document.body.append(live);

// Have a screen reader say one sentence, once.
export function announce(sentence) {
  live.textContent = sentence;
}
