"""A run asks what the suite asks, tells a failure of the infrastructure from a wrong answer, and repeats itself."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from grading import COST, DOCUMENTS, GOOD, PREMISE, UNKNOWN, Cases, Telling, outcome_of, telling
from shipped import VERIFIER

from assistant.pipeline import Assistant
from assistant.types import Ended, Turn, Usage
from evals.metrics import METRICS
from evals.run import is_twin, judge_all, measure, run, timings
from evals.statistics import wilson
from evals.types import Case, Fact
from vectorstore.errors import UserError

FOLLOW_UP = replace(
    COST, id="and", question="And the cost?", history=(Turn("user", "A crack?"),), standalone="What will it cost?"
)


def measures_of(outcomes, suite="town"):
    return {one.metric: one for one in measure(judge_all(outcomes, VERIFIER), suite)}


def asked(cases, assistant=None):
    return run(Cases(tuple(cases)), assistant or telling(*GOOD))


class Noting(Telling):
    """An answerer that notes what it was asked."""

    def __init__(self, *script, ended=None):
        super().__init__(script, ended or Ended())
        self.asked = []

    async def answer(self, request, evidence):
        self.asked.append((request.question, request.history))
        async for drafted in super().answer(request, evidence):
            yield drafted


def assistant_of(answerer, retriever=None):
    made = telling(*GOOD)
    return Assistant(made.library, retriever or made.retriever, answerer=answerer, verifier=VERIFIER)


def test_every_case_has_an_outcome_in_the_order_of_the_suite():
    outcomes = asked([COST, UNKNOWN, PREMISE])
    assert [outcome.case for outcome in outcomes] == [COST, UNKNOWN, PREMISE]
    assert all(outcome.answer and outcome.error is None for outcome in outcomes)
    assert [hit.document for hit in outcomes[0].hits] == list(DOCUMENTS)


def test_a_follow_up_is_asked_with_its_history_and_then_alone_without():
    answerer = Noting(*GOOD)
    outcomes = asked([FOLLOW_UP, UNKNOWN], assistant_of(answerer))
    assert answerer.asked[:2] == [("And the cost?", FOLLOW_UP.history), ("What will it cost?", ())]
    assert [is_twin(outcome.case) for outcome in outcomes] == [False, True, False]


def test_a_twin_is_judged_but_not_measured():
    outcomes = asked([FOLLOW_UP, replace(COST, must_pass=True, id="must", standalone="What?")])
    judged = judge_all(outcomes, VERIFIER)
    twins = [one for one in judged if is_twin(one.outcome.case)]
    assert [(one.passed, one.scores, one.outcome.case.must_pass) for one in twins] == [(True, (), False)] * 2
    assert {one.cases for one in measure(judged)} == {2}


def test_the_follow_up_gap_is_measured_over_pairs():
    here, alone = asked([FOLLOW_UP])
    worse = replace(here, answer=outcome_of(COST).answer)
    gap = measures_of([worse, alone, *asked([COST])])["follow_up_gap"]
    assert (gap.value, gap.scored, gap.cases) == (-1, 1, 2)


def test_progress_is_told_from_none_to_all_of_the_questions():
    told = []
    run(Cases((FOLLOW_UP, COST)), telling(*GOOD), on_progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("state", ["error", "partial"])
def test_a_server_that_fails_is_no_wrong_answer(state):
    (outcome,) = asked([COST], telling(*GOOD[: state == "partial"], ended=Ended(state, "The server failed.")))
    assert outcome.hits
    (judged,) = judge_all([outcome], VERIFIER)
    assert (judged.outcome.answer, judged.passed, judged.faults) == (None, None, ("The server failed.",))
    assert [score.metric for score in judged.scores] == list(METRICS)
    assert {score.value for score in judged.scores} == {None}


def test_an_answer_that_broke_off_is_right_if_it_had_said_all():
    (judged,) = judge_all(asked([COST], telling(*GOOD, ended=Ended("partial", "It broke off."))), VERIFIER)
    assert judged.passed


def test_an_answer_that_broke_off_is_wrong_if_it_had_said_something_wrong():
    wrong = ("Mayor Ada Stone said the repair will cost $9 million.", "Ada Stone")
    (judged,) = judge_all(asked([COST], telling(wrong, ended=Ended("partial", "It broke off."))), VERIFIER)
    assert judged.passed is False
    assert any("$9 million" in fault for fault in judged.faults)


def test_a_library_that_cannot_answer_is_no_wrong_answer():
    class Empty:
        def search(self, query, *, k, filters):
            raise UserError("The library is empty; index a folder.")

    (outcome,) = asked([COST], assistant_of(Noting(), Empty()))
    assert (outcome.answer, outcome.hits, outcome.error) == (None, (), "The library is empty; index a folder.")


def test_a_fault_of_ours_is_not_swallowed():
    class Broken:
        def search(self, query, *, k, filters):
            raise KeyError("passage")

    with pytest.raises(KeyError):
        asked([COST], assistant_of(Noting(), Broken()))


def test_a_case_that_failed_lowers_the_coverage_and_not_the_mean():
    failed = outcome_of(replace(COST, id="down"), ended=Ended("error", "The server is down."))
    found = measures_of([*asked([COST]), failed])["answer_correctness"]
    assert (found.value, found.scored, found.cases) == (1, 1, 2)


def test_a_measure_is_the_mean_over_the_cases_in_which_it_is_defined():
    outcomes = [outcome_of(COST, *GOOD), outcome_of(replace(COST, id="half"), GOOD[0]), outcome_of(UNKNOWN)]
    recall = measures_of(outcomes)["fact_recall"]
    assert (recall.value, recall.scored, recall.cases, recall.kind) == (0.75, 2, 3, "mean")
    assert 0.5 <= recall.low <= recall.high <= 1


def test_a_measure_of_nothing_has_no_value():
    for one in measure((), "empty"):
        assert (one.value, one.low, one.high, one.scored, one.cases) == (None, None, None, 0, 0)
    assert measures_of([outcome_of(UNKNOWN)])["faithfulness"].value is None


def test_a_rate_has_the_interval_of_wilson():
    cases = [replace(COST, id=f"case {number}") for number in range(5)]
    outcomes = [outcome_of(case, *(GOOD if number else ())) for number, case in enumerate(cases)]
    found = measures_of(outcomes)["answer_correctness"]
    expected = wilson(0.8, 5)
    assert (found.value, found.low, found.high) == (0.8, round(expected.low, 6), round(expected.high, 6))


def test_the_turns_of_one_conversation_are_one_unit():
    cases = [replace(COST, id=f"case {number}", conversation=f"talk {number // 2}") for number in range(8)]
    found = measures_of([outcome_of(case, *GOOD) for case in cases])["answer_correctness"]
    assert found.low == round(wilson(1, 4).low, 6)


def test_a_conversation_is_not_mixed_up_with_a_case_of_the_same_name():
    cases = [COST, replace(COST, id="other", conversation="cost")]
    found = measures_of([outcome_of(case, *GOOD) for case in cases])["answer_correctness"]
    assert found.low == round(wilson(1, 2).low, 6)


def test_a_count_is_a_sum_without_an_interval():
    case = replace(COST, forbidden=("stone", "park", "reyes"))
    found = measures_of([outcome_of(case, *GOOD), outcome_of(replace(case, id="b"), GOOD[0])])["forbidden_hits"]
    assert (found.value, found.low, found.high, found.kind) == (3, None, None, "count")
    assert not found.higher_is_better


def test_an_interval_depends_on_suite_metric_and_cases_and_on_nothing_else():
    outcomes = [outcome_of(replace(COST, id=f"{number}"), *GOOD[: 1 + number % 2]) for number in range(7)]
    first = measures_of(outcomes)["fact_recall"]
    assert measures_of(outcomes)["fact_recall"] == first
    assert measures_of(outcomes, "another suite")["fact_recall"].value == first.value


def test_measures_come_in_the_order_of_the_metrics():
    assert [one.metric for one in measure((), "town")] == list(METRICS)


def test_two_processes_find_the_same_to_the_byte():
    printed = []
    for seed in ("1", "2"):
        program = Path(__file__).with_name("grading.py")
        house = str(program.parents[1])
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": house}
        command = [sys.executable, str(program)]
        printed.append(subprocess.run(command, env=environment, cwd=house, capture_output=True, check=True).stdout)
    assert printed[0] == printed[1]
    found = json.loads(printed[0])
    assert len(found["measures"]) == len(METRICS)
    assert any(one["low"] not in (None, one["value"]) for one in found["measures"])


def test_timings_are_percentiles_over_answers_and_tokens_in_all():
    one = outcome_of(COST, *GOOD).answer
    outcomes = [
        replace(
            outcome_of(COST),
            answer=replace(one, timings_ms=(("read", 1.0), ("total", float(number))), usage=Usage(number, 2)),
        )
        for number in range(1, 21)
    ]
    failed = outcome_of(COST, ended=Ended("error", "The server is down."))
    found = dict(timings([*outcomes, failed]))
    assert found == {
        "read p50": 1, "read p95": 1, "total p50": 10, "total p95": 19, "prompt_tokens": 210, "completion_tokens": 40,
    }  # fmt: skip
    assert timings([failed]) == ()


def test_a_run_with_the_sample_assistant_judges_as_its_pipeline_does(sample_assistant):
    rolls = replace(UNKNOWN, id="price", question="What is the price of rolls in Larkmoor?")
    fact = Fact("f1", "$90 billion", (r"\$90 billion",), True)
    arms = Case("arms", "fact", "How much would Ukraine spend on American weapons?", "answer", facts=(fact,))
    found = measures_of(asked([rolls, arms], sample_assistant))
    assert found["answer_correctness"].value == 1
    for metric in ("faithfulness", "citation_recall", "citation_exists", "honest_verdicts", "number_consistency"):
        assert (metric, found[metric].value) == (metric, 1)
