"""How sure a number is: intervals over cases, and whether two runs differ; no clock and no global chance in it."""

import hashlib
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
_Z = 1.959963984540054  # the normal quantile of LEVEL, two-sided

# A number made from all cases, told how often each of them was drawn; nan where it is undefined.
Statistic = Callable[["NDArray[np.float64]"], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95 % interval, both included."""

    low: float
    high: float


def seed_of(*parts: str) -> int:
    """Return a seed in [0, 2**32) made from the parts alone: the same in every process and on every machine."""
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")


def bootstrap(values: Sequence[float], clusters: Sequence[Hashable], *, seed: int) -> Interval | None:
    """Return the percentile interval of the mean of values, or None for fewer than two clusters.

    Values of one cluster are drawn together, because turns of one conversation succeed and fail together: each of
    RESAMPLES samples draws as many clusters as there are, with replacement, and takes the mean of all their values.
    For paired differences it is the paired bootstrap.

    Raises:
        ValueError: if values and clusters differ in length.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3; Field and Welsh,
        "Bootstrapping clustered data", JRSS B 69, 2007 (the randomized cluster bootstrap).
    """
    import numpy as np

    sums, sizes = _by_cluster(values, clusters)
    count = len(sums)
    if count < 2:
        return None
    # RandomState, not a Generator: numpy promises that its numbers never change from one version to the next.
    drawn = np.random.RandomState(seed).randint(count, size=(RESAMPLES, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return interval_of(means)


def resample(statistic: Statistic, clusters: Sequence[Hashable], *, seed: int) -> "NDArray[np.float64]":
    """Return a statistic of RESAMPLES samples, each of as many clusters as there are, drawn with replacement.

    `clusters` names the cluster of each case; the cases of one are drawn together, as in bootstrap. The statistic is
    given the draws of each case in that order, shape (len(clusters),). Fewer than two clusters give no samples.
    Equal seeds and clusters draw the same, so samples of two statistics may be taken from each other: the paired
    bootstrap.
    """
    import numpy as np

    places: dict[Hashable, int] = {}
    cluster_of = np.array([places.setdefault(cluster, len(places)) for cluster in clusters], dtype=np.int64)
    count = len(places)
    if count < 2:
        return np.empty(0)
    chance = np.random.RandomState(seed)
    draws = (np.bincount(chance.randint(count, size=count), minlength=count) for _ in range(RESAMPLES))
    return np.array([statistic(drawn[cluster_of].astype(np.float64)) for drawn in draws])


def interval_of(samples: "NDArray[np.float64]") -> Interval | None:
    """Return the percentile interval of resampled values; None where no sample has one.

    Samples in which the statistic is undefined (nan) are left out.
    """
    import numpy as np

    defined = samples[~np.isnan(samples)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def wilson(rate: float, count: int) -> Interval:
    """Return the score interval of a rate that was seen in count independent cases; it never leaves [0, 1].

    Raises:
        ValueError: if count is not positive or rate not in [0, 1].
    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    if count < 1 or not 0 <= rate <= 1:
        raise ValueError(f"a rate in [0, 1] of at least one case has an interval, not {rate} of {count}")
    spread = _Z * math.sqrt(rate * (1 - rate) / count + _Z**2 / (4 * count**2))
    centre = rate + _Z**2 / (2 * count)
    scale = 1 + _Z**2 / count
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def mcnemar(worse: int, better: int) -> float | None:
    """Return the exact two-sided p-value that this many cases flip each way by chance; None if none flipped.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12,
        1947; exact as a binomial test of worse among worse + better at one half.
    """
    flips = worse + better
    if not flips:
        return None
    tail = sum(math.comb(flips, count) for count in range(min(worse, better) + 1))
    p_value: float = 2 * tail / 2**flips
    return min(1.0, p_value)  # with as many each way, the middle is in both tails


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least this share of them do not exceed (the nearest-rank method).

    Raises:
        ValueError: if there are no values or share is not in (0, 1].
    """
    if not values or not 0 < share <= 1:
        raise ValueError(f"a share in (0, 1] of at least one value has a percentile, not {share} of {len(values)}")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _by_cluster(
    values: Sequence[float], clusters: Sequence[Hashable]
) -> tuple["NDArray[np.float64]", "NDArray[np.int64]"]:
    """Return the sum of each cluster's values and how many they are, clusters in the order of their first value."""
    import numpy as np

    held: dict[Hashable, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        held.setdefault(cluster, []).append(value)
    groups = held.values()
    return np.array([math.fsum(group) for group in groups]), np.array([len(group) for group in groups], dtype=np.int64)
