// The page's script. Gradio draws every message anew on each update, so nothing is ever bound to a message: listeners
// on the document hear them all, and one look after each change does what has to be done again.

import { offerNext, pressed, serve, withdrawNext } from "./acts.js";
import { ask, begun, context, edit, suggestion, tell, tray } from "./asking.js";
import { announce, calm, language, wide } from "./dom.js";
import { widen } from "./filters.js";
import "./hover.js";
import { offer } from "./panel.js";
import "./shelf.js";

document.documentElement.lang = language;
serve({ ask, edit, widen, memory: sessionStorage });

const reloaded = context.conversation !== null;
let seen = ""; // the last exchange, by the classes that tell it from one that it takes the place of
let ended = ""; // the same, once its answer is there
let quiet = false; // what was there before the page is not news
let told = false;

function look() {
  const foot = document.querySelector("#foot");
  if (foot && !foot.contains(tray)) foot.prepend(tray);
  if (!told && document.querySelector("#context textarea, #context input")) {
    told = true;
    tell();
  }
  const log = document.querySelector("#conversation [role=log]");
  log?.setAttribute("aria-live", "off"); // it would read every update aloud
  log?.removeAttribute("aria-label"); // in English, whatever the page speaks
  for (const message of document.querySelectorAll("#conversation [data-testid][aria-label]")) message.removeAttribute("aria-label");
  const exchanges = document.querySelectorAll("#conversation .exchange");
  document.body.classList.toggle("talking", exchanges.length > 0 || context.conversation !== null);
  const last = exchanges[exchanges.length - 1];
  if (!last) return;
  const done = last.querySelector(".acts") !== null;
  if (seen !== last.className) {
    quiet = seen === "" && reloaded && done;
    const behavior = calm.matches || seen === "" ? "auto" : "smooth";
    [...document.querySelectorAll("#conversation .question")].at(-1)?.scrollIntoView({ block: "start", behavior });
    seen = last.className;
    begun(last.id.match(/^t-(.+)-\d+$/)[1]);
    withdrawNext();
  }
  if (done && ended !== seen) {
    ended = seen;
    if (!quiet) announce(last.querySelector(".announced, .card")?.textContent ?? "");
    if (wide.matches) offer(last.id);
    if (last.querySelector(".act.copy")) offerNext(tray, last.id, suggestion);
  }
  pressed();
}

new MutationObserver(look).observe(document.querySelector("gradio-app"), { childList: true, subtree: true });
look();
