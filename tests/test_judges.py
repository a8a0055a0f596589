"""How texts are laid out for the judges; what they judge is tested where it is used."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.judges import CLS, LONGEST_PAIR, LONGEST_PASSAGE, SEP, pair_row, passage_rows

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
