"""Claims made from news sentences: true ones shortened or reported, false ones with one thing changed.

A false claim differs from its source in exactly one thing, and what takes its place is of the same kind and, where the
article has one, from the same article, so that no word gives the lie away.
"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.names import capitalised_words, names
from assistant.quantities import quantities
from assistant.speakers import report
from training.examples import Label, Pair
from training.turns import CALENDAR, HEDGES, OPENERS, OPPOSITES, SYNONYMS
from vectorstore.sentences import sentence_spans

Change = Callable[[str, "_Article", random.Random], str | None]


class _Article:
    """The sentences of an article, its names and its numbers."""

    def __init__(self, text: str) -> None:
        self.sentences = [
            sentence
            for sentence in (span.of(text).strip() for span in sentence_spans(text))
            if 6 <= len(sentence.split()) <= 45
        ]
        known = capitalised_words(self.sentences)
        self.names = list(dict.fromkeys(one.text for each in self.sentences for one in names(each, known=known)))
        self.numbers = list(dict.fromkeys(one.text for each in self.sentences for one in quantities(each)))


def read_corruptions(folder: Path, count: int, random_: random.Random) -> list[Pair]:
    """Return about count pairs from the .txt articles below folder, half of them true."""
    paths = sorted(folder.rglob("*.txt"))
    random_.shuffle(paths)
    pairs: list[Pair] = []
    while len(pairs) < count:
        for path in paths:
            article = _Article(path.read_text(encoding="utf-8", errors="replace"))
            if len(article.sentences) > 3:
                pairs += _pairs(article, random_)
            if len(pairs) >= count:
                break
    return pairs[:count]


def _pairs(article: _Article, random_: random.Random) -> Iterator[Pair]:
    for at in random_.sample(range(len(article.sentences)), min(4, len(article.sentences))):
        source = article.sentences[at]
        around = random_.randint(0, 2)
        first = max(0, at - random_.randint(0, around))
        window = " ".join(article.sentences[first : first + around + 1] if around else [source])
        if source not in window:
            window = source
        claim = _reworded(source, random_)
        yield Pair(claim, window, "supported")
        for change in random_.sample(REFUTING, len(REFUTING)):
            false = change(claim, article, random_)
            if false and false != claim:
                yield Pair(false, window, "refuted")
                break
        if random_.random() < 0.3:
            other = article.sentences[(at + random_.randint(2, len(article.sentences) - 1)) % len(article.sentences)]
            if other not in window:
                yield Pair(_merged(claim, other), window, "neither")
        yield from (Pair(text, window, label) for text, label in _relative(source))
        spliced = _spliced(source, article.sentences[max(0, at - 2) : at + 4], random_)
        if spliced:
            yield Pair(spliced, " ".join(article.sentences[max(0, at - 1) : at + 3]), "not supported")


def _reworded(source: str, random_: random.Random) -> str:
    """Return source, or what remains true of it: without an aside, or without who said it."""
    kind = random_.random()
    if kind < 0.2:
        return source
    if kind < 0.3:
        return _surname(source) or source
    if kind < 0.5:
        return _main_clause(source)
    shorter = re.sub(r",\s(?:which|who|where|while|although|after|as|including|with)\b[^,.]*(?=[,.]|$)", "", source)
    shorter = re.sub(r"\s\([^)]*\)", "", shorter)
    if kind < 0.75 and shorter != source and len(shorter.split()) > 5:
        return re.sub(r"\s*,?\s*$", ".", shorter.rstrip(".")) if not shorter.endswith((".", "?", "!")) else shorter
    said = _SAID.match(source)
    if said and len(said["what"].split()) > 4:
        return f"According to {said['who'].strip()}, {said['what'][0].lower()}{said['what'][1:]}"
    return _contracted(source)


def _main_clause(source: str) -> str:
    """Return source without an opening phrase and without what follows its main clause behind a comma."""
    opened = re.sub(
        r"^(?:In|On|At|After|Before|During|Since|For|With|By|But|And|However|Meanwhile)\b[^,]{0,60}, ", "", source
    )
    pieces = opened.rstrip(".!?").split(", ")
    kept = pieces[0]
    if len(kept.split()) < 6 or not _VERB.search(kept):
        return source
    return f"{kept[0].upper()}{kept[1:]}."


def _spliced(source: str, near: list[str], random_: random.Random) -> str | None:
    """Return the beginning of one sentence with the end of another one nearby, as hasty summaries have it."""
    cut = [(each, found.start()) for each in near if (found := _VERB.search(each)) and not _LEANING.match(each)]
    own = next((one for one in cut if one[0] == source), None)
    others = [one for one in cut if one[0] != source]
    if own is None or not others:
        return None
    (first, at), (second, to) = random_.sample([own, random_.choice(others)], 2)
    head, tail = first[:at], second[to:]
    if set(head.split()) & set(second[:to].split()) or len(head.split()) > 14 or len(tail.split()) < 4 or '"' in tail:
        return None
    return f"{head}{tail}"


def _relative(source: str) -> list[tuple[str, Label]]:
    """Return what a relative clause says of the noun before it, and the same said of the subject of its sentence."""
    found = _RELATIVE.search(source)
    if not found:
        return []
    about, does = found["about"], found["does"].rstrip(",. ")
    subject = _VERB.split(source, maxsplit=1)[0].strip()
    made: list[tuple[str, Label]] = [(f"{about} {does}.", "supported")]
    if subject and about not in subject and len(subject.split()) < 6 and not _LOOSE.search(subject):
        made.append((f"{subject} {does}.", "refuted"))
    return made


def _surname(source: str) -> str | None:
    """Return source with the last name alone of somebody in it who has two."""
    found = _TWO_NAMES.search(source)
    return source.replace(found[0], found["last"], 1) if found else None


def _contracted(text: str) -> str:
    for one, other in SYNONYMS:
        changed = re.sub(rf"\b{one}\b", other, text)
        if changed != text:
            return changed
    return text


def _merged(claim: str, other: str) -> str:
    """Return one sentence of two: the whole is borne out only by both."""
    opener = other.split()[0]
    return f"{claim.rstrip('.')}, and {opener.lower() if opener in OPENERS else opener}{other[len(opener) :]}"


def _number(claim: str, article: _Article, random_: random.Random) -> str | None:
    found = [one for one in quantities(claim) if re.search(r"\d", one.text)]
    if not found:
        return None
    one = random_.choice(found)
    others = [each for each in article.numbers if each != one.text and _shape(each) == _shape(one.text)]
    new = random_.choice(others) if others and random_.random() < 0.6 else _other_digits(one.text, random_)
    return (
        claim[: one.span.start] + claim[one.span.start : one.span.end].replace(one.text, new, 1) + claim[one.span.end :]
    )


def _shape(number: str) -> str:
    return re.sub(r"\d+", "0", number)


def _other_digits(number: str, random_: random.Random) -> str:
    places = [match.start() for match in re.finditer(r"\d", number)]
    at = random_.choice(places[: max(1, len(places) - 1)])
    digit = random_.choice([each for each in "123456789" if each != number[at]])
    return number[:at] + digit + number[at + 1 :]


def _name(claim: str, article: _Article, random_: random.Random) -> str | None:
    found = [one for one in names(claim) if one.span.start > 0 or len(one.text.split()) > 1]
    others = [each for each in article.names if each not in claim and not any(word in claim for word in each.split())]
    if not found or not others:
        return None
    one = random_.choice(found)
    alike = [each for each in others if len(each.split()) == len(one.text.split())] or others
    return claim[: one.span.start] + random_.choice(alike) + claim[one.span.end :]


def _calendar(claim: str, article: _Article, random_: random.Random) -> str | None:
    for group in CALENDAR:
        found = [each for each in group if re.search(rf"\b{each}\b", claim)]
        if found:
            old = random_.choice(found)
            return re.sub(rf"\b{old}\b", random_.choice([each for each in group if each != old]), claim, count=1)
    return None


def _opposite(claim: str, article: _Article, random_: random.Random) -> str | None:
    for one, other in random_.sample(OPPOSITES, len(OPPOSITES)):
        if re.search(rf"\b{one}\b", claim):
            return re.sub(rf"\b{one}\b", other, claim, count=1)
    return None


def _negated(claim: str, article: _Article, random_: random.Random) -> str | None:
    if re.search(r"\bnot\b|n't\b|\bno\b|\bnever\b", claim):
        without = re.sub(r"\b(?:not|never) ", "", claim, count=1)
        without = re.sub(r"\b(is|was|are|were|did|does|would|could|has|have|had)n't\b", r"\1", without, count=1)
        return without if without != claim else None
    turned = re.sub(
        r"\b(is|are|was|were|will|would|could|should|has|have|had|can|may|must)\b", r"\1 not", claim, count=1
    )
    return turned if turned != claim else None


def _surer(claim: str, article: _Article, random_: random.Random) -> str | None:
    for one, other in random_.sample(HEDGES, len(HEDGES)):
        if re.search(rf"\b{one}\b", claim):
            return re.sub(rf"\b{one}\b", other, claim, count=1)
    return None


def _turned(claim: str, article: _Article, random_: random.Random) -> str | None:
    """Return claim with two of its names, or two of its numbers, in each other's place."""
    for found in (names(claim), [one for one in quantities(claim) if re.search(r"\d", one.text)]):
        if len(found) > 1:
            first, second = found[0], found[-1]
            if first.text != second.text and first.span.end < second.span.start:
                between = claim[first.span.end : second.span.start]
                return claim[: first.span.start] + second.text + between + first.text + claim[second.span.end :]
    return None


def _speaker(claim: str, article: _Article, random_: random.Random) -> str | None:
    frame = report(claim)
    others = [each for each in article.names if each not in claim and len(each.split()) == 2]
    if frame is None or not others or frame.subject not in claim:
        return None
    return claim.replace(frame.subject, random_.choice(others), 1)


def _quotation(claim: str, article: _Article, random_: random.Random) -> str | None:
    found = re.search(r"[\"“]([^\"”]{15,})[\"”]", claim)
    if not found:
        return None
    inner = _opposite(found[1], article, random_) or _negated(found[1], article, random_)
    return claim.replace(found[1], inner, 1) if inner else None


_TWICE: tuple[Change, ...] = (_number, _name, _opposite, _speaker)  # the commonest mistakes of summaries
REFUTING: tuple[Change, ...] = (*_TWICE, *_TWICE, _calendar, _negated, _surer, _turned, _quotation)
_VERB = re.compile(r"(?<=\w )(?:is|was|are|were|has|had|have|will|would|could|can|may|must|said|says)\b")
_RELATIVE = re.compile(
    r"(?<!^)(?<!\bof )(?<!\bfrom )(?<!\bin )(?<!\bat )(?<!\band )(?<!& )"
    r"(?P<about>\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*), (?:who|which) "
    r"(?P<does>(?:is|was|are|were|has|had|have|will|would|\w+ed|won|lost|beat|made|took)\b[^,.;\"]{12,}[,.])"
)
_LOOSE = re.compile(r"[,;:\"“]|^(?:But|And|It|This|That|There|He|She|They|We|I)\b|^[^A-Z]")
_TWO_NAMES = re.compile(
    r"(?<![A-Z] )(?<![-'&])\b(?!Mr|Ms|Mrs|Dr|Sir|The|A|In|But|And|Lord|President|Judge|Chancellor|Commissioner)"
    r"[A-Z][a-z]+ (?P<last>[A-Z][a-z]+)(?= (?:said|told|added|has|was|is)\b)"
)
# What such a sentence is about may be what the sentence before is about.
_LEANING = re.compile(
    r"(?:this|that|these|those|there|the|such|both)\b|[^,]{0,40}\b(?:it|he|she|they|his|her|its|their|we|i|you)\b",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(?P<who>(?!But|And|The|He|She|It|They|We)(?:Mr |Ms |Mrs |Dr )?[A-Z][\w'-]+(?: [A-Z][\w'-]+)*) "
    r"(?:said|says|added|told \w+) (?:that )?(?P<what>[a-z].*)"
)
