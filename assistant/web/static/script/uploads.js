// Documents that people add: one after the other, each with how far it is and what became of it.

import { button, element, root, say } from "./dom.js";

const outcomes = element("ul", { className: "outcomes" });
let chosen = null; // the collection that documents are added to
let changed = () => {};
let queue = Promise.resolve();

// Return the place to add documents, to one of the collections if there are any; `done` is called after each.
export function uploader(extensions, collections, done) {
  changed = done;
  if (!collections.includes(chosen)) chosen = collections[0] ?? null;
  const input = element("input", { type: "file", multiple: true, accept: extensions.join(","), hidden: true, ariaLabel: say("add_documents") });
  input.addEventListener("change", () => (add(input.files), (input.value = "")));
  const drop = element("div", { className: "drop" }, button(say("add_documents"), () => input.click(), { className: "strong" }), element("span", { className: "hint", textContent: say("drop_here") }), input);
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => (event.preventDefault(), add(event.dataTransfer.files)));
  return element("div", {}, ...(collections.length > 1 ? [choice(collections)] : []), drop, element("div", { role: "log" }, outcomes)); // heard in the drawer, where nothing else is
}

function choice(collections) {
  const options = collections.map((name) => element("option", { value: name, textContent: name, selected: name === chosen }));
  const select = element("select", {}, ...options);
  select.addEventListener("change", () => (chosen = select.value));
  return element("label", { className: "collection" }, say("collection"), select);
}

function add(files) {
  for (const file of files) {
    const told = element("span", { textContent: say("uploading", { name: file.name }) });
    const bar = element("progress", { max: 1, value: 0, ariaLabel: file.name });
    const item = element("li", {}, told, bar);
    outcomes.append(item);
    const collection = chosen; // another may be chosen while this one waits
    queue = queue.then(() => send(file, collection, told, bar));
  }
}

// fetch tells nothing of how much of a file has gone out; the older way does.
function send(file, collection, told, bar) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    const query = collection === null ? "" : `?${new URLSearchParams({ collection })}`;
    request.open("POST", new URL(`api/documents${query}`, root));
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
