import datetime
import json
import re
import shutil
import time
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import HOSTILE

from assistant.types import Citation
from assistant.web.reader import BEGINNING, WHOLE, reader_html
from vectorstore.errors import SkippedFile
from vectorstore.loaders import load_bytes
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Landmark, Span

ATTACKS = Path(__file__).parent.parent.parent / "shared" / "cases" / "attacks.jsonl"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

TAGS = {"article", "header", "h2", "h3", "p", "div", "span", "bdi", "ol", "li", "a", "mark"}
RLO = "\u202e"
NASTY = {
    "empty": "",
    "one character": "x",
    "blank lines first and last": "\n\n \n\tOne.\n\n\nTwo.\n\n",
    "line ends of every kind": "a\rb\r\nc\x0bd\x0ce\x85f\u2028g\u2029h\r",
    "controls": "".join(map(chr, range(1, 0x20))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))),
    "noncharacters": "\ufdd0 \ufffe \uffff \U0001fffe \U0010ffff \ufeff \ufffd",
    "characters that look like references": "&lt;b&gt; &amp; &#0; &#13; &#x202e; &nbsp; & &notit; &copy",
    "markup": "</mark></p></div></article><script>alert(1)</script><plaintext>\n<pre>\n\n<textarea>\n<!--<![CDATA[<?x",
    "Arabic": "قال الوزير: «لن نُغلق الجسر» (2025).\nثم سافر إلى Berlin.\n\nوعاد.",
    "Hebrew": "הגשר נסגר ביום ב׳.\n\nHe said: „שלום“ – and left.\nאיש לא התלונן.",
    "unclosed override": f"One {RLO}two\nthree \u2067four\n\nfive.",
    "graphemes": "e\u0301 İ 👩‍👩‍👧‍👦 🇩🇪 ﷽ a\u0300\u0316 \u200d नमस्ते",
    "spaces": "a  b\t\tc \u00a0\u3000 d   \n   e",
}


class TinyWords:
    """A catalogue whose every phrase names its key."""

    def __call__(self, key, /, **values):
        return " ".join([key, *map(str, values.values())])

    def date(self, day, /):
        return day.isoformat()


class Seen(HTMLParser):
    """Every element and attribute of a fragment."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes = Counter(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        self.attributes += [(tag, *attribute) for attribute in attributes]


def reader(about, *citations, chosen=1, note=None):
    return reader_html(about, citations, chosen, TinyWords(), note)


def citations_of(about, *spans):
    return [Citation(number, about, Span(*span)) for number, span in enumerate(spans, 1)]


def parsed(html):
    """The fragment after what a browser does to line ends before it parses."""
    return lxml.html.fragment_fromstring(html.replace("\r\n", "\n").replace("\r", "\n"))


def text_of(tree):
    (text,) = tree.find_class("text")
    return text.text_content()


def quotes_of(tree):
    """The text of all marks by their numbers."""
    quotes = Counter()
    for mark in tree.iter("mark"):
        assert mark.text_content()
        for number in re.findall(r"m-(\d+)", mark.get("class")):
            quotes[int(number)] = (quotes[int(number)] or "") + mark.text_content()
    return dict(quotes)


def hold_the_laws(html, about, citations, chosen=1):
    tree = parsed(html)
    assert text_of(tree) == about.text
    assert quotes_of(tree) == {one.number: one.quote for one in citations}
    here = "".join(mark.text_content() for mark in tree.iter("mark") if "here" in mark.get("class").split())
    assert here == next((one.quote for one in citations if one.number == chosen), "")
    ids = tree.xpath(".//@id")
    assert sorted(ids) == sorted(f"m-{one.number}" for one in citations)
    for one in citations:
        mark = tree.xpath(f".//mark[contains(concat(' ', @class, ' '), ' m-{one.number} ')]")[0]
        begins = tree.get_element_by_id(f"m-{one.number}")
        assert begins in [mark, *mark.iter("span")]
        assert begins.text_content() == mark.text_content()
    assert set(tree.xpath(".//a/@href")) <= {f"#{id}" for id in ids}
    is_only_ours(html)
    return tree


def is_only_ours(html):
    seen = Seen(html)
    assert set(seen.elements) <= TAGS
    for tag, name, value in seen.attributes:
        assert (name, value) in {("dir", "auto"), ("aria-current", "true")} or (
            re.fullmatch(
                {"class": r"[a-z]+|m-\d+( m-\d+)*( here)?|jump here", "id": r"m-\d+", "href": r"#m-\d+"}[name], value
            )
        ), (tag, name, value)


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PIECES = st.one_of(
    st.text(CHARACTERS, max_size=20), st.sampled_from(["\n", "\n\n", "\r\n", *NASTY.values(), HOSTILE.text])
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@st.composite
def cited(draw, texts=TEXTS):
    """A document with landmarks anywhere, and citations that overlap, nest, touch and cross lines."""
    text = draw(texts)
    places = st.integers(0, len(text))
    spans = st.tuples(places, places).map(sorted).map(lambda ends: Span(*ends))
    headings = draw(st.lists(spans, max_size=3).map(sorted))
    about = Document("a.md", "T", text, landmarks=tuple(Landmark("heading", "h", span) for span in headings))
    quoted = draw(st.lists(spans.filter(lambda span: span.start < span.end), max_size=6) if text else st.just([]))
    return about, [Citation(number, about, span) for number, span in enumerate(quoted, 1)]


@given(cited(), st.integers(1, 7))
def test_the_text_is_the_documents_and_the_marks_are_the_quotes(case, chosen):
    about, citations = case
    hold_the_laws(reader(about, *citations, chosen=chosen), about, citations, chosen)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_every_pair_of_spans_of_a_nasty_text_is_marked(text):
    about = Document("a.md", "T", text)
    for start in range(0, len(text), 7):
        citations = citations_of(about, (start, start + 1), (start, len(text)), (0, start + 1), (start, start + 1))
        hold_the_laws(reader(about, *citations), about, citations)


@pytest.mark.parametrize("start", range(0, 0x110000, 0x8000))
def test_every_character_but_nul_and_surrogates_is_shown_as_itself(start):
    text = "".join(chr(code) for code in range(start, start + 0x8000) if code and not 0xD800 <= code < 0xE000)
    if text:
        assert text_of(parsed(reader(Document("a.md", "T", text)))) == text


def test_what_html_cannot_hold_is_shown_as_a_replacement_character_each():
    about = Document("a.md", "\0", "a\0b\ud800c\udc00\ud83dd")
    citations = [Citation(1, about, Span(1, 5)), Citation(2, about, Span(4, 8))]
    tree = parsed(reader(about, *citations))
    assert text_of(tree) == "a\ufffdb\ufffdc\ufffd\ufffdd"
    assert quotes_of(tree) == {1: "\ufffdb\ufffdc", 2: "c\ufffd\ufffdd"}


def test_each_line_is_a_block_that_finds_its_own_direction_and_ends_its_own_overrides():
    text = f"One {RLO}two.\nثلاثة.\n\nFour."
    tree = parsed(reader(Document("a.md", "T", text)))
    blocks = list(tree.find_class("text")[0])
    assert [block.text for block in blocks] == [f"One {RLO}two.\n", "ثلاثة.\n\n", "Four."]
    assert {block.get("dir") for block in blocks} == {"auto"}


@pytest.mark.parametrize(
    ("suffix", "raw"),
    [
        (".md", "# Bridges\n\nIt rained.\n\n## What *now*?\n\nNobody knows."),
        (".html", "<h1>Bridges</h1><p>It rained.</p>"),
    ],
)
def test_a_heading_is_a_heading_with_the_characters_the_loader_kept(suffix, raw):
    (about,) = load_bytes(raw.encode(), name=f"a{suffix}", source=f"a{suffix}")
    headings = parsed(reader(about)).find_class("heading")
    assert [one.text.strip() for one in headings] == [one.label for one in about.landmarks]
    assert {one.tag for one in headings} == {"h3"}


def test_where_a_page_or_a_slide_begins_its_name_is_shown_and_is_no_text():
    text = "First.\nStill first.\n\nSecond.\n\nThird."
    marks = [("page", 'page "1"<b>', 0), ("page", "page 2", 22), ("row", "row 9", 22), ("slide", "slide 3", 31)]
    about = Document(
        "a.pdf", "A", text, landmarks=tuple(Landmark(kind, label, Span(at, at)) for kind, label, at in marks)
    )
    lines = parsed(reader(about)).find_class("text")[0]
    assert [one.get("data-place") for one in lines] == ['page "1"<b>', None, "page 2", "slide 3"]
    assert "".join(one.text_content() for one in lines) == text


def test_a_mark_across_a_heading_and_two_paragraphs_is_cut_at_their_borders():
    about = Document("a.md", "T", "Head\n\nOne two\nthree", landmarks=(Landmark("heading", "Head", Span(0, 4)),))
    html = reader(about, *citations_of(about, (2, 9), (8, 20)), chosen=2)
    assert html.partition('<div class="text">')[2] == (
        '<h3 class="heading" dir="auto">He<mark class="m-1" id="m-1">ad\n\n</mark></h3>'
        '<p dir="auto"><mark class="m-1">On</mark><mark class="m-1 m-2 here" id="m-2">e</mark>'
        '<mark class="m-2 here"> two\n</mark></p><p dir="auto"><mark class="m-2 here">three</mark></p></div></article>'
    )


def test_two_quotes_that_begin_together_both_have_a_place_to_jump_to():
    about = Document("a.md", "T", "One two.")
    html = reader(about, *citations_of(about, (0, 3), (0, 8)))
    assert '<mark class="m-1 m-2 here" id="m-1"><span id="m-2">One</span></mark>' in html


def test_above_the_text_stands_where_it_is_from_and_who_speaks():
    about = Document(
        "a.md",
        "Bridges & <b>",
        "It rained.",
        datetime.date(2025, 8, 18),
        "The <i>Wire",
        "Ann Lee",
        "https://a.example/?x&y",
    )
    tree = parsed(
        reader(about, Citation(1, about, Span(0, 10), "Bo"), Citation(2, about, Span(0, 2), "Cy"), note="Old & <u>")
    )
    assert [one.text for one in tree.iter("h2")] == ["Bridges & <b>"]
    (where,) = tree.find_class("where")
    assert where.text_content() == "The <i>Wire · 2025-08-18 · Ann Lee · sources.said_by Bo · a.md"
    assert [one.text for one in where] == where.text_content().split(" · ")
    assert {one.tag for one in where} == {"bdi"}
    assert tree.find_class("original")[0].text_content() == "reader.original https://a.example/?x&y"
    assert tree.find_class("notice")[0].text == "Old & <u>"


def test_what_is_not_known_is_not_mentioned():
    html = reader(Document("a.md", "T", "It rained."))
    assert '<p class="where"><bdi>a.md</bdi></p></header>' in html


def test_the_only_links_lead_to_the_marks_of_several_citations():
    about = Document("a.md", "T", "It rained. " * 30, url="https://a.example/")
    three, one = Citation(3, about, Span(0, 300)), Citation(1, about, Span(11, 21))
    tree = parsed(reader(about, three, one, chosen=3))
    links = tree.xpath(".//ol[@class='marks']/li/a")
    assert [(link.get("href"), link.get("class"), link.get("aria-current")) for link in links] == [
        ("#m-1", "jump", None),
        ("#m-3", "jump here", "true"),
    ]
    assert links[0].text_content() == "sources.number 1 It rained."
    assert len(links[1].find("bdi").text) <= BEGINNING
    assert links[1].find("bdi").text.endswith("…")
    assert len(list(tree.iter("a"))) == 2
    assert list(parsed(reader(about, three, chosen=3)).iter("a", "ol")) == []


def test_a_number_that_no_citation_has_is_nowhere_here():
    about = Document("a.md", "T", "It rained.")
    citations = citations_of(about, (0, 2), (3, 9))
    tree = hold_the_laws(reader(about, *citations, chosen=7), about, citations, chosen=7)
    assert {link.get("class") for link in tree.iter("a")} == {"jump"}


@pytest.mark.parametrize("now", ["It rains now.", "It", ""])
def test_words_that_the_document_no_longer_has_are_never_marked(now):
    before = Document("a.md", "T", "It rained.")
    with pytest.raises(ValueError, match="citation 1 quotes 'rained'"):
        reader(Document("a.md", "T", now), Citation(1, before, Span(3, 9)))


def test_an_empty_quote_is_refused_for_no_mark_could_show_it():
    about = Document("a.md", "T", "It rained.")
    with pytest.raises(ValueError, match="citation 1 quotes ''"):
        reader(about, Citation(1, about, Span(3, 3)))


def test_a_number_stands_for_one_quote_however_often_it_is_given():
    about = Document("a.md", "T", "It rained.")
    it, rained = Citation(1, about, Span(0, 2)), Citation(1, about, Span(3, 9))
    assert reader(about, it, it) == reader(about, it)
    with pytest.raises(ValueError, match="number 1 stands for 'It' and for something else"):
        reader(about, it, rained)


LONG_LINES = "".join(f"{number}: the bridge was closed again.\n" for number in range(2 * WHOLE // 20))
ONE_LINE = LONG_LINES.replace("\n", " ")
TWO_LINES = ONE_LINE[: WHOLE + WHOLE // 5] + "\n" + ONE_LINE[WHOLE + WHOLE // 5 :] + "\n"


@pytest.mark.parametrize("text", [LONG_LINES, ONE_LINE, TWO_LINES], ids=["lines", "one line", "two lines"])
@pytest.mark.parametrize("places", [[], [0], [-10], [WHOLE], [2 * WHOLE], [WHOLE + 3, 5, WHOLE, -30]], ids=str)
def test_of_a_huge_document_what_stands_around_the_marks_is_shown_and_what_is_left_out_is_told(text, places):
    about = Document("a.md", "T", text)
    starts = [place % len(text) for place in places]
    citations = citations_of(about, *((start, start + 10) for start in starts))
    tree = parsed(reader(about, *citations))
    assert quotes_of(tree) == {one.number: one.quote for one in citations}
    assert {cut.text for cut in tree.find_class("cut")} == {"…"}
    first, *others = text_of(tree).split("…")
    assert text.startswith(first)
    position = len(first)
    for piece in others:  # the last is empty if the end is left out
        found = text.index(piece, position + 1) if piece else len(text)
        assert found > position
        position = found + len(piece)
    assert position == len(text)
    assert 0.4 * WHOLE / max(1, len(places)) <= len("".join([first, *others])) <= WHOLE + 10 * len(places)
    if text is LONG_LINES:
        assert all(piece.endswith("\n") for piece in [first, *others] if piece)


def test_a_quote_is_marked_whole_however_long_it_is():
    about = Document("a.md", "T", LONG_LINES)
    citations = citations_of(about, (7, WHOLE + 7), (100, 110))
    tree = parsed(reader(about, *citations))
    assert quotes_of(tree) == {one.number: one.quote for one in citations}


def test_the_longest_document_that_is_shown_whole_is_shown_whole():
    about = Document("a.md", "T", LONG_LINES[:WHOLE])
    assert text_of(parsed(reader(about))) == about.text


@given(*[st.one_of(TEXTS, st.sampled_from([HOSTILE.text, HOSTILE.title, HOSTILE.outlet, HOSTILE.source]))] * 5)
def test_whatever_a_document_carries_nothing_but_text_comes_of_it(text, title, author, url, note):
    about = Document(text, title, text, None, title, author, url)
    citations = [Citation(1, about, Span(0, len(text)), speaker=author), Citation(2, about, Span(0, 1))] if text else []
    tree = hold_the_laws(reader(about, *citations, note=note), about, citations)
    assert tree.find("header/h2").text_content() == title


@pytest.fixture(scope="module")
def attacks():
    """Every document among the shared attacks, as it is and as each loader reads it, with all of it cited."""
    if not ATTACKS.exists():
        pytest.skip("42 attacks by documents were not tried: the shared cases are not here")
    documents, unread = [], []
    for attack in map(json.loads, ATTACKS.read_text(encoding="utf-8").splitlines()):
        if attack["surface"] != "document" or attack["kind"] != "literal":
            continue
        for payload in filter(None, (attack["payload"], attack.get("also_index"))):
            documents.append(Document(attack["id"], payload, payload))
            for suffix in (".txt", ".md", ".html"):
                try:
                    (loaded,) = load_bytes(payload.encode(), name=f"a{suffix}", source=attack["id"] + suffix)
                except SkippedFile:
                    unread.append(attack["id"] + suffix)
                else:
                    documents.append(loaded)
    print(f"{len(documents)} documents of attacks are shown; not readable: {unread}")
    return [(about, every_sentence(about)) for about in documents]


def every_sentence(about):
    spans = [one.span for one in split_sentences(about)]
    whole = [Span(0, len(about.text))] if about.text else []
    crossing = [Span(one.start + 1, two.end) for one, two in pairwise(spans)]
    return [Citation(number, about, span) for number, span in enumerate([*spans, *crossing, *whole], 1)]


def test_an_attack_by_a_document_is_only_words(attacks):
    for about, citations in attacks:
        hold_the_laws(reader(about, *citations), about, citations)


@pytest.fixture(scope="module")
def blank():
    """A blank page of a real browser that is quiet: nothing asked for, nothing run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here; install the distribution's `chromium`")
    from playwright.sync_api import sync_playwright

    noise = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda one: noise.append(one.url))
        page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
        page.set_content("<!doctype html><style>.text { white-space: pre-wrap; font: 20px monospace }</style>")
        yield page
        browser.close()
    assert noise == []


SHOW = """html => {
    document.body.innerHTML = html
    const codes = one => [...one.textContent].map(character => character.codePointAt(0))
    return {
        text: codes(document.querySelector('.text')),
        marks: [...document.querySelectorAll('mark')].map(mark => [mark.className, codes(mark)]),
        ids: [...document.querySelectorAll('[id]')].map(one => one.id),
        tags: [...document.body.querySelectorAll('*')].map(one => one.localName),
        pwned: window.pwned || null,
    }
}"""


def shown_in_a_browser(page, about, citations):
    seen = page.evaluate(SHOW, reader(about, *citations))
    assert "".join(map(chr, seen["text"])) == about.text
    quotes = {one.number: "" for one in citations}
    for names, codes in seen["marks"]:
        for number in re.findall(r"m-(\d+)", names):
            quotes[int(number)] += "".join(map(chr, codes))
    assert quotes == {one.number: one.quote for one in citations}
    assert sorted(seen["ids"]) == sorted(f"m-{one.number}" for one in citations)
    assert set(seen["tags"]) <= TAGS
    assert seen["pwned"] is None


def test_a_browser_shows_every_character_and_every_mark(blank):
    for text in [*NASTY.values(), HOSTILE.text]:
        about = Document("a.md", HOSTILE.title, text, outlet=HOSTILE.outlet)
        spans = [(start, min(start + 9, len(text))) for start in range(0, len(text), 6)]
        citations = citations_of(about, *spans, *([(0, len(text))] if text else []))
        shown_in_a_browser(blank, about, citations)


def test_a_browser_makes_nothing_of_an_attack(blank, attacks):
    for about, citations in attacks:
        shown_in_a_browser(blank, about, citations)


LEFT_EDGES = """number => [...document.querySelectorAll('.text > p')[number].firstChild.data.trimEnd()].map((_, at) => {
    const range = document.createRange()
    range.setStart(document.querySelectorAll('.text > p')[number].firstChild, at)
    range.setEnd(document.querySelectorAll('.text > p')[number].firstChild, at + 1)
    return range.getBoundingClientRect().left
})"""


def test_an_unclosed_override_turns_its_own_line_only(blank):
    blank.evaluate(SHOW, reader(Document("a.md", "T", f"{RLO}abc\ndef\n\nשלום")))
    first, second, third = (blank.evaluate(LEFT_EDGES, number) for number in range(3))
    assert first[1:] == sorted(first[1:], reverse=True)
    assert second == sorted(second)
    assert third == sorted(third, reverse=True)
    assert min(third) > max(second)


def test_how_long_it_takes_to_show_a_megabyte_with_fifty_citations_is_told():
    for length in (WHOLE, 10 * WHOLE):
        text = (("The bridge was closed on Monday, “the council” said & nobody <i>minded</i>. " * 5 + "\n\n") * 30_000)[
            :length
        ]
        about = Document("a.md", "T", text)
        citations = citations_of(about, *((at, at + 300) for at in range(0, len(text) - 300, len(text) // 50)))
        began = time.perf_counter()
        html = reader(about, *citations)
        took = time.perf_counter() - began
        print(f"{len(text):,} characters, {len(citations)} citations: {took:.3f} s, {len(html):,} out")
