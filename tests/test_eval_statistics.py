"""Intervals and tests of significance: textbook values, and what they may never do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.statistics import (
    RESAMPLES,
    Interval,
    bootstrap,
    interval_of,
    mcnemar,
    percentile,
    resample,
    seed_of,
    wilson,
)

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("rate", "count", "low", "high"),
    [(0.8, 10, 0.4902, 0.9433), (0.0, 10, 0.0, 0.2775), (1.0, 10, 0.7225, 1.0), (0.5, 100, 0.4038, 0.5962)],
)
def test_wilson_gives_the_textbook_values(rate, count, low, high):
    interval = wilson(rate, count)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(shares, st.integers(1, 10_000))
@settings(deadline=None)
def test_wilson_holds_the_rate_and_stays_between_zero_and_one(rate, count):
    interval = wilson(rate, count)
    assert 0 <= interval.low <= rate + 1e-12
    assert rate - 1e-12 <= interval.high <= 1


@pytest.mark.parametrize(("rate", "count"), [(0.5, 0), (1.1, 3), (-0.1, 3)])
def test_wilson_refuses_what_is_no_rate(rate, count):
    with pytest.raises(ValueError):
        wilson(rate, count)


@given(st.lists(shares, min_size=2, max_size=12), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_bootstrap_interval_lies_between_the_least_and_the_greatest_value(values, seed):
    interval = bootstrap(values, range(len(values)), seed=seed)
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9


def test_the_chance_of_a_bootstrap_is_the_same_everywhere():
    interval = bootstrap([0.1, 0.9, 0.4, 0.7, 0.3], range(5), seed=7)
    assert (interval.low, interval.high) == (pytest.approx(0.22), pytest.approx(0.74))


def test_a_bootstrap_depends_on_its_seed_and_on_no_other_chance():
    values = [0.1, 0.9, 0.4, 0.7, 0.3]
    np.random.seed(1)
    first = bootstrap(values, range(5), seed=7)
    np.random.seed(2)
    assert bootstrap(values, range(5), seed=7) == first
    assert bootstrap(values, range(5), seed=8) != first


def test_one_cluster_has_no_interval():
    assert bootstrap([0.1, 0.9], ["a", "a"], seed=1) is None
    assert bootstrap([], [], seed=1) is None


def test_values_of_one_cluster_are_drawn_together():
    values = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0] * 4
    alone = bootstrap(values, range(len(values)), seed=1)
    together = bootstrap(values, [number // 4 for number in range(len(values))], seed=1)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_about_95_of_100_bootstrap_intervals_hold_the_true_mean():
    chance = np.random.RandomState(0)
    samples = [chance.beta(2, 1, size=40) for _ in range(200)]  # its mean is 2/3
    intervals = [bootstrap(list(sample), range(40), seed=number) for number, sample in enumerate(samples)]
    held = sum(interval.low <= 2 / 3 <= interval.high for interval in intervals)
    assert 0.9 * 200 <= held <= 0.99 * 200


def test_more_than_a_thousand_flips_have_a_probability_too():
    assert mcnemar(3000, 2000) < 1e-40


def test_values_and_clusters_must_be_as_many():
    with pytest.raises(ValueError):
        bootstrap([1.0, 2.0], ["a"], seed=1)


@pytest.mark.parametrize(
    ("worse", "better", "p_value"), [(6, 0, 0.03125), (0, 6, 0.03125), (5, 0, 0.0625), (8, 2, 0.109375), (3, 3, 1.0)]
)
def test_mcnemar_gives_the_exact_binomial_probability(worse, better, p_value):
    assert mcnemar(worse, better) == pytest.approx(p_value)


def test_without_a_flip_there_is_nothing_to_test():
    assert mcnemar(0, 0) is None


@given(st.integers(0, 300), st.integers(0, 300))
@settings(deadline=None)
def test_mcnemar_is_a_probability_and_knows_no_side(worse, better):
    p_value = mcnemar(worse, better)
    assert p_value == mcnemar(better, worse)
    assert p_value is None or 0 <= p_value <= 1


def test_a_seed_tells_its_parts_apart():
    assert seed_of("ab", "c") != seed_of("a", "bc")
    assert seed_of("ab", "c") == seed_of("ab", "c") == 2_518_140_166


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (0.9, 9), (0.01, 1), (1, 10)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == value


def test_resampling_a_mean_gives_the_interval_of_the_bootstrap_about():
    values = list(np.random.RandomState(0).rand(60))
    clusters = [number // 3 for number in range(60)]
    drawn = interval_of(resample(lambda weights: float(weights @ values / weights.sum()), clusters, seed=1))
    known = bootstrap(values, clusters, seed=1)
    assert (drawn.low, drawn.high) == (pytest.approx(known.low, abs=0.02), pytest.approx(known.high, abs=0.02))


def test_resampling_draws_the_cases_of_a_cluster_equally_often_and_as_many_clusters_as_there_are():
    seen = []
    resample(lambda weights: seen.append(tuple(weights)) or 0.0, ["a", "b", "a", "c"], seed=1)
    assert len(seen) == RESAMPLES
    assert all(first == third and first + second + fourth == 3 for first, second, third, fourth in seen)
    assert len(set(seen)) > 5


def test_samples_without_a_value_are_left_out_of_the_interval():
    assert interval_of(np.array([0.5, np.nan, 0.5])) == Interval(0.5, 0.5)
    assert interval_of(np.array([np.nan])) is None
    assert interval_of(resample(lambda weights: 0.0, ["a", "a"], seed=1)) is None
