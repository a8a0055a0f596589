// Who one is here: signing out, deleting all that is kept of oneself, and what to do when a session is over.

import { announce, button, call, element, root, say } from "./dom.js";

export const account = element("section", { className: "account", ariaLabel: say("account"), hidden: true });

// Show who one is; nothing where nobody signs in. Called whenever the drawer opens, which is no place for an error.
export async function recognise() {
  const { user, way } = await call("api/me");
  const name = user.replace(/^(user|key):/, "");
  const known = element("p", { textContent: say("signed_in_as", { name: `\u2068${name}\u2069` }) }); // isolated: any script
  account.replaceChildren(known, ...(way === "session" ? [button(say("sign_out"), leave)] : []), button(say("forget_me"), confirm));
  account.hidden = way === "local";
}

// No form: a page that tells nobody where it is (Referrer-Policy) sends one as if from nowhere, which is refused.
async function leave() {
  const left = await fetch(new URL("sign-out", root), { method: "POST", body: new URLSearchParams() }).catch(() => null);
  if (left?.ok) location.assign(left.url); // the page that says so
  else failed(new Error(say("offline")));
}

function failed(problem) {
  announce(problem.message);
  account.prepend(element("p", { className: "problem", role: "alert", textContent: problem.message }));
}

function confirm() {
  const sure = button(say("delete"), forget, { className: "strong" });
  account.replaceChildren(element("p", { textContent: say("confirm_forget") }), sure, button(say("cancel"), recognise));
  sure.focus();
}

async function forget() {
  try {
    await call("api/me", { method: "DELETE" });
  } catch (problem) {
    failed(problem);
    return;
  }
  sessionStorage.clear(); // the filters and votes of what is no more
  location.assign(root.pathname);
}

// Whoever's session is over is sent to sign in by the page itself, and comes back to where they were.
const over = element(
  "dialog",
  { className: "sheet over" },
  element("h2", { textContent: say("session_over") }),
  element("p", { className: "hint", textContent: say("session_over_hint") }),
  element("a", { className: "strong", textContent: say("sign_in") }),
);
over.setAttribute("aria-label", say("session_over"));
document.body.append(over);

function ended({ name, responseStatus }) {
  return responseStatus === 401 && name.startsWith(root.href);
}

// Gradio asks much by itself and tells nobody how it went; the browser does, of every request.
new PerformanceObserver((seen) => {
  if (over.open || !seen.getEntries().some(ended)) return;
  document.body.classList.add("signed-out"); // what Gradio shows of it helps nobody
  over.querySelector("a").href = location.href;
  over.showModal();
}).observe({ type: "resource" });
