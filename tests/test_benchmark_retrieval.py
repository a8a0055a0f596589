"""The retrieval benchmark: coverage worked out by hand, and corpora of a few sentences."""

import csv
import json

import pytest
from benchmark_data import cells

from evals.benchmarks.retrieval import RETRIEVERS, Coverage, Question, cover, measure
from vectorstore.types import Passage, Span

QUESTION = Question("Who?", "here", (Span(0, 10), Span(20, 30)))
CORPORA = {
    "ferry": "The ferry to Halden was sold in 1931. Nobody missed it.",
    "bridge": "The bridge cost nine million crowns. It fell in March.",
}


def passages(*spans, document="here"):
    return [Passage(document, Span(*span), ()) for span in spans]


@pytest.mark.parametrize(
    ("found", "recall", "precision", "iou"),
    [
        (passages((0, 10), (20, 30)), 1, 1, 1),
        (passages((5, 25)), 10 / 20, 10 / 20, 10 / 30),
        (passages((0, 30)), 1, 20 / 30, 20 / 30),
        (passages((0, 10)) + passages((0, 10), document="elsewhere"), 10 / 20, 10 / 20, 10 / 30),
        ([], 0, 0, 0),
    ],
)
def test_coverage_counts_characters(found, recall, precision, iou):
    coverage = cover(found, QUESTION, document_id="here")
    assert coverage == Coverage(*(pytest.approx(share) for share in (recall, precision, iou)))


def write_corpora(folder, questions):
    folder.mkdir()
    for name, text in CORPORA.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    with open(folder / "questions_df.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "references", "corpus_id"])
        for question, corpus, quote in questions:
            start = CORPORA[corpus].index(quote)
            rows.writerow([question, json.dumps([{"start_index": start, "end_index": start + len(quote)}]), corpus])


def test_each_retriever_is_measured_at_each_size(tmp_path):
    questions = [
        ("When was the ferry sold?", "ferry", CORPORA["ferry"]),
        ("What did the bridge cost?", "bridge", "The bridge cost nine million crowns."),
    ]
    write_corpora(tmp_path / "chunking", questions)
    told = []
    table = measure(tmp_path, on_progress=lambda done, total: told.append((done, total)))
    found = cells(table, "passages", "retriever")
    assert set(found) == {(f"2 of ≤ {size} tokens", name) for size in (200, 400) for name in RETRIEVERS}
    dense = found["2 of ≤ 200 tokens", RETRIEVERS[1]]
    ferry, bridge = (len(text) for text in CORPORA.values())
    assert dense["recall@5"].value == dense["recall@10"].value == 1
    # All passages, both of them, are found for either question.
    assert dense["precision@5"].value == pytest.approx((ferry / (ferry + bridge) + 36 / (ferry + bridge)) / 2)
    assert dense["recall@5"].n == 2
    assert told == [(done, 16) for done in range(1, 17)]


def test_corpora_that_loading_would_change_are_refused(tmp_path):
    write_corpora(tmp_path / "chunking", [("When?", "ferry", "Nobody missed it.")])
    (tmp_path / "chunking" / "ferry.md").write_text("A soft\u00adhyphen.", encoding="utf-8")
    with pytest.raises(ValueError, match=r"ferry\.txt"):
        measure(tmp_path)


def test_without_the_questions_there_is_no_row(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert table.skipped == ("chunking/questions_df.csv is absent (472 questions)",)
