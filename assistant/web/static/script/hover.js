// The quotation behind a number, for whoever points at it or comes to it by key.

import { element, say } from "./dom.js";

const hover = element("div", { id: "hover", role: "tooltip", hidden: true });
document.body.append(hover);
let timer = 0;

function show(pointed) {
  const cite = pointed.isConnected ? pointed : document.querySelector(`#conversation a.cite:hover`); // drawn anew meanwhile
  if (!cite) return;
  const item = document.getElementById(cite.hash.slice(1));
  if (!item) return;
  const speaker = item.querySelector(".speaker")?.textContent;
  const verdict = cite.closest(".claim")?.classList.contains("supported") ? `✓ ${say("supported")}` : "";
  hover.replaceChildren(
    element("p", { className: "quote", dir: "auto", textContent: item.querySelector("mark").textContent }),
    element("p", { className: "title", dir: "auto", textContent: item.querySelector(".title").textContent }),
    element("p", { className: "where" }, ...item.querySelector(".where").cloneNode(true).childNodes, speaker ? ` · ${speaker}` : ""),
    ...(verdict ? [element("p", { className: "good", textContent: verdict })] : []),
  );
  hover.hidden = false;
  cite.setAttribute("aria-describedby", hover.id);
  place(cite);
}

// Below the number where there is room, so that the sentence can be read beside its quotation; else above it.
function place(cite) {
  const chip = cite.getBoundingClientRect();
  const box = hover.getBoundingClientRect();
  const left = Math.max(8, Math.min(chip.left - 16, document.documentElement.clientWidth - box.width - 8));
  const below = chip.bottom + 10;
  hover.style.left = `${left}px`;
  hover.style.top = `${below + box.height < innerHeight - 8 ? below : Math.max(8, chip.top - box.height - 10)}px`;
}

function hide() {
  clearTimeout(timer);
  hover.hidden = true;
  document.querySelector("[aria-describedby=hover]")?.removeAttribute("aria-describedby");
}

function later(act, delay) {
  clearTimeout(timer);
  timer = setTimeout(act, delay);
}

const cited = (event) => event.target.closest?.("#conversation a.cite");
document.addEventListener("mouseover", (event) => {
  const cite = cited(event);
  if (cite) later(() => show(cite), 120);
  else if (!event.target.closest?.("#hover")) later(hide, 150);
  else clearTimeout(timer); // whoever reads the quotation may stay on it
});
document.addEventListener("focusin", (event) => {
  const cite = cited(event);
  const back = event.relatedTarget?.closest?.("#sources"); // the whole source has just been read
  if (cite?.matches(":focus-visible") && !back) show(cite);
  else hide();
});
document.addEventListener("click", hide, true);
document.addEventListener(
  "scroll",
  () => {
    const cite = document.querySelector("[aria-describedby=hover]");
    if (cite) place(cite);
  },
  { passive: true },
);
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || hover.hidden) return;
    hide();
    event.preventDefault(); // the first Escape closes what is on top
  },
  true,
);
