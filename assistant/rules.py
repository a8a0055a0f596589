"""Exact rules that a claim must not break: what it quotes, counts, dates, names, denies, and who says it."""

import re
from collections.abc import Iterator, Sequence

from assistant.edits import edits
from assistant.names import capitalised_words, names, same_name, without_title
from assistant.polarity import accomplished, opposed
from assistant.quantities import Quantity, calendar, quantities, spelled_out
from assistant.quotations import fold, quotations
from assistant.speakers import reports
from assistant.support import shared, surroundings
from assistant.types import Evidence
from assistant.wording import content_of, holds, words_of


def nearest(claim: str, evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """Return the sentence that holds most of the claim's words, then those that hold at least half as many."""
    held = sorted(((len(shared(claim, one)), one) for one in evidence), key=lambda pair: pair[0], reverse=True)
    return [one for count, one in held if 2 * count >= held[0][0]]


def missing(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield what the claim quotes, counts or dates and the cited text, all of it, does not."""
    cited = " ".join(one.text for one in evidence)
    yield from _wrong_quotations(claim, cited)
    dated = any(one.may_be_year for one in quantities(cited))
    for quantity in _wrong_numbers(claim, cited, evidence):
        if dated or not quantity.may_be_year:
            yield f"number: {quantity.text} is not in the cited text"
    yield from _wrong_dates(claim, f"{cited} {surroundings(evidence)}", evidence)


def unnamed(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield the names of the claim that stand nowhere in or around the cited text, and its years if that has none."""
    cited = " ".join(one.text for one in evidence)
    yield from _wrong_names(claim, f"{cited} {surroundings(evidence)}", evidence)
    dated = any(one.may_be_year for one in quantities(cited))
    for quantity in _wrong_numbers(claim, cited, evidence):
        if not dated and quantity.may_be_year:
            yield f"number: {quantity.text} is not in the cited text"


def wrong(claim: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield what the claim turns round: who said it, what changed places, what was denied."""
    yield from _wrong_speaker(claim, evidence)
    cited = " ".join(one.text for one in evidence)
    near = nearest(claim, evidence)
    yield from edits(claim, near[0].text, known=capitalised_words([claim, cited, surroundings(evidence)]))
    own, quoted = _quotations_apart(claim, cited)
    if side := opposed(own, " ".join(one.text for one in near), quoted=quoted):
        yield f"polarity: {side}"
    if done := accomplished(claim, near[0].text):
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


def _wrong_numbers(claim: str, cited: str, evidence: Sequence[Evidence]) -> Iterator[Quantity]:
    held = quantities(cited)
    years = {one.document.published.year for one in evidence if one.document.published}
    for quantity in quantities(claim):
        if not any(quantity.agrees(other) for other in held) and quantity.value not in years:
            yield quantity


def _wrong_dates(claim: str, near: str, evidence: Sequence[Evidence]) -> Iterator[str]:
    months = {one.document.published.strftime("%B").casefold() for one in evidence if one.document.published}
    for day in sorted(calendar(claim) - calendar(near) - months):
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


def is_verbatim(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether claim is the cited sentences themselves, apart from a speaker put before a quotation."""
    bare = fold(claim)
    for one in evidence:
        said = fold(one.text)
        if bare == said or (one.speaker and bare == fold(f"{one.speaker}: {one.text}")):
            return True
    return bare == fold(" ".join(one.text for one in evidence))


def is_contained(claim: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether a cited sentence says claim in these very words, without taking it back around them."""
    said = _plain_words(claim)
    return len(said) >= FEWEST and any(_stands_in(said, _plain_words(one.text)) for one in evidence)


def _stands_in(said: Sequence[str], words: Sequence[str]) -> bool:
    for start in range(len(words) - len(said) + 1):
        end = start + len(said)
        if (
            words[start:end] == said
            and not _BEFORE.intersection(words[:start])
            and not _AFTER.intersection(words[end:])
        ):
            return True
    return False


def _plain_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", fold(spelled_out(text))) if word not in _TITLES]


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


FEWEST = 4  # words from which a claim that stands in a sentence is more than a phrase of it
_BEFORE = frozenset(
    """if unless whether when once until not no never nobody nothing without neither nor deny denies denied denying
    false falsely wrong wrongly untrue reject rejects rejected refuse refuses refused doubt doubts doubted would could
    may might should must claim claims claimed allege alleges alleged suggest suggests suggested hope hopes hoped
    """.split()
)
_AFTER = frozenset("if unless provided until".split())
_TITLES = frozenset("mr mrs ms miss dr sir".split())
_CUT = re.compile(r"\s*(?:…|\.\.\.|\[[^\]]*\])\s*")
