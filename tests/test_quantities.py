"""Laws of quantities: numbers are compared as values with units, and a hedge allows only what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.quantities import calendar, quantities, spelled_out


def bears_out(source, claim):
    return all(any(one.agrees(other) for other in quantities(source)) for one in quantities(claim))


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("$90bn of arms", "$90 billion of arms"),
        ("a rise of 4.5 per cent", "a rise of 4.5%"),
        ("eleven soldiers", "11 soldiers"),
        ("1,250 jobs", "1250 jobs"),
        ("the war, nearly four years old", "a nearly four-year war"),
        ("113,067 cases", "more than 113,000 cases"),
        ("89 people", "nearly 90 people"),
        ("more than 900 people", "over 900 people"),
    ],
)
def test_the_same_number_in_another_dress_agrees(source, claim):
    assert bears_out(source, claim)


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("$90bn", "$90m"),
        ("$90bn", "€90bn"),
        ("20%", "20 years"),
        ("more than 900 people", "fewer than 900 people"),
        ("113,067 cases", "more than 114,000 cases"),
        ("113,067 cases", "113,000 cases"),
        ("a thousand people, 400 of them children", "more than 40 people"),
    ],
)
def test_another_number_or_unit_does_not_agree(source, claim):
    assert not bears_out(source, claim)


def test_months_and_days_are_found_but_the_verb_may_is_not():
    assert calendar("On Tuesday, 5 May or Sept. 3, it may rain in june.") == {"tuesday", "may", "september", "june"}
    assert calendar("It may rain.") == frozenset()


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("It cost $6bn, or 4.5 per cent.", "It cost $6 billion, or 4.5%."),
        ("a £310m deal", "a £310 million deal"),
        ("10k runners on 3-million-year-old rocks", "10 thousand runners on 3-million-year-old rocks"),
        ("nothing to spell", "nothing to spell"),
    ],
)
def test_numbers_are_spelled_one_way(written, spelled):
    assert spelled_out(written) == spelled
    assert spelled_out(spelled) == spelled


@given(st.text(max_size=80))
def test_a_quantity_stands_where_it_says_and_agrees_with_itself(text):
    for one in quantities(text):
        assert one.span.of(text) == one.text
        assert one.agrees(one)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_plain_numbers_agree_only_when_they_are_equal(one, other):
    assert bears_out(f"{one:,} votes", f"{other} votes") == (one == other)
