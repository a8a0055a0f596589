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

export async function ask(question, replaces = null) {
  context.replaces = replaces;
  tell();
  write("#ask textarea", question);
  await new Promise((done) => setTimeout(done)); // Gradio takes the value over first
  document.querySelector("#ask .submit-button")?.click();
}

// Put an earlier question back into the box; the next one takes its place.
export function edit(question, number) {
  context.replaces = number;
  tell();
  const box = write("#ask textarea", question);
  box?.focus();
  editing.replaceChildren(
    element("span", { className: "tag" }, say("editing", { number }), named("✕", say("cancel"), () => leave(""))),
  );
  announce(say("editing", { number }));
}

function leave(question) {
  context.replaces = null;
  tell();
  editing.replaceChildren();
  if (question !== undefined) write("#ask textarea", question);
}

// An answer has begun: its conversation is the page's from now on, and nothing is being replaced any more.
export function begun(conversation) {
  if (context.replaces !== null) leave();
  if (context.conversation === conversation) return false;
  context.conversation = conversation;
  history.replaceState(null, "", `?${new URLSearchParams({ c: conversation })}`);
  tell();
  return true;
}

export function suggestion(question) {
  return button(question, () => ask(question), { className: "suggestion", dir: "auto" });
}
