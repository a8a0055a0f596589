"""Where the documents disagree: sentences that contradict what an answer cites, and who says which.

Exact rules (assistant.contrast) find what is said differently; the trained judge has to agree that both sentences are
about one thing. A false alarm costs more trust than a missed one: whatever is not plain is left alone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.contrast import Contrast, Said, contrasts
from assistant.extractive import attributed, hangs
from assistant.judges import REFUTED, SUPPORTED, Judges
from assistant.names import same_name
from assistant.polarity import is_negative
from assistant.speakers import report
from assistant.types import Dispute, Draft, Evidence
from assistant.wording import content_of
from vectorstore.text import one_line
from vectorstore.types import Document

ADDED = 2  # sentences that are added to an answer, at most
JUDGED = 6  # pairs that the judge reads, at most: those that share most
SHARED = 2  # content words that two sentences must share to be looked at
# Of wording that two sentences share, and log-odds of the judge; measured as docs/evals.md tells.
HELD = {"number": 0.6, "date": 0.6, "denial": 0.6}
SURELY = {"number": 0.75, "date": 0.6}  # from which on the judge may as well find that one supports the other
# How much of a claim's wording a denial must hold, and the log-odds of the judge from which on it then is one.
DENIED = ((0.85, -3.0), (0.75, -0.5), (0.6, 0.0))
LONGEST_CLAIM, LONGEST_NAME = 120, 60  # characters of what is shown of a claim, and of a name


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sentences, the first of them cited, and what they say differently."""

    one: Evidence
    other: Evidence
    contrast: Contrast


class Disagreements:
    """Compares what an answer cites with itself and with whatever else was found; safe to use from many threads."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def compare(self, cited: Sequence[Evidence], found: Sequence[Evidence]) -> list[Dispute]:
        """Return where cited sentences contradict each other, or sentences of other documents among found.

        A sentence that is not cited yet has its draft in the first dispute that it belongs to; there are at most ADDED.
        """
        known = {one.id for one in cited}
        pairs = [
            pair
            for pair in self._pairs(cited, _others(cited, found))
            if pair.other.id in known or (pair.one.document != pair.other.document and not hangs(pair.other.text))
        ]
        nearest = sorted(pairs, key=lambda pair: -pair.contrast.held)[:JUDGED]
        return _disputes(self._confirmed(nearest), known)

    def _pairs(self, cited: Sequence[Evidence], others: Sequence[Evidence]) -> Iterator[_Pair]:
        """Yield the pairs that the rules find to differ and that share enough of their wording."""
        said = [Said(one) for one in (*cited, *others)]
        for first, one in enumerate(said[: len(cited)]):
            for other in said[first + 1 :]:
                if not _apart(one.evidence, other.evidence) or len(one.content & other.content) < SHARED:
                    continue
                for contrast in contrasts(one, other):
                    if contrast.held >= HELD[contrast.kind]:
                        yield _Pair(one.evidence, other.evidence, contrast)
                        break

    def _confirmed(self, pairs: Sequence[_Pair]) -> list[_Pair]:
        """Return the pairs of which the judge, asked both ways, thinks that they are about one thing."""
        asked = [(pair.one.text, pair.other.text) for pair in pairs]
        if not asked:
            return []
        odds = self._judges.support([*asked, *((other, one) for one, other in asked)])
        return [
            pair
            for pair, forth, back in zip(pairs, odds, odds[len(pairs) :], strict=False)
            if _agreed(
                pair.contrast,
                refuted=float(max(forth[REFUTED], back[REFUTED])),
                supported=float(max(forth[SUPPORTED], back[SUPPORTED])),
            )
        ]


def _agreed(contrast: Contrast, *, refuted: float, supported: float) -> bool:
    """Return whether the judge's log-odds bear a contrast out.

    Of another number or day the judge need only find that the sentences are about one thing, for which either answer
    will do: it is not good at telling Friday from Saturday. That one denies the other it must find itself.
    """
    if contrast.kind == "denial":
        least = next(odds for held, odds in DENIED if contrast.held >= held)
        return refuted > supported and refuted >= least
    return refuted >= 0.0 or (supported >= 0.0 and contrast.held >= SURELY[contrast.kind])


def _others(cited: Sequence[Evidence], found: Sequence[Evidence]) -> list[Evidence]:
    """Return what was found and not cited that has a few words in common with a cited sentence."""
    cited_ids = {one.id for one in cited}
    known = [content_of(one.text) for one in cited]
    return [
        one
        for one in found
        if one.id not in cited_ids and any(len(words & content_of(one.text)) >= SHARED for words in known)
    ]


def _apart(one: Evidence, other: Evidence) -> bool:
    """Return whether two sentences have different sources: documents, or speakers within one."""
    if one.document.id != other.document.id:
        return True
    return bool(one.speaker and other.speaker and not same_name(one.speaker, other.speaker))


def _disputes(pairs: Sequence[_Pair], cited: set[str]) -> list[Dispute]:
    """Put pairs about one thing together, the surest first; a side that nothing cited is on gets its best sentence."""
    shown = set(cited)
    found = []
    for group in _groups(pairs):
        drafts = []
        sides = _sides(group)
        for side in sides.values():
            if not any(one.id in shown for one in side) and len(shown) - len(cited) < ADDED:
                shown.add(side[0].id)
                drafts.append(Draft(attributed(side[0]), side[:1], "\n\n"))
        kept = {value: [one for one in side if one.id in shown] for value, side in sides.items()}
        kept = {value: side for value, side in kept.items() if side}
        if len(kept) > 1:
            evidence = tuple(one for side in kept.values() for one in side)
            found.append(Dispute(evidence, _about(group[0].contrast, kept), tuple(drafts)))
    return found


def _groups(pairs: Sequence[_Pair]) -> list[list[_Pair]]:
    """Return the pairs in groups: one kind, one question, and each shares a sentence with the first of its group."""
    groups: list[list[_Pair]] = []
    for pair in pairs:
        for group in groups:
            first = group[0]
            same = pair.contrast.kind == first.contrast.kind and (
                pair.contrast.kind == "denial" or pair.contrast.asks == first.contrast.asks
            )
            if same and {pair.one.id, pair.other.id} & {first.one.id, first.other.id}:
                group.append(pair)
                break
        else:
            groups.append([pair])
    return groups


def _sides(group: Sequence[_Pair]) -> dict[str, tuple[Evidence, ...]]:
    """Return who is on which side: the sentences by what they say, the first pair's sides first."""
    sides: dict[str, tuple[Evidence, ...]] = {}
    for pair in group:
        for value, one in ((pair.contrast.here, pair.one), (pair.contrast.there, pair.other)):
            if one not in sides.get(value, ()):
                sides[value] = (*sides.get(value, ()), one)
    return sides


def _about(contrast: Contrast, sides: Mapping[str, Sequence[Evidence]]) -> str:
    """Return what it is about and who says which: "how long: six weeks (Lund Post), nine weeks (Ann Lee in Dagen)"."""
    every = [one for side in sides.values() for one in side]
    who = {value: " and ".join(dict.fromkeys(_named(one, every) for one in side)) for value, side in sides.items()}
    if contrast.kind == "denial":
        claim = one_line(contrast.asks, longest=LONGEST_CLAIM)
        says = "says" if len(sides["yes"]) == 1 else "say"
        opposite = "denies it" if is_negative(sides["no"][0].text) else "says the opposite"
        denies = opposite if len(sides["no"]) == 1 else "deny it"
        return f"whether “{claim}”: {who['yes']} {says} so, {who['no']} {denies}"
    return f"{contrast.asks}: " + ", ".join(f"{one_line(value)} ({names})" for value, names in who.items())


def _named(one: Evidence, every: Sequence[Evidence]) -> str:
    """Return who says a sentence, and where: "Per Lind in Harbour Gazette", or the outlet alone for its own voice."""
    frame = report(one.text)
    told = frame.subject if frame and frame.subject.casefold() not in ("he", "she", "it", "they", "we", "i") else ""
    who = one.speaker or told
    where = one_line(_place(one.document, {other.document for other in every}), longest=LONGEST_NAME)
    return f"{one_line(who, longest=LONGEST_NAME)} in {where}" if who else where


def _place(document: Document, documents: Collection[Document]) -> str:
    """Return the outlet, title or file of a document: the first that no other document shares."""
    for known in ("outlet", "title"):
        name: str | None = getattr(document, known)
        if name and sum(getattr(other, known) == name for other in documents) == 1:
            return name
    return document.source
