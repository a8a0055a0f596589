"""How well cited sentences bear a claim out: the trained judge and shared wording, put into one calibrated number."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.judges import MODEL_FOLDER, REFUTED, SUPPORTED, Judges
from assistant.names import names, without_title
from assistant.quantities import spelled_out
from assistant.types import Evidence
from assistant.wording import content_of, holds, pairs_of, words_of

SURROUNDINGS = 300  # characters before a cited sentence in which a name may stand that the sentence calls "he"
WINDOW = 4  # sentences of a longer passage that a claim may rest on together
WINDOWS = 3  # the best of them, by overlap, that are judged
MEASURES = ("supports", "refutes", "overlap", "neighbours", "doubts", "choice")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the measures weigh, and from which score on a claim is supported, or partly; by training/calibrate.py."""

    bias: float
    weights: tuple[float, ...]
    supported: float
    partly: float

    def score(self, measures: Sequence[float]) -> float:
        """Return how likely the claim is borne out, in [0, 1]."""
        return 1 / (1 + math.exp(-self.bias - sum(map(float.__mul__, self.weights, measures))))

    def refuted(self, measures: Sequence[float]) -> bool:
        """Return whether the text rather says the opposite than nothing."""
        return measures[1] > max(measures[0], 0.0)


@cache
def calibration(folder: Path = MODEL_FOLDER) -> Calibration:
    """Return the calibration that lies beside the weights."""
    frozen = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))["support"]
    weights = tuple(frozen["weights"][name] for name in MEASURES)
    return Calibration(frozen["weights"]["bias"], weights, frozen["supported"], frozen["partly"])


class Support:
    """Measures claims beside windows of evidence; safe to use from many threads."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def measure(
        self, claim: str, windows: Sequence[Sequence[Evidence]], *, doubts: int = 0, sentences: int = 1
    ) -> list[tuple[float, ...]]:
        """Return the MEASURES of claim by each window; the windows were chosen from so many sentences.

        The log-odds that the window supports and refutes the claim; two shares, in [0, 1], of the claim's wording that
        it holds; `doubts`, how many names and years nothing around it explains, at most 3; and choice, how often the
        number of windows side by side doubled: the best of many looks right by chance more often than an only one.
        """
        texts = [text_of(window) for window in windows]
        judged = self._judges.support([(_named_fully(spelled_out(claim), text), spelled_out(text)) for text in texts])
        return [
            (
                float(odds[SUPPORTED]),
                float(odds[REFUTED]),
                overlap(claim, window),
                neighbours(claim, window),
                float(min(doubts, 3)),
                math.log2(max(1.0, sentences / WINDOW)),
            )
            for window, odds in zip(windows, judged, strict=True)
        ]


def _named_fully(claim: str, text: str) -> str:
    """Return claim with each surname in it ("Lee", "Ms. Lee") as the one full name that text has for it ("Susan Lee").

    The judge would otherwise have to know that they are the same person.
    """
    whole = {without_title(name.text) for name in names(text)}
    surnames = Counter(name.split()[-1] for name in whole if " " in name)
    full = {name.split()[-1]: name for name in whole if " " in name and surnames[name.split()[-1]] == 1}
    for name in reversed(names(claim)):
        own = without_title(name.text)
        if own in full:
            claim = claim[: name.span.start] + full[own] + claim[name.span.end :]
    return claim


def text_of(evidence: Sequence[Evidence]) -> str:
    """Return the sentences as one text, each with its speaker before it where it does not name him."""
    return " ".join(
        f"{one.speaker}: {one.text}" if one.speaker and one.speaker not in one.text else one.text for one in evidence
    )


def windows_of(claim: str, evidence: Sequence[Evidence]) -> list[Sequence[Evidence]]:
    """Return what the claim may rest on: all of a few sentences, or the best neighbouring ones of a long passage."""
    if len(evidence) <= WINDOW:
        return [evidence]
    held = [shared(claim, one) for one in evidence]
    starts = range(len(evidence) - WINDOW + 1)
    best = sorted(starts, key=lambda start: len(frozenset().union(*held[start : start + WINDOW])), reverse=True)
    return [evidence[start : start + WINDOW] for start in best[:WINDOWS]]


def shared(claim: str, one: Evidence) -> frozenset[str]:
    """Return the content words of claim that a sentence holds."""
    words = words_of(one.text)
    return frozenset(word for word in content_of(claim) if holds(words, word))


def overlap(claim: str, evidence: Sequence[Evidence]) -> float:
    """Return in [0, 1] how much of the claim's wording the cited text holds.

    Half is for its content words, found anywhere (in the surroundings they count half), three tenths for those that
    one sentence holds together, and a fifth for neighbouring words that are neighbours there, too.
    """
    said = content_of(claim)
    if not said:
        return 1.0
    cited = words_of(" ".join(one.text for one in evidence))
    near = words_of(" ".join([surroundings(evidence), *(one.speaker or "" for one in evidence)]))
    anywhere = sum(1.0 if holds(cited, word) else 0.5 if holds(near, word) else 0.0 for word in said) / len(said)
    together = max(len(shared(claim, one)) for one in evidence) / len(said)
    pairs = pairs_of(claim)
    side_by_side = (
        len(pairs & frozenset().union(*(pairs_of(one.text) for one in evidence))) / len(pairs) if pairs else 1
    )
    return 0.5 * anywhere + 0.3 * together + 0.2 * side_by_side


def neighbours(claim: str, evidence: Sequence[Evidence]) -> float:
    """Return the share, in [0, 1], of the claim's neighbouring words that are neighbours in one cited sentence, too."""
    pairs = pairs_of(claim)
    return len(pairs & frozenset().union(*(pairs_of(one.text) for one in evidence))) / len(pairs) if pairs else 1.0


def surroundings(evidence: Sequence[Evidence]) -> str:
    """Return the titles, and the text of the documents just before the cited sentences, at whole words."""
    found = []
    for one in evidence:
        start = one.sentence.span.start
        before = one.document.text[max(0, start - SURROUNDINGS) : start]
        found.append(f"{one.document.title} . {before.partition(' ')[2] if start > SURROUNDINGS else before}")
    return " . ".join(dict.fromkeys(found))
