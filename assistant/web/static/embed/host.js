// What puts the assistant on a page of another site: one button, and a panel with a frame of ours in it. The server
// sends this function called with its words and its style. It lives among the scripts and styles of
// strangers: it leaves no name behind, keeps nothing, and draws in a shadow root, where no style of the page reaches.

(({ words, style }) => {
  const script = document.currentScript;
  const { tokenUrl, token, label, position, lang, theme } = script.dataset;
  const home = new URL(".", script.src); // where the assistant lives, behind whatever proxy
  const wanted = [lang, document.documentElement.lang, ...navigator.languages].map((one) => one?.toLowerCase().split("-")[0]);
  const language = wanted.find((one) => Object.hasOwn(words, one)) ?? Object.keys(words)[0];
  const said = words[language];

  const host = document.createElement("footnote-assistant");
  const root = host.attachShadow({ mode: "open" }); // "closed" would hide it from tests and keep nobody out
  const button = made("button", { type: "button", className: "open", textContent: label || said.ask });
  const close = made("button", { type: "button", className: "close", textContent: "✕", ariaLabel: said.close, title: said.close });
  const name = made("span", { className: "name", textContent: label || said.ask });
  const head = made("div", { className: "head" }, name, close);
  const panel = made("div", { id: "panel", className: "panel", role: "dialog", ariaLabel: label || said.ask, hidden: true }, head);
  let frame = null; // nothing is loaded before somebody opens it

  function made(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function load() {
    const address = new URL("embed", home);
    address.search = new URLSearchParams({ lang: language, theme: ["light", "dark"].includes(theme) ? theme : "auto" });
    frame = made("iframe", { title: label || said.ask, referrerPolicy: "no-referrer" });
    frame.allow = "clipboard-write"; // for Copy; a frame of another origin may not without it
    // It runs its script as who it is, on its own origin, and sends its own forms. It can take this page nowhere, open
    // no window, show no dialog of the browser and save no file.
    frame.sandbox = "allow-scripts allow-same-origin allow-forms";
    frame.addEventListener("load", () => {
      if (root.activeElement !== frame) return;
      frame.blur(); // the focus that it had was that of the empty frame before
      frame.focus();
    });
    frame.src = address;
    panel.append(frame);
  }

  function open() {
    if (!frame) load();
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    frame.focus();
  }

  function shut() {
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }

  // The server of this page says who looks at it, in a token of a few minutes: a key in a page would be everybody's.
  async function fresh() {
    if (!tokenUrl) return token;
    const address = new URL(tokenUrl, document.baseURI);
    if (address.origin !== location.origin) throw new Error("data-token-url is not of this page's own server");
    const headers = { accept: "application/json" };
    const response = await fetch(address, { credentials: "same-origin", cache: "no-store", headers });
    if (!response.ok) throw new Error(`${address.pathname} answers ${response.status}`);
    return (await response.json()).token;
  }

  async function hand() {
    let told = { type: "footnote:no-token" }; // the frame says so, in its words
    try {
      const found = await fresh();
      if (typeof found === "string") told = { type: "footnote:token", token: found };
    } catch (problem) {
      console.warn("footnote: there is no token:", problem.message);
    }
    frame.contentWindow.postMessage(told, home.origin);
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== home.origin) return;
    if (data?.type === "footnote:ready" || data?.type === "footnote:token-wanted") hand();
    if (data?.type === "footnote:close") shut();
  });
  button.addEventListener("click", () => (panel.hidden ? open() : shut()));
  close.addEventListener("click", shut);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) shut();
  });

  const system = matchMedia("(prefers-color-scheme: dark)");
  function colour() {
    host.classList.toggle("dark", theme === "dark" || (theme !== "light" && system.matches));
  }

  // Not a <style>: the policy of a page may forbid it, and does not forbid this.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  system.addEventListener("change", colour);
  colour();
  host.classList.toggle("left", position === "left");
  host.lang = language;
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", panel.id);
  root.append(button, panel);

  function show() {
    if (!document.querySelector(host.localName)) document.body.append(host);
  }
  if (document.body) show();
  else addEventListener("DOMContentLoaded", show);
})
