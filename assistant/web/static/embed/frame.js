// The assistant inside a page of another site: it asks, shows the answer as it is written, and keeps nothing.

import { offerNext, pressed, serve, withdrawNext } from "../script/acts.js";
import { announce, button, call, calm, request, say, sendBy, wide } from "../script/dom.js";
import "../script/hover.js";
import { list, offer } from "../script/panel.js";
import { ask, context, edit, forget, notice, onBegun, setBusy, tray } from "./asking.js";
import { events } from "./events.js";
import { greet, send, tell } from "./token.js";

const TRIES = 5; // to go on following an answer when the connection has broken off

const conversation = document.getElementById("conversation");
const fresh = button(say("new"), () => (anew(), document.querySelector("#ask textarea").focus()), { className: "quiet", hidden: true });
tray.append(fresh);

let following = new AbortController();

sendBy(send);
serve({ ask, edit });
onBegun((begun, question) => {
  const said = turn(begun.number, question);
  withdrawNext();
  said.parentElement.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
  follow(begun, said);
});

// Return the place for an answer, below its question; the exchange that it takes the place of goes, and all after it.
function turn(number, question) {
  for (const one of [...conversation.children]) if (Number(one.dataset.number) >= number) one.remove();
  const made = document.getElementById("turn").content.firstElementChild.cloneNode(true);
  made.dataset.number = number;
  made.querySelector(".question").textContent = question;
  made.querySelector(".question").id = `q-${number}`;
  conversation.append(made);
  document.body.classList.add("talking");
  fresh.hidden = true;
  return made.querySelector(".said");
}

// Show an answer as far as it is, until it has ended. The server goes on with it whoever looks.
async function follow(begun, said) {
  following = new AbortController();
  const { signal } = following;
  setBusy(true);
  let problem;
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const response = await request(begun.live, { signal });
      for await (const { name, data } of events(response.body)) {
        if (signal.aborted) return;
        const { html } = JSON.parse(data);
        said.innerHTML = html; // made by the server, through its allow-list
        pressed();
        if (name === "ended") return end(said.firstElementChild);
        tries = 0;
      }
      problem = new Error(say("offline"));
    } catch (thrown) {
      problem = thrown;
      if (problem.refused) break;
    }
    await new Promise((done) => setTimeout(done, 250 * 2 ** tries));
    if (signal.aborted) return;
  }
  setBusy(false);
  fresh.hidden = false;
  notice(problem.message, say("try_again"), () => follow(begun, said));
}

function end(exchange) {
  setBusy(false);
  fresh.hidden = false;
  announce(exchange.querySelector(".announced, .card")?.textContent ?? "");
  if (wide.matches) offer(exchange.id);
  if (exchange.querySelector(".act.copy")) {
    offerNext(tray, exchange.id, (question) => button(question, () => ask(question), { className: "suggestion", dir: "auto" }));
  }
}

function anew() {
  following.abort();
  forget();
  withdrawNext();
  conversation.replaceChildren();
  list(null); // there are no sources to show any more
  document.body.classList.remove("talking");
  fresh.hidden = true;
}

let user = null;

// Find out who is signed in. What somebody has asked is no business of the next.
async function meet() {
  try {
    const me = await call("api/me");
    if (user !== null && user !== me.user) anew();
    user = me.user;
    notice();
  } catch (problem) {
    notice(problem.message, ...(problem.help ?? [say("try_again"), meet]));
  }
}

// Escape that nothing in here has a use for closes the panel that this frame may be in.
let inside = false;
addEventListener("keydown", () => (inside = document.querySelector("dialog[open], #sources:not([hidden])") !== null), true);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !inside) tell("footnote:close");
});

if (!(await greet(meet))) meet();
