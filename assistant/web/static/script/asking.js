// Everything that is asked goes through the question box; beside it, the page tells where the question belongs.

import { announce, button, element, named, say } from "./dom.js";

const conversation = new URLSearchParams(location.search).get("c");
export const context = {
  conversation,
  replaces: null, // the number of the exchange that the next question takes the place of
  filters: JSON.parse(sessionStorage.getItem(`footnote ${conversation}`) ?? "{}"), // as before the page was loaded again
};

export const tray = element("div", { id: "tray" });
const editing = element("div", { className: "tags" });
tray.append(editing);

function write(selector, value) {
  const box = document.querySelector(selector);
  if (!box) return null;
  box.value = value;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  return box;
}

// Tell Gradio what goes with the next question; to be called after every change of context.
export function tell() {
  if (context.conversation) sessionStorage.setItem(`footnote ${context.conversation}`, JSON.stringify(context.filters));
  write("#context textarea, #context input", JSON.stringify(context));
}

// Ask, and return whether that was possible: one question at a time.
export async function ask(question, replaces = null) {
  if (!document.querySelector("#ask .submit-button")) {
    announce(say("busy"));
    return false;
  }
  leave();
  context.replaces = replaces;
  tell();
  write("#ask textarea", question);
  await new Promise((done) => setTimeout(done)); // Gradio takes the value over first
  document.querySelector("#ask .submit-button")?.click();
  return true;
}

// Put an earlier question back into the box; with a number, the next one takes its place.
export function edit(question, number = null) {
  leave();
  write("#ask textarea", question)?.focus();
  if (number === null) return;
  context.replaces = number;
  tell();
  const tag = element("span", { className: "tag" }, say("editing", { number }), named("✕", say("cancel"), cancel));
  editing.replaceChildren(tag);
  announce(say("editing", { number }));
}

function leave() {
  context.replaces = null;
  tell();
  editing.replaceChildren();
}

function cancel() {
  leave();
  write("#ask textarea", "")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && context.replaces !== null && event.target.closest?.("#ask")) cancel();
});

// An answer has begun: its conversation is the page's from now on, and nothing is being replaced any more.
export function begun(conversation) {
  if (context.replaces !== null) leave();
  if (context.conversation === conversation) return;
  context.conversation = conversation;
  history.replaceState(null, "", `?${new URLSearchParams({ c: conversation })}`);
  tell();
}

export function suggestion(question) {
  return button(question, () => ask(question), { className: "suggestion", dir: "auto" });
}
