"""Numbers of one kind that can be set against each other: how long, how much, how many of something."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.quantities import Quantity, quantities
from vectorstore.types import Span
from vectorstore.words import terms


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what it is a number of.

    Two amounts can be compared when they have one `kind` ("time", "dollar", "%/year", "count worker"). `value` is in
    days for a time; `low` and `high` are what "at least", "up to" and "about" leave open. `asks` is the question that
    it answers ("how long", "how many workers").
    """

    kind: str
    asks: str
    text: str
    span: Span
    value: float
    low: float
    high: float
    unit: str | None

    def differs(self, other: "Amount") -> bool:
        """Return whether both cannot be true of one thing: neither a bound nor a rounding of the other."""
        if max(self.low, other.low) <= min(self.high, other.high):
            return False
        if self.unit != other.unit and math.isclose(self.value, other.value, rel_tol=ROUGHLY):
            return False  # nine weeks are two months
        return not (_rounds_to(self.value, other.value) or _rounds_to(other.value, self.value))


ROUGHLY = 0.2  # by how much the same time may differ that is given in two units


def amounts(text: str) -> tuple[Amount, ...]:
    """Return the amounts of text in order; no ages, ranges, ordinals, dates, scores or what is compared with."""
    return tuple(_amounts(text))


def _amounts(text: str) -> Iterator[Amount]:
    for one in quantities(text):
        before, after = text[max(0, one.span.start - 24) : one.span.start], text[one.span.end : one.span.end + 40]
        if one.may_be_year or _NO_AMOUNT_BEFORE.search(before) or _NO_AMOUNT_AFTER.match(after):
            continue
        if before[-1:].isalpha() or (one.unit is None and _NAMED.search(text[: one.span.start])):
            continue  # "E85", "the Challenger 170"
        if text.count("(", 0, one.span.start) > text.count(")", 0, one.span.start):
            continue  # the same in another currency, an age, an aside
        kind, asks = _kind(one, before, after)
        if kind is None:
            continue
        if rate := _RATE.match(after):
            kind += f"/{rate['per'].casefold()}"
        scale = _DAYS.get(one.unit or "", 1.0)
        at_least, at_most = one.high > one.value == one.low, one.low < one.value == one.high
        low = 0.0 if at_most else one.low * scale
        high = math.inf if at_least else one.high * scale
        yield Amount(kind, asks, one.text, one.span, one.value * scale, low, high, one.unit)


def _kind(one: Quantity, before: str, after: str) -> tuple[str | None, str]:
    if one.unit in _DAYS:
        if _AGO.match(after):
            return "time ago", "how long ago"
        return ("time until", "how soon") if _UNTIL.search(before) else ("time", "how long")
    if one.unit in _LENGTHS:
        return one.unit, "how far"
    if one.unit:
        return one.unit, "how much"
    noun = next(
        (match.group() for match in _WORD.finditer(_PHRASE_END.split(after)[0]) if _is_plural(match.group())), ""
    )
    stem = terms(noun)[0].text if noun else ""
    return (f"count {stem}", f"how many {noun.casefold()}") if stem else (None, "")


def _is_plural(word: str) -> bool:
    folded = word.casefold()
    return folded in _PLURALS or (
        len(folded) > 3 and folded.endswith("s") and not folded.endswith(("ss", "us", "is", "’s"))
    )


def _rounds_to(exact: float, rounded: float) -> bool:
    """Return whether exact, written with as few digits as rounded has, is rounded."""
    if not exact or not rounded:
        return False
    digits = len(f"{rounded:.12g}".replace(".", "").strip("0"))
    return math.isclose(float(f"{exact:.{max(digits, 1) - 1}e}"), rounded)


_DAYS = {
    "second": 1 / 86_400, "minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25,
}  # fmt: skip
_LENGTHS = frozenset(("kilometre", "mile", "metre"))
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PLURALS = frozenset("people men women children staff police".split())
# Where the words for what is counted end: three words on, at punctuation or at a little word.
_PHRASE_END = re.compile(
    r"[^\w\s'’-]|\b(?:of|in|on|at|by|for|with|from|to|and|or|but|who|which|that|were|was|are|is|had|have|has|will|would|"
    r"after|before|during|since|as|than)\b|(?<=\w)\s+(?=\S+\s+\S+\s+\S+$)",
    re.IGNORECASE,
)
_NO_AMOUNT_BEFORE = re.compile(
    r"(?:\b(?:from|than|to|versus|against|and|or|between|another|further|extra|additional|aged|age|no\.?|article|"
    r"chapter|section|phase|number|part|page|first|last|next|top|of (?:the|its|all|his|her|their)|all)|"
    r"[-–/:.])\s*(?:[$£€]\s?)?$|\d,$|"
    r"\b(?:compared (?:with|to)|up from|down from)\s+(?:\w+\s+)?$|\b(?:january|february|march|april|may|june|july|"
    r"august|september|october|november|december)\s+$",
    re.IGNORECASE,
)
_NO_AMOUNT_AFTER = re.compile(
    r"[-–/:]\d|(?:st|nd|rd|th)\b|[-–\s]?(?:year|month|week|day)?s?[- ]old\b|\s?(?:am|pm|a\.m|p\.m)\b|"
    r"\s*(?:-|–|to|or|and)\s+(?:[$£€]\s?)?\d|\s+more\b|\s+(?:to|or)\s+(?:two|three|four|five|six|seven|eight|nine|ten|twelve)\b|"
    r"\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)\b|"
    r"\s+of (?:the|its|these|those|his|her|their)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\w\W+[A-Z][\w’']*\s+$")
_RATE = re.compile(
    r"\s*(?:a|an|per|each|every)\s+(?P<per>second|minute|hour|day|week|month|quarter|year|person|head)\b", re.I
)
_AGO = re.compile(r"\s+(?:ago|earlier|later|before|after|since|late|early|ahead)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:in|within|after|every)\s+(?:about\s+|around\s+|the next\s+)?$", re.IGNORECASE)
