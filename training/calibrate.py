"""Freeze what the verifier's measures weigh and its thresholds: python -m training.calibrate DATA.

Fits a logistic regression of "the passage supports the claim" on the measures of assistant/support.py, over the human
labels in DATA/support/dev, each set and each of its two answers counting the same; then takes the threshold at which
the whole verifier, rules and all, has the best mean balanced accuracy over SETS. Writes both, with the curves, to
calibration.json beside the weights. Prints, too, what each set gets when weights and threshold come from the others
only: that is what to expect on documents of another kind.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.judges import MODEL_FOLDER, Judges
from assistant.reading import evidence_of
from assistant.support import MEASURES, Calibration
from assistant.verify import CascadeVerifier, Examined, decide
from training.examples import read_lines
from vectorstore.sentences import split_sentences
from vectorstore.text import normalise
from vectorstore.types import Document

# Six families of claims; those beside them are printed and decide nothing.
SETS = ("vitaminc_pages", "fm2_half", "wice_claim_goldsent_dev", "summac_factcc", "lfqa_verif", "attrbench_dev")
BESIDE = ("frank_cnndm_valid", "frank_bbc_valid")
PARTLY = 0.6  # of the threshold: below it a claim is not even partly supported
GRID = np.arange(0.05, 0.96, 0.01)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The pairs of one set, examined: each sentence of each claim beside each window, and the human labels."""

    pairs: list[list[list[Examined]]]
    labels: NDArray[np.bool_]

    def rows(self) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return measures and labels of the claims of one sentence that break no rule; the best window of each."""
        rows = [
            (max(one.measures for one in pair[0] if one.measures), bool(label))
            for pair, label in zip(self.pairs, self.labels, strict=True)
            if len(pair) == 1 and any(one.measures for one in pair[0])
        ]
        return np.array([row for row, _ in rows]), np.array([label for _, label in rows])


def main() -> None:
    """Fit, choose, print and freeze."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=800, help="pairs of each set")
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER / "calibration.json")
    given = parser.parse_args()
    verifier = CascadeVerifier(Judges())
    sets = {name: _read(given.data / "support" / "dev", name, given.most, verifier) for name in (*SETS, *BESIDE)}

    print("from the other sets only:")
    for name in SETS:
        others = [sets[one] for one in SETS if one != name]
        calibration = _choose(_fit(others), others)
        print(f"  {name}: balanced accuracy {_accuracy(calibration, sets[name]):.3f}", flush=True)
    weights = _fit([sets[name] for name in SETS])
    chosen = _choose(weights, [sets[name] for name in SETS])
    curves = {name: _curve(_scores(chosen, one), one.labels) for name, one in sets.items()}
    at = int(np.argmin(np.abs(GRID - chosen.supported)))
    for name, curve in curves.items():
        print(f"{name}: balanced accuracy {curve[at]:.3f}, at its own best threshold {curve.max():.3f}")
    print(f"mean of the six: {np.mean([curves[name][at] for name in SETS]):.3f}")
    frozen = {
        "support": {
            "weights": {"bias": round(chosen.bias, 4)}
            | {name: round(weight, 4) for name, weight in zip(MEASURES, chosen.weights, strict=True)},
            "supported": round(chosen.supported, 4),
            "partly": round(chosen.partly, 4),
            "thresholds": [round(float(one), 2) for one in GRID],
            "balanced_accuracy": {name: [round(float(one), 4) for one in curve] for name, curve in curves.items()},
        }
    }
    given.out.write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")


def _read(folder: Path, name: str, most: int, verifier: CascadeVerifier) -> Labelled:
    lines = list(read_lines(folder / f"{name}.jsonl.gz"))
    lines = random.Random(0).sample(lines, min(most, len(lines)))
    pairs, labels = [], []
    for line in lines:
        document = Document("passage", "", normalise(line["premise"]))
        evidence = evidence_of(document, split_sentences(document))
        if evidence:
            pairs.append(verifier.examine(normalise(line["claim"]), evidence))
            labels.append(bool(line["label"]))
    return Labelled(pairs, np.array(labels))


def _fit(sets: Sequence[Labelled], ridge: float = 0.02) -> Numbers:
    """Return the weights, bias first; Newton's method, a small ridge, each answer of each set with the same weight."""
    found = [one.rows() for one in sets]
    rows = np.vstack([np.hstack([np.ones((len(each), 1)), each]) for each, _ in found])
    labels = np.concatenate([label for _, label in found]).astype(float)
    shares = np.concatenate([np.where(label, 0.5 / label.sum(), 0.5 / (~label).sum()) for _, label in found])
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        hessian = (rows * (shares * chance * (1 - chance))[:, None]).T @ rows + ridge * np.eye(len(weights))
        weights += np.linalg.solve(hessian, rows.T @ (shares * (labels - chance)) - ridge * weights)
    return weights


def _choose(weights: Numbers, sets: Sequence[Labelled]) -> Calibration:
    """Return the calibration with the threshold at which the whole verifier is best on average over sets."""
    tried = Calibration(float(weights[0]), tuple(map(float, weights[1:])), 0.5, 0.05)
    curves = [_curve(_scores(tried, one), one.labels) for one in sets]
    best = float(GRID[int(np.mean(curves, axis=0).argmax())])
    return Calibration(tried.bias, tried.weights, best, PARTLY * best)


def _scores(calibration: Calibration, labelled: Labelled) -> Numbers:
    return np.array([decide(pair, calibration).score or 0.0 for pair in labelled.pairs])


def _curve(scores: Numbers, labels: NDArray[np.bool_]) -> Numbers:
    """Return the balanced accuracy at each threshold of GRID."""
    return np.array([((scores[labels] >= at).mean() + (scores[~labels] < at).mean()) / 2 for at in GRID])


def _accuracy(calibration: Calibration, labelled: Labelled) -> float:
    scores = _scores(calibration, labelled)
    right = (scores[labelled.labels] >= calibration.supported).mean()
    return float((right + (scores[~labelled.labels] < calibration.supported).mean()) / 2)


if __name__ == "__main__":
    main()
