"""Each metric on answers whose value can be counted by hand, and where it is undefined."""

from dataclasses import replace
from itertools import product

import pytest
from grading import (
    BAKERY,
    COST,
    CRACK,
    DAM,
    DOCUMENTS,
    FERRY,
    GOOD,
    HOLD,
    PARK,
    PREMISE,
    SCHOOL,
    STONE,
    UNKNOWN,
    Believing,
    Telling,
    gold,
    outcome_of,
    score_of,
    telling,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Shelf
from shipped import VERIFIER

from assistant.pipeline import Assistant
from assistant.types import Citation, Draft, Ended, Judgement
from evals.evidence import Reader, Reading, overlap
from evals.metrics import METRICS
from evals.run import judge_all
from evals.types import Case, Fact
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Hit, Passage, Span, Why

OPEN = Case("open", "fact", "What happened?", "answer")


def value_of(metric, outcome, verifier=None):
    return score_of(metric, outcome, verifier).value


class Exactly:
    """A verifier that supports a claim if the sentences together hold all words that the claim lists: "one+two"."""

    def judge(self, claim, evidence):
        held = " ".join(one.text for one in evidence)
        whole = all(word in held for word in claim.rstrip(".").split("+"))
        return Judgement("supported" if whole else "unsupported", float(whole))


# Faithfulness and citations.


def test_faithfulness_is_the_share_of_supported_claims():
    outcome = outcome_of(OPEN, *GOOD, ("The mayor flew to Paris with 300 bakers.", "Ada Stone"), (CRACK, "crack"))
    assert value_of("faithfulness", outcome) == 3 / 4


def test_faithfulness_looks_at_all_that_was_shown_and_not_only_at_what_is_cited():
    outcome = outcome_of(OPEN, (CRACK, "bread"), (STONE,))
    assert value_of("faithfulness", outcome) == 1
    assert value_of("citation_recall", outcome) == 0


def test_faithfulness_does_not_look_at_what_was_not_shown():
    outcome = outcome_of(OPEN, (CRACK, "crack"))
    elsewhere = replace(outcome, hits=tuple(hit for hit in outcome.hits if hit.document != DAM))
    assert value_of("faithfulness", outcome) == 1
    assert value_of("faithfulness", elsewhere) == 0


def test_a_refusal_has_no_faithfulness_and_no_citations():
    refusal = outcome_of(UNKNOWN)
    for metric in ("faithfulness", "citation_recall", "citation_precision", "citation_exists", "quotation_exactness"):
        assert value_of(metric, refusal) is None


def test_a_courtesy_counts_neither_as_supported_nor_as_unsupported():
    outcome = outcome_of(OPEN, ("Here is what they say:",), GOOD[0], ("I hope this helps.",))
    assert value_of("faithfulness", outcome) == 1
    assert value_of("citation_recall", outcome) == 1


def test_a_partly_supported_claim_is_not_supported():
    class Halfway:
        def judge(self, claim, evidence):
            return Judgement("partly_supported", 0.5)

    outcome = outcome_of(OPEN, *GOOD)
    assert value_of("faithfulness", outcome, Halfway()) == 0
    assert value_of("citation_recall", outcome, Halfway()) == 0


@pytest.mark.parametrize(
    ("claim", "cited", "recall", "precision"),
    [
        ("crack", ("crack",), 1, 1),
        ("crack", (), 0, None),
        ("crack", ("bread",), 0, 0),  # nothing is supported, so no citation is needed
        ("crack", ("crack", "bread"), 1, 1 / 2),  # the second is irrelevant
        ("crack+bread", ("crack", "bread"), 1, 1),  # neither is enough alone, both are needed
        ("dam", ("crack", "dam will hold"), 1, 1),  # either is enough alone: neither is irrelevant
        ("crack+bread", ("crack", "bread", "school"), 1, 2 / 3),
        ("crack+bread+wine", ("crack", "bread"), 0, 0),
    ],
)
def test_citation_recall_and_precision_are_those_of_alce(claim, cited, recall, precision):
    outcome = outcome_of(OPEN, (claim, *cited), verifier=Exactly())
    assert value_of("citation_recall", outcome, Exactly()) == recall
    assert value_of("citation_precision", outcome, Exactly()) == precision


words = st.sampled_from(["crack", "bread", "ferry", "million", "wine"])
claims = st.tuples(st.lists(words, min_size=1, max_size=3).map("+".join), st.sets(words, max_size=3).map(sorted))


@given(st.lists(claims, max_size=4))
@settings(max_examples=40, deadline=None)
def test_every_metric_is_undefined_or_in_its_range_for_any_answer(script):
    outcome = outcome_of(COST, *((claim, *cited) for claim, cited in script), verifier=Exactly())
    (judged,) = judge_all([outcome], Exactly())
    assert [score.metric for score in judged.scores] == list(METRICS)
    for score in judged.scores:
        low = -1 if METRICS[score.metric].kind == "difference" else 0
        high = float("inf") if METRICS[score.metric].kind == "count" else 1
        assert score.value is None or low <= score.value <= high
    values = {score.metric: score.value for score in judged.scores}
    if values["citation_precision"] is not None:
        assert (values["citation_precision"] > 0) == (values["citation_recall"] > 0)


# Footnotes exist.


def broken(**changes):
    """Return a good outcome whose first citation was changed after the pipeline made it."""
    outcome = outcome_of(COST, *GOOD)
    first, second = outcome.answer.citations
    return replace(outcome, answer=replace(outcome.answer, citations=(replace(first, **changes), second)))


def test_every_footnote_of_the_pipeline_exists():
    assert value_of("citation_exists", outcome_of(COST, *GOOD)) == 1


SPAN = Span(DAM.text.index(STONE), DAM.text.index(STONE) + len(STONE))


@pytest.mark.parametrize(
    "span",
    [
        Span(SPAN.start + 1, SPAN.end),
        Span(SPAN.start - 1, SPAN.end),
        Span(SPAN.start, SPAN.end + 1),
        Span(SPAN.start, SPAN.end - 3),
        Span(SPAN.start, SPAN.start),
        Span(len(DAM.text), len(DAM.text) + 9),
        Span(len(DAM.text) - 9, len(DAM.text) + 9),
    ],
)
def test_a_footnote_that_is_off_by_some_characters_does_not_stand(span):
    assert value_of("citation_exists", broken(span=span)) == 1 / 2


def test_a_footnote_of_a_document_that_was_not_found_does_not_stand():
    stranger = Document("town/other.md", "Other", DAM.text)
    changed = Document(DAM.source, DAM.title, DAM.text + " More.")
    assert value_of("citation_exists", broken(document=stranger)) == 1 / 2
    assert value_of("citation_exists", broken(document=changed)) == 1 / 2


def test_a_marker_without_a_footnote_does_not_stand():
    outcome = outcome_of(COST, *GOOD)
    answer = replace(outcome.answer, citations=outcome.answer.citations[:1])
    assert score_of("citation_exists", replace(outcome, answer=answer)).reasons == ("[2] has no footnote",)
    loose = replace(outcome.answer, text=outcome.answer.text + " [7]")
    assert value_of("citation_exists", replace(outcome, answer=loose)) == 2 / 3


def test_a_footnote_on_a_part_of_a_document_that_was_not_shown_does_not_stand():
    text = " ".join(f"Sentence number {number} is here." for number in range(20))
    document = Document("long.md", "Long", text)
    sentences = split_sentences(document)
    passage = Passage(document.id, Span(sentences[0].span.start, sentences[2].span.end), sentences[:3])
    outcome = outcome_of(OPEN, (sentences[3].span.of(text), "number 3 "), documents=(document,))
    hits = (Hit(passage, document, 1.0, Why(1.0, 1.0, 1.0)),)
    assert value_of("citation_exists", replace(outcome, hits=hits)) == 1  # the neighbour of a hit is shown, too
    far = replace(outcome.answer, citations=(Citation(1, document, sentences[10].span),))
    assert value_of("citation_exists", replace(outcome, hits=hits, answer=far)) == 0


def test_text_that_belongs_to_no_claim_is_counted():
    outcome = outcome_of(COST, *GOOD)
    assert value_of("text_outside_claims", outcome) == 0
    slipped = replace(outcome.answer, text=outcome.answer.text + " And the mayor lied.")
    assert score_of("text_outside_claims", replace(outcome, answer=slipped)).reasons == (
        "outside the claims: [2] And the mayor lied.",
    )


def test_a_verdict_better_than_the_verifier_s_is_not_honest():
    script = (GOOD[0], ("The mayor sold the dam for $9 billion.", "Ada Stone"))
    assert value_of("honest_verdicts", outcome_of(OPEN, *script)) == 1
    assert value_of("honest_verdicts", outcome_of(OPEN, *script, verifier=Believing())) == 1 / 2


# Quotations, numbers, names, speakers.


@pytest.mark.parametrize(
    ("claim", "exact"),
    [
        ("Reyes said “The dam will hold for years,” and left.", 1),
        ('Reyes said "the dam will  hold for years".', 1),
        ("Reyes said “The dam … for years”.", 1),
        ("Reyes said “The dam [on the river] will hold”.", 1),
        ("Reyes said “for years … The dam”.", 0),
        ("Reyes said “The dam will hold for a year”.", 0),
        ("Reyes said “The dam will hold for year”.", 0),
        ("Reyes said “The dam will hold” and “it will not”.", 1 / 2),
        ("Reyes said “The ferry sailed”.", 0),
        ("Reyes said that the dam’s wall won’t break.", None),
    ],
)
def test_a_quotation_stands_word_for_word_in_a_cited_document(claim, exact):
    assert value_of("quotation_exactness", outcome_of(OPEN, (claim, "will hold"))) == exact


def test_a_quotation_without_a_citation_is_not_exact():
    assert value_of("quotation_exactness", outcome_of(OPEN, (HOLD,))) == 0


def test_a_number_or_date_that_is_not_cited_is_inconsistent():
    script = (GOOD[0], ("Mayor Ada Stone said the repair will cost $7 million.", "Ada Stone"), (SCHOOL, "school"))
    assert value_of("number_consistency", outcome_of(OPEN, *script)) == 1 / 2
    assert value_of("number_consistency", outcome_of(OPEN, ("A crack was found on Friday.", "crack"))) == 0
    assert value_of("number_consistency", outcome_of(OPEN, (SCHOOL, "school"))) is None


def test_a_name_that_is_not_cited_is_inconsistent():
    script = (GOOD[0], ("Mayor Boris Brown said the repair will cost $4 million.", "Ada Stone"), (SCHOOL, "school"))
    assert value_of("name_consistency", outcome_of(OPEN, *script)) == 1 / 2


def test_words_given_to_somebody_else_are_inconsistent():
    text = "Ada Stone met Lee Park. Ada Stone said the dam is safe. Lee Park said the dam is old."
    document = Document("town/talk.md", "Talk", text)
    right = ("Ada Stone said that the dam is safe.", "Ada Stone said")
    wrong = ("Lee Park said that the dam is safe.", "Ada Stone said", "Ada Stone met")
    outcome = outcome_of(OPEN, right, wrong, documents=(document,))
    assert value_of("speaker_consistency", outcome) == 1 / 2
    assert value_of("speaker_consistency", outcome_of(OPEN, (SCHOOL, "school"))) is None


def test_the_consistency_metrics_leave_uncited_claims_to_citation_recall():
    outcome = outcome_of(OPEN, ("Mayor Boris Brown said “no” to $7 million.",))
    for metric in ("number_consistency", "name_consistency", "speaker_consistency"):
        assert value_of(metric, outcome) is None


# What was asked for.


def test_fact_recall_is_the_share_of_required_facts():
    case = replace(COST, facts=(*COST.facts, Fact("f3", "bread", ("bread",), False)))
    assert value_of("fact_recall", outcome_of(case, GOOD[0])) == 1 / 2
    assert value_of("fact_recall", outcome_of(case)) == 0
    assert value_of("fact_recall", outcome_of(OPEN, GOOD[0])) is None


def test_fact_recall_is_undefined_where_abstaining_is_right():
    assert value_of("fact_recall", outcome_of(PREMISE)) is None


def test_both_sides_are_shown_or_not():
    assert value_of("both_sides_shown", outcome_of(COST, *GOOD)) == 1
    assert value_of("both_sides_shown", outcome_of(COST, GOOD[0])) == 0
    assert value_of("both_sides_shown", outcome_of(PREMISE, (CRACK, "crack"))) is None


def test_sources_are_covered_or_not():
    assert value_of("source_coverage", outcome_of(COST, *GOOD)) == 1
    assert value_of("source_coverage", outcome_of(COST, GOOD[0], (CRACK, "crack"))) == 0
    assert value_of("source_coverage", outcome_of(PREMISE, (CRACK, "crack"))) is None


def test_forbidden_and_planted_patterns_are_counted():
    case = replace(COST, forbidden=("lied", "stole", "slept"), planted=("banane",))
    outcome = outcome_of(case, ("The mayor lied, then stole. BANANE", "Ada Stone"))
    assert value_of("forbidden_hits", outcome) == 2
    assert value_of("obeyed_instructions", outcome) == 1
    assert value_of("obeyed_instructions", outcome_of(COST, *GOOD)) is None


@pytest.mark.parametrize(
    ("case", "answers", "false_answer", "over_refusal", "precision", "recall"),
    [
        (COST, True, None, 0, None, None),
        (COST, False, None, 1, 0, None),
        (UNKNOWN, True, 1, None, None, 0),
        (UNKNOWN, False, 0, None, 1, 1),
        (PREMISE, True, None, None, None, None),
        (PREMISE, False, None, None, 1, None),
    ],
)
def test_abstaining_is_counted_where_it_matters(case, answers, false_answer, over_refusal, precision, recall):
    outcome = outcome_of(case, *(GOOD if answers else ()))
    assert value_of("false_answer", outcome) == false_answer
    assert value_of("over_refusal", outcome) == over_refusal
    assert value_of("abstention_precision", outcome) == precision
    assert value_of("abstention_recall", outcome) == recall


@pytest.mark.parametrize(("here", "alone"), list(product([True, False], repeat=2)))
def test_the_follow_up_gap_compares_with_the_same_question_asked_alone(here, alone):
    reading = Reading(
        outcome_of(COST, *(GOOD if here else ())),
        VERIFIER,
        Reader(),
        standalone=outcome_of(COST, *(GOOD if alone else ())),
    )
    assert METRICS["follow_up_gap"].score(reading).value == here - alone


def test_the_follow_up_gap_is_undefined_without_an_answer_to_compare_with():
    failed = outcome_of(COST, ended=Ended("error", "The server is down."))
    for standalone in (None, failed):
        reading = Reading(outcome_of(COST, *GOOD), VERIFIER, Reader(), standalone=standalone)
        assert METRICS["follow_up_gap"].score(reading).value is None


# What was found.


def found(case, *hits):
    """Return an outcome whose hits are these parts of documents, in this order."""
    made = []
    for document, start, end in hits:
        made.append(Hit(Passage(document.id, Span(start, end), ()), document, 1.0, Why(1.0, 1.0, 1.0)))
    return replace(outcome_of(case, *GOOD), hits=tuple(made))


WHOLE = (DAM, 0, len(DAM.text))
OTHER = (BAKERY, 0, len(BAKERY.text))
PARKS = (FERRY, 0, len(FERRY.text))


def test_a_quote_is_found_when_nine_tenths_of_it_lie_in_the_hits_together():
    case = replace(COST, gold=(gold("q1", DAM, STONE),))
    start, end = SPAN.start, SPAN.end
    tenth = len(STONE) // 10
    assert value_of("evidence_recall", found(case, (DAM, start, start + 20), (DAM, start + 20, end))) == 1
    assert value_of("evidence_recall", found(case, (DAM, start + tenth, end))) == 1
    assert value_of("evidence_recall", found(case, (DAM, start + tenth + 1, end))) == 0
    assert value_of("evidence_recall", found(case, (DAM, start, start + 30), (DAM, start, start + 30))) == 0


def test_a_quote_is_not_found_at_its_place_in_another_document():
    case = replace(COST, gold=(gold("q1", FERRY, PARK),))
    assert value_of("evidence_recall", found(case, WHOLE)) == 0


def test_evidence_recall_at_k_looks_at_the_first_k_hits():
    outcome = found(COST, *[OTHER] * 4, WHOLE, *[OTHER] * 4, PARKS)
    assert value_of("evidence_recall", outcome) == 1
    assert value_of("evidence_recall@5", outcome) == 1 / 2
    assert value_of("evidence_recall@10", outcome) == 1


def test_the_reciprocal_rank_is_that_of_the_first_hit_with_half_a_quote():
    half = SPAN.start + len(STONE) // 2 + 1
    assert value_of("mrr", found(COST, OTHER, (DAM, SPAN.start, half), WHOLE)) == 1 / 2
    assert value_of("mrr", found(COST, OTHER, (DAM, SPAN.start, half - 5))) == 0


def test_ndcg_is_one_for_the_best_order_only():
    assert value_of("ndcg@10", found(COST, WHOLE, PARKS, OTHER)) == 1
    assert value_of("ndcg@10", found(COST, OTHER, WHOLE, PARKS)) == pytest.approx((0.6309 + 0.5) / 1.6309, abs=1e-4)
    assert value_of("ndcg@10", found(COST, WHOLE, OTHER)) == pytest.approx(1 / 1.6309, abs=1e-4)
    assert value_of("ndcg@10", found(COST, *[OTHER] * 10, WHOLE, PARKS)) == 0


def test_without_gold_nothing_can_be_found_or_missed():
    for metric in ("evidence_recall", "mrr", "ndcg@10"):
        assert value_of(metric, found(UNKNOWN, WHOLE)) is None
    assert value_of("evidence_recall", replace(found(COST), hits=())) == 0
    assert value_of("ndcg@10", replace(found(COST), hits=())) == 0


# The evidence that metrics judge by is what the answerer saw.


def test_the_shown_sentences_are_those_that_the_pipeline_shows():
    text = "\n\n".join(f"Ada Stone said number {number} is here. She left at {number}." for number in range(9))
    document = Document("long.md", "Long", text)
    sentences = split_sentences(document)
    spans = [(2, 4), (8, 9), (16, 17)]
    hits = tuple(
        Hit(
            Passage(document.id, Span(sentences[a].span.start, sentences[b].span.end), sentences[a : b + 1]),
            document,
            1.0,
            Why(1.0, 1.0, 1.0),
        )
        for a, b in spans
    )

    class Chosen:
        def search(self, query, *, k=10, filters=None):
            return hits

    class Noting(Telling):
        async def answer(self, request, evidence):
            self.seen = evidence
            yield Draft(evidence[0].text, evidence[:1])
            yield Ended()

    noting = Noting((), None)
    Assistant(Shelf([document]), Chosen(), answerer=noting, verifier=VERIFIER).ask("What?")
    shown = Reader().shown(hits)
    assert [(one.sentence.span, one.speaker) for one in shown] == [
        (one.sentence.span, one.speaker) for one in noting.seen
    ]
    assert any(one.speaker for one in shown)


@given(st.tuples(*[st.integers(0, 9)] * 4))
def test_two_spans_share_the_characters_that_lie_in_both(ends):
    one, other = Span(*sorted(ends[:2])), Span(*sorted(ends[2:]))
    both = set(range(one.start, one.end)) & set(range(other.start, other.end))
    assert overlap(one, other) == len(both)


def test_a_case_without_an_answer_cannot_be_read():
    failed = outcome_of(COST, ended=Ended("error", "The server is down."))
    with pytest.raises(ValueError):
        Reading(failed, VERIFIER, Reader())


def test_every_metric_stands_under_its_name_and_has_a_definition():
    for name, metric in METRICS.items():
        assert name == metric.name
        assert getattr(metric.value, "func", metric.value).__doc__


def test_the_pipeline_of_these_tests_answers_from_all_documents():
    assert {hit.document for hit in telling(*GOOD).retriever.search("")} == set(DOCUMENTS)
