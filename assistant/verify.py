"""Is a claim supported by the sentences it cites? The one verifier: what paints the badge is what evals gate on."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.edits import edits
from assistant.names import capitalised_words, names, same_name, without_title
from assistant.polarity import accomplished, opposed, overstated
from assistant.quantities import calendar, quantities
from assistant.quotations import fold, quotations
from assistant.speakers import reports
from assistant.types import Evidence, Judgement
from assistant.wording import claims_agreement, content_of, holds, pairs_of, without_framing, words_of
from vectorstore.sentences import sentence_spans
from vectorstore.types import Span

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Verifier(Protocol):
    """Anything that can judge a claim; a trained model may take the rules' place."""

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Return the judgement of claim by the sentences it cites (at least one)."""


# Support is a mean of overlaps of words and of similarity of meaning, each near 1 for a sentence that says the same.
# Chosen by balanced accuracy on 200 pairs each of LFQA-Verification, AttributionBench and WiCE.
SUPPORTED = 0.6
PARTLY = 0.42
SURROUNDINGS = 300  # characters before a cited sentence in which a name may stand that the sentence calls "he"
EMBEDDED = 480  # bytes of a text that are embedded
WINDOW = 4  # sentences of a longer passage that a claim may rest on together
WINDOWS = 3  # the best of them, by overlap, that are judged


class RuleVerifier:
    """Exact rules that can only reject, then near-verbatim containment that accepts, then overlap and meaning.

    Deterministic. `embed` returns one unit row a text; it can only raise a claim whose words alone do not suffice.
    """

    def __init__(self, embed: Embed | None = None) -> None:
        self._embed = embed

    def judge(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        """Return the judgement of claim by the sentences it cites; a claim on a long passage, by its best window.

        The score ranks: each supported claim is above each partly supported one, and that above the others.

        Raises:
            ValueError: if evidence is empty; a sentence without a citation is "uncited", which is not for us to say.
        """
        if not evidence:
            raise ValueError("a claim is judged by at least one cited sentence")
        if _is_verbatim(claim, evidence):
            return Judgement("supported", 1.0, ("verbatim: the source says it in these words",))
        said = without_framing(claim)
        spans = sentence_spans(said) or (Span(0, len(said)),)
        groups = _documents(evidence) if claims_agreement(claim) else [evidence]
        judged = [self._judge_sentence(span.of(said), group) for span in spans for group in groups]
        return min(judged, key=lambda one: one.score or 0.0)

    def _judge_sentence(self, claim: str, evidence: Sequence[Evidence]) -> Judgement:
        missing = tuple(_missing(claim, evidence))
        judged = [self._judge_by(window, claim, missing) for window in _windows(claim, evidence)]
        return max(judged, key=lambda one: one.score or 0.0)

    def _judge_by(self, evidence: Sequence[Evidence], claim: str, missing: tuple[str, ...]) -> Judgement:
        wrong = (*missing, *_wrong(claim, evidence))
        if wrong:
            return Judgement("unsupported", round(0.98 * PARTLY * _overlap(claim, evidence), 3), wrong)
        support = self._support(claim, evidence)
        hedge = overstated(claim, _nearest(claim, evidence)[0].text)
        if hedge and support >= PARTLY:
            doubted = PARTLY + 0.98 * (SUPPORTED - PARTLY) * support
            return Judgement("partly_supported", round(doubted, 3), (f"certainty: the source says “{hedge}”",))
        score = round(support, 3)
        if score >= SUPPORTED:
            return Judgement("supported", score)
        reason = f"overlap: only {support:.0%} of it is found in the cited text"
        return Judgement("partly_supported" if score >= PARTLY else "unsupported", score, (reason,))

    def _support(self, claim: str, evidence: Sequence[Evidence]) -> float:
        overlap = _overlap(claim, evidence)
        hopeless = 0.8 * overlap + 0.2 < PARTLY
        if self._embed is None or overlap >= SUPPORTED or hopeless:
            return overlap
        nearest = [_cut(one.text) for one in _nearest(claim, evidence)[:2]]
        vectors = self._embed([_cut(claim), *dict.fromkeys(nearest)])
        return max(overlap, 0.8 * overlap + 0.2 * float((vectors[1:] @ vectors[0]).max()))


def open_verifier(embed: Embed | None) -> Verifier:
    """Return the verifier that the assistant, `footnote check` and the evals share."""
    return RuleVerifier(embed)


def _cut(text: str) -> str:
    """Return as much of text as an embedder surely reads: no model makes more tokens of it than it has bytes."""
    return text.encode("utf-8", "ignore")[:EMBEDDED].decode("utf-8", "ignore")


def _documents(evidence: Sequence[Evidence]) -> list[Sequence[Evidence]]:
    """Return the evidence of each document by itself."""
    by_id: dict[str, list[Evidence]] = {}
    for one in evidence:
        by_id.setdefault(one.document.id, []).append(one)
    return list(by_id.values())


def _windows(claim: str, evidence: Sequence[Evidence]) -> list[Sequence[Evidence]]:
    """Return what the claim may rest on: all of a few sentences, or the best neighbouring ones of a long passage."""
    if len(evidence) <= WINDOW:
        return [evidence]
    held = [_held(claim, one) for one in evidence]
    starts = range(len(evidence) - WINDOW + 1)
    best = sorted(starts, key=lambda start: len(frozenset().union(*held[start : start + WINDOW])), reverse=True)
    return [evidence[start : start + WINDOW] for start in best[:WINDOWS]]


def _held(claim: str, one: Evidence) -> frozenset[str]:
    """Return the content words of claim that a sentence holds."""
    words = words_of(one.text)
    return frozenset(word for word in content_of(claim) if holds(words, word))


def _nearest(claim: str, evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Return the sentence that holds most of the claim's words, then those that hold at least half as many."""
    held = sorted(((len(_held(claim, one)), one) for one in evidence), key=lambda pair: pair[0], reverse=True)
    return [one for count, one in held if 2 * count >= held[0][0]]


def _missing(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield what the claim holds and the cited text, all of it, does not."""
    cited = " ".join(one.text for one in evidence)
    yield from _wrong_quotations(claim, cited)
    yield from _wrong_numbers(claim, cited, evidence)
    yield from _wrong_names(claim, f"{cited} {_surroundings(evidence)}", evidence)


def _wrong(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield what the claim turns round: who said it, what changed places, what was denied."""
    yield from _wrong_speaker(claim, evidence)
    cited = " ".join(one.text for one in evidence)
    nearest = _nearest(claim, evidence)
    yield from edits(claim, nearest[0].text, known=capitalised_words([claim, cited, _surroundings(evidence)]))
    own, quoted = _quotations_apart(claim, cited)
    if side := opposed(own, " ".join(one.text for one in nearest), quoted=quoted):
        yield f"polarity: {side}"
    if done := accomplished(claim, nearest[0].text):
        yield f"certainty: {done}"


def _wrong_quotations(claim: str, cited: str) -> Iterator[str]:
    """A quotation must stand in the cited text letter by letter; "…" may leave out, "[…]" may insert."""
    held = fold(cited)
    for quotation in quotations(claim):
        inner = quotation.inner.of(claim)
        pieces = [fold(piece).strip(" .,;:!?\"'") for piece in _CUT.split(inner)]
        position = 0
        for piece in filter(None, pieces):
            position = held.find(piece, position)
            if position < 0:
                yield f"quotation: “{inner}” is not word for word in the cited text"
                break
            position += len(piece)


def _wrong_numbers(claim: str, cited: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    held = quantities(cited)
    years = {one.document.published.year for one in evidence if one.document.published}
    for quantity in quantities(claim):
        if not any(quantity.agrees(other) for other in held) and quantity.value not in years:
            yield f"number: {quantity.text} is not in the cited text"
    near = f"{cited} {_surroundings(evidence)}"
    for day in sorted(calendar(claim) - calendar(near)):
        if day not in {one.document.published.strftime("%B").casefold() for one in evidence if one.document.published}:
            yield f"date: {day.capitalize()} is not in the cited text"


def _wrong_names(claim: str, text: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    known = capitalised_words([claim, text])
    held = words_of(" ".join([text, *(one.speaker or "" for one in evidence)]))
    for name in names(claim, known=known):
        if not all(holds(held, word) for word in content_of(without_title(name.text))):
            yield f"name: {name.text} is not in the cited text"


def _wrong_speaker(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Whoever the claim says says it must be who the cited sentence says says it."""
    frames = reports(claim)
    known = capitalised_words([one.text for one in evidence])
    subject = names(frames[0].subject, known=known | {frames[0].subject.split()[0].casefold()}) if frames else ()
    if not subject:
        return
    quoted = [fold(one.inner.of(claim)).strip(" .,") for one in quotations(claim)]
    holding = [one for one in evidence if any(quote and quote in fold(one.text) for quote in quoted)] or evidence
    said = [one.speaker for one in holding if one.speaker]
    framed = [frame.subject for one in holding for frame in reports(one.text)]
    if said and not any(same_name(subject[-1].text, other) for other in (*said, *framed)):
        yield f"speaker: the cited text gives it to {said[0]}, not to {subject[-1].text}"


def _is_verbatim(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether claim is the cited sentences themselves, apart from a speaker put before a quotation."""
    bare = fold(claim)
    for one in evidence:
        said = fold(one.text)
        if bare == said or (one.speaker and bare == fold(f"{one.speaker}: {one.text}")):
            return True
    return bare == fold(" ".join(one.text for one in evidence))


def _overlap(claim: str, evidence: Sequence[Evidence]) -> float:
    """Return in [0, 1] how much of the claim's wording the cited text holds.

    Half is for its content words, found anywhere (in the surroundings they count half), three tenths for those that
    one sentence holds together, and a fifth for neighbouring words that are neighbours there, too.
    """
    said = content_of(claim)
    if not said:
        return 1.0
    cited = words_of(" ".join(one.text for one in evidence))
    near = words_of(" ".join([_surroundings(evidence), *(one.speaker or "" for one in evidence)]))
    anywhere = sum(1.0 if holds(cited, word) else 0.5 if holds(near, word) else 0.0 for word in said) / len(said)
    together = max(len(_held(claim, one)) for one in evidence) / len(said)
    pairs = pairs_of(claim)
    side_by_side = (
        len(pairs & frozenset().union(*(pairs_of(one.text) for one in evidence))) / len(pairs) if pairs else 1
    )
    return 0.5 * anywhere + 0.3 * together + 0.2 * side_by_side


def _surroundings(evidence: Sequence[Evidence]) -> str:
    """Return the titles, and the text of the documents just before the cited sentences, at whole words."""
    found = []
    for one in evidence:
        start = one.sentence.span.start
        before = one.document.text[max(0, start - SURROUNDINGS) : start]
        found.append(f"{one.document.title} . {before.partition(' ')[2] if start > SURROUNDINGS else before}")
    return " . ".join(dict.fromkeys(found))


def _quotations_apart(claim: str, cited: str) -> tuple[str, str]:
    """Return claim without its verbatim quotations, and these: "not" inside them is the source's own."""
    held = fold(cited)
    kept, quoted, last = [], [], 0
    for quotation in quotations(claim):
        if fold(quotation.inner.of(claim)).strip(" .,") in held:
            kept.append(claim[last : quotation.span.start])
            quoted.append(quotation.inner.of(claim))
            last = quotation.span.end
    return "".join([*kept, claim[last:]]), " ".join(quoted)


_CUT = re.compile(r"\s*(?:…|\.\.\.|\[[^\]]*\])\s*")
