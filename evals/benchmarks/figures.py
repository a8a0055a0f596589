"""From scores and labels to figures with intervals: area under the curve, balanced accuracy, shares."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evals.benchmarks.table import Figure
from evals.statistics import Interval, Statistic, interval_of, resample

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of all cases, and the same of resampled ones (see evals.statistics.resample)."""

    value: float
    samples: NDArray[np.float64]

    def figure(self, n: int | None = None) -> Figure | None:
        """Return it with its 95 % interval, taken over n cases; None where it is undefined."""
        if np.isnan(self.value):
            return None
        interval = interval_of(self.samples) or Interval(self.value, self.value)
        return Figure(self.value, interval.low, interval.high, n) if len(self.samples) else Figure(self.value, n=n)

    def __sub__(self, other: "Estimate") -> "Estimate":
        """Return the difference to an estimate of the same cases with the same seed."""
        return Estimate(self.value - other.value, self.samples - other.samples)


def estimate(statistic: Statistic, clusters: Sequence[Hashable], *, seed: int) -> Estimate:
    """Return a statistic with its resampled values; `clusters` names the cluster of each case."""
    return Estimate(statistic(np.ones(len(clusters))), resample(statistic, clusters, seed=seed))


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of estimates of different sets, each set with equal weight and resampled by itself."""
    samples = [one.samples for one in estimates]
    together = np.mean(samples, axis=0) if all(map(len, samples)) else np.empty(0)
    return Estimate(float(np.mean([one.value for one in estimates])), together)


def auc(scores: ArrayLike, labels: ArrayLike) -> Statistic:
    """Return the chance that a case labelled 1 scores above one labelled 0, equal scores counting half.

    Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
        curve", Radiology 143, 1982.
    """
    scores, positive = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    order = np.argsort(scores, kind="stable")
    positive = positive[order]
    _, starts = np.unique(scores[order], return_index=True)

    def statistic(weights: Weights) -> float:
        drawn = weights[order]
        yes = np.add.reduceat(drawn * positive, starts)
        no = np.add.reduceat(drawn * (1 - positive), starts)
        pairs = yes.sum() * no.sum()
        return float((yes * (no.cumsum() - no / 2)).sum() / pairs) if pairs else float("nan")

    return statistic if len(scores) else _undefined


def balanced_accuracy(said: ArrayLike, labels: ArrayLike) -> Statistic:
    """Return the mean of the share of 1s that are called 1 and of the share of 0s that are called 0."""
    right = np.asarray(said, dtype=bool) == np.asarray(labels, dtype=bool)
    positive = np.asarray(labels, dtype=np.float64)
    yes, no = ratio(right * positive, positive), ratio(right * (1 - positive), 1 - positive)
    return lambda weights: (yes(weights) + no(weights)) / 2


def ratio(parts: ArrayLike, wholes: ArrayLike) -> Statistic:
    """Return the sum of the parts by the sum of the wholes; with wholes of 1 it is a mean."""
    above, below = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)

    def statistic(weights: Weights) -> float:
        whole = weights @ below
        return float(weights @ above / whole) if whole else float("nan")

    return statistic


def mean(values: Sequence[float]) -> Statistic:
    """Return the mean of the values."""
    return ratio(values, np.ones(len(values)))


def best_cut(scores: Sequence[float], labels: Sequence[int]) -> float:
    """Return the score from which on calling a case 1 gives the best balanced accuracy; of equals the lowest.

    Chosen on the very cases that it is then measured on, it flatters whoever scored them.

    Raises:
        ValueError: if there are no scores.
    """
    values, positive = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    cuts = np.unique(values)
    if not len(cuts):
        raise ValueError("a cut is chosen among at least one score")
    yes, no = np.sort(values[positive == 1]), np.sort(values[positive == 0])
    accepted, rejected = len(yes) - np.searchsorted(yes, cuts), np.searchsorted(no, cuts)
    return float(cuts[np.argmax(accepted / max(1, len(yes)) + rejected / max(1, len(no)))])


def _undefined(weights: Weights) -> float:
    return float("nan")
