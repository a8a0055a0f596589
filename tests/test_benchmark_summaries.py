import json
import math

import pytest

from evals.benchmarks.summaries import COLUMNS, grade_cited, grade_ranking, mean_figure, measure, read_topic
from vectorstore.errors import UserError

TEXTS = {
    "d1": "The dam of Oslo cost nine million crowns. It was built by hand in the winter.",
    "d2": "Nobody had expected that the dam of Oslo cost nine million crowns in the end.",
    "d3": "A tunnel below Bergen was closed for repairs after water had come in.",
    "d4": "The bakery sells rye bread and cinnamon buns from six in the morning.",
}


def write_topic(folder, *, unheld=False):
    insights = [
        {"insight_id": "cost", "insight": "The dam of Oslo cost nine million crowns."},
        {"insight_id": "tunnel", "insight": "A tunnel below Bergen was closed for repairs."},
        *([{"insight_id": "lost", "insight": "No document holds this."}] if unheld else []),
    ]
    held = {"d1": ["cost"], "d2": ["cost"], "d3": ["tunnel"], "d4": []}
    stored = {
        "keywords": {"d4": 0.9, "d3": 0.8, "d1": 0.7, "d2": 0.7, "of another topic": 1.0},
        "random": {"d1": 0.5},
    }
    topic = {
        "topic_id": "works",
        "subtopics": [
            {
                "subtopic_id": "s",
                "subtopic": "Dams and tunnels",
                "query": "What was built?",
                "insights": insights,
                "retriever": stored,
            }
        ],
        "documents": [{"document_id": id, "document_text": TEXTS[id], "insights_included": held[id]} for id in TEXTS],
    }
    folder.mkdir()
    file = folder / "topic.json"
    file.write_text(json.dumps(topic))
    return file


def test_a_ranking_is_graded_as_by_hand():
    grade = grade_ranking(["a", "x", "b", "y"], frozenset("abc"))
    assert grade.recall_at_gold == 2 / 3  # two of the first three
    assert (grade.recall_at_10, grade.precision_at_10) == (2 / 3, 2 / 10)
    assert (grade.recall_at_20, grade.precision_at_20) == (2 / 3, 2 / 20)
    assert grade.ndcg_at_20 == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2))


def test_a_document_after_the_twentieth_counts_for_nothing():
    grade = grade_ranking([*map(str, range(20)), "a"], frozenset("a"))
    assert (grade.recall_at_20, grade.ndcg_at_20) == (0, 0)


def test_an_answer_that_cites_nothing_has_recall_zero_and_no_precision():
    grade = grade_cited(frozenset(), frozenset("ab"))
    assert (grade.cited, grade.citation_precision, grade.citation_recall) == (0, None, 0)
    grade = grade_cited(frozenset("ax"), frozenset("abcd"))
    assert (grade.cited, grade.citation_precision, grade.citation_recall) == (2, 1 / 2, 1 / 4)


def test_a_mean_is_of_the_defined_values_and_says_how_many_if_not_all():
    assert mean_figure([1.0, None, 0.0], "abc", "seed").n == 2
    assert mean_figure([1.0, 0.0], "ab", "seed").n is None
    assert mean_figure([None], "a", "seed") is None
    assert mean_figure([1.0, 0.5], "aa", "seed").low is None  # one cluster has no interval


def test_stored_rankings_keep_to_the_topic_and_equals_stand_in_order_of_id(tmp_path):
    topic = read_topic(write_topic(tmp_path / "summhay", unheld=True))
    question, *insights = topic.queries
    assert question.rankings == {"published: shared keywords": ["d4", "d3", "d1", "d2"]}
    assert (question.asked, question.searched) == ("What was built?", "What was built? Dams and tunnels")
    assert question.gold == {"d1", "d2", "d3"}
    assert [one.gold for one in insights] == [{"d1", "d2"}, {"d3"}]  # the third is held by none


def test_the_table_has_the_figures_that_a_hand_counts(tmp_path):
    write_topic(tmp_path / "summhay")
    calls = []
    table = measure(tmp_path, on_progress=lambda *call: calls.append(call))
    rows = {row[:2]: dict(zip(COLUMNS, row, strict=True)) for row in table.rows}
    assert calls == [(1, 3), (2, 3), (3, 3)]
    for name in ("lexical", "dense", "fused"):
        row = rows["insight", name]
        assert (row["n"], row["recall@gold"].value, row["precision@10"].value) == (2, 1, (2 / 10 + 1 / 10) / 2)
    keywords = rows["question", "published: shared keywords"]
    assert (keywords["n"], keywords["recall@gold"].value) == (1, 2 / 3)
    answer = rows["insight", "extractive answer"]
    assert answer["recall@gold"] is None
    assert answer["citation precision"].value == 1
    assert 1 / 2 <= answer["citation recall"].value <= 1
    assert table.skipped == ()


def test_absent_data_is_named_and_counted(tmp_path):
    table = measure(tmp_path)
    assert table.rows == ()
    assert table.skipped == ("SummHay: no *.json in summhay/; 0 insights measured",)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"documents": [{}]}'])
def test_a_file_of_another_form_is_named(tmp_path, content):
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(UserError, match=r"other\.json is not a topic of SummHay"):
        read_topic(file)
