"""Laws of names: what is one, what is none, and when two mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.names import names, nation, same_name, shortened, without_title
from vectorstore.words import terms


def found(text, known=()):
    return [name.text for name in names(text, known=frozenset(known))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The minister met Anna Rudolf in Oslo on Monday.", ["Anna Rudolf", "Oslo"]),
        ("No, Trump said in May.", ["Trump"]),
        ("However, Mr. Brown left.", ["Mr. Brown"]),
        ("Yes, One Direction split.", ["Direction"]),
        ("In Moscow the Foreign Ministry repeated it.", ["Moscow", "Foreign Ministry"]),
        ("Jeffrey N. Trimble of the Bank of England spoke.", ["Jeffrey N. Trimble", "Bank of England"]),
        ("The Putin-Zelensky meeting", ["Putin-Zelensky"]),
        ("The mayor praised Norda’s director Eva Lind.", ["Norda", "Eva Lind"]),
        ("It was the WHO that warned the U.S. about it.", ["WHO", "U.S."]),
    ],
)
def test_names_are_runs_of_capitalised_words_without_openers_and_days(text, expected):
    assert found(text) == expected


def test_a_headline_in_capitals_holds_only_names_that_are_known():
    headline = "TRUMP SAYS PUTIN AGREED TO DEAL IN ALASKA"
    assert found(headline) == []
    assert found(headline, {"trump", "putin", "alaska"}) == ["TRUMP", "PUTIN", "ALASKA"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Steve Witkoff", "Witkoff"),
        ("Mr. Trump", "President Donald Trump"),
        ("Russia", "Russian Foreign Ministry"),
        ("Moscow", "Russia"),
        ("United States", "U.S."),
        ("Putin-Zelensky", "Zelensky"),
    ],
)
def test_forms_of_one_name_are_the_same_both_ways(one, other):
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("Rutte", "Macron"), ("Russia", "Russian President Putin"), ("Anna Rudolf", "Peter Rudolf")]
)
def test_different_names_are_not_the_same(one, other):
    assert not same_name(one, other)


def test_a_title_is_no_part_of_a_persons_name_but_of_a_bodys():
    assert without_title("NATO Secretary General Mark Rutte") == "Mark Rutte"
    assert without_title("Republican Party") == "Republican Party"
    assert shortened("the United Nations and the European Union") == "the UN and the EU"


@given(st.text(max_size=200))
def test_every_name_stands_where_it_says(text):
    for name in names(text):
        assert name.span.of(text) == name.text


@pytest.mark.parametrize(("one", "other"), [("Ukraine", "Ukrainian"), ("France", "French"), ("Europe", "European")])
def test_a_stem_is_of_the_same_nation_as_its_word(one, other):
    assert nation(terms(one)[0].text) == nation(terms(other)[0].text) == one.lower()
