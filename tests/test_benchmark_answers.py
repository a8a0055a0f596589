"""The answers benchmark on passages small enough to be worked out by hand."""

import math

import numpy as np
import pytest
from benchmark_data import cells, write_lines
from hypothesis import given
from hypothesis import strategies as st
from shipped import JUDGES
from stand_ins import WordEmbedder

from evals.benchmarks.answering import Answered, answer_all, sentences_in
from evals.benchmarks.answers import answering_measures, measure, reading_measures
from evals.benchmarks.passages import Asked, read_clapnq, read_groups
from evals.benchmarks.readers import CosineReader, Reading, Remembered, ShippedReader, WordReader
from vectorstore.types import Span

FERRY = ("The ferry to Halden was sold in 1931.", "The bridge at Halden cost nine million crowns.", "It rains.")
COST = Asked("How much did the bridge at Halden cost?", FERRY, frozenset({1}), "Halden")
COLOUR = Asked("Which colour did the painters choose in Paris?", FERRY, frozenset(), "Halden")


def asked(answering, number=0):
    return Asked("Who?", ("One.", "Two.", "Three.", "Four."), frozenset(answering), str(number))


def values(measures):
    return {name: figure and (round(figure.value, 4), figure.n) for name, figure in measures.items()}


def lines(*groups):
    return [
        {"question": one.question, "sentence": sentence, "label": int(number in one.answering), "group": str(group)}
        for group, one in enumerate(groups)
        for number, sentence in enumerate(one.sentences)
    ]


def clapnq(one, *selections):
    output = [{"answer": "", "selected_sentences": list(selection)} for selection in selections]
    passage = {"title": one.title, "text": one.passage, "sentences": list(one.sentences)}
    return {"id": "1", "input": one.question, "passages": [passage], "output": output}


def test_lines_are_put_together_again_into_passages(tmp_path):
    write_lines(tmp_path / "set.jsonl.gz", lines(COST, COLOUR))
    cost, colour = read_groups(tmp_path / "set.jsonl.gz")
    assert (cost.question, cost.sentences, cost.answering) == (COST.question, FERRY, {1})
    assert cost.passage == " ".join(FERRY)
    assert [span.of(cost.passage) for span in cost.spans] == list(FERRY)
    assert colour.answerable is False


def test_a_sentence_of_clapnq_answers_when_anybody_selected_it(tmp_path):
    write_lines(tmp_path / "set.jsonl", [clapnq(COST, FERRY[:1], FERRY[:2]), clapnq(COLOUR, ())])
    cost, colour = read_clapnq(tmp_path / "set.jsonl")
    assert (cost.question, cost.sentences, cost.title) == (COST.question, FERRY, "Halden")
    assert cost.answering == {0, 1}
    assert colour.answering == frozenset()


def test_words_weigh_by_their_rarity_among_the_passages():
    reader = WordReader([" ".join(FERRY), "A bridge.", "A cost."])
    # Of the words of the question, "halden" stands in 1 of 3 passages, "bridge" and "cost" in 2.
    rare, common = math.log(4 / 2), math.log(4 / 3)
    first, second, third = reader.read(Asked("the bridge at Halden cost", FERRY, frozenset())).scores
    assert first == pytest.approx(rare / (rare + 2 * common))
    assert (second, third) == (pytest.approx(1), 0)
    everywhere = WordReader([" ".join(FERRY)]).read(Asked("the bridge at Halden", FERRY, frozenset()))
    assert everywhere == Reading((0, 0, 0), 0)  # a word of every passage tells nothing


def test_cosines_are_those_of_question_and_sentence():
    embed = WordEmbedder().embed
    reading = CosineReader(embed).read(COST)
    question, *sentences = embed([COST.question, *FERRY])
    assert reading.scores == pytest.approx([float(sentence @ question) for sentence in sentences])
    assert reading.answerable == max(reading.scores)


def test_a_text_is_embedded_once():
    embedder = WordEmbedder()
    embedder.cut = lambda text, limit: 3
    embed = Remembered(embedder)
    assert np.array_equal(embed(["one two", "three", "one two"])[0], embed(["one two"])[0])
    assert embedder.embedded == ["one", "thr"]


def test_the_shipped_reader_scores_every_sentence_and_the_one_that_answers_best(embedder):
    reading = ShippedReader(JUDGES, embedder, [COST.passage]).read(COST)
    assert len(reading.scores) == len(FERRY)
    assert reading.answerable == reading.scores[1] == max(reading.scores)


def test_the_first_sentence_is_right_by_share_where_several_are_first():
    groups = [asked({0}, 0), asked({1, 2}, 1), asked({3}, 2), asked((), 3)]
    readings = [
        Reading((0.9, 0.1, 0.1, 0.1), 0.9),
        Reading((0.5, 0.5, 0.1, 0.1), 0.5),  # one of the two answers
        Reading((0.9, 0.1, 0.1, 0.8), 0.4),
        Reading((0.9, 0.1, 0.1, 0.1), 0.45),
    ]
    assert values(reading_measures(groups, readings, name="any")) == {
        "precision@1": (0.5, 3),
        "answerable or not, AUC": (round(2 / 3, 4), 4),
    }


def test_where_there_is_no_choice_and_nothing_to_tell_apart_nothing_is_measured():
    alone = Asked("Who?", ("One.",), frozenset({0}))
    measures = reading_measures([alone], [Reading((0.1,), 0.1)], name="any")
    assert set(measures.values()) == {None}


def test_evidence_is_counted_over_sentences_and_over_questions():
    did = [
        (asked({0, 1}, 0), Answered(True, frozenset({0}))),  # precision 1, recall 1/2, F1 2/3
        (asked({3}, 1), Answered(True, frozenset({0, 1, 3}))),  # precision 1/3, recall 1, F1 1/2
        (asked({2}, 2), Answered(False, frozenset())),  # recall 0, F1 0
        (asked((), 3), Answered(False, frozenset())),
        (asked((), 4), Answered(True, frozenset({1}))),
    ]
    assert values(answering_measures(*zip(*did, strict=True), name="any")) == {
        "evidence precision, micro": (0.5, 3),
        "evidence recall, micro": (0.5, 3),
        "evidence F1, micro": (0.5, 3),
        "evidence precision, macro": (round(2 / 3, 4), 2),
        "evidence recall, macro": (0.5, 3),
        "evidence F1, macro": (round((2 / 3 + 1 / 2) / 3, 4), 3),
        "answerable: answered": (round(2 / 3, 4), 3),
        "unanswerable: answered": (0.5, 2),
        "answered or not, balanced accuracy": (round((2 / 3 + 1 / 2) / 2, 4), 5),
    }


@pytest.mark.parametrize(
    ("cited", "numbers"),
    [
        ([Span(0, 10)], {0}),
        ([Span(0, 20)], {0, 1}),
        ([Span(11, 15)], {1}),  # the assistant cut the sentence in two
        ([Span(4, 14)], {0}),  # six characters of one sentence, three of the next
        ([], set()),
    ],
)
def test_a_citation_is_of_the_sentences_it_shares_half_with(cited, numbers):
    assert sentences_in(cited, [Span(0, 10), Span(11, 20)]) == numbers


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), min_size=1))
def test_what_is_cited_whole_is_found_whole(sentences):
    spans = Asked("Who?", tuple(sentences), frozenset()).spans
    assert sentences_in(spans, spans) == set(range(len(spans)))
    assert all(sentences_in([span], spans) == {number} for number, span in enumerate(spans))


def test_the_whole_answerer_cites_what_answers_and_abstains_otherwise():
    told = []
    cost, colour = answer_all([COST, COLOUR], step=lambda: told.append("asked"))
    assert cost == Answered(True, frozenset({1}))
    assert colour == Answered(False, frozenset())
    assert len(told) == 2


def test_a_question_is_asked_of_its_own_passage_only():
    other = Asked(COST.question, ("A ferry is a ship.", "It is slow."), frozenset())
    assert answer_all([COST, other])[1] == Answered(False, frozenset())


def test_sets_are_measured_and_absent_ones_named(tmp_path):
    write_lines(tmp_path / "answer" / "dev" / "squad2_quarter.jsonl.gz", lines(COST, COLOUR))
    write_lines(tmp_path / "clapnq" / "answerable.jsonl", [clapnq(COST, FERRY[1:2])])
    told = []
    table = measure(tmp_path, on_progress=lambda done, total: told.append((done, total)))
    found = cells(table, "set", "measure")
    first = found["SQuAD 2 quarter", "precision@1"]
    assert (first["reader, as shipped"].value, first["whole answerer"]) == (1, None)
    assert found["SQuAD 2 quarter", "evidence F1, micro"]["whole answerer"].value == 1
    assert found["SQuAD 2 quarter", "answered or not, balanced accuracy"]["whole answerer"].value == 1
    assert {name for name, _ in found} == {"SQuAD 2 quarter"}
    assert "clapnq/unanswerable.jsonl is absent (168 questions)" in table.skipped
    assert "clapnq/answerable.jsonl is absent (157 questions)" not in table.skipped
    assert told == [(done, 4) for done in range(1, 5)]


def test_without_data_there_is_no_row(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert len(table.skipped) == 7
