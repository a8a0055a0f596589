"""Laws of polarity: taking the other side is noticed, and a "not" elsewhere is no reason to reject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.edits import edits
from assistant.polarity import accomplished, denies, opposed, overstated


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The ministry welcomed the plan.", "The ministry rejected the plan."),
        ("The ministry did not pay.", "The ministry paid on Monday."),
        ("Norway asked for a delay.", "Norway denied that it asked for a delay."),
        ("Profits rose at the bank.", "At the bank, profits fell."),
        ("The party lost in Leeds.", "The party won in Leeds."),
        ("They answered the letter.", "They have not answered the letter."),
    ],
)
def test_the_other_side_is_noticed(claim, source):
    assert opposed(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The ministry paid on Monday.", "The ministry, which is not rich, paid on Monday."),
        ("He paid for the house and the car.", "He paid not only for the house but for the car."),
        ("The talks were without result.", "The talks did not bring a result."),
        ("The law is against fishing in the lake.", "Under the law nobody may fish in the lake."),
        ("The firm did not keep its promise.", "The firm failed to keep its promise."),
        ("Workers object to the plan.", "Workers oppose the plan."),
        ("The fight against crime goes on.", "The fight on crime goes on."),
        ("It has no more than ten members.", "It lacks members: it has ten at most."),
        ("The rise of the party surprised many.", "Turnout was down, but the rise of the party surprised many."),
    ],
)
def test_the_same_side_in_other_words_is_not_opposed(claim, source):
    assert opposed(claim, source) is None


def test_a_plain_fact_overstates_a_hedged_one():
    assert overstated("The company closes its plant.", "The company may close its plant.") == "may"
    assert overstated("The company may close its plant.", "The company may close its plant.") is None
    assert overstated("The state ruled out a sale.", "The state would not sell.") is None


def test_a_denial_inside_the_quotation_is_not_left_out():
    source = "They will not rebuild the bridge. Lund called hopes of that “impossible”."
    assert opposed("Lund called hopes to rebuild the bridge a mistake.", source)
    assert opposed("Lund called hopes to rebuild the bridge “”.", source, quoted="impossible") is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The firm has purchased ten ships.", "The firm would consider purchasing ten ships."),
        ("The council repaired the road.", "The council may repair the road."),
        ("The bank has closed its branch.", "The bank plans to close its branch."),
    ],
)
def test_what_may_be_done_has_not_been_done(claim, source):
    assert accomplished(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The firm may have purchased ten ships.", "The firm would consider purchasing ten ships."),
        ("The firm purchased ten ships.", "The firm is said to have purchased ten ships and could sell them."),
        ("The firm named ten ships.", "The firm would consider purchasing ten ships."),
        ("The council repaired the road.", "The council may repair the road again; it had to repair it in May."),
    ],
)
def test_what_was_done_is_not_taken_for_what_may_be(claim, source):
    assert accomplished(claim, source) is None


def test_not_only_denies_nothing():
    assert denies("He did not come.")
    assert not denies("He came not only once.")


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Putin told Trump that he must stop.", "Trump told Putin that he must stop."),
        ("Sales rose from 5% to 3% last year.", "Sales rose from 3% to 5% last year."),
        ("The court said it would hear the case.", "The court said it would not hear the case."),
        ("The court accepted the case on Monday.", "The court rejected the case on Monday."),
        ("Trump met Rutte before the summit in Paris.", "Trump met Rutte after the summit in Paris."),
    ],
)
def test_an_edit_of_a_repeated_sentence_is_noticed(claim, source):
    assert list(edits(claim, source, known=frozenset({"putin", "trump"})))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Putin and Trump met in Alaska.", "Trump and Putin met in Alaska."),
        ("Putin was invited by Trump to Alaska for talks.", "Trump invited Putin to Alaska for talks."),
        ("Sales rose by $90 billion in 2004.", "Sales rose by $90bn in 2004."),
        ("The U.S. met Moscow in Geneva.", "The United States met Russia in Geneva."),
        ("The court does not support the plan.", "The court opposes the plan."),
    ],
)
def test_a_paraphrase_is_no_edit(claim, source):
    assert not list(edits(claim, source, known=frozenset({"putin", "trump"})))


@given(st.text(max_size=80))
def test_nothing_is_opposed_to_itself(text):
    assert opposed(text, text) is None
    assert not list(edits(text, text, known=frozenset()))
