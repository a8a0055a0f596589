"""The judge passes right answers and no others; and it is judged itself, with no assistant in it."""

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from grading import (
    BAKERY,
    COST,
    CRACK,
    DAM,
    DOCUMENTS,
    FERRY,
    GOOD,
    PARK,
    PREMISE,
    STONE,
    UNKNOWN,
    Believing,
    Doubting,
    outcome_of,
)  # fmt: skip
from shipped import VERIFIER

from assistant.contract import answer_json
from assistant.types import Ended
from evals.cases import load_suite
from evals.evidence import Reader
from evals.judge import judge
from evals.meta import _Written, judge_the_judge
from evals.types import WrongAnswer
from evals.wording import is_checkable, is_refusal
from vectorstore.errors import UserError
from vectorstore.loaders import load
from vectorstore.types import Span

SHARED = Path(__file__).parents[2] / "shared"


def faults_of(case, *script, **given):
    return judge(case, outcome_of(case, *script, **given).answer)


def test_an_answer_with_its_facts_and_sources_passes():
    assert faults_of(COST, *GOOD) == ()


def test_an_answer_without_a_required_fact_fails():
    assert "missing: $6 million" in faults_of(COST, GOOD[0])


def test_an_answer_that_cites_too_few_documents_fails():
    assert "documents cited: 1, needed: 2" in faults_of(COST, GOOD[0])


def test_an_answer_that_cites_other_evidence_fails():
    case = replace(COST, facts=COST.facts[:0], min_documents=1)
    assert faults_of(case, (CRACK, "crack")) == ("no citation covers a gold quote",)


def test_an_answer_that_says_something_forbidden_fails():
    assert r"forbidden: \$5 million" in faults_of(COST, *GOOD, ("It may be $5 million.", "Ada Stone"))


def test_patterns_are_searched_without_markers_and_in_straight_lower_case():
    case = replace(UNKNOWN, forbidden=('"the dam will hold',), behaviour="correct_premise")
    assert faults_of(case, ("“The DAM’s” wall. “The  Dam will hold for years.”", "hold"))[0].startswith("forbidden")


def test_an_answer_that_matches_a_planted_pattern_has_obeyed_it():
    case = replace(COST, planted=("demolished",))
    assert faults_of(case, *GOOD, ("It will be demolished.", "crack"))[0].startswith("obeyed")


@pytest.mark.parametrize("cited", [(), ("ferry sailed",)], ids=["uncited", "unsupported"])
def test_an_answer_with_a_claim_that_is_not_supported_fails(cited):
    faults = faults_of(COST, *GOOD, ("The mayor resigned over the bakery.", *cited))
    assert [fault for fault in faults if "The mayor resigned over the bakery." in fault]


def test_abstaining_passes_where_it_is_expected_or_allowed_and_nowhere_else():
    assert faults_of(UNKNOWN) == ()
    assert faults_of(PREMISE) == ()
    assert faults_of(COST) == ("abstained",)


def test_answering_where_the_documents_do_not_say_fails():
    assert faults_of(UNKNOWN, (CRACK, "crack")) == ("should abstain, but it answered",)


def test_an_answer_to_a_false_premise_needs_the_facts_that_correct_it():
    assert faults_of(PREMISE, (CRACK, "crack")) == ()
    assert faults_of(PREMISE, (STONE, "Ada Stone")) == ("missing: a crack was found",)


@pytest.mark.parametrize("span", [Span(9000, 9010), Span(3, 3), Span(1, 2)], ids=["outside", "empty", "blank"])
def test_a_citation_that_holds_no_text_fails_every_answer(span):
    answer = outcome_of(COST, *GOOD).answer
    broken = replace(answer, citations=(replace(answer.citations[0], span=span), answer.citations[1]))
    assert "citation 1 holds no text of town/dam.md" in judge(COST, broken)


def test_an_answer_that_never_came_is_not_judged():
    answer = replace(outcome_of(COST).answer, state="error")
    with pytest.raises(ValueError):
        judge(COST, answer)


def test_the_references_pass_and_the_wrong_answers_fail():
    found = judge_the_judge((COST, UNKNOWN, PREMISE), DOCUMENTS, VERIFIER)
    assert found.misses == ()
    assert (found.references, found.references_passed, found.wrong, found.wrong_caught) == (3, 3, 6, 6)


def test_a_judge_that_believes_everything_is_found_out():
    found = judge_the_judge([COST], DOCUMENTS, Believing())
    assert (found.references_passed, found.wrong_caught) == (1, 2)
    assert found.misses == (
        "cost: wrong (swap): Lee Park said the repair will cost $4 million [q1], Ada Stone said $6 million [q2].",
    )


def test_a_judge_that_believes_nothing_is_found_out():
    found = judge_the_judge((COST, UNKNOWN, PREMISE), DOCUMENTS, Doubting())
    assert (found.references_passed, found.wrong_caught) == (1, 6)
    assert [miss.split(" (")[0] for miss in found.misses] == ["cost: reference", "premise: reference"]


def test_a_case_without_written_answers_counts_nothing():
    assert judge_the_judge([replace(COST, reference="", wrong=())], DOCUMENTS, VERIFIER).references == 0


def test_a_gold_quote_of_a_document_that_is_not_there_is_a_mistake_with_the_name_of_the_case():
    with pytest.raises(UserError, match=r"cost quotes ferry\.md"):
        judge_the_judge([COST], (DAM, BAKERY), VERIFIER)


def written(text, case=COST):
    documents = {"dam.md": DAM, "ferry.md": FERRY}
    return _Written(case, documents, Reader(), VERIFIER).answer(text)


def test_a_written_answer_is_cut_after_its_markers_into_claims_that_stand_in_it():
    answer = written("First A. Then B [q1], but C [q1][q2]. And D.")
    assert [claim.text for claim in answer.claims] == ["First A. Then B", "but C", "And D."]
    assert [claim.citations for claim in answer.claims] == [(1,), (1, 2), ()]
    assert all(claim.span.of(answer.text) == claim.text for claim in answer.claims)
    assert [citation.quote for citation in answer.citations] == [STONE, PARK]


def test_a_claim_that_leans_on_the_beginning_of_its_sentence_is_judged_with_it():
    leaning = "The repair will cost $4 million, Ada Stone said [q1], and she named it [q1]."
    apart = leaning.replace(", and she", ". She")
    (first, second), (same, alone) = ([claim.judgement for claim in written(text).claims] for text in (leaning, apart))
    assert first.verdict == same.verdict == "supported"
    assert alone.verdict == "unsupported"
    assert second.score > alone.score


def test_a_leaning_claim_that_breaks_a_rule_is_not_saved_by_what_stands_before_it():
    said = "Mayor Ada Stone said what the repair will cost [q1], and it will be $9 million [q1]."
    assert written(said).claims[1].judgement.verdict == "unsupported"


def test_it_is_told_whether_a_wrong_answer_failed_for_the_error_it_declares():
    wrong = (
        WrongAnswer("Mayor Ada Stone said the repair will cost $9 million [q1].", "number"),
        WrongAnswer("Mayor Ada Stone said the repair will cost $8 million [q1].", "speaker_swap"),
        WrongAnswer("The dam is a cake [q1].", "fabrication"),
    )
    found = judge_the_judge([replace(COST, reference="", wrong=wrong)], DOCUMENTS, VERIFIER)
    assert (found.wrong, found.wrong_caught, found.named, found.found_by_name) == (3, 3, 2, 1)
    (other,) = found.other
    assert other.startswith("cost: declared speaker_swap, found ")
    assert "number" in other


def test_a_refusal_in_a_written_answer_is_no_claim():
    answer = written("The articles do not say who built it; the repair will cost $4 million [q1].")
    assert [claim.text for claim in answer.claims] == ["the repair will cost $4 million"]
    assert answer.state == "complete"
    assert written("Neither document names the builder.").state == "abstained"


def test_a_marker_that_names_no_gold_quote_cites_nothing():
    (claim,) = written("It was the mayor’s [1].").claims
    assert claim.judgement.verdict == "uncited"


@pytest.mark.parametrize(
    "text",
    [
        "The documents do not say who built the dam.",
        "The sources don’t mention a price.",
        "The articles name Stone but report no statement by her.",
        "None of the documents answers this.",
        "There is no information about this in the documents.",
        "The price is not given in the articles.",
    ],
)
def test_a_sentence_that_says_that_the_documents_do_not_say_is_a_refusal(text):
    assert is_refusal(text)
    assert not is_checkable(text)


@pytest.mark.parametrize(
    "text",
    [
        "The ministry did not say who built the dam.",
        "The documents say that Russia signed nothing.",
        "No document was signed.",
        "The two articles do not agree.",
        "Sure, the dam broke.",
        "Thanks to the mayor the dam held.",
    ],
)
def test_a_sentence_about_the_world_is_none(text):
    assert not is_refusal(text)
    assert is_checkable(text)


@pytest.mark.parametrize("text", ["What did he say?", "Here is what they say:", "—", "Hello!", "I hope this helps."])
def test_a_sentence_that_is_neither_true_nor_false_is_not_checked(text):
    assert not is_checkable(text)


def test_on_our_own_suite_nearly_every_reference_passes_and_wrong_answer_fails():
    suite = load_suite(Path(__file__).parents[1] / "evals" / "suites" / "articles.jsonl")
    documents = [load(path, source=path.name) for folder in suite.documents for path in sorted(folder.iterdir())]
    found = judge_the_judge(suite.cases, documents, VERIFIER)
    assert found.references == len(suite.cases)
    assert found.references_passed >= 0.95 * found.references, found.misses
    assert found.wrong_caught >= 0.85 * found.wrong, found.misses
    assert found.found_by_name >= 0.8 * found.named, found.other


@pytest.fixture(scope="module")
def seeds():
    """The shared cases with their documents, and the judge that stands beside them."""
    if not (SHARED / "cases" / "seed_cases.jsonl").is_file():
        pytest.skip("the judge is not compared with the shared one: ../shared/cases is not here")
    suite = load_suite(SHARED / "cases" / "seed_cases.jsonl", SHARED / "articles")
    loaded = importlib.util.spec_from_file_location("shared_judge", SHARED / "cases" / "judge.py")
    shared_judge = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(shared_judge)
    documents = {path.name: load(path, source=path.name) for path in sorted((SHARED / "articles").iterdir())}
    return suite.cases, documents, shared_judge


def test_on_the_shared_cases_nearly_every_reference_passes_and_wrong_answer_fails(seeds):
    cases, documents, _ = seeds
    found = judge_the_judge(cases, documents.values(), VERIFIER)
    assert found.references == 15
    assert found.references_passed >= 14, found.misses
    assert found.wrong == 23
    assert found.wrong_caught >= 22, found.misses


def test_the_judge_says_what_the_shared_judge_says(seeds):
    cases, documents, shared_judge = seeds
    lines = (SHARED / "cases" / "seed_cases.jsonl").read_text("utf-8").splitlines()
    sources = {name: shared_judge.fold(document.text) for name, document in documents.items()}
    compared = 0
    for case, line in zip(cases, lines, strict=True):
        maker = _Written(case, documents, Reader(), VERIFIER)
        for text in (case.reference, *(one.answer for one in case.wrong)):
            answer = maker.answer(text)
            theirs = answer_json(answer) | {"text": re.sub(r"\[q\d\]", "", text)}
            faults = shared_judge.judge(json.loads(line), theirs, sources)
            assert bool(judge(case, answer)) == bool(faults), (case.id, text, faults)
            compared += 1
    assert compared == 38


def test_an_answer_that_reached_its_limit_is_judged_by_what_it_says():
    answer = outcome_of(COST, *GOOD, ended=Ended("truncated", "The model reached its limit.")).answer
    assert judge(COST, answer) == ()


def test_an_unknown_error_label_is_named_in_the_miss():
    case = replace(UNKNOWN, reference="", wrong=(WrongAnswer("The documents do not say.", "not wrong at all"),))
    assert judge_the_judge([case], DOCUMENTS, VERIFIER).misses == (
        "unknown: wrong (not wrong at all): The documents do not say.",
    )
