// What can be done with an answer: copy it, ask again, change the question, say what one thinks of it.

import { copyAnswer } from "./copying.js";
import { announce, button, call, element, say } from "./dom.js";

// The vote on each answer that was given in this tab, by the class x-ID that no other answer ever has.
const given = new Map();
let page; // how the page asks, changes a question and searches everything; and where it remembers, if it may

export function serve(one) {
  page = one;
  for (const [name, vote] of JSON.parse(page.memory?.getItem("footnote votes") ?? "[]")) given.set(name, vote);
}

function about(node) {
  const message = node.closest(".exchange") ?? exchangeAfter(node);
  if (!message) return null;
  const [, conversation, number] = message.id.match(/^t-(.+)-(\d+)$/);
  const question = document.getElementById(`q-${number}`)?.textContent ?? "";
  const id = [...message.classList].find((name) => name.startsWith("x-")).slice(2);
  const last = [...document.querySelectorAll(".exchange")].at(-1) === message;
  // Only the last answer is ever replaced; what follows an older one is not lost, its question is asked again below.
  return { message, conversation, number: Number(number), question, id, replaces: last ? Number(number) : null };
}

function exchangeAfter(node) {
  const number = node.parentElement.querySelector(".question")?.id.slice(2);
  return [...document.querySelectorAll(".exchange")].find((one) => one.id.endsWith(`-${number}`));
}

function sayForAWhile(target, words) {
  target.dataset.label ??= target.textContent;
  target.textContent = words;
  setTimeout(() => (target.textContent = target.dataset.label), 2500);
}

const acts = {
  copy: async (target, { message }) => {
    const done = await copyAnswer(message);
    sayForAWhile(target, say(done ? "copied" : "copy_failed"));
  },
  again: (_, { question, replaces }) => page.ask(question, replaces),
  retry: (_, { question, replaces }) => page.ask(question, replaces),
  edit: (_, { question, replaces }) => page.edit(question, replaces),
  widen: (_, { question, replaces }) => page.widen(question, replaces),
  good: async (target, which) => {
    const problem = await vote(which, { vote: "up" });
    if (problem) sayForAWhile(target, problem);
  },
  bad: (_, which) => wrong(which),
};

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("#conversation .act");
  const which = target && about(target);
  if (!which) return;
  const kind = Object.keys(acts).find((name) => target.classList.contains(name));
  acts[kind]?.(target, which);
});

// Return what went wrong, null if nothing did.
async function vote({ conversation, number, id }, opinion) {
  const body = { ...opinion, exchange: id };
  try {
    const path = `api/conversations/${encodeURIComponent(conversation)}/exchanges/${number}/feedback`;
    await call(path, { method: "POST", body });
  } catch (problem) {
    announce(say("feedback_failed", { reason: problem.message }));
    return say("feedback_failed", { reason: problem.message });
  }
  given.set(`x-${id}`, body.vote);
  page.memory?.setItem("footnote votes", JSON.stringify([...given]));
  pressed();
  announce(say("feedback_thanks"));
  return null;
}

// Mark the thumbs that were given; messages are drawn anew, so this is done again after every change.
export function pressed() {
  for (const [name, vote] of given) {
    const message = document.querySelector(`.exchange.${name}`);
    message?.querySelector(".act.good")?.setAttribute("aria-pressed", String(vote === "up"));
    message?.querySelector(".act.bad")?.setAttribute("aria-pressed", String(vote === "down"));
  }
}

const REASONS = ["wrong", "unsupported", "incomplete", "not_found", "other"];

function wrong(which) {
  const choices = REASONS.map((reason) =>
    element("label", {}, element("input", { type: "radio", name: "reason", value: reason }), say(`reason_${reason}`)),
  );
  const words = element("textarea", { rows: 3, maxLength: 2000, ariaLabel: say("words"), placeholder: say("words") });
  const problem = element("p", { className: "problem", role: "alert" });
  const send = element("button", { type: "submit", className: "strong", textContent: say("send") });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { textContent: say("feedback_title") }),
    element("fieldset", { ariaLabel: say("feedback_title") }, ...choices),
    words,
    problem,
    element("div", { className: "row" }, send, button(say("cancel"), () => box.close())),
  );
  const box = element("dialog", { className: "sheet" }, form);
  box.setAttribute("aria-label", say("feedback_title"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    const reason = form.elements.reason.value || null;
    problem.textContent = (await vote(which, { vote: "down", reason, words: words.value })) ?? "";
    send.disabled = false;
    if (!problem.textContent) box.close();
  });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

// After an answer: what the sources can be asked next.
const next = element("div", { className: "next" });
let asked = 0; // only the last answer's questions are shown

export function offerNext(tray, message, make) {
  if (!tray.contains(next)) tray.prepend(next);
  const [, conversation, number] = message.match(/^t-(.+)-(\d+)$/);
  const mine = ++asked;
  call(`api/conversations/${encodeURIComponent(conversation)}/exchanges/${number}/next`).then(
    ({ questions }) => mine === asked && next.replaceChildren(...questions.map(make)),
    () => {}, // nothing to go on with is no failure
  );
}

export function withdrawNext() {
  asked += 1;
  next.replaceChildren();
}
