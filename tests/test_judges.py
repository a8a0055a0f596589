"""How texts are laid out for the judges, and that the network says the same of a text whatever stands beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped import JUDGES

from assistant.judges import CLS, LONGEST_PAIR, LONGEST_PASSAGE, SEP, SUPPORTED, pair_row, passage_rows

PAIRS = [
    ("The bridge fell.", "The bridge at Halden fell in March."),
    ("The bridge stands.", "The bridge at Halden fell in March, and nobody was hurt. " * 8),
    ("Nobody was hurt.", "Nobody."),
]
words = st.lists(st.integers(1000, 20000), max_size=300)


@given(words, words)
def test_a_pair_is_never_longer_than_the_network_reads_and_keeps_its_beginnings(claim, text):
    row = pair_row(claim, text)
    assert len(row.ids) == len(row.types) <= LONGEST_PAIR
    assert row.ids[0] == CLS
    assert row.ids.count(SEP) == 2
    first = row.types.index(1)
    assert claim[: first - 2] == row.ids[1 : first - 1]
    assert text[: len(row.ids) - first - 1] == row.ids[first:-1]


@given(words, st.lists(words, min_size=1, max_size=30))
def test_every_sentence_of_a_passage_stands_in_exactly_one_row(question, sentences):
    rows = list(passage_rows(question, sentences))
    read = [row.ids[start:end] for row in rows for start, end in row.spans]
    assert len(read) == len(sentences)
    for sentence, tokens in zip(sentences, read, strict=True):
        assert tokens == sentence[: len(tokens)]
        assert bool(tokens) == bool(sentence)
    for row in rows:
        assert len(row.ids) == len(row.types) <= LONGEST_PASSAGE
        assert all(row.types[start:end] == [1] * (end - start) for start, end in row.spans)
        assert row.ids[-1] == SEP


def test_what_is_said_of_a_pair_does_not_depend_on_its_neighbours():
    together = JUDGES.support(PAIRS)
    for number, pair in enumerate(PAIRS):
        assert JUDGES.support([pair])[0] == pytest.approx(together[number], abs=1e-3)
    assert JUDGES.support([]).shape == (0, 3)


def test_what_is_said_of_a_passage_does_not_depend_on_its_neighbours():
    passages = [[text, "It rained."] for _, text in PAIRS]
    together = JUDGES.read("What fell in March?", passages)
    for passage, reading in zip(passages, together, strict=True):
        (alone,) = JUDGES.read("What fell in March?", [passage])
        assert alone.passage == pytest.approx(reading.passage, abs=1e-3)
        assert alone.sentences == pytest.approx(reading.sentences, abs=1e-3)
    assert JUDGES.read("What fell?", []) == []


def test_a_true_claim_is_judged_above_a_false_one_and_the_answer_above_its_neighbours():
    text = "The old bridge at Halden fell in March, after a ship had struck it."
    true, false = JUDGES.support([("A ship hit the bridge.", text), ("The bridge was repaired by a ship.", text)])
    assert true[SUPPORTED] > false[SUPPORTED]
    (reading,) = JUDGES.read("How much did it cost?", [["Anna built it.", "It cost nine million.", "It rained."]])
    assert reading.sentences[1] == max(reading.sentences)
