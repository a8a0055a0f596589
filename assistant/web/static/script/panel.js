// The sources beside the answer: first all of them, then, for a chosen one, the whole text with its words marked.

import { announce, button, calm, call, element, named, say, wide } from "./dom.js";

const heading = element("h2", { id: "sources-heading", tabIndex: -1 });
const back = button(say("back"), () => list(of), { className: "back" });
const previous = named("‹", say("previous"), () => show(at - 1));
const next = named("›", say("next"), () => show(at + 1));
const close = named("✕", say("close"), () => shut());
const shown = element("div", { className: "shown" });
const panel = element(
  "aside",
  { id: "sources", hidden: true },
  element("header", {}, back, heading, previous, next, close),
  shown,
);
panel.setAttribute("aria-labelledby", heading.id);
document.body.append(panel);

let of = null; // the exchange whose sources are shown, by its name
let items = []; // its sources, as the message carries them
let at = 0; // which of them is read
let chosen = ""; // the href of the chip that opened the panel: the chip itself may have been drawn anew since
let asked = 0; // texts asked for so far: only the last one is shown

function chip() {
  return [...document.querySelectorAll("a.cite")].find((cite) => cite.hash === chosen);
}

function exchange() {
  return document.getElementById(of);
}

// Show all sources of an answer.
export function list(name) {
  of = name;
  forget();
  const sources = exchange()?.querySelector(".sources");
  if (!sources) {
    hide();
    return;
  }
  select("");
  heading.textContent = say("sources");
  back.hidden = previous.hidden = next.hidden = true;
  close.hidden = wide.matches;
  shown.className = "shown all";
  shown.replaceChildren(
    element("p", { className: "line", textContent: sources.querySelector("summary").textContent }),
    element("ol", { className: "cards" }, ...[...sources.querySelectorAll(":scope > ol > li")].map(card)),
  );
  const also = sources.querySelector(".also");
  if (also) {
    const cards = element("ol", { className: "cards" }, ...[...also.querySelectorAll("li")].map(card));
    shown.append(element("details", {}, element("summary", { textContent: also.querySelector("summary").textContent }), cards));
  }
  panel.scrollTop = 0;
  reveal();
}

// Show the sources of a new answer, unless somebody reads one.
export function offer(name) {
  if (back.hidden || panel.hidden) list(name);
}

function card(item) {
  const source = element("button", { type: "button", className: "card-of-source" });
  source.append(
    element("span", { className: "number", textContent: item.value }),
    element("span", { className: "title", dir: "auto", textContent: item.querySelector(".title").textContent }),
    element("span", { className: "where" }, ...item.querySelector(".where").cloneNode(true).childNodes),
    element("span", { className: "quote", dir: "auto", textContent: item.querySelector("mark").textContent }),
  );
  source.addEventListener("click", () => read(item));
  return element("li", {}, source);
}

// Read one source: an item of a message's list of sources.
function read(item) {
  items = [...item.parentElement.children];
  of = item.closest(".exchange").id;
  show(items.indexOf(item));
}

async function show(index) {
  at = (index + items.length) % items.length;
  const item = items[at];
  const [, kind, turn, number] = item.id.match(/^([sn])-(\d+)-(\d+)$/);
  const conversation = of.match(/^t-(.+)-\d+$/)[1];
  select(`#${item.id}`);
  heading.textContent = say("source_of", { number: item.value, at: at + 1, count: items.length });
  back.hidden = close.hidden = false;
  previous.hidden = next.hidden = items.length < 2;
  reveal();
  const mine = ++asked;
  const path = `api/conversations/${encodeURIComponent(conversation)}/exchanges/${turn}/${kind === "s" ? "sources" : "nearest"}/${number}`;
  panel.ariaBusy = "true";
  let text;
  try {
    text = await call(path);
  } catch (problem) {
    text = null;
    announce(problem.message);
  }
  if (mine !== asked) return;
  panel.ariaBusy = "false";
  shown.className = "shown";
  if (text === null) {
    shown.replaceChildren(element("div", { className: "source" }, ...item.cloneNode(true).childNodes)); // the quotation at least
  } else {
    shown.innerHTML = text; // made by the server, through its allow-list
  }
  find(number);
  heading.focus({ preventScroll: true });
}

// Bring a marked quotation into view and let it stand out among the others.
function find(number) {
  for (const mark of shown.querySelectorAll("mark")) mark.classList.toggle("here", mark.classList.contains(`m-${number}`));
  for (const jump of shown.querySelectorAll("a.jump")) jump.classList.toggle("here", jump.hash === `#m-${number}`);
  const mark = shown.querySelector(`#m-${CSS.escape(number)}`) ?? shown.querySelector("mark");
  panel.scrollTop = 0;
  if (mark) {
    const from = mark.getBoundingClientRect().top - panel.getBoundingClientRect().top;
    if (from + mark.offsetHeight > panel.clientHeight * 0.75) panel.scrollTop = from - panel.clientHeight / 3;
  }
}

function select(href) {
  for (const cite of document.querySelectorAll("a.cite[aria-expanded]")) cite.removeAttribute("aria-expanded");
  if (href) chosen = href;
  if (href) chip()?.setAttribute("aria-expanded", "true");
}

function reveal() {
  panel.hidden = false;
  document.body.classList.add("citing");
  const cite = chip();
  if (cite?.hasAttribute("aria-expanded")) {
    cite.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  }
}

// What is still being asked for is not wanted any more.
function forget() {
  asked += 1;
  panel.ariaBusy = "false";
}

function hide() {
  panel.hidden = true;
  document.body.classList.remove("citing");
  select("");
}

// Leave what is read: back to all sources where they have a place of their own, else back to the answer.
function shut() {
  const cite = chip();
  forget();
  if (wide.matches) list(of);
  else hide();
  cite?.focus();
}

wide.addEventListener("change", () => {
  close.hidden = wide.matches && back.hidden;
});
panel.addEventListener("keydown", (event) => {
  if (back.hidden || items.length < 2 || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowLeft") show(at - 1);
  if (event.key === "ArrowRight") show(at + 1);
});
panel.addEventListener("click", (event) => {
  const jump = event.target.closest?.("a.jump");
  if (!jump) return;
  event.preventDefault();
  const wanted = items.findIndex((item) => item.id.endsWith(`-${jump.hash.slice(3)}`));
  if (wanted >= 0) show(wanted);
});
document.addEventListener("keydown", (event) => {
  const leaves = event.key === "Escape" && !panel.hidden && !(wide.matches && back.hidden);
  const elsewhere = event.defaultPrevented || event.target.closest("dialog, #ask");
  if (leaves && !elsewhere) shut();
});
document.addEventListener(
  "click",
  (event) => {
    const cite = event.target.closest?.("a.cite");
    if (!cite) return;
    event.preventDefault();
    event.stopPropagation();
    const item = document.getElementById(cite.hash.slice(1));
    if (item) read(item);
  },
  true,
);
