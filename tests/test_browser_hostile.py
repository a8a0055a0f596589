"""What strangers write is only words: hostile titles, bodies, names and questions on every place that shows text.

Each case goes everywhere, whatever it was written for: it is the title, outlet, author, address, file name, heading and
text of a document, a question, what a model writes, why a sentence failed, the name of a conversation and a filter.
A page is counted twice: what it does while it is open (requests, dialogs, errors), and what stands in it afterwards,
compared with the same page of harmless words.
"""

import json
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from browsing import NARROW, NEEDS_CHROMIUM, WIDE, answered, ask
from eval_values import FAILING, judged
from markdown_it import MarkdownIt
from scripted import HOSTILE, Marking, scripted_assistant
from serving import serving

from assistant.history import History
from assistant.open import open_assistant, open_settings_embedder
from assistant.settings import Settings
from assistant.types import Dispute, Judgement, Turn
from assistant.uploads import open_uploads
from assistant.web.app import create_app
from evals.reports.html import report_html
from evals.types import Case, Fact, GoldQuote
from vectorstore.library import Library
from vectorstore.sync import sync
from vectorstore.types import Document, Filters, Landmark, Span

pytestmark = NEEDS_CHROMIUM

SHARED = Path(__file__).parents[2] / "shared" / "cases" / "attacks.jsonl"
SHARED_CASES = 52
OURS = (
    HOSTILE.title,
    HOSTILE.text,
    '<a id=context></a><a id=context name=value href="//canary.example/c">x</a><form id=conversation name=body>',
    "<form name=getElementById><input name=attributes></form><img name=cookie><b id=gradio_config>x</b>",
    "<base href=//canary.example><meta http-equiv=refresh content='0;url=//canary.example/m'><link rel=stylesheet "
    "href=//canary.example/l.css>",
    "<video poster=//canary.example/p src=//canary.example/v autoplay></video><audio src=//canary.example/a autoplay>",
    "<svg onload=alert(30)><use href=//canary.example/u.svg#x></use><image href=//canary.example/i.png></image></svg>",
    "<input autofocus onfocus=alert(31)><details open ontoggle=alert(32)><summary>x</summary></details>",
    "</textarea></script></style></title>--><script>alert(33)</script><img src=x onerror=alert(34)>",
    '" onmouseover="alert(35)" onfocus="alert(36)" style="position:fixed;inset:0" x="',
    "&lt;img src=x onerror=alert(37)&gt; &amp;lt;script&amp;gt;alert(38)&amp;lt;/script&amp;gt;",
    "![a][r] ![b](//canary.example/b.png) [c](https://canary.example/c) <https://canary.example/d> www.canary.example",
    "[r]: https://canary.example/reference.png",
    "<p style='background:url(//canary.example/s);position:fixed;inset:0'>x<style>@import '//canary.example/t'</style>",
    "</mark></blockquote></li></ol></details></div></div><dialog open><form action=//canary.example><button>Sign in",
    "<template shadowrootmode=open><script>alert(39)</script></template><object data=//canary.example/o></object>",
    "<a href=javascript:alert(40) id=s-1-1 class=cite>1</a><button class='act again' id=shelf>again</button>",
    "![p](/gradio_api/file=https://canary.example/f.png) ![q](/gradio_api/proxy=https://canary.example/p.png)",
    "\ufeff\u200b<\u0000img src=x onerror=alert(41)>\u2028<scr\u0000ipt>alert(42)</scr\u0000ipt>\u202e\u2066",
    "$& $1 $` {{7*7}} ${alert(43)} {0} %s \\u003cimg src=x onerror=alert(44)\\u003e",
)


def shared():
    """Return what the shared cases have a stranger write: documents, questions, and all that aims at a browser."""
    if not SHARED.exists():
        return ()
    cases = map(json.loads, SHARED.read_text("utf-8").splitlines())
    kinds = ("xss_markdown", "indirect_injection")
    return tuple(
        case["payload"] for case in cases if case["surface"] in ("document", "question") or case["category"] in kinds
    )


WRITTEN = (*OURS, *shared())
MARKS = [f"◆{number}◆" for number in range(len(WRITTEN))]  # by which a case is found again on a page
NAMES = [f"{mark} {written[:300]}" for mark, written in zip(MARKS, WRITTEN, strict=True)]
LINES = "\n".join(" ".join(name.split()) for name in NAMES)  # a case a line


HARMLESS = Document("ferry.md", "The ferry", "The ferry sails at nine ◆. It was late.", outlet="The Wire")
USER = "local"
TEXTS = "all => all.map((one) => one.textContent).join('')"

# What stands in a page and no words can make, by kind; whatever is the page's own stands in the harmless one as well.
STANDING = r"""() => {
    const all = [...document.querySelectorAll("*")];
    const some = (test) => all.filter(test).map((one) => one.outerHTML.slice(0, 160));
    const matching = (selector) => some((one) => one.matches(selector));
    const text = ":is(.exchange, .question, #sources, #hover, #tray, #shelf .rows, dialog.filters)";
    const footnote = /^#(?:s|n|m|fn|ref|case)-/;
    const kept = /^\?c=[0-9a-f]{32}$|\/api\/conversations\/[0-9a-f]{32}\/export\?form=\w+$|^\/$/;
    const leads = (link) => {
        const to = link.getAttribute("href") ?? link.getAttribute("xlink:href") ?? "";
        if (link.closest("body > #shelf, body > header") && kept.test(to)) return link.origin !== location.origin;
        return !(footnote.test(to) && document.getElementById(to.slice(1)));
    };
    const ids = all.map((one) => one.id).filter(Boolean);
    const known = /^(?:[qa]-\d+|[snm]-\d+(?:-\d+)?|t-[0-9a-f]{32}-\d+|fn-[\d-]+|ref-[\d-]+|case-.*)$/;
    return {
        scripts: window.pwned === undefined ? [] : [String(window.pwned)],
        forms: some((one) => one.matches("form") && !one.closest("body > dialog")),
        fields: matching(`${text} :is(input, textarea, select):not(dialog *), :is(.claim, .source, .reader) button`),
        frames: matching("iframe, frame, frameset, object, embed, portal, fencedframe, applet, marquee"),
        pictures: matching("img, picture, source, video, audio, track, svg, image, canvas, math, input[type=image]"),
        loading: matching("body :is(script, style, link, meta, base, title, template, noscript)"),
        addresses: matching("[action], [formaction], [poster], [background], [ping], [srcset], [srcdoc]"),
        overlays: some((one) => getComputedStyle(one).position === "fixed"
            && !one.matches("body > :is(#sources, #hover, dialog), .toast-wrap")),
        dialogs: matching("dialog:not(body > dialog)"),
        links: some((one) => one.matches("a[href], area, [*|href]:not(head *, link)") && leads(one)),
        handlers: some((one) => [...one.attributes].some(({ name }) => name.startsWith("on"))),
        styles: matching(`${text} [style]`),
        names: some((one) => one.id && !known.test(one.id)),
        named: matching("body [name]:not(dialog *)"),
        twice: ids.filter((id, at) => ids.indexOf(id) !== at),
        shadows: some((one) => one.shadowRoot),
        clobbered: some((one) => {
            const hidden = document[one.getAttribute("name") || one.id || "title"];
            return hidden instanceof Element || hidden instanceof HTMLCollection;
        }),
    };
}"""


def documents():
    for mark, name, written in zip(MARKS, NAMES, WRITTEN, strict=True):
        about = {"outlet": name, "author": name, "url": f"javascript:alert(1)//{name}"}
        heading = (Landmark("heading", name, Span(0, len(mark))),)
        yield Document(f"{name}.html", name, f"{mark} {written}", landmarks=heading, **about)


class Repeating(Marking):
    """A verifier whose reasons repeat what was claimed, as rules that miss a name or a number do."""

    def judge(self, claim, evidence):
        return Judgement("unsupported", 0.1, (f"words: “{claim}” is not in the cited text",))


class Disputing:
    """A comparer that finds the first sentences disputed, and names the sides by what they say."""

    def compare(self, cited, found):
        return [Dispute(tuple(cited[at : at + 2]), cited[at].text) for at in range(0, min(len(cited), 100), 2)]


def quoting(*about):
    assistant = scripted_assistant(*about)
    assistant.longest_question, assistant.comparer = 20_000, Disputing()
    return assistant


def writing(*about):
    assistant = scripted_assistant(*about, kind="model")
    assistant.longest_question, assistant.verifier = 20_000, Repeating()
    assistant.answerer.model = about[0].title
    return assistant


def answer(assistant, question, filters=None):
    """Ask in a thread of its own: the browser's driver keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(assistant.ask, question, filters=filters).result()


@dataclass(frozen=True)
class Place:
    """A server, and what is kept there: a failure, an abstention, a written and a quoted answer; what to ask next."""

    address: str
    conversation: str
    next: str


def keep(history, about, names):
    """Keep what a Place has, and a conversation by each name."""
    quoter, writer, lines = quoting(*about), writing(*about), "\n".join(" ".join(name.split()) for name in names)
    narrowed = Filters(outlets=tuple(names), documents=tuple(names))
    begun = history.begin(USER, f"fail {lines}", narrowed)
    history.fail(begun, f"It failed: {lines}")
    for assistant, question in ((quoter, f"abstain {lines}"), (writer, f"write {lines}"), (quoter, "quote ◆")):
        begun = history.begin(USER, question, narrowed, conversation=begun.conversation)
        history.finish(begun, answer(assistant, question, narrowed))
    after = history.begin(USER, "quote ◆", Filters())
    history.finish(after, answer(quoter, "quote ◆"))
    history.suggest(after, names)
    for name in names:
        history.rename(USER, history.begin(USER, name, Filters()).conversation, name[:200])
    return begun.conversation, after.conversation


@contextmanager
def kept(tmp, about, names):
    settings = Settings(_env_file=None, library=tmp)
    conversations = keep(History(tmp), about, names)
    with serving(create_app(quoting(*about), settings, names)) as address:
        yield Place(address, *conversations)


@pytest.fixture(scope="module", params=[WRITTEN], ids=[f"{len(WRITTEN)} cases"])
def cases(request):
    return request.param


@pytest.fixture(scope="module")
def place(cases, tmp_path_factory):
    with kept(tmp_path_factory.mktemp("hostile"), tuple(documents()), NAMES) as place:
        yield place


@pytest.fixture(scope="module")
def written_address(cases, tmp_path_factory):
    settings = Settings(_env_file=None, library=tmp_path_factory.mktemp("written"))
    with serving(create_app(writing(*documents()), settings, NAMES)) as address:
        yield address


@pytest.fixture(scope="module")
def ours(chromium, tmp_path_factory):
    """What stands in the page, in an export and in a report when everybody means well."""
    names = ["How late was it?", "Who says so?", "Where was that?"]
    tmp = tmp_path_factory.mktemp("harmless")
    (tmp / "report.html").write_text(report((HARMLESS,), names), encoding="utf-8")
    with kept(tmp, (HARMLESS,), names) as place, counting(chromium) as page:
        come(page, place)
        standing = {"page": page.evaluate(STANDING)}
        ask_nowhere(page, place, "nowhere")
        standing["nowhere"] = page.evaluate(STANDING)
        page.goto(f"{place.address}/api/conversations/{place.conversation}/export?form=print")
        standing["export"] = page.evaluate(STANDING)
        page.goto((tmp / "report.html").as_uri())
        standing["report"] = page.evaluate(STANDING)
    none = ("scripts", "forms", "frames", "links", "handlers", "overlays", "dialogs", "clobbered")
    assert {kind: standing["page"][kind] for kind in none if standing["page"][kind]} == {}
    return standing


def listen(page, elsewhere):
    """Return the list that fills with what a page does and words cannot do."""
    did, context = [], page.context
    context.on("request", lambda one: elsewhere(one.url) and did.append(f"request: {one.url[:200]}"))
    context.on("page", lambda one: did.append(f"window: {one.url}"))
    page.on("console", lambda one: one.type == "error" and did.append(f"console: {one.text[:300]}"))
    page.on("pageerror", lambda error: did.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (did.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("download", lambda one: did.append(f"download: {one.url}"))
    # What the policy had to stop has got through everything before it.
    policy = "addEventListener('securitypolicyviolation', one => console.error('policy: ' + one.violatedDirective))"
    context.add_init_script(policy)
    return did


@contextmanager
def counting(chromium, viewport=WIDE):
    """A page that does nothing that words cannot do, from its opening to the end of the block."""
    context = chromium.new_context(viewport=viewport)
    page = context.new_page()
    page.set_default_timeout(60_000)
    did = listen(page, is_elsewhere)
    try:
        yield page
    except Exception as error:
        error.add_note(f"the page did: {did}")
        raise
    page.evaluate("() => new Promise((done) => setTimeout(done))")  # what was begun is heard of
    context.close()
    assert did == []


def is_elsewhere(url):
    """Return whether a request leaves this machine, or asks our own server for what is elsewhere."""
    at_home = url.startswith(("http://127.0.0.1:", "file:///"))
    return not at_home or re.search("gradio_api/(?:file|proxy)|canary|evil|/etc/", urlsplit(url).path) is not None


def come(page, place):
    """Open the kept conversation, with all that is folded."""
    page.goto(f"{place.address}/?c={place.conversation}")
    answered(page, 4)
    page.wait_for_selector("#tray .tools", state="attached")
    unfold(page)


def ask_nowhere(page, place, name):
    """Open a conversation that is not there, and ask in it all the same."""
    page.goto(f"{place.address}/?{urlencode({'c': name, 'q': name, '__theme': name})}")
    page.wait_for_selector(".card.error")
    page.wait_for_selector("#tray .tools", state="attached")
    page.fill("#ask textarea", name)
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".toast-body")


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")


def assert_only_words(page, ours, shown=None, of=NAMES):
    """Every case is shown there, whole, and nothing stands in the page that is not its own."""
    made = {kind: some for kind, some in page.evaluate(STANDING).items() if len(some) > len(ours[kind])}
    assert made == {}
    if shown is not None:
        seen = squeezed(shown if isinstance(shown, str) else shown.evaluate("one => one.textContent"))
        assert [written for written in of if squeezed(written) not in seen] == []


def squeezed(text):
    """Return what no place may lose of a text, whatever it does with white space and controls."""
    return re.sub(r"[^\w<>]|_", "", unicodedata.normalize("NFC", text))


def report(about, names):
    """Return a report whose cases carry names everywhere, with a quoted and a written answer to them."""
    quoted = answer(quoting(*about), "quote ◆")
    wrote = answer(writing(*about), "\n".join(["write", *names]))
    cases = [
        Case(
            id=name,
            category=name,
            question=name,
            behaviour="answer",
            history=(Turn("user", name), Turn("assistant", name)),
            facts=(Fact(name, name, ("never",), required=True),),
            gold=(GoldQuote(name, name, name, Span(0, len(name)), speaker=name),),
            reference=name,
        )
        for name in names
    ]
    answers = [quoted, wrote, *[None] * len(cases)]
    return report_html(
        replace(
            FAILING,
            suite=names[0],
            settings=tuple((name, name) for name in names),
            judged=tuple(
                judged(case, answer, case.id, passed=None if answer is None else False, error=answer and case.id)
                for case, answer in zip(cases, answers, strict=False)
            ),
            comparison=replace(FAILING.comparison, regressions=tuple(names), improvements=tuple(names)),
        )
    )


def test_the_counters_count_what_would_get_through(chromium, cases, tmp_path):
    """The same cases, put into a page as they are and as HTML of their Markdown: each counter must rise."""
    context = chromium.new_context()
    page = context.new_page()
    did = listen(page, is_elsewhere)
    (tmp_path / "empty.html").write_text("<!doctype html><body>", encoding="utf-8")
    page.goto((tmp_path / "empty.html").as_uri())
    page.route("**/*", lambda route: route.abort())
    before = page.evaluate(STANDING)
    markdown = MarkdownIt("commonmark", {"html": True})
    page.evaluate(
        "all => { for (const html of all) { document.body.append(document.createElement('div')); "
        "document.body.lastChild.className = 'exchange claim'; document.body.lastChild.innerHTML = html } }",
        [html for one in cases if "refresh" not in one for html in (one, markdown.render(one))],  # it would go away
    )
    page.wait_for_function("window.pwned !== undefined")
    standing = page.evaluate(STANDING)
    context.close()
    assert [kind for kind in standing if kind != "shadows" and len(standing[kind]) <= len(before[kind])] == []
    assert {one.partition(":")[0] for one in did} >= {"request", "dialog"}


def test_every_shared_case_is_among_them():
    if not SHARED.exists():
        pytest.skip(f"{SHARED_CASES} shared cases not tried: ../shared/cases is not here")
    assert len(WRITTEN) >= len(OURS) + SHARED_CASES


def test_examples_and_a_written_answer_live_stopped_and_finished(chromium, written_address, ours):
    with counting(chromium) as page:
        page.goto(written_address)
        page.wait_for_selector("#tray .tools", state="attached")
        assert_only_words(page, ours["page"], page.locator("#examples"))
        page.fill("#ask textarea", f"type {LINES}")
        page.press("#ask textarea", "Enter")
        page.wait_for_function("last => document.querySelector('.draft')?.textContent.includes(last)", arg=MARKS[-1])
        assert_only_words(page, ours["page"], page.locator(".draft"))
        page.get_by_role("button", name="Stop").click()
        page.wait_for_selector(".card.stopped")
        ask(page, f"write {LINES}", turn=2)
        unfold(page)
        assert_only_words(page, ours["page"], page.locator(".answer"))
        assert page.locator(".claim.unsupported").count() == len(WRITTEN)


def test_questions_quotations_abstentions_and_failures_live(chromium, place, ours):
    with counting(chromium) as page:
        page.goto(place.address)
        page.wait_for_selector("#tray .tools", state="attached")
        ask(page, "quote")  # every sentence of every case
        unfold(page)
        assert_only_words(page, ours["page"], page.locator(".answer"))
        ask(page, f"abstain {LINES}", turn=2)
        ask(page, f"fail {LINES}", turn=3)
        for turn in (2, 3):
            assert_only_words(page, ours["page"], page.locator(f"#q-{turn}"))


def test_the_conversation_and_what_to_ask_next_after_reload(chromium, place, ours):
    with counting(chromium) as page:
        page.goto(f"{place.address}/?c={place.next}")
        page.wait_for_selector("#tray .suggestion")
        assert_only_words(page, ours["page"], page.locator("#tray"))
        come(page, place)
        for turn, selector in enumerate((".card.error", ".card.abstained", ".answer", ".answer"), 1):
            assert_only_words(page, ours["page"], page.locator(f".exchange[id$='-{turn}'] {selector}").first)
        assert_only_words(page, ours["page"], page.locator(".disagreement").evaluate_all(TEXTS))


def test_the_list_of_sources_and_each_source_in_the_reader(chromium, place, ours):
    with counting(chromium) as page:
        come(page, place)
        page.locator(".exchange[id$='-4'] a.cite").last.click()
        page.get_by_role("button", name="All sources", exact=True).click()
        assert_only_words(page, ours["page"], page.locator("#sources .cards").first)
        page.locator("#sources .card-of-source").first.click()
        read = []
        for mark in MARKS:
            page.wait_for_function(
                "mark => document.querySelector('#sources .text')?.textContent.includes(mark)", arg=mark
            )
            read.append(page.locator("#sources .reader").evaluate("one => one.textContent"))
            assert_only_words(page, ours["page"])
            page.get_by_role("button", name="Next source", exact=True).click()
        assert_only_words(page, ours["page"], "".join(read))
        assert_only_words(page, ours["page"], "".join(read), of=WRITTEN)


def test_the_quotation_over_a_number(chromium, place, ours):
    with counting(chromium, NARROW) as page:  # the list of sources is not open there
        come(page, place)
        page.locator(".answer a.cite").first.focus()
        shown = page.locator(".answer a.cite").evaluate_all(
            """cites => cites.map((cite) => {
                cite.focus({ focusVisible: true });
                return hover.hidden ? "" : hover.textContent;
            }).join("")"""
        )
        assert_only_words(page, ours["page"], shown)
        cite = page.locator(".answer a.cite").last
        cite.scroll_into_view_if_needed()
        page.keyboard.press("Escape")
        cite.hover()
        page.wait_for_selector("#hover:not([hidden])")
        assert_only_words(page, ours["page"])


def test_conversations_in_the_drawer_to_be_renamed_and_deleted(chromium, place, ours):
    titles = [" ".join(name[:200].split()) for name in NAMES]
    with counting(chromium) as page:
        come(page, place)
        page.get_by_role("button", name="Conversations and settings").click()
        page.wait_for_selector("#shelf .rows li")
        assert_only_words(page, ours["page"], page.locator("#shelf .rows"), of=titles)
        page.evaluate("document.querySelectorAll('#shelf .rows li > button').forEach((more) => more.click())")
        page.evaluate("document.querySelectorAll('#shelf .more button:last-of-type').forEach((one) => one.click())")
        assert_only_words(page, ours["page"], page.locator("#shelf .more p").evaluate_all(TEXTS), of=titles)
        page.locator("#shelf .more").first.get_by_role("button", name="Cancel").click()
        page.wait_for_function("() => !document.querySelector('#shelf .more')")
        page.evaluate("document.querySelectorAll('#shelf .rows li > button').forEach((more) => more.click())")
        page.evaluate("document.querySelectorAll('#shelf .more').forEach((one) => one.firstChild.click())")
        boxes = page.locator("#shelf .rows input").evaluate_all("all => all.map((one) => one.value).join('')")
        assert_only_words(page, ours["page"], boxes, of=titles)


def test_filters_chosen_shown_and_told(chromium, place, ours):
    with counting(chromium) as page:
        page.goto(place.address)
        page.get_by_role("button", name="Filter").click()
        sheet = page.locator("dialog.filters")
        sheet.locator("legend").first.wait_for()
        assert_only_words(page, ours["page"], sheet.locator("fieldset").first)
        for mark in MARKS:
            sheet.get_by_role("searchbox").fill(mark)
            sheet.locator(".found button", has_text=mark).click()
        assert_only_words(page, ours["page"], sheet.locator(".tags"))
        sheet.locator("input[name=outlet]").evaluate_all("all => all.forEach((one) => { one.checked = true })")
        sheet.get_by_role("button", name="Save").click()
        assert_only_words(page, ours["page"], page.locator("#tray .tags").last)
        ask(page, "abstain")
        assert_only_words(page, ours["page"], page.locator(".card.abstained"))


def test_an_address_that_names_no_conversation(chromium, place, ours):
    for name in (LINES[:3000], *OURS[:2]):
        with counting(chromium) as page:
            ask_nowhere(page, place, name)
            assert_only_words(page, ours["nowhere"])


def test_the_export_as_a_file_and_as_it_is_printed(chromium, place, ours, tmp_path):
    with counting(chromium) as page:
        path = f"{place.address}/api/conversations/{place.conversation}/export"
        file = tmp_path / "conversation.html"
        file.write_bytes(page.request.get(f"{path}?form=html").body())
        for address in (file.as_uri(), f"{path}?form=print"):
            page.goto(address)
            assert_only_words(page, ours["export"], page.locator("main"))


def test_the_report_of_an_eval(chromium, cases, ours, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(report(tuple(documents()), NAMES), encoding="utf-8")
    with counting(chromium) as page:
        page.goto(file.as_uri())
        unfold(page)
        for selector in ("#since", "#cases", "#basis", "#kinds"):
            assert_only_words(page, ours["report"], page.locator(selector))


def test_hostile_files_uploaded_and_answered_from(chromium, cases, ours, tmp_path):
    """The whole way in: through the loaders and the extractive answerer, under names that are hostile themselves."""
    settings = Settings(_env_file=None, library=tmp_path / "library")
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, written in enumerate(cases):
        name = written[:60].replace("/", "∕").replace("\0", "")  # all that a file system refuses
        (folder / f"{number} {name}.{('txt', 'html', 'md')[number % 3]}").write_text(written, encoding="utf-8")
    embedder = open_settings_embedder(settings)
    sync([folder], Library.create(settings.library), embedder, passage_tokens=settings.passage_tokens)
    assistant = open_assistant(settings)
    app = create_app(assistant, settings, uploads=open_uploads(assistant.library, settings))
    with serving(app) as address, counting(chromium) as page:
        page.goto(address)
        page.get_by_role("button", name="Conversations and settings").click()
        files = [{"name": f"{one}.svg", "mimeType": "image/svg+xml", "buffer": one.encode()} for one in OURS[:3]]
        page.set_input_files("#shelf input[type=file]", files)
        page.wait_for_function(
            "() => document.querySelectorAll('#shelf .outcomes li:not(:has(progress))').length === 3"
        )
        assert_only_words(page, ours["page"], page.locator("#shelf .outcomes"), of=["<img src=", "<script>"])
        page.keyboard.press("Escape")
        for turn, question in enumerate(("What did the attacker say?", "Who is signing in?", "What is the budget?"), 1):
            ask(page, question, turn)
            unfold(page)
            page.locator("a.cite").last.click()
            page.wait_for_selector("#sources .reader")
            assert_only_words(page, ours["page"], page.locator("#conversation"), of=["<img src="])
