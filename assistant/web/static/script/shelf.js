// The conversations that are kept, the library, and the page's language: a drawer from the side.

import { account, recognise } from "./account.js";
import { context } from "./asking.js";
import { announce, button, call, element, fixed, language, named, root, say, title } from "./dom.js";
import { uploader } from "./uploads.js";

const find = element("input", { type: "search", ariaLabel: say("search_conversations"), placeholder: say("search_conversations") });
const rows = element("div", { className: "rows" });
const held = element("p");
const library = element("section", { className: "library", ariaLabel: say("library") }, held);
const shelf = element(
  "dialog",
  { id: "shelf" },
  element("header", {}, element("h2", { textContent: say("conversations") }), named("✕", say("close"), () => shelf.close())),
  element("a", { className: "new", href: root.pathname, textContent: say("new") }),
  find,
  rows,
  library,
  account,
  element("footer", {}, ...(fixed ? [] : [languages()])),
);
shelf.setAttribute("aria-label", say("conversations"));
shelf.addEventListener("click", ({ target, clientX }) => {
  if (target === shelf && clientX > shelf.getBoundingClientRect().right) shelf.close(); // outside of the drawer
});
document.body.append(shelf);

const menu = named("☰", say("open_menu"), openShelf, { className: "menu" });
const brand = element("a", { className: "brand", href: root.pathname }, element("img", { src: new URL("footnote/logo", root).href, alt: "" }), element("span", { textContent: title }));
const fresh = element("a", { className: "fresh", href: root.pathname, title: say("new"), ariaLabel: say("new"), textContent: "+" });
document.body.prepend(element("header", { id: "bar" }, menu, brand, fresh));

async function openShelf() {
  shelf.showModal();
  draw();
  count();
  recognise().catch(() => {}); // whatever is wrong, the rows above tell it
}

async function count() {
  try {
    const { documents, uploads, extensions, collections } = await call("api/library");
    held.textContent = say("documents_count", { count: documents });
    library.replaceChildren(held, ...(uploads ? [uploader(extensions, collections, count)] : []));
  } catch (problem) {
    held.textContent = problem.message;
  }
}

let looked = 0;
async function draw() {
  const mine = ++looked;
  let kept;
  try {
    kept = await call(`api/conversations?${new URLSearchParams({ search: find.value })}`);
  } catch (problem) {
    rows.replaceChildren(element("p", { className: "problem", role: "alert", textContent: problem.message }));
    return;
  }
  if (mine !== looked) return;
  if (!kept.length) {
    rows.replaceChildren(element("p", { className: "hint", textContent: say(find.value ? "none_found" : "empty") }));
    return;
  }
  const groups = Map.groupBy ? Map.groupBy(kept, when) : grouped(kept);
  rows.replaceChildren(
    ...[...groups].flatMap(([name, some]) => [element("h3", { textContent: say(name) }), element("ul", {}, ...some.map(row))]),
  );
}

function grouped(kept) {
  const groups = new Map();
  for (const one of kept) groups.set(when(one), [...(groups.get(when(one)) ?? []), one]);
  return groups;
}

function when({ updated }) {
  const days = Math.floor((new Date().setHours(24, 0, 0, 0) - new Date(updated)) / 86_400_000);
  return days < 1 ? "today" : days < 2 ? "yesterday" : "earlier";
}

function row(one) {
  const here = one.id === context.conversation;
  const link = element("a", { href: `?${new URLSearchParams({ c: one.id })}`, dir: "auto", textContent: one.title });
  if (here) link.setAttribute("aria-current", "page");
  const more = named("⋯", `${say("export")}, ${say("rename")}, ${say("delete")}: ${one.title}`, () => {
    const opened = more.getAttribute("aria-expanded") === "true";
    more.setAttribute("aria-expanded", String(!opened));
    opened ? item.querySelector(".more")?.remove() : item.append(actions(one, item));
  });
  more.setAttribute("aria-expanded", "false");
  const item = element("li", {}, link, more);
  return item;
}

function actions(one, item) {
  const path = `api/conversations/${encodeURIComponent(one.id)}`;
  const saved = (form, label) => element("a", { href: new URL(`${path}/export?form=${form}`, root).href, textContent: label, download: "" });
  const print = button(say("print"), () => {
    const page = window.open(new URL(`${path}/export?form=print`, root).href, "_blank");
    page?.addEventListener("load", () => page.print());
  });
  const removal = button(say("delete"), () => {
    const sure = button(say("delete"), () => act(path, { method: "DELETE" }, one), { className: "strong" });
    box.replaceChildren(element("p", { textContent: say("confirm_delete", { title: one.title }) }), sure, button(say("cancel"), () => (draw(), find.focus())));
    sure.focus();
  });
  const box = element(
    "div",
    { className: "more" },
    button(say("rename"), () => renaming(path, one, item)),
    saved("markdown", say("markdown")),
    saved("html", say("html")),
    saved("json", say("json")),
    print,
    removal,
  );
  return box;
}

function renaming(path, one, item) {
  const title = element("input", { type: "text", value: one.title, maxLength: 200, ariaLabel: say("rename"), required: true });
  const form = element("form", {}, title, element("button", { type: "submit", className: "strong", textContent: say("save") }), button(say("cancel"), () => (draw(), find.focus())));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(path, { method: "PATCH", body: { title: title.value } });
  });
  item.replaceChildren(form);
  title.select();
}

async function act(path, how, deleted = null) {
  try {
    await call(path, how);
  } catch (problem) {
    announce(problem.message);
    rows.prepend(element("p", { className: "problem", role: "alert", textContent: problem.message }));
    return;
  }
  if (deleted && deleted.id === context.conversation) location.assign(root.pathname);
  else {
    draw();
    find.focus();
  }
}

function languages() {
  const names = { en: "English", de: "Deutsch", fr: "Français", es: "Español", uk: "Українська" };
  const choice = element("select", {}, ...Object.entries(names).map(([code, name]) => element("option", { value: code, lang: code, textContent: name, selected: code === language })));
  choice.addEventListener("change", () => {
    document.cookie = `footnote_language=${choice.value}; path=${root.pathname}; max-age=31536000; SameSite=Lax`;
    location.reload();
  });
  return element("label", {}, say("language"), choice);
}

find.addEventListener("input", draw);
