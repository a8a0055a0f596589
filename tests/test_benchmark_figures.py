"""From scores and labels to figures: values worked out by hand, and what may never happen to an interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.benchmarks.figures import auc, balanced_accuracy, best_cut, estimate, mean, mean_of, ratio
from evals.benchmarks.table import Figure, Table, markdown

cases = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.booleans(), st.integers(0, 3)), max_size=12)


def of(statistic, count):
    return statistic(np.ones(count))


def test_the_area_counts_pairs_in_the_right_order_and_ties_by_half():
    # 1 against .9 and .5: right; .5 against .9: wrong, against .5: tie.
    assert of(auc([1.0, 0.5, 0.9, 0.5], [1, 1, 0, 0]), 4) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


@given(cases)
@settings(deadline=None)
def test_the_area_of_weighted_cases_is_that_of_cases_repeated_as_often(cases):
    scores, labels, weights = ([case[place] for case in cases] for place in range(3))
    yes = [score for score, label, weight in cases if label for _ in range(weight)]
    no = [score for score, label, weight in cases if not label for _ in range(weight)]
    area = auc(scores, labels)(np.array(weights, dtype=float))
    if yes and no:
        assert area == pytest.approx(np.mean([(one > other) + (one == other) / 2 for one in yes for other in no]))
    else:
        assert np.isnan(area)


def test_balanced_accuracy_is_the_mean_of_both_shares():
    said, labels = [True, True, False, True, False], [1, 1, 1, 0, 0]
    assert of(balanced_accuracy(said, labels), 5) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert np.isnan(of(balanced_accuracy([True], [1]), 1))


def test_the_best_cut_is_the_score_that_separates_best():
    assert best_cut([0.1, 0.4, 0.6, 0.8, 0.9], [0, 0, 1, 0, 1]) == 0.6
    with pytest.raises(ValueError):
        best_cut([], [])


@given(cases.filter(lambda found: 0 < sum(label for _, label, _ in found) < len(found)))
@settings(deadline=None)
def test_no_cut_is_better_than_the_best(cases):
    scores, labels, _ = ([case[place] for case in cases] for place in range(3))
    accuracy = {cut: of(balanced_accuracy(np.array(scores) >= cut, labels), len(cases)) for cut in (*scores, 2.0)}
    assert accuracy[best_cut(scores, labels)] == pytest.approx(max(max(accuracy.values()), 0.5))


def test_a_ratio_weighs_each_case_by_its_whole_and_a_mean_does_not():
    assert of(ratio([1, 2], [1, 8]), 2) == pytest.approx(3 / 9)
    assert of(mean([1, 2 / 8]), 2) == pytest.approx(5 / 8)
    assert np.isnan(of(ratio([0], [0]), 1))


def test_an_estimate_of_one_cluster_has_no_interval_and_an_undefined_one_no_figure():
    assert estimate(mean([0.0, 1.0]), ["a", "a"], seed=1).figure(2) == Figure(0.5, n=2)
    assert estimate(mean([]), [], seed=1).figure(0) is None
    assert estimate(auc([0.1, 0.2], [1, 1]), ["a", "b"], seed=1).figure(2) is None


def test_the_interval_of_a_paired_difference_knows_that_both_rise_and_fall_together():
    chance = np.random.RandomState(0)
    values = chance.rand(50)
    better, worse = (estimate(mean(column), range(50), seed=1) for column in (values + 0.1, values))
    gain = (better - worse).figure()
    assert (gain.value, gain.low, gain.high) == tuple(pytest.approx(0.1) for _ in range(3))


def test_a_mean_over_sets_weighs_them_equally_and_is_surer_than_each():
    chance = np.random.RandomState(0)
    sets = [estimate(mean(chance.rand(count)), range(count), seed=count) for count in (30, 90)]
    together = mean_of(sets).figure()
    assert together.value == pytest.approx((sets[0].value + sets[1].value) / 2)
    assert together.high - together.low < sets[0].figure().high - sets[0].figure().low


def test_a_table_shows_intervals_counts_and_empty_cells():
    row = ("set", 3, Figure(0.5), Figure(0.25, 0.125, 0.5, 7), Figure(-0.25, -0.5, 0.25), None)
    table = Table("Title", ("a", "b", "c", "d", "e", "f"), (row,), ("so",), ("theirs",), ("that",))
    assert markdown(table).splitlines() == [
        "### Title",
        "",
        "| a | b | c | d | e | f |",
        "| --- | --- | --- | --- | --- | --- |",
        "| set | 3 | 0.500 | 0.250 (0.125–0.500) n=7 | -0.250 (-0.500 to 0.250) |  |",
        "",
        "- so",
        "",
        "- Published: theirs",
        "",
        "- Skipped: that",
    ]
