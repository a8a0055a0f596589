// Which documents may be used: chosen in a sheet, shown as tags that can be taken away one by one.

import { ask, context, tell, tray } from "./asking.js";
import { button, call, element, language, named, say } from "./dom.js";

const tags = element("div", { className: "tags" });
const open = button(say("filter"), choose, { className: "quiet" });
const tools = element("div", { className: "tools" }, open, tags);
tray.append(tools);

const titles = new Map(); // of documents that were chosen, by their sources
const day = (text) => new Date(`${text}T00:00`).toLocaleDateString(language, { dateStyle: "medium" });

export function setFilters(filters) {
  context.filters = Object.fromEntries(Object.entries(filters).filter(([, value]) => value?.length));
  tell();
  draw();
}

// Ask again of all documents.
export async function widen(question, replaces) {
  const { ...before } = context.filters;
  setFilters({});
  if (!(await ask(question, replaces))) setFilters(before);
}

function draw() {
  const held = tags.contains(document.activeElement);
  const { outlets = [], documents = [], after, before } = context.filters;
  const without = (name, one) => setFilters({ ...context.filters, [name]: context.filters[name].filter((each) => each !== one) });
  const shown = [
    ...outlets.map((one) => tag(one, () => without("outlets", one))),
    ...documents.map((one) => tag(titles.get(one) ?? one, () => without("documents", one))),
    ...(after ? [tag(`${say("filter_after")} ${day(after)}`, () => setFilters({ ...context.filters, after: null }))] : []),
    ...(before ? [tag(`${say("filter_before")} ${day(before)}`, () => setFilters({ ...context.filters, before: null }))] : []),
  ];
  if (shown.length > 1) shown.push(button(say("clear_filters"), () => setFilters({}), { className: "quiet" }));
  tags.replaceChildren(...shown);
  if (held) open.focus();
}

function tag(name, remove) {
  return element("span", { className: "tag" }, element("bdi", { textContent: name }), named("✕", say("remove_filter", { name }), remove));
}

draw();

async function choose() {
  const box = element("dialog", { className: "sheet filters" });
  box.setAttribute("aria-label", say("filter"));
  box.addEventListener("close", () => (box.remove(), open.focus()));
  document.body.append(box);
  box.showModal();
  let library;
  try {
    library = await call("api/library");
  } catch (problem) {
    box.append(element("p", { className: "problem", role: "alert", textContent: problem.message }), button(say("close"), () => box.close()));
    return;
  }
  const { outlets = [], documents = [], after = "", before = "" } = context.filters;
  const boxes = library.outlets.map((outlet) =>
    element("label", {}, element("input", { type: "checkbox", name: "outlet", value: outlet, checked: outlets.includes(outlet) }), element("bdi", { textContent: outlet })),
  );
  const chosen = new Set(documents);
  const picked = element("div", { className: "tags" });
  const found = element("ul", { className: "found" });
  const find = element("input", { type: "search", ariaLabel: say("filter_find"), placeholder: say("filter_find") });
  const from = element("input", { type: "date", value: after, max: "9999-12-31" });
  const until = element("input", { type: "date", value: before, min: after, max: "9999-12-31" });
  from.addEventListener("change", () => (until.min = from.value));

  function pick() {
    picked.replaceChildren(...[...chosen].map((source) => tag(titles.get(source) ?? source, () => (chosen.delete(source), pick(), find.focus()))));
  }
  let looked = 0;
  find.addEventListener("input", async () => {
    const mine = ++looked;
    const hits = find.value.trim() ? await call(`api/documents?${new URLSearchParams({ search: find.value, limit: 8 })}`).catch(() => []) : [];
    if (mine !== looked) return;
    const row = (hit) => button(hit.title, () => (chosen.add(hit.source), titles.set(hit.source, hit.title), (find.value = ""), found.replaceChildren(), pick(), find.focus()), { dir: "auto" });
    found.replaceChildren(...(find.value.trim() && !hits.length ? [element("li", { textContent: say("none_found") })] : hits.map((hit) => element("li", {}, row(hit)))));
  });
  pick();
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { textContent: say("filter") }),
    ...(boxes.length ? [element("fieldset", {}, element("legend", { textContent: say("filter_outlets") }), ...boxes)] : []),
    element(
      "fieldset",
      { className: "dates" },
      element("label", {}, say("filter_after"), from),
      element("label", {}, say("filter_before"), until),
      ...(library.undated ? [element("p", { className: "hint", textContent: say("undated", { count: library.undated }) })] : []),
    ),
    element("fieldset", {}, element("legend", { textContent: say("filter_documents") }), find, found, picked),
    element("div", { className: "row" }, element("button", { type: "submit", className: "strong", textContent: say("save") }), button(say("cancel"), () => box.close())),
  );
  form.addEventListener("submit", () => {
    const wanted = [...form.querySelectorAll("[name=outlet]:checked")].map((one) => one.value);
    setFilters({ outlets: wanted, documents: [...chosen], after: from.value, before: until.value });
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it looks for a document, it does not save
  });
  box.append(form);
}
