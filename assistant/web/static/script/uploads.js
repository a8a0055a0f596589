// Documents that people add: one after the other, each with how far it is and what became of it.

import { button, element, root, say } from "./dom.js";

const outcomes = element("ul", { className: "outcomes" });
let changed = () => {};
let queue = Promise.resolve();

// Return the place to add documents; `done` is called after each.
export function uploader(extensions, done) {
  changed = done;
  const input = element("input", { type: "file", multiple: true, accept: extensions.join(","), hidden: true, ariaLabel: say("add_documents") });
  input.addEventListener("change", () => (add(input.files), (input.value = "")));
  const drop = element("div", { className: "drop" }, button(say("add_documents"), () => input.click(), { className: "strong" }), element("span", { className: "hint", textContent: say("drop_here") }), input);
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => (event.preventDefault(), add(event.dataTransfer.files)));
  return element("div", {}, drop, element("div", { role: "log" }, outcomes)); // heard in the drawer, where nothing else is
}

function add(files) {
  for (const file of files) {
    const told = element("span", { textContent: say("uploading", { name: file.name }) });
    const bar = element("progress", { max: 1, value: 0, ariaLabel: file.name });
    const item = element("li", {}, told, bar);
    outcomes.append(item);
    queue = queue.then(() => send(file, told, bar));
  }
}

// fetch tells nothing of how much of a file has gone out; the older way does.
function send(file, told, bar) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    request.open("POST", new URL("api/documents", root));
    request.upload.addEventListener("progress", (event) => (bar.value = event.lengthComputable ? event.loaded / event.total : 0));
    request.upload.addEventListener("load", () => {
      told.textContent = say("indexing", { name: file.name });
      bar.removeAttribute("value");
    });
    request.addEventListener("loadend", () => {
      bar.remove();
      told.textContent = `${file.name}: ${outcome(request)}`;
      changed();
      done();
    });
    request.send(body);
  });
}

function outcome(request) {
  let answer;
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    return say("upload_failed", { reason: say("offline") });
  }
  if (request.status >= 400) return say("upload_failed", { reason: answer.message });
  if (answer.outcome === "skipped") return say("skipped", { reason: answer.detail || answer.reason });
  return say(answer.outcome);
}
