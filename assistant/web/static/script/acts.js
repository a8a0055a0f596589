// What can be done with an answer: copy it, ask again, change the question, say what one thinks of it.

import { ask, edit } from "./asking.js";
import { copyAnswer } from "./copying.js";
import { announce, button, call, element, say } from "./dom.js";
import { setFilters } from "./filters.js";

const given = new Map(); // the vote on each exchange that was given on this page

function about(node) {
  const message = node.closest(".exchange") ?? exchangeAfter(node);
  if (!message) return null;
  const [, conversation, number] = message.id.match(/^t-(.+)-(\d+)$/);
  const question = document.getElementById(`q-${number}`)?.textContent ?? "";
  return { message, conversation, number: Number(number), question };
}

function exchangeAfter(node) {
  const number = node.parentElement.querySelector(".question")?.id.slice(2);
  return [...document.querySelectorAll(".exchange")].find((one) => one.id.endsWith(`-${number}`));
}

const acts = {
  copy: async (target, { message }) => {
    const done = await copyAnswer(message);
    const label = target.textContent;
    target.textContent = say(done ? "copied" : "copy_failed");
    setTimeout(() => (target.textContent = label), 2000);
  },
  again: (_, { question, number }) => ask(question, number),
  retry: (_, { question, number }) => ask(question, number),
  edit: (_, { question, number }) => edit(question, number),
  widen: (_, { question, number }) => {
    setFilters({});
    ask(question, number);
  },
  good: (target, which) => vote(which, { vote: "up" }),
  bad: (target, which) => wrong(which),
};

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("#conversation .act");
  const which = target && about(target);
  if (!which) return;
  const kind = Object.keys(acts).find((name) => target.classList.contains(name));
  acts[kind]?.(target, which);
});

async function vote({ conversation, number, message }, body) {
  try {
    const path = `api/conversations/${encodeURIComponent(conversation)}/exchanges/${number}/feedback`;
    await call(path, { method: "POST", body });
  } catch (problem) {
    announce(say("feedback_failed", { reason: problem.message }));
    return say("feedback_failed", { reason: problem.message });
  }
  given.set(message.id, body.vote);
  pressed();
  announce(say("feedback_thanks"));
  return null;
}

// Mark the thumbs that were given; messages are drawn anew, so this is done again after every change.
export function pressed() {
  for (const [name, vote] of given) {
    const message = document.getElementById(name);
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
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { textContent: say("feedback_title") }),
    element("fieldset", { ariaLabel: say("feedback_title") }, ...choices),
    words,
    problem,
    element("div", { className: "row" }, element("button", { type: "submit", className: "strong", textContent: say("send") }), button(say("cancel"), () => box.close())),
  );
  const box = element("dialog", { className: "sheet" }, form);
  box.setAttribute("aria-label", say("feedback_title"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = form.elements.reason.value || null;
    problem.textContent = (await vote(which, { vote: "down", reason, words: words.value })) ?? "";
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
