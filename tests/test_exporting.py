"""Conversations as page, Markdown and JSON: whole, numbered as they were, and inert whatever stands in them."""

import datetime
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
import scripted
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.exporting import export_html, export_json, export_markdown
from assistant.exports.literal import MODEL, code, literal, quotation, written
from assistant.exports.parts import carried
from assistant.history import Conversation, Exchange
from assistant.types import Answer, Citation, Claim, Disagreement, Judgement, Searched, Turn
from assistant.web.render import answer_html
from assistant.web.words import words_for
from vectorstore.originals import Copy
from vectorstore.text import normalise
from vectorstore.types import Document, Filters, Landmark, Span

ATTACKS = Path(__file__).parents[2] / "shared" / "cases" / "attacks.jsonl"
PAYLOADS = 99
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOON = datetime.datetime(2025, 8, 18, 12, 5, tzinfo=datetime.UTC)
RENDERERS = {
    "commonmark": MarkdownIt("commonmark", {"html": True}),
    "gfm": MarkdownIt("gfm-like", {"html": True}),
}
HOSTILE = [
    scripted.HOSTILE.text,
    scripted.HOSTILE.title,
    scripted.HOSTILE.outlet,
    scripted.HOSTILE.source,
    "[x][r]\n\n[r]: https://evil.example/x.png",
    "<https://evil.example> https://evil.com/x www.evil.com evil.com mailto:a@evil.com a.b@evil.com xmpp:a@b.com",
    "# heading\n## another\n\nunder\n===\n\nunder\n---",
    "```\nfence\n```\n~~~\nfence\n~~~\n    indented",
    "- item\n+ item\n* item\n1. item\n2) item\n> quoted\n| a | b |\n|---|---|\n| c | d |",
    "(javascript:alert(1)) : https://evil.example",
    "&lt;b&gt; &#60;b&#62; &amp;amp; \\<b> \\\\ \\",
    "**bold** __bold__ *em* _em_ `code` ``co`de`` ~~gone~~ ***",
    "</blockquote></li></ol></section></main></body><script>alert(1)</script><!-- <![CDATA[ <?x ?>",
    '" onmouseover="alert(1)" id="fn-1" style="position:fixed',
    "</style><style>*{background:url(//evil.example)}</style></title><base href=//evil.example>",
    "[1](https://evil.example) [^1]: x\n\n[1]: https://evil.example",
    "$$\\href{javascript:alert(1)}{x}$$ `x`{=html} {{ x }} {% x %}",
    "\u202etfel ot thgir\u2066 \u00a0\u3000 x \u2028 y \u00a0",
    "a\n\n\n  b  \n\tc \\\n",
    "\ud800 \x00 \x1b[31m \x85 \r\n \x7f",
]
MARKUP = st.text(st.sampled_from("ab1 \n\t*_`[]()<>&#!|~-+=:.@/\\$^{}\"'é\u0301\u00a0😀א"), min_size=1, max_size=40)
WORDS = (st.text(min_size=1, max_size=40) | MARKUP | st.sampled_from(HOSTILE)).filter(str.strip)
TEXTS = WORDS.map(normalise).filter(str.strip)


class Seen(HTMLParser):
    """The elements and attributes that a browser would make of a page, in order, and the text of some of them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.open = [], [], []
        self.texts = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in {"br", "hr", "meta"}:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        if tag not in {"br", "hr", "meta"}:
            assert self.open.pop() == tag

    def handle_data(self, text):
        for tag in {*self.open}:
            self.texts[tag][-1] += text

    def all(self, name):
        return [value for _, key, value in self.attributes if key == name]

    def quotes(self):
        return self.texts.get("blockquote", [])


def rendered(markdown, renderer="commonmark"):
    """What Markdown looks like, with the quotes as they are between the line breaks that a renderer sets."""
    seen = Seen(RENDERERS[renderer].render(markdown))
    seen.texts["blockquote"] = [quote.removeprefix("\n").removesuffix("\n") for quote in seen.quotes()]
    return seen


def document(text="It rained. The bridge was closed. Nobody minded.", **fields):
    return Document(fields.pop("source", "bridge.md"), fields.pop("title", "The bridge"), text, **fields)


BRIDGE = Citation(1, document(published=datetime.date(2025, 8, 18), outlet="The Wire"), Span(11, 33))


def answer(*said, citations=(BRIDGE,), **fields):
    """An answer of claims: (lead, text, numbers, judgement)."""
    text, claims = "", []
    for lead, words, numbers, judgement in said:
        start = len(text) + len(lead)
        claims.append(Claim(words, Span(start, start + len(words)), numbers, judgement))
        text += lead + words + (" " + "".join(f"[{number}]" for number in numbers) if numbers else "")
    searched = fields.pop("searched", Searched("bridge", Filters(), 20))
    made = Answer("complete", "q", "bridge", text, tuple(claims), citations, searched, "extractive")
    return replace(made, **fields)


SUPPORTED = Judgement("supported", 0.9)
CLOSED = ("", "The bridge was closed.", (1,), SUPPORTED)


def conversation(*answers, title="A title", question="Which bridge?"):
    exchanges = [Exchange(number, question, Filters(), NOON, one) for number, one in enumerate(answers, start=1)]
    return Conversation("id", "user", title, NOON, NOON), exchanges


def foreign(words, quoted, answerer="extractive"):
    """A conversation in which everything that is not ours is words, and what is quoted is quoted."""
    place = (Landmark("heading", words, Span(0, 1)),)
    about = document(quoted + "." + quoted, source=carried(words), title=words, outlet=words, author=words, url=words)
    about = replace(about, landmarks=place)
    first = Citation(1, about, Span(0, len(quoted)), words)
    second = Citation(2, about, Span(len(quoted) + 1, 2 * len(quoted) + 1))
    filters = Filters(outlets=(words,), documents=(words,), after=NOON.date())
    leads = ("", " ", "", "\n\n", "\n", "\n\n## ", "\n- ", "\n- ", "\n\n1. ", "; ")
    said = [(lead, words, (1, 2), Judgement("uncited")) for lead in leads]
    said.append((" ", words, (1, 2), Judgement("unsupported", 0.1, (words, words))))
    searched = Searched(words, filters, 20, (first, second))
    full = answer(
        *said,
        citations=(first, second),
        searched=searched,
        disagreements=(Disagreement((1, 2), words),),
        answerer=answerer,
        model=words,
        notice=words,
        state="partial",
    )
    again = answer(*said[-1:], citations=(first, second), answerer=answerer)
    abstained = answer(citations=(), searched=searched, state="abstained", text=words, notice=words)
    broken = answer(citations=(), state="error", text=words, notice=words)
    talk, exchanges = conversation(full, again, abstained, broken, None, title=words, question=words)
    exchanges = [replace(one, filters=filters) for one in exchanges]
    return talk, [*exchanges, Exchange(6, words, filters, NOON, None, words)]


def without(elements, *left_out):
    return [element for element in elements if element not in left_out]


def is_sound(html):
    """Assert that a page has only what is ours: each link leads into the page, each name stands there once."""
    seen = Seen(html)
    assert not {"script", "img", "form", "iframe", "input", "base", "link", "svg", "object"} & {*seen.elements}
    assert seen.elements.count("style") == 1
    assert {name for _, name, _ in seen.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "dir", "href", "title")
    }
    names = seen.all("id")
    assert len(set(names)) == len(names)
    assert all(link[0] == "#" and link[1:] in names for link in seen.all("href"))
    return seen


@cache
def harmless(kind, answerer="extractive"):
    """The elements of the page or, by the name of a renderer, of the Markdown where every word is harmless."""
    talk = foreign("x", "x", answerer)
    return Seen(export_html(*talk)).elements if kind == "page" else rendered(export_markdown(*talk), kind).elements


def assert_inert(words, quoted, renderers=tuple(RENDERERS)):
    talk, exchanges = foreign(words, quoted)
    quotes = [quoted] * 4  # two of the first answer and two of the abstention; the second answer repeats the first
    questions = [f"{number}. {carried(words)}" for number in range(1, 7)]
    html, markdown = export_html(talk, exchanges), export_markdown(talk, exchanges)
    page = is_sound(html)
    assert page.elements == harmless("page")
    assert page.quotes() == quotes
    assert page.texts["h2"] == questions
    for name in renderers:
        shown = rendered(markdown, name)
        # An address of a person is broken by code, a line of a quotation by a hard break.
        assert without(shown.elements, "code", "br") == without(harmless(name), "code", "br")
        assert shown.attributes == []
        assert shown.quotes() == quotes
        assert shown.texts["h2"] == questions
    kept = export_json(talk, exchanges)["exchanges"][0]["answer"]
    assert [one["quote"] for one in kept["citations"]] == [quoted] * 2
    assert (html + markdown).encode("utf-8")


@settings(max_examples=40, deadline=None)
@given(WORDS, TEXTS)
def test_whatever_stands_in_a_conversation_comes_out_as_text_and_makes_no_markup(words, quoted):
    assert_inert(words, quoted)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_only_words(words):
    assert_inert(words, normalise(words))


def test_the_shared_attacks_are_only_words():
    if not ATTACKS.is_file():
        pytest.skip(f"{PAYLOADS} payloads not exported: ../shared/cases is not here")
    payloads = [json.loads(line)["payload"] for line in ATTACKS.read_text("utf-8").splitlines()]
    assert len(payloads) == PAYLOADS
    for payload in payloads:
        assert_inert(payload, normalise(payload), ("gfm",))  # which makes all that CommonMark makes, and more


@settings(max_examples=40, deadline=None)
@given(WORDS, TEXTS)
def test_a_models_markdown_makes_emphasis_and_code_at_most(words, quoted):
    talk, exchanges = foreign(words, quoted, answerer="model")
    page = is_sound(export_html(talk, exchanges))
    assert page.quotes() == [quoted] * 4
    markup = ("em", "strong", "code", "br")
    assert without(page.elements, *markup) == without(harmless("page", "model"), *markup)
    for name in RENDERERS:
        shown = rendered(export_markdown(talk, exchanges), name)
        assert without(shown.elements, *markup) == without(harmless(name, "model"), *markup)
        assert shown.attributes == []


@settings(deadline=None)
@given(WORDS)
@example("**a.**b *c*d `e` and *f@g.com*")
def test_a_models_sentence_reads_the_same_in_markdown_as_on_the_page(words):
    (shown,) = Seen(f"<p>{MODEL.renderInline(carried(words))}</p>").texts["p"]
    for name in RENDERERS:
        assert rendered(f"x {written(words)} x", name).texts["p"] == [f"x {shown} x"]


@settings(deadline=None)
@given(st.text() | MARKUP | st.sampled_from(HOSTILE))
def test_literal_text_and_quotations_are_rendered_as_they_were(text):
    for name in RENDERERS:
        assert rendered(f"# {literal(text)}", name).texts["h1"] == [carried(text)]
        assert rendered(literal(text), name).texts.get("p", [""]) == [carried(text)]
        assert rendered(quotation(text), name).quotes() == [carried(text)]
        (held,) = rendered(f"x{code(text)}x", name).texts["code"]
        assert held == (carried(text).replace("\n", " ") or "  ")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.integers(0, 60), st.integers(1, 60)), min_size=1, max_size=6))
def test_every_quotation_is_in_every_format_character_for_character(drawn):
    citations = []
    for number, (text, start, length) in enumerate(drawn, start=1):
        start = min(start, len(text) - 1)
        about = document(text, source=f"{number}.md")
        citations.append(Citation(number, about, Span(start, min(len(text), start + length))))
    quotes = [one.span.of(one.document.text) for one in citations]
    said = [("", "They say so.", tuple(one.number for one in citations), SUPPORTED)]
    talk = conversation(answer(*said, citations=tuple(citations)))
    assert Seen(export_html(*talk)).quotes() == quotes
    for name in RENDERERS:
        assert rendered(export_markdown(*talk), name).quotes() == quotes
    kept = json.loads(json.dumps(export_json(*talk)))["exchanges"][0]["answer"]["citations"]
    assert [one["quote"] for one in kept] == quotes


@pytest.fixture(scope="module")
def real(sample_assistant):
    """A real conversation, whose second answer cites again what the first cited, and whose third abstains."""
    turns, exchanges = (), []
    questions = ("What did Russia say about NATO troops?", "What did Russia reject?", "What is paid in Atlantis?")
    for number, question in enumerate(questions, start=1):
        told = sample_assistant.ask(question, turns)
        turns += (Turn("user", question), Turn("assistant", told.text, told.citations))
        exchanges.append(Exchange(number, question, Filters(), NOON, told))
    return Conversation("id", "user", questions[0], NOON, NOON), exchanges


def test_numbers_are_those_of_the_page_and_each_footnote_is_written_out_once(real):
    exchanges = real[1]
    cited = [exchange.answer.citations for exchange in exchanges]
    again = {*cited[0]} & {*cited[1]}
    assert again
    once = list(dict.fromkeys(one for citations in cited for one in citations))
    nearest = exchanges[2].answer.searched.nearest
    quotes = [one.quote for one in (*once, *nearest)]
    html, markdown = export_html(*real), export_markdown(*real)
    assert is_sound(html).quotes() == quotes
    assert rendered(markdown).quotes() == quotes
    sections = html.split("<section>")[1:]
    texts = markdown.split("\n## ")[1:]
    for exchange, section, text in zip(exchanges, sections, texts, strict=True):
        on_the_page = re.findall(r'href="#s-\d+-(\d+)"', answer_html(exchange.answer, exchange.number, words_for(None)))
        assert re.findall(r">\[(\d+)\]</a>", section) == on_the_page
        said, _, listed = text.partition("### Footnotes")
        assert re.findall(r"\[(\d+)\]", said.partition("### Nearest")[0]) == on_the_page
        numbers = [str(one.number) for one in exchange.answer.citations]
        assert re.findall(r'<li id="fn-[\d-]+"><span class="number"><a [^>]+>(\d+)</a>', section) == numbers
        assert re.findall(r"(?m)^\[(\d+)\] ", listed) == numbers


def test_a_footnote_says_all_that_is_needed_to_find_it():
    text = "Bridges\n\nThe bridge was closed."
    about = document(
        text,
        source="articles/bridge.md",
        outlet="The Wire",
        published=datetime.date(2025, 8, 18),
        url="https://wire.example/bridge?a=1",
        landmarks=(Landmark("heading", "Bridges", Span(0, 7)),),
    )
    talk = conversation(answer(CLOSED, citations=(Citation(1, about, Span(9, 31), "Ann Lee"),)))
    for shown in (Seen(export_html(*talk)).texts["main"][0], rendered(export_markdown(*talk), "gfm").texts["p"]):
        told = "".join(shown)
        assert "The bridge · The Wire · 18 Aug 2025 · under “Bridges” · said by Ann Lee" in told
        assert "articles/bridge.md, characters 9–31 · https://wire.example/bridge?a=1" in told
        assert f"SHA-256 {about.hash}" in told


def test_links_lead_from_the_sentence_to_the_footnote_and_back(real):
    html = export_html(*real)
    assert '<a id="ref-1" href="#fn-1" title="Footnote 1">[1]</a>' in html
    assert '<li id="fn-1"><span class="number"><a href="#ref-1"' in html
    links = is_sound(html).all("href")
    for name in [one for one in Seen(html).all("id") if one.startswith("fn-")]:
        assert f"#{name}" in links
        assert f"#{name.replace('fn', 'ref')}" in links


def test_one_number_for_two_sentences_is_two_footnotes_each_under_its_answer():
    anew = replace(BRIDGE, document=document("It snowed. The bridge was opened again."))
    talk = conversation(answer(CLOSED), answer(CLOSED, citations=(anew,)), answer(CLOSED))
    html, markdown = export_html(*talk), export_markdown(*talk)
    assert is_sound(html).quotes() == rendered(markdown).quotes() == [BRIDGE.quote, anew.quote]
    sections = html.split("<section>")
    assert anew.quote in sections[2]
    assert 'href="#fn-1-2"' in sections[2]
    assert '<a href="#fn-1">written out under question 1</a>' in sections[3]
    assert "written out under question 1" in markdown.split("\n## ")[3]


def test_a_number_without_a_footnote_says_so():
    talk = conversation(answer(("", "One.", (1, 7), SUPPORTED)))
    assert "[7: this footnote was not kept]" in is_sound(export_html(*talk)).texts["main"][0]
    assert "[1][7: this footnote was not kept]" in export_markdown(*talk)


def shown_by(*talk):
    """The text of the page and that of the Markdown."""
    page, markdown = is_sound(export_html(*talk)).texts["main"][0], rendered(export_markdown(*talk))
    return page, "\n".join(markdown.texts["h2"] + markdown.texts.get("h3", []) + markdown.texts["p"])


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("partly_supported", "Partly supported"),
        ("unsupported", "Not supported"),
        ("uncited", "No source"),
        ("unchecked", "Not checked"),
    ],
)
def test_a_verdict_is_a_word_with_its_reasons(verdict, words):
    judgement = Judgement(verdict, 0.1, ("number: 9 is not there", "who: it was another"))
    for shown in shown_by(*conversation(answer(("", "One.", (1,), judgement)))):
        assert words in shown
        assert "number: 9 is not there; who: it was another" in shown


def test_a_supported_sentence_has_its_number_and_nothing_else():
    for shown in shown_by(*conversation(answer(CLOSED))):
        assert "upported" not in shown.replace("supported by 1 document", "")


def test_an_abstention_says_so_and_what_was_looked_through_and_what_was_nearest():
    searched = Searched("bridge", Filters(outlets=("The Wire",), before=NOON.date()), 20, (BRIDGE,))
    text = "The documents do not say. Nothing mentions Atlantis."
    talk = conversation(answer(citations=(), state="abstained", text=text, searched=searched))
    for shown in shown_by(*talk):
        assert re.search(r"The documents do not say\.\s?Nothing mentions Atlantis\.", shown)
        assert "Looked through 20 passages for “bridge”, only in The Wire, up to 18 Aug 2025." in shown
        assert "Nearest passages, cited by nothing" in shown
        assert BRIDGE.quote in shown


def test_a_disagreement_names_the_sides_and_their_footnotes():
    other = Citation(2, document("Open.", source="o.md"), Span(0, 5))
    told = answer(CLOSED, citations=(BRIDGE, other), disagreements=(Disagreement((1, 2), "when: May (A), June (B)"),))
    for shown in shown_by(*conversation(told)):
        assert "The sources disagree: when: May (A), June (B) [1][2]" in shown


@pytest.mark.parametrize(
    ("state", "word"), [("partial", "Incomplete."), ("truncated", "Cut short."), ("stopped", "Stopped.")]
)
def test_an_answer_that_is_not_whole_says_so(state, word):
    for shown in shown_by(*conversation(answer(CLOSED, state=state, notice="It broke off."))):
        assert f"{word} It broke off." in shown
    for shown in shown_by(*conversation(answer(citations=(), state=state, notice="It broke off."))):
        assert f"{word[:-1]}: there is no answer. It broke off." in shown


def test_an_error_and_an_answer_that_was_not_kept_are_told():
    talk, (exchange,) = conversation(None)
    for shown in shown_by(talk, [exchange, replace(exchange, number=2, error="The model is away.")]):
        assert shown.count("No answer was kept.") == 1
        assert re.search(r"That did not work[.:] The model is away\.", shown)


def test_an_answer_keeps_its_paragraphs_lists_and_headings():
    leads = ("", "; ", "\n\n", "\n\n## ", "\n\n- ", "\n- ", "\n\n1. ")
    talk = conversation(answer(*((lead, f"S{number}.", (1,), SUPPORTED) for number, lead in enumerate(leads))))
    page, markdown = Seen(export_html(*talk)), rendered(export_markdown(*talk))
    assert page.texts["li"][:3] == ["S4.[1]", "S5.[1]", "S6.[1]"]
    assert markdown.texts["li"] == ["S4. [1]", "S5. [1]", "S6. [1]"]
    assert page.texts["h4"] == ["S3.[1]"]
    assert "S0.[1]; S1.[1]" in page.texts["p"]
    assert "S0. [1]; S1. [1]" in markdown.texts["p"]


def test_a_title_that_is_the_first_question_is_not_said_twice():
    page = Seen(export_html(*conversation(None, title="Which bridge?")))
    assert page.texts["h1"] == ["Conversation of 18 Aug 2025"]
    assert page.texts["title"] == ["Which bridge? · Footnote"]
    assert Seen(export_html(*conversation(None, title="Which…"))).texts["h1"] == page.texts["h1"]
    assert Seen(export_html(*conversation(None, title="Which"))).texts["h1"] == ["Which"]


def test_a_conversation_without_questions_is_exported():
    for shown in (export_html(*conversation()), export_markdown(*conversation())):
        assert "0 questions" in shown


def test_json_holds_the_contract_and_says_what_it_is():
    talk, exchanges = conversation(answer(CLOSED), None)
    exchanges[1] = replace(exchanges[1], error="Away.", filters=Filters(outlets=("The Wire",)))
    kept = json.loads(json.dumps(export_json(talk, exchanges)))
    assert {name: kept[name] for name in ("format", "version", "title", "created")} == {
        "format": "footnote-conversation",
        "version": 1,
        "title": "A title",
        "created": "2025-08-18T12:05:00+00:00",
    }
    first, second = kept["exchanges"]
    assert set(first) == {"number", "question", "asked", "filters", "answer", "error"}
    assert first["answer"]["claims"][0]["verdict"] == "supported"
    assert (second["answer"], second["error"], second["filters"]) == (None, "Away.", {"outlets": ["The Wire"]})
    assert "user" not in json.dumps(kept)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; install the distribution's `chromium`")
def test_the_page_is_styled_narrow_quiet_and_printed_whole(tmp_path):
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "conversation.html"
    page_file.write_text(export_html(*foreign("x" * 200, "y" * 900)), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        noise = []
        page.on("console", lambda one: noise.append(one.text))
        page.on("request", lambda one: noise.append(one.url))
        page.goto(page_file.as_uri())
        assert noise == [page_file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("main").evaluate("main => getComputedStyle(main).maxWidth") == "720px"
        assert page.pdf().startswith(b"%PDF")
        browser.close()


def test_a_footnote_names_the_copies_that_hold_its_sentence_in_every_format():
    copies = (Copy("a.md", "T", "*Post*", datetime.date(2025, 8, 19)), Copy("b.md", "T", None, None))
    talk = conversation(answer(CLOSED, citations=(replace(BRIDGE, also=copies),)))
    assert re.search(r"Also in 2 other documents: \\\*Post\\\*, 19 Aug 2025; b", export_markdown(*talk))
    assert "Also in 2 other documents: <bdi>*Post*, 19 Aug 2025</bdi>; <bdi>b.md</bdi>" in export_html(*talk)
    assert "Also in" not in export_markdown(*conversation(answer(CLOSED))) + export_html(*conversation(answer(CLOSED)))
