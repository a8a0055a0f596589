// Small helpers that every other file uses: elements, words, the API, and what the person has asked of the browser.

import words from "../words.js";

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

// What the API answers. An Error carries one sentence for people: the server's own, or that it cannot be reached.
export async function call(path, { method = "GET", body } = {}) {
  const headers = body ? { "content-type": "application/json" } : {};
  let response;
  try {
    response = await fetch(new URL(path, root), { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error(say("offline"));
  }
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).message ?? say("offline"));
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : response.text();
}

const live = element("p", { className: "unseen", role: "status" });
document.body.append(live);

// Have a screen reader say one sentence, once.
export function announce(sentence) {
  live.textContent = sentence;
}
