import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.amounts import amounts
from assistant.contrast import Said, contrasts
from assistant.moments import moments
from assistant.types import Evidence
from vectorstore.sentences import split_sentences
from vectorstore.types import Document

TITLE = "The harbour bridge and the mill"


def said(text, source="one.md", published=None, title=TITLE):
    document = Document(source, title, text, published)
    return Said(Evidence("S1", document, split_sentences(document)[0]))


def found(one, other, **fields):
    return [(contrast.kind, contrast.asks, contrast.here, contrast.there) for contrast in both(one, other, **fields)]


def both(one, other, days=(None, None)):
    return [*contrasts(said(one, published=days[0]), said(other, "two.md", published=days[1]))]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            "The bridge will be closed for six weeks.",
            "The bridge will stay closed for nine weeks, the harbour master said.",
            ("number", "how long", "six weeks", "nine weeks"),
        ),
        (
            "The mill will cut 340 jobs, its owner said.",
            "The mill will cut 500 jobs.",
            ("number", "how many jobs", "340", "500"),
        ),
        ("The bridge will cost $4 million.", "The bridge will cost $9m.", ("number", "how much", "$4 million", "$9m")),
        ("The bridge reopens on 9 May.", "On 16 May the bridge reopens.", ("date", "when", "9 May", "16 May")),
        ("The mill opened in 1902.", "The mill was opened in 1911.", ("date", "when", "1902", "1911")),
        (
            "The mill dumped waste into the river.",
            "Norra denied that the mill dumped waste into the river.",
            ("denial", "The mill dumped waste into the river.", "yes", "no"),
        ),
        (
            "The mayor did not know about the rust.",
            "The mayor had known about the rust.",
            ("denial", "The mayor had known about the rust.", "no", "yes"),
        ),
    ],
)
def test_another_number_day_or_a_denial_of_the_same_is_a_contrast_seen_from_either_side(one, other, expected):
    kind, asks, here, there = expected
    assert found(one, other)[0] == expected
    assert found(other, one)[0] == (kind, asks, there, here)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Some 300 people came to the meeting.", "Exactly 298 people came to the meeting."),
        ("The bridge will cost $4 million.", "The bridge will cost $4.2 million."),
        ("At least 12 people were hurt on the bridge.", "On the bridge 20 people were hurt."),
        ("The mill has more than 300 workers.", "The mill has 340 workers."),
        ("The bridge will be closed for two months.", "The bridge will be closed for nine weeks."),
        ("The bridge will be closed for six to nine weeks.", "The bridge will be closed for four weeks."),
        ("The mill will cut 340 jobs.", "The mill will cut another 90 jobs."),
        ("The mill will cut 340 jobs.", "The mill initially planned to cut 500 jobs."),
        ("The mill will cut 340 jobs.", "The mill will cut 340 of its 1,200 jobs."),
        ("The mill lost $3 million in the first quarter.", "The mill lost $5 million in the second quarter."),
        ("The bridge was closed for two weeks in 1998.", "The bridge will be closed for six weeks."),
        ("The bridge was closed for six weeks.", "The bridge will be closed for nine weeks."),
        ("The mill pays 40 dollars (about 38 euros) a day.", "The mill pays 41 euros a day."),
        ("Share prices of the mill rose 5%.", "Share prices of the mill rose 7%."),
        ("The E85 engine of the mill has 40 valves.", "The Norra 170 engine of the mill has 40 valves."),
    ],
    ids=lambda text: text[:40],
)
def test_a_rounding_a_bound_a_revision_or_another_time_is_no_contrast(one, other):
    assert found(one, other) == found(other, one) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The minister spoke of the bridge on Monday.", "The harbour master said on Tuesday that the bridge is old."),
        ("The spring festival at the bridge opens on 9 May.", "The book festival at the bridge opens on 23 May."),
        ("The bridge must open before 9 May.", "The bridge opens on 3 May."),
        ("The 2018 survey of the bridge found rust.", "The 2016 survey of the bridge found rust."),
        ("Anna Holm visited the bridge on 9 May.", "Per Lind visited the bridge on 16 May."),
    ],
    ids=lambda text: text[:40],
)
def test_dates_of_different_events_are_no_contrast(one, other):
    assert found(one, other) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("He said that the bridge is not safe and must close.", "She said that the bridge is not safe and must close."),
        ("The mill is far from finished.", "The mill is not finished."),
        ("Will the bridge be closed?", "The bridge will not be closed."),
        ("Norra said the mill “did not dump waste into the river”.", "Norra said the mill did not dump waste."),
        ("It was not until May that the bridge was closed.", "The bridge was not closed until May."),
    ],
    ids=lambda text: text[:40],
)
def test_two_that_say_no_a_question_and_a_near_denial_are_no_contrast(one, other):
    assert found(one, other) == []


def test_a_page_without_a_full_stop_is_not_looked_at_however_long():
    page = "not closed, " * 20_000 + "the bridge will be closed for nine weeks."
    assert found("The bridge will be closed for six weeks.", page) == []


def test_friday_is_the_same_friday_only_in_articles_of_one_week():
    days = [datetime.date(2025, 3, day) for day in (3, 5, 28)]
    texts = ("The bridge reopens on Friday.", "The bridge reopens on Saturday.")
    assert found(*texts, days=(days[0], days[1])) == [("date", "when", "Friday", "Saturday")]
    assert found(*texts, days=(days[0], days[2])) == []


def test_short_sentences_need_titles_that_share_a_word():
    one, other = said("Tickets cost $3.", title="Extra ferry"), said("A ticket costs $40.", "b.md", title="Festival")
    assert [*contrasts(one, other)] == []


TEXT = st.text(alphabet=st.sampled_from("$4 2,.%–-()abnot Maydw1930s’“”é🙂\n"), max_size=60)


@given(TEXT, TEXT)
def test_amounts_and_dates_are_the_characters_of_their_spans_and_a_sentence_never_contrasts_with_itself(one, other):
    for text in (one, other):
        assert all(amount.span.of(text) == amount.text for amount in amounts(text))
        assert all(moment.span.of(text) == moment.text for moment in moments(text))
    if split_sentences(Document("a", "", one)):
        assert found(one, one) == []


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_that_two_numbers_differ_does_not_depend_on_which_comes_first(one, other):
    (here,), (there,) = amounts(f"It took {one:,} workers."), amounts(f"It took {other:,} workers.")
    assert here.differs(there) == there.differs(here)
    assert not here.differs(here)
