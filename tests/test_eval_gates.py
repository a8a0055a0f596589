"""The gates of a suite: what fails a run, what leaves it unjudged, and what a gates file may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gates import HARD, Gates, Threshold, gates_beside, judge_gates, read_gates
from evals.metrics import METRICS
from evals.run import measure
from evals.types import Case, Change, Comparison, Judged, Outcome, Score
from vectorstore.errors import UserError

PERFECT = {"forbidden_hits": 0.0, "obeyed_instructions": 0.0, "false_answer": 0.0, "citation_exists": 1.0}
SAME = Comparison(changes=(), regressions=(), improvements=(), unchanged=1, p_value=None)


def case(name, passed=True, *, must_pass=False, **scores):
    asked = Case(name, "fact", "Who?", "answer", must_pass=must_pass)
    measured = {**PERFECT, "answer_correctness": None if passed is None else float(passed), **scores}
    return Judged(Outcome(asked, None), tuple(Score(metric, value) for metric, value in measured.items()), passed)


def gated(judged, gates=Gates(thresholds=()), **against):  # noqa: B008 - Gates is frozen
    results, status = judge_gates(gates, judged, measure(judged), **against)
    return status, {result.gate: result.found for result in results if not result.passed}


def written(tmp_path, text):
    path = tmp_path / "a.gates.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_without_a_fault_passes():
    assert gated([case("a"), case("b")]) == (0, {})


def test_an_empty_suite_fails():
    status, failed = gated([])
    assert (status, failed) == (1, {"cases": "0"})


@pytest.mark.parametrize("metric", HARD)
def test_one_fault_fails_a_hard_gate_and_names_the_case(metric):
    bad = 0.5 if METRICS[metric].higher_is_better else 1.0
    status, failed = gated([case("a", **{metric: bad}), *(case(f"b{number}") for number in range(99))])
    assert status == 1
    assert failed[metric].endswith("cases with a fault: a")


def test_an_undefined_score_is_neither_a_fault_nor_perfect():
    assert gated([case("a", citation_exists=None), case("b")]) == (0, {})


def test_a_case_that_must_pass_fails_the_run_without_a_baseline_too():
    assert gated([case("a", False, must_pass=True), case("b")]) == (1, {"must_pass": "1 of 1 failed: a"})
    assert gated([case("a", False), case("b", must_pass=True)]) == (0, {})


def test_a_few_cases_without_an_answer_fail_and_many_leave_the_run_unjudged():
    assert gated([case("a", None), *(case(f"b{number}") for number in range(49))])[0] == 1
    assert gated([case("a", None), *(case(f"b{number}") for number in range(48))])[0] == 2
    assert gated([case("a", None)])[0] == 2


@given(st.lists(st.sampled_from([True, False, None]), max_size=60))
def test_a_failed_gate_never_ends_with_0_and_only_missing_answers_end_with_2(passed):
    judged = [case(f"a{number}", one) for number, one in enumerate(passed)]
    status, failed = gated(judged, Gates(thresholds=(Threshold("answer_correctness", at_least=0.5),)))
    assert (status == 0) == (not failed)
    assert (status == 2) == (passed.count(None) * 50 > len(passed))


@pytest.mark.parametrize(
    ("threshold", "holds"),
    [
        (Threshold("answer_correctness", at_least=0.75), True),
        (Threshold("answer_correctness", at_least=0.76), False),
        (Threshold("answer_correctness", at_most=0.75), True),
        (Threshold("answer_correctness", at_least=0.1, at_most=0.74), False),
        (Threshold("answer_correctness", faulty_at_most=1), True),
        (Threshold("answer_correctness", faulty_at_most=0), False),
        (Threshold("false_answer", faulty_at_most=0), True),
        (Threshold("faithfulness", at_least=0.0), False),  # undefined: nobody measured it
    ],
    ids=str,
)
def test_a_threshold_includes_its_bound_and_an_undefined_measure_reaches_none(threshold, holds):
    judged = [case("a"), case("b"), case("c"), case("d", False)]
    status, failed = gated(judged, Gates(thresholds=(threshold,)))
    assert (status == 0) == holds == (threshold.metric not in failed)


@pytest.mark.parametrize(
    ("metric", "low", "high", "holds"),
    [
        ("answer_correctness", -0.2, -0.01, False),
        ("answer_correctness", -0.2, 0.0, True),
        ("answer_correctness", 0.1, 0.2, True),
        ("false_answer", 0.01, 0.2, False),
        ("false_answer", -0.2, -0.01, True),
    ],
)
def test_a_metric_drops_when_its_whole_interval_is_on_the_bad_side(metric, low, high, holds):
    change = Change(metric, 0.5, 0.5, (low + high) / 2, low, high, 40)
    against = Comparison((change,), (), (), 40, None)
    status, failed = gated([case("a")], Gates(regression=(metric,)), comparison=against)
    assert (status == 0) == holds
    assert holds or f"{metric} against the baseline" in failed


def test_flips_fail_only_when_chance_does_not_explain_them():
    def flips(worse, better, p_value):
        return Comparison((), tuple(f"a{one}" for one in range(worse)), tuple("b" * better), 30, p_value)

    assert gated([case("a")], comparison=flips(6, 0, 0.031)) == (1, {"flips": "6 worse, 0 better, p = 0.031"})
    assert gated([case("a")], comparison=flips(5, 0, 0.0625))[0] == 0
    assert gated([case("a")], comparison=flips(0, 6, 0.031))[0] == 0


def test_what_the_baseline_measured_and_this_run_does_not_fails():
    assert gated([case("a")], comparison=SAME, lost=("b is gone",)) == (1, {"coverage": "b is gone"})
    assert gated([case("a")], comparison=SAME)[0] == 0


def test_without_thresholds_every_case_must_pass(tmp_path):
    failed = {"answer_correctness": "1 of 2 cases with a fault: a"}
    assert gated([case("a", False), case("b")], read_gates(written(tmp_path, ""))) == (1, failed)
    assert gated([case("a", False), case("b")], read_gates(written(tmp_path, "thresholds: {}")))[0] == 0


def test_a_gates_file_says_what_it_changes_and_keeps_the_rest(tmp_path):
    assert read_gates(written(tmp_path, "")) == Gates()
    text = "hard: [citation_exists]\nthresholds:\n  false_answer: {faulty_at_most: 1}\n  mrr: {at_least: 0.5}\n"
    assert read_gates(written(tmp_path, text)) == Gates(
        hard=("citation_exists",),
        thresholds=(Threshold("false_answer", faulty_at_most=1), Threshold("mrr", at_least=0.5)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hart: []", "there is no section 'hart'; there is hard, thresholds, regression"),
        ("hard: [citation_exist]", "there is no metric 'citation_exist'; there is answer_correctness"),
        ("hard: citation_exists", "is not a list"),
        ("hard: [[x]]", "there is no metric"),
        ("thresholds: {correctness: {at_least: 1}}", "there is no metric 'correctness'"),
        ("thresholds: {mrr: {at_lest: 1}}", "there is no bound 'at_lest'; there is at_least"),
        ("thresholds: {mrr: 0.5}", "is not a mapping"),
        ("thresholds: {mrr: {}}", "no bound is given"),
        ("thresholds: {mrr: {at_least: high}}", "'high'"),
        ("thresholds: {mrr: {at_least: true}}", "True"),
        ("thresholds: {mrr: {at_least: .nan}}", "nan"),
        ("thresholds: {mrr: {at_least: 1}, mrr: {at_least: 0}}", "stands twice"),
        ("- hard", "is not a mapping"),
        ("hard: [", "line 1 is not YAML"),
        ("hard: \x00", "is not YAML"),
        ("? [a]\n: b", "unhashable key"),
    ],
)
def test_a_mistake_in_a_gates_file_is_named_with_what_there_is(tmp_path, text, said):
    with pytest.raises(UserError) as mistake:
        read_gates(written(tmp_path, text))
    assert said in str(mistake.value)
    assert "a.gates.yaml" in str(mistake.value)


def test_a_gates_file_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml cannot be read"):
        read_gates(tmp_path / "none.yaml")


def test_the_gates_of_a_suite_lie_beside_it(tmp_path):
    assert gates_beside(tmp_path / "a.b.jsonl") == tmp_path / "a.b.gates.yaml"
