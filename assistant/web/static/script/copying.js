// Whatever is copied out of an answer keeps its footnotes.

import { announce, say } from "./dom.js";

const REMOVED = ".unseen, .how, .sources, .acts, button, .reason";

// Return a piece of an answer with [1] for each number, and the footnotes it refers to, as text and as HTML.
function noted(piece) {
  const cited = new Map();
  for (const cite of piece.querySelectorAll("a.cite")) {
    const item = document.getElementById(cite.hash.slice(1));
    cite.replaceWith(item ? `[${item.value}]` : cite.textContent);
    if (item) cited.set(item.value, item);
  }
  for (const extra of piece.querySelectorAll(REMOVED)) extra.remove();
  for (const verdict of piece.querySelectorAll(".verdict")) verdict.replaceWith(` (${verdict.textContent.replace(/^\P{L}+/u, "")})`);
  const notes = [...cited].sort(([one], [other]) => one - other).map(([number, item]) => [number, note(item)]);
  return { body: piece, notes };
}

function note(item) {
  const parts = [".title", ".where", ".speaker"].map((part) => item.querySelector(part)?.textContent).filter(Boolean);
  return `“${item.querySelector("mark").textContent}” — ${parts.join(", ")}`;
}

function asText({ body, notes }) {
  const blocks = [...body.querySelectorAll("p, li, h2, h3, h4")].filter((block) => !block.querySelector("p, li"));
  const lines = blocks.length ? blocks.map((block) => (block.closest("li") === block ? "- " : "") + block.textContent) : [body.textContent];
  const text = lines.map((line) => line.replace(/\s+/g, " ").trim()).filter(Boolean).join("\n\n");
  return notes.length ? `${text}\n\n${notes.map(([number, words]) => `[${number}] ${words}`).join("\n")}` : text;
}

function asHtml({ body, notes }) {
  const made = document.createElement("div");
  made.append(body);
  for (const one of made.querySelectorAll("*")) for (const { name } of [...one.attributes]) if (name !== "dir") one.removeAttribute(name);
  for (const [number, words] of notes) {
    const line = document.createElement("p");
    line.textContent = `[${number}] ${words}`;
    made.append(line);
  }
  return made.innerHTML;
}

export async function copyAnswer(exchange) {
  const piece = (exchange.querySelector(".answer") ?? exchange.querySelector(".card")).cloneNode(true);
  const made = noted(piece);
  const text = asText(made);
  try {
    const types = { "text/plain": text, "text/html": asHtml(made) };
    const blobs = Object.entries(types).map(([type, content]) => [type, new Blob([content], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    announce(say("copied"));
    return true;
  } catch {
    announce(say("copy_failed"));
    return false;
  }
}

document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const within = document.getElementById("conversation");
  if (!within?.contains(range.commonAncestorContainer)) return;
  const piece = range.cloneContents();
  if (!piece.querySelector("a.cite")) return;
  const made = noted(piece);
  event.clipboardData.setData("text/plain", asText(made));
  event.clipboardData.setData("text/html", asHtml(made));
  event.preventDefault();
});
