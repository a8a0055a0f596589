// The question box of the frame: what is asked, what is changed, and where it belongs.

import { announce, call, element, named, say } from "../script/dom.js";

export const context = { conversation: null, replaces: null }; // the exchange that the next question takes the place of
export const tray = document.getElementById("tray");
const form = document.getElementById("ask");
const box = form.querySelector("textarea");
const send = form.querySelector("[type=submit]");
const stop = form.querySelector("[type=button]");
const told = document.getElementById("told");
const editing = element("div", { className: "tags" });
tray.append(editing);

let busy = false;
let begin; // what is done with a question that was taken

export function onBegun(one) {
  begin = one;
}

// Say what is in the way, with a button that may help; nothing takes it away again.
export function notice(sentence = "", label = "", act = null) {
  const help = act && element("button", { type: "button", className: "quiet", onclick: () => (notice(), act()) }, label);
  told.replaceChildren(...(sentence ? [element("span", { dir: "auto" }, sentence)] : []), ...(help ? [help] : []));
}

// Whether an answer is being written, which can be stopped.
export function setBusy(now) {
  busy = now;
  send.disabled = false;
  send.hidden = now;
  stop.hidden = !now;
}

// Ask, and return whether that was possible: one question at a time.
export async function ask(question, replaces = null) {
  if (busy) {
    announce(say("busy"));
    return false;
  }
  notice();
  busy = send.disabled = true;
  const { conversation } = context;
  const path = conversation ? `api/conversations/${conversation}/exchanges` : "api/conversations";
  try {
    const begun = await call(path, { method: "POST", body: { question, ...(replaces && { replaces }) } });
    leave();
    context.conversation = begun.conversation;
    begin(begun, question);
    return true;
  } catch (problem) {
    setBusy(false);
    notice(problem.message, ...(problem.help ?? []));
    return false;
  }
}

// Put an earlier question back into the box; the next one takes its place if it is still the last.
export function edit(question, number = null) {
  leave();
  write(question);
  if (number === null) return;
  context.replaces = number;
  editing.replaceChildren(element("span", { className: "tag" }, say("editing", { number }), named("✕", say("cancel"), cancel)));
  announce(say("editing", { number }));
}

function leave() {
  context.replaces = null;
  editing.replaceChildren();
}

function cancel() {
  leave();
  write("");
}

function write(question) {
  box.value = question;
  box.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const question = box.value;
  if (question.trim() && (await ask(question, context.replaces)) && box.value === question) box.value = "";
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && context.replaces !== null) {
    event.preventDefault();
    cancel();
  }
  if (event.target !== box || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (busy) announce(say("busy"));
  else form.requestSubmit(send);
});
stop.addEventListener("click", async () => {
  try {
    await call(`api/conversations/${context.conversation}/stop`, { method: "POST" });
  } catch (problem) {
    notice(problem.message);
  }
});

// Only text, and nothing is asked with it: whoever made the address is not who sits here.
box.value = new URLSearchParams(location.search).get("q") ?? "";
addEventListener("focus", () => document.activeElement === document.body && box.focus());
if (document.hasFocus()) box.focus();

// Begin anew, with nothing left of before.
export function forget() {
  context.conversation = null;
  leave();
  notice();
  setBusy(false);
}
