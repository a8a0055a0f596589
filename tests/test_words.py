import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.words import any_of, query_terms, stems, terms


def texts(text):
    return [term.text for term in terms(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("U.S.", "US"),
        ("the U.S.'s", "the US"),
        ("$90", "90"),
        ("90%", "90"),
        ("1,234,567", "1234567"),
        ("Trump's", "Trump"),
        ("Trump’s", "trump"),
        ("don’t", "don't"),
        ("Erdoğan", "Erdogan"),
        ("İstanbul", "istanbul"),
        ("CAFE\u0301", "café"),
        ("hot-mic", "hot mic"),
        ("denied", "denies"),
        ("CO₂", "co2"),
        ("$90bn", "90 bn"),
        ("Straße", "STRASSE"),
    ],
)
def test_two_spellings_of_a_word_meet(one, other):
    assert texts(one) == texts(other)


@pytest.mark.parametrize(("one", "other"), [("3.5", "35"), ("G7", "G20"), ("war", "peace"), ("का", "की")])
def test_different_words_stay_apart(one, other):
    assert texts(one) != texts(other)


def test_a_list_of_numbers_is_not_one_number():
    assert texts("1,2,3 and 1,000") == ["1", "2", "3", "and", "1000"]


def test_words_of_other_scripts_are_found_as_they_are_written():
    assert texts("हिन्दी में") == ["हिन्दी", "में"]
    assert texts("Переговоры") == ["переговоры"]
    assert "京" in texts("東京タワー")


def test_a_query_loses_its_stop_words_but_not_the_country_or_a_name_in_capitals():
    assert query_terms("What did the US say about it?") == ("us", "say")
    assert query_terms("What does the WHO say?") == ("who", "say")
    assert query_terms("WHAT IS THE ANSWER?") == ("answer",)


def test_a_query_of_nothing_but_stop_words_keeps_them():
    assert query_terms("To be, or not to be?") == ("to", "be", "or", "not")


def test_a_query_without_words_has_no_terms():
    assert query_terms("?! …") == ()
    assert any_of(query_terms("?! …")) == ""


@given(st.text())
def test_stems_are_the_terms_with_their_spellings(text):
    assert list(stems(text)) == [(term.text, term.span.of(text)) for term in terms(text)]


@given(st.text())
def test_spans_are_in_order_and_hold_a_letter_or_a_digit(text):
    end = 0
    for term in terms(text):
        assert end <= term.span.start < term.span.end
        assert any(character.isalnum() for character in term.span.of(text))
        end = term.span.end


@given(st.text())
def test_a_term_is_never_empty_and_holds_nothing_that_the_full_text_index_would_split_at(text):
    for word in texts(text):
        assert word
        assert all(not character.isascii() or character.isalnum() or character == "." for character in word)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=5))
def test_the_full_text_index_sees_exactly_our_terms(pieces):
    expected = {word for piece in pieces for word in texts(piece)}
    connection = sqlite3.connect(":memory:")
    connection.execute("""CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = "ascii tokenchars '.'")""")
    connection.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row)")
    for piece in pieces:
        connection.execute("INSERT INTO words VALUES (?)", (" ".join(texts(piece)),))
    assert {term for (term,) in connection.execute("SELECT term FROM vocabulary")} == expected
    for word in expected:
        assert connection.execute("SELECT 1 FROM words WHERE words MATCH ?", (any_of([word]),)).fetchone()
    connection.close()
