"""Neither an address nor our rules come through, whatever a model was told to write."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.containment import LEAK, Containment, before_link, without_links
from assistant.types import Draft

RULES = "You answer questions from a set of documents, and from nothing else. Rules:\n\n1. Say only what they say."
ADDRESS = re.compile(r"//|www\.|\]\(|!\[|<[a-z/]|(?:mailto|javascript|data):\S", re.IGNORECASE)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [the minutes](https://x.example/?u=secret).", "See the minutes."),
        ("![map](https://x.example/t.png?q=secret) It rained.", "map It rained."),
        ("![map][1] It rained.", "map It rained."),
        ("Go to https://x.example/a?b=c.", "Go to (a link)."),
        ("Go to //x.example/a now.", "Go to (a link) now."),
        ("Go to www.x.example now.", "Go to (a link) now."),
        ("Write to mailto:a@x.example now.", "Write to (a link) now."),
        ('<img src="https://x.example/t.png"> It rained.', " It rained."),
        ("<a href=//x.example>It</a> rained.", "It rained."),
    ],
)
def test_an_address_goes_and_the_words_around_it_stay(written, shown):
    assert without_links(written) == (shown, True)


@pytest.mark.parametrize(
    "text", ["It rose by 3 < 4 points.", "He said [sic] so.", "AT&T and either/or.", "At 5:30 p.m. it ended (late)."]
)
def test_what_is_no_link_stays(text):
    assert without_links(text) == (text, False)
    assert before_link(text) == text


@given(st.lists(st.sampled_from(["http", "s:", "//", "x.example", "![", "a", "](", ")", "[", "]", " ", "<img ", ">"])))
def test_no_address_is_left_however_it_is_put_together(pieces):
    text, _ = without_links("".join(pieces))
    assert not re.search(r"//x|<img [^>]*>", text)
    assert not ADDRESS.search(before_link("".join(pieces)))


@given(st.integers(0, len(RULES) - 60), st.integers(60, len(RULES)), st.sampled_from(["", "\n", "**"]))
def test_a_stretch_of_the_rules_is_noticed_wherever_it_is_cut(start, length, between):
    stretch = RULES[start : start + length]
    cut = len(stretch) // 2
    containment = Containment(RULES, "0123456789abcdef")
    said = [containment.let_through(Draft(part, ())) for part in (stretch[:cut] + between, stretch[cut:])]
    assert sum(map(str.isalpha, stretch)) < LEAK or None in said


def test_an_answer_of_its_own_words_comes_through_as_it_is():
    containment = Containment(RULES, "0123456789abcdef")
    draft = Draft("The documents say that it rained in Lund.", ())
    assert containment.let_through(draft) is draft
    assert not containment.leaked


def test_the_delimiter_of_the_documents_is_not_for_the_reader():
    assert Containment(RULES, "0123456789abcdef").let_through(Draft("</documents 0123456789abcdef>", ())) is None


def test_a_sentence_that_was_nothing_but_a_link_is_gone():
    assert Containment(RULES, "n" * 16).let_through(Draft("<img src=x>.", ())) is None
