"""What two sentences say differently of one thing: another number, another day, or a denial; by exact rules.

The rules would rather miss a disagreement than find one where there is none: a rounding, "at least", a figure that was
revised, another quarter, another name are all left alone. That the two speak of one thing they judge by shared words.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Literal, TypeVar

from assistant.amounts import Amount, amounts
from assistant.moments import Moment, moments, other_time, same_time, same_week
from assistant.names import capitalised_words, names, without_title
from assistant.polarity import DIRECTIONS, denies, is_negative, leaning, negated_words, turned
from assistant.quotations import quotations
from assistant.speakers import CUES, report
from assistant.support import surroundings
from assistant.types import Evidence
from assistant.wording import content_of, holds, words_of
from vectorstore.types import Span
from vectorstore.words import terms

T = TypeVar("T")
Kind = Literal["number", "date", "denial"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """What one sentence and another say differently: `asks` is the question that they answer by `here` and `there`.

    Of a denial `asks` is the claim, and `here` and `there` are "yes" and "no". `held` in [0, 1] is how much of the
    wording they share.
    """

    kind: Kind
    asks: str
    here: str
    there: str
    held: float = 0.0


class Said:
    """A sentence taken apart, once, to be set beside many others."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.text = evidence.text

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of the sentence and of who says it."""
        return words_of(f"{self.text} {self.evidence.speaker or ''}")

    @cached_property
    def around(self) -> frozenset[str]:
        """The words of the title and of what stands before the sentence."""
        return words_of(surroundings([self.evidence]))

    @cached_property
    def content(self) -> frozenset[str]:
        """The words that tell what the sentence is about, without who says so, numbers, dates and units."""
        return _topic(self.text) - words_of(self.evidence.speaker or "")

    @cached_property
    def title(self) -> frozenset[str]:
        """The words of its document's title."""
        return content_of(self.evidence.document.title)

    @cached_property
    def before(self) -> dict[str, frozenset[str]]:
        """The words that stand right before each word, {"festival": {"spring"}}, without little words and numbers."""
        found: dict[str, frozenset[str]] = {}
        for first, second in pairwise(terms(self.text)):
            near = self.text[first.span.end : second.span.start].isspace()
            if near and not second.stop and first.text in self.content and not first.stop:
                found[second.text] = found.get(second.text, frozenset()) | {first.text}
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names in the sentence, but that of whoever says it."""
        known = capitalised_words([self.text, surroundings([self.evidence])])
        frame = report(self.text)
        said_by = words_of(f"{self.evidence.speaker or ''} {frame.subject if frame else ''}")
        found = (without_title(name.text) for name in names(self.text, known=known))
        return tuple(name for name in found if not words_of(name) <= said_by)

    @cached_property
    def amounts(self) -> tuple[Amount, ...]:
        """What it counts and measures."""
        return amounts(self.text)

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The dates of what it tells, not of when somebody said so."""
        return tuple(one for one in moments(self.text) if not _dates_the_saying(self.text, one.span))

    @cached_property
    def clauses(self) -> tuple[str, ...]:
        """The clauses in the document's own words that say something by themselves."""
        own = self.own
        cuts = [0, *(place for match in _BREAK.finditer(own) for place in match.span()), len(own)]
        found = (own[start:end].strip() for start, end in zip(cuts[::2], cuts[1::2], strict=True))
        return tuple(clause for clause in found if len(_topic(clause)) > LEAST)

    @cached_property
    def own(self) -> str:
        """The sentence without what it quotes, unless that is all there is."""
        return _own_words(self.text)

    @cached_property
    def asserts(self) -> bool:
        """Whether it is a whole sentence that says something: no headline, no question, no page without a full stop."""
        return not self.evidence.sentence.heading and len(self.text) <= LONGEST and bool(_ENDED.search(self.text))

    def clause(self, span: Span) -> str:
        """Return the clause that span stands in; all of the sentence if there is little else in it."""
        start = max((match.end() for match in _BREAK.finditer(self.text, 0, span.start)), default=0)
        following = _BREAK.search(self.text, span.end)
        clause = self.text[start : following.start() if following else len(self.text)]
        return clause if len(_topic(clause)) >= LEAST else self.text


LEAST = 2  # words of a clause that say what it is about
LONGEST = 800  # characters of a sentence that is looked at
LONG = 4  # letters of a word whose forms begin alike
ENOUGH = 3  # words that two sentences must share if their titles share none


def contrasts(one: Said, other: Said) -> Iterator[Contrast]:
    """Yield what the two say differently of the same, in the order of how sure the rules are."""
    if not (one.asserts and other.asserts):
        return
    for found in (_numbers, _dates, _denials):
        for contrast in found(one, other):
            if one_subject(one, other) and not (_REVISED.search(one.text) or _REVISED.search(other.text)):
                yield contrast


def one_subject(one: Said, other: Said) -> bool:
    """Return whether the two can be about one thing.

    They are not when they share little and their titles nothing, when each names what the other's article does not name
    near it, or when a word that they share has another word before it in each ("the book festival", "the
    spring festival").
    """
    if len(one.content & other.content) < ENOUGH and not one.title & other.title:
        return False
    if _foreign(one, other) and _foreign(other, one):
        return False
    mine, theirs = one.before, other.before
    return not any(
        not mine[word] & theirs[word] and not mine[word] & other.words and not theirs[word] & one.words
        for word in mine.keys() & theirs.keys()
    )


def _foreign(one: Said, other: Said, *, near: bool = True) -> bool:
    """Return whether one names what other does not, nor, where near counts, what stands before it."""
    held = other.words | other.around if near else other.words
    return any(not any(holds(held, word) for word in content_of(name)) for name in one.names)


def _numbers(one: Said, other: Said) -> Iterator[Contrast]:
    """Numbers of one kind, each the only one of it in its sentence."""
    for here, there in _only(one.amounts, other.amounts, lambda amount: amount.kind):
        if not here.differs(there) or _another_time(one, other):
            continue
        clauses = (one.clause(here.span), other.clause(there.span))
        if any(_MOVES.search(clause) for clause in clauses) and not _same_period(one, other):
            continue  # prices rise and fall from day to day
        yield Contrast("number", here.asks, here.text, there.text, _held(one, clauses[0], other, clauses[1]))


def _dates(one: Said, other: Said) -> Iterator[Contrast]:
    """Dates of one grain, each the only one of it in its sentence, while the other grains agree."""
    published = (one.evidence.document.published, other.evidence.document.published)
    for here, there in _only(one.moments, other.moments, lambda moment: moment.grain):
        if here.value == there.value or not (here.exact and there.exact):
            continue
        if here.grain == "weekday" and not same_week(*published):
            continue
        if other_time(_without(one.text, here.span), _without(other.text, there.span)) or _before_and_after(one, other):
            continue
        held = _held(one, one.clause(here.span), other, other.clause(there.span))
        yield Contrast("date", "when", here.text, there.text, held)


def _another_time(one: Said, other: Said) -> bool:
    """Return whether the two may speak of different times: a year that only one names, or what will be and what was."""
    if other_time(one.text, other.text) or _before_and_after(one, other):
        return True
    return _past_year(one, other) or _past_year(other, one)


def _past_year(one: Said, other: Said) -> bool:
    """Return whether one names a year, and other neither names one nor was published in it."""
    years = {moment.value for moment in one.moments if moment.grain == "year"}
    if not years or any(moment.grain == "year" for moment in other.moments):
        return False
    published = other.evidence.document.published
    return published is None or str(published.year) not in years


def _before_and_after(one: Said, other: Said) -> bool:
    """Return whether one tells what will be and the other what was: how a plan turned out denies nothing."""
    ahead = [bool(_AHEAD.search(said.text)) for said in (one, other)]
    past = [bool(_PAST.search(said.text)) for said in (one, other)]
    return (ahead[0] and past[1] and not ahead[1]) or (ahead[1] and past[0] and not ahead[0])


def _same_period(one: Said, other: Said) -> bool:
    return same_time(one.text, other.text) and not (_NOW.search(one.text) or _NOW.search(other.text))


def _only(here: Sequence[T], there: Sequence[T], kind: Callable[[T], str]) -> Iterator[tuple[T, T]]:
    """Yield those of here and there that have one kind and are the only ones of it on their side."""
    mine, theirs = Counter(map(kind, here)), Counter(map(kind, there))
    for one in here:
        if mine[kind(one)] == theirs[kind(one)] == 1:
            yield one, next(other for other in there if kind(other) == kind(one))


def _denials(one: Said, other: Said) -> Iterator[Contrast]:
    """A claim and its denial, a yes and a no to one thing, and what rose in one sentence and fell in the other."""
    if _foreign(one, other, near=False) and _foreign(other, one, near=False):
        return  # one pleads guilty, another not
    for here, there in product(one.clauses, other.clauses):
        denied = _denies(here, there, other.own)
        moved = turned(here, there, among=DIRECTIONS) and _same_period(one, other)
        if not (denied or moved or _denies(there, here, one.own)):
            continue
        if other_time(one.text, other.text):
            return
        held = _held(one, here, other, there)
        yield Contrast("denial", there, "no", "yes", held) if denied else Contrast("denial", here, "yes", "no", held)


def _denies(clause: str, claim: str, own: str) -> bool:
    """Return whether clause denies a word of claim, or rejects what claim accepts; nothing in own, all of it, does."""
    if not is_negative(clause) or is_negative(claim) or denies(own) or _NEARLY.search(f"{clause} {own}"):
        return False
    said = content_of(claim)
    if any(word == other or _inflected(word, other) for word in negated_words(clause) for other in said):
        return True
    return leaning(claim) > 0 > leaning(clause)


def _inflected(one: str, other: str) -> bool:
    """Return whether one word goes on where the other ends ("know", "known")."""
    return min(len(one), len(other)) >= LONG and (one.startswith(other) or other.startswith(one))


def _held(one: Said, here: str, other: Said, there: str) -> float:
    """Return how much of each clause stands in the other sentence, the lesser of both."""
    return min(_share(_topic(here), other), _share(_topic(there), one))


def _share(content: frozenset[str], other: Said) -> float:
    """Return the share of these words that a sentence holds; what stands around it counts half."""
    held = (1.0 if holds(other.words, word) else 0.5 if holds(other.around, word) else 0.0 for word in content)
    return sum(held) / len(content) if content else 0.0


def _topic(text: str) -> frozenset[str]:
    return frozenset(word for word in content_of(text) if word not in _NO_TOPIC and not word[0].isdigit())


def _own_words(text: str) -> str:
    """Return text without what it quotes: "not" in there denies something else."""
    kept, last = [], 0
    for quotation in quotations(text):
        kept.append(text[last : quotation.inner.start])
        last = quotation.inner.end
    own = "".join([*kept, text[last:]])
    return own if len(_topic(own)) >= LEAST else text


def _without(text: str, span: Span) -> str:
    return text[: span.start] + text[span.end :]


def _dates_the_saying(text: str, span: Span) -> bool:
    """Return whether a date tells when somebody spoke: "said on Monday", "On Monday the ministry said"."""
    return bool(
        _SAID_ON.search(text[: span.start]) or (_ON.fullmatch(text[: span.start]) and _SAYS.match(text[span.end :]))
    )


_CUES = "|".join(sorted(CUES, key=len, reverse=True))
_SAID_ON = re.compile(rf"\b(?:{_CUES})\s+(?:\w+\s+){{0,3}}?(?:on\s+|late\s+|early\s+)*$", re.IGNORECASE)
_ON = re.compile(r"\s*(?:late |early )?(?:on )?", re.IGNORECASE)
_SAYS = re.compile(rf",?\s+(?:[\w’'.]+\s+){{1,6}}?(?:{_CUES})\b", re.IGNORECASE)
_BREAK = re.compile(r"[,;:()—–]\s|\s[—–-]\s|\b(?:and|but|while|whereas|although|though|which|who)\b", re.IGNORECASE)
# What tells that a figure took the place of another one, or is one of several.
_REVISED = re.compile(
    r"\b(?:revis\w+|updat\w+|upgrad\w+|downgrad\w+|correct(?:ed|ion)|initial\w*|originally|at first|previous(?:ly)?|"
    r"so far|no longer|by then|until now|formerly|once|used to|had (?:said|thought|expected|been expected|hoped)|"
    r"would have|could have|might have|if)\b",
    re.IGNORECASE,
)
# What says no without a negation, or has one that denies little.
_NEARLY = re.compile(
    r"\b(?:far from|hardly|barely|scarcely|yet to|without|lack\w*|little|few|least|unlikely|instead of|rather than|"
    r"except|other than|(?:not|n['’]t)\b.{0,80}\buntil|(?:may|might|could) not|"
    r"not (?:all|every|always|entirely|fully))\b",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\b(?:up|down|higher|lower|above|below|rose|risen|rises?|rising|fell|fallen|falls?|falling|gain\w*|climb\w*|"
    r"jump\w*|soar\w*|slump\w*|slid|drop\w*|increas\w+|decreas\w+|grew|grown|grow\w*|shrank|declin\w+|shares?|index|"
    r"clos(?:ed|ing) at|trad(?:ed|ing)|chart|lead\w*|poll\w*)\b",
    re.IGNORECASE,
)
_NOW = re.compile(r"\b(?:still|now|currently|than)\b", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:will|would|shall|going to|(?:is|are) to|plan\w*|expect\w*|propos\w*|due to)\b|['’]ll\b", re.IGNORECASE
)
_PAST = re.compile(r"\b(?:was|were|had|did|has been|have been)\b", re.IGNORECASE)
_ENDED = re.compile(r"[.!][\"”’')]*$")
_NO_TOPIC = frozenset(
    term.text
    for word in """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
        billion trillion dozen bn tn mn m k dollar euro pound yen percent per cent year month week day hour minute
        second monday tuesday wednesday thursday friday saturday sunday january february march april june july august
        september october november december about around nearly almost approximately roughly some least more less over
        under exceed just only also still yet now according mr mrs ms stay
        remain keep last take""".split()
    + list(CUES)
    for term in terms(word)
)
