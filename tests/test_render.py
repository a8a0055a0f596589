import datetime
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.history import Exchange
from assistant.types import Answer, Citation, Claim, Claimed, Disagreement, Judgement, Searched
from assistant.web import cards, render
from assistant.web.growing import Growing
from assistant.web.sources import sources_html, surroundings
from assistant.web.words import words_for
from vectorstore.originals import Copy
from vectorstore.types import Document, Filters, Landmark, Span

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=//evil.example/x onerror=alert(1)>",
    "![x](https://evil.example/x.png)",
    "![x][r]\n\n[r]: https://evil.example/x.png",
    "[x](javascript:alert(1))",
    "<https://evil.example>",
    "<svg/onload=alert(1)>",
    "<a href='//evil.example' style='position:fixed;inset:0'>x</a>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "</mark></blockquote></li></ol></details><form action=//evil.example><input>",
    '" onmouseover="alert(1)',
    "<style>*{background:url(//evil.example)}</style>",
    "$$\\href{javascript:alert(1)}{x}$$ ```mermaid\ngraph```",
]
EN = words_for(None)
NOW = datetime.datetime(2025, 8, 18, tzinfo=datetime.UTC)
WORDS = st.text(min_size=1, max_size=60) | st.sampled_from(HOSTILE)
ALLOWED = {
    *"h1 h2 h3 h4 p div span br strong em code sup a ul ol li details summary blockquote mark bdi button".split()
}


class Seen(HTMLParser):
    """Every element and attribute that a browser would make, and the text it would show."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.text, self.marks = set(), set(), "", []
        self._in_mark = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.attributes |= {(name, value) for name, value in attributes}
        if tag == "mark":
            self.marks.append("")
            self._in_mark = True

    def handle_endtag(self, tag):
        self._in_mark = self._in_mark and tag != "mark"

    def handle_data(self, text):
        self.text += text
        if self._in_mark:
            self.marks[-1] += text


def safe(html):
    seen = Seen(html)
    assert seen.elements <= ALLOWED
    assert {name for name, _ in seen.attributes} <= {"class", "id", "dir", "title", "href", "value", "start", "type"}
    assert all(re.fullmatch(r"#[sn]-\d+-\d+", value) for name, value in seen.attributes if name == "href")
    return seen


def document(text="It rained. The bridge was closed. Nobody minded.", **fields):
    return Document("bridge.md", fields.pop("title", "The bridge"), text, **fields)


def answer(*said, verdict="supported", reasons=(), state="complete", notice=None, answerer="extractive", about=None):
    """An answer whose claims all cite the same words of one document."""
    about = about or document(published=datetime.date(2025, 8, 18), outlet="The Wire")
    cited = Citation(1, about, Span(11, 33))
    text, claims = "", []
    for lead, words in said:
        start = len(text) + len(lead)
        claims.append(Claim(words, Span(start, start + len(words)), (1,), Judgement(verdict, 0.5, reasons)))
        text += f"{lead}{words} [1]"
    searched = Searched("bridge", Filters(), 20, (cited,))
    citations = (cited,) if claims else ()
    return Answer(state, "q", "bridge", text, tuple(claims), citations, searched, answerer, model="m", notice=notice)


@given(WORDS, WORDS, WORDS)
def test_whatever_is_said_nothing_but_text_comes_of_it(words, title, text):
    about = document("x" * 12 + text + "y" * 40, title=title, outlet=title, author=text)
    for answerer in ("extractive", "model"):
        said = answer(
            ("", words),
            ("\n- ", words),
            reasons=(words,),
            notice=title,
            verdict="unsupported",
            answerer=answerer,
            about=about,
        )
        disputed = replace(said, disagreements=(Disagreement((1, 7), text),))
        safe(render.exchange_html(Exchange(1, words, Filters((title,)), NOW, disputed), words, EN))
    safe(render.exchange_html(Exchange(1, words, Filters((title,)), NOW, error=text), words, EN))
    safe(render.question_html(words, 1, EN))
    safe(render.status_html(words))
    safe(cards.error_html(words, EN))
    safe(render.growing_html(Growing().written(words), 1, EN, markdown=True))


@pytest.mark.parametrize("words", ["if a<b then **stay**", "_x_ <b>y</b> &amp; \\*", "# not a heading", "line\nline"])
def test_a_question_is_shown_as_it_was_typed(words):
    assert safe(render.question_html(words, 1, EN)).text == words + EN("action.edit")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_a_quoted_sentence_is_shown_as_the_document_has_it(words):
    assert words in safe(render.answer_html(answer(("", words)), 1, EN)).text


def test_where_sources_disagree_each_side_stands_with_who_says_it_when_and_its_footnote():
    about = document(published=datetime.date(2025, 8, 18), outlet="The Wire")
    sides = (Citation(1, about, Span(11, 33), "Ann <Lee>"), Citation(2, about, Span(0, 10)))
    said = answer(("", "One."), about=about)
    disputed = replace(said, citations=sides, disagreements=(Disagreement((1, 2, 7), "how long: <i>six</i> weeks"),))
    html = render.answer_html(disputed, 3, EN)
    seen = safe(html)
    assert "The sources disagree" in seen.text
    assert "how long: <i>six</i> weeks" in seen.text
    assert "Ann <Lee> · The Wire · 18 Aug 2025" in seen.text
    card = html[html.index("disagreement") : html.index("<details")]
    assert sides[0].quote in card
    assert sides[1].quote in card
    assert ("href", "#s-3-2") in seen.attributes
    assert "The sources disagree" not in safe(render.answer_html(said, 3, EN)).text


def test_a_models_markdown_is_rendered_within_its_sentence():
    html = render.answer_html(answer(("", "It is **closed**, says `a<b`."), answerer="model"), 1, EN)
    assert "<strong>closed</strong>" in html
    assert "<code>a&lt;b</code>" in html
    assert '<span class="said">It is <strong>' in html


def test_the_lead_of_a_claim_makes_paragraphs_and_lists():
    html = render.answer_html(
        answer(("", "One."), (" ", "Two."), ("\n\n", "Three."), ("\n\n- ", "Four."), ("\n- ", "Five.")), 1, EN
    )
    assert re.findall(r"<(?:p dir|ul|li dir)", html)[:5] == ["<p dir", "<p dir", "<ul", "<li dir", "<li dir"]
    assert html.count("<ul>") == 1


def test_markup_in_a_lead_that_is_not_understood_is_shown_rather_than_lost():
    assert "&gt; quoted:" in render.answer_html(answer(("", "One."), ("\n> quoted: ", "Two.")), 1, EN)


@given(st.data())
def test_the_marked_characters_are_exactly_the_quote(data):
    text = data.draw(st.text(alphabet=st.sampled_from("ab .!?\n“”<&é\u0301\u202e😀"), min_size=1, max_size=900))
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    cited = Citation(1, document(text), span)
    nearest = Answer("abstained", "q", "q", "No.", (), (), Searched("q", Filters(), 1, (cited,)), "extractive")
    assert safe(render.answer_html(nearest, 1, EN)).marks == [span.of(text)]


@given(st.text(max_size=800), st.integers(0, 800), st.integers(0, 200))
def test_the_surroundings_hold_the_quote_and_no_more_than_their_reach(text, start, length):
    span = Span(min(start, len(text)), min(start + length, len(text)))
    around = surroundings(text, span, 100)
    assert around.covers(span)
    assert span.start - around.start <= 100
    assert around.end - span.end <= 100
    assert around.end <= len(text)


def test_the_surroundings_are_whole_sentences():
    text = "Mr. Long said a lot before. He went on. The bridge was closed. It rained. After that nothing happened."
    quoted = "The bridge was closed."
    start = text.index(quoted)
    around = surroundings(text, Span(start, start + len(quoted)), 20)
    assert around.of(text) == "He went on. The bridge was closed. It rained."


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("partly_supported", "Partly supported"),
        ("unsupported", "Not supported"),
        ("uncited", "No source"),
        ("unchecked", "Not checked"),
    ],
)
def test_a_verdict_is_a_word_with_its_reason_not_a_colour(verdict, words):
    seen = safe(render.answer_html(answer(("", "One."), verdict=verdict, reasons=("number: 9 is not there",)), 1, EN))
    assert words in seen.text
    assert "number: 9 is not there" in seen.text


def test_a_supported_sentence_carries_its_numbers_and_nothing_else():
    html = render.answer_html(answer(("", "One.")), 3, EN)
    assert '<a class="cite" href="#s-3-1"' in html
    assert 'id="s-3-1"' in html
    assert 'class="verdict"' not in html


def test_the_summary_counts_sentences_documents_and_says_how_new_they_are():
    assert render.summary(answer(("", "One.")), EN) == "✓ 1 sentence, quoted from 1 document · source of 18 Aug 2025"
    written = answer(("", "One."), (" ", "Two."), answerer="model")
    assert render.summary(written, EN).startswith("✓ 2 sentences, all supported by 1 document · ")
    two = answer(("", "One."), (" ", "Two."), verdict="unsupported")
    assert render.summary(two, EN) == "2 sentences: ✕ 2 not supported · 1 document · source of 18 Aug 2025"


def test_a_source_says_where_it_stands_and_who_says_it():
    text = "Bridges\n\nThe bridge was closed."
    about = document(text, landmarks=(Landmark("heading", "Bridges", Span(0, 7)),), outlet="The Wire")
    cited = Citation(1, about, Span(9, 31), speaker="Ann Lee")
    nearest = Answer("abstained", "q", "q", "No.", (), (), Searched("q", Filters(), 1, (cited,)), "extractive")
    seen = safe(render.answer_html(nearest, 1, EN))
    assert "The Wire · Bridges" in seen.text
    assert "Said by Ann Lee" in seen.text


def test_an_abstention_says_so_and_what_was_searched():
    seen = safe(render.answer_html(answer(state="abstained", notice="Nobody was asked."), 1, EN))
    assert "The documents do not say" in seen.text
    assert "Looked through 20 passages for “bridge”." in seen.text
    assert seen.marks == ["The bridge was closed."]


@pytest.mark.parametrize(
    ("state", "word"), [("partial", "Incomplete"), ("truncated", "Cut short"), ("stopped", "Stopped")]
)
def test_an_answer_that_is_not_whole_says_so(state, word):
    seen = safe(render.answer_html(answer(("", "One."), state=state, notice="It broke off."), 1, EN))
    assert f"{word}. It broke off." in seen.text


def test_unverified_text_reads_as_such_and_a_verified_sentence_takes_its_place():
    finished = answer(("", "One."))
    growing = Growing().written("On").written("e.")
    assert "not checked yet" in render.growing_html(growing, 1, EN, markdown=False)
    growing = growing.claimed(Claimed("", finished.claims[0], " [1]", finished.citations))
    assert growing.text == finished.text
    assert "not checked yet" not in render.growing_html(growing, 1, EN, markdown=False)


def test_a_source_names_the_copies_that_hold_its_sentence_as_text():
    copies = tuple(Copy(f"{n}.md", "T", "<b>Wire</b>" if n == 1 else None, datetime.date(2025, 8, n)) for n in (1, 2))
    alone = Citation(1, document(), Span(11, 33))
    assert "documents:" not in sources_html([alone], 1, EN)
    two = sources_html([replace(alone, also=copies)], 1, EN)
    assert (
        "Also in 2 other documents: <bdi>&lt;b&gt;Wire&lt;/b&gt;, 1 Aug 2025</bdi> · <bdi>2.md, 2 Aug 2025</bdi>" in two
    )
    many = sources_html([replace(alone, also=copies * 6)], 1, words_for("uk"))
    assert "Також ще в 12 документах" in many
    assert many.count("<bdi>&lt;b&gt;") + many.count("<bdi>2.md") == 5
    assert "· …</p>" in many
