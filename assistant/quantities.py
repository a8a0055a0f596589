"""Numbers with their units, and dates, as values that can be compared: "$90bn" is "90 billion dollars"."""

import re
from dataclasses import dataclass

from vectorstore.types import Span
from vectorstore.words import terms


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text. `unit` is a currency, "%", a unit of time or measure, or None; `text` is as written.

    `low` and `high` say what "more than 40", "nearly 40" or "about 40" allow; both are the value when it is exact.
    `counted` is the word after it ("40 soldiers"), a stem, or None.
    """

    value: float
    unit: str | None
    text: str
    span: Span
    low: float
    high: float
    counted: str | None = None

    def agrees(self, other: "Quantity") -> bool:
        """Return whether other, a number of the source, bears this one out.

        The numbers must be the same, or other within what this one's "about" or "more than" allows; never "more
        than" for "less than"; and the units the same where both have one.
        """
        if self.unit != other.unit and self.unit is not None and other.unit is not None:
            return False
        if self.value == other.value:
            return self._side() * other._side() >= 0
        exact = other.low == other.high
        return exact and self.low <= other.value <= self.high

    @property
    def may_be_year(self) -> bool:
        """Return whether it looks like a year: a bare number of four digits."""
        return self.unit is None and self.text.isdecimal() and 1000 <= self.value < 2100

    def _side(self) -> int:
        """Return 1 for "more than", -1 for "less than", else 0."""
        return (self.high > self.value == self.low) - (self.low < self.value == self.high)


def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers of text in order; numbers in words count, "one" and ordinals in words do not."""
    found = []
    for match in _NUMBER.finditer(text):
        value = _value(match)
        unit = _CURRENCIES.get((match["currency"] or "").strip().casefold())
        if match["percent"]:
            unit = "%"
        end = match.end()
        after = _UNIT.match(text, end)
        if unit is None and after:
            word = after["unit"].casefold()
            unit = _UNITS.get(word.rstrip("s")) or _UNITS.get(word)
            end = after.end() if unit else end
        low, high = _bounds(value, text[max(0, match.start() - 20) : match.start()])
        following = next((term.text for term in terms(text[end : end + 30])[:1] if not term.stop), "")
        counted = following if len(following) > 2 and following.isalpha() else None
        start = end - len(text[match.start() : end].lstrip())
        found.append(Quantity(value, unit, text[start:end], Span(start, end), low, high, counted))
    return tuple(found)


def spelled_out(text: str) -> str:
    """Return text with its numbers written one way: "$6bn" and "4.5 per cent" as "$6 billion" and "4.5%"."""
    return _NUMBER.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    number = match.group()
    if match["percent"]:
        return number[: match.start("percent") - match.start()] + "%"
    scale = _WHOLE.get((match["scale"] or "").casefold())
    return f"{number[: match.start('scale') - match.start()].rstrip(' -')} {scale}" if scale else number


def calendar(text: str) -> frozenset[str]:
    """Return the months and days of the week that text names, in lower case; "may" only before or after a number."""
    found = {match.group().casefold() for match in _CALENDAR.finditer(text)}
    return frozenset(_SHORT.get(word, word) for word in found)


_WORDS = {
    word: value
    for value, word in enumerate(
        """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen""".split(),
        start=2,
    )
} | {
    word: 10 * tens
    for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
_SCALES |= {"trillion": 1e12, "tn": 1e12, "dozen": 12}
_WHOLE = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "tn": "trillion"}
_CURRENCIES = {"$": "dollar", "us$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₴": "hryvnia", "₽": "rouble"}
_UNITS = {
    "dollar": "dollar", "euro": "euro", "pound": "pound", "rouble": "rouble", "ruble": "rouble", "yen": "yen",
    "hryvnia": "hryvnia", "percent": "%", "%": "%", "year": "year", "month": "month", "week": "week", "day": "day",
    "hour": "hour", "minute": "minute", "second": "second", "km": "kilometre", "kilometre": "kilometre",
    "kilometer": "kilometre", "mile": "mile", "metre": "metre", "meter": "metre", "tonne": "tonne", "ton": "ton",
    "kg": "kilogram", "degree": "degree",
}  # fmt: skip
_NUMBER = re.compile(
    r"(?P<currency>(?:US)?[$]|[€£¥₴₽])?\s?"
    r"(?:(?<!\d)(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)(?!\d)"
    rf"|\b(?P<words>(?:{'|'.join(_WORDS)})(?:-(?:one|{'|'.join(list(_WORDS)[:8])}))?)\b)"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|dozen|bn|tn|mn|m|k)\b)?"
    r"(?P<percent>\s?(?:%|percent\b|per cent\b|pc\b))?",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[\s-]+(?:US |American )?(?P<unit>[a-z]+|%)", re.IGNORECASE)
_MONTHS = "january february march april june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SHORT = {month[:3]: month for month in _MONTHS} | {"sept": "september"}
_CALENDAR = re.compile(
    rf"\b(?:{'|'.join(_MONTHS + _DAYS)})\b|\bMay(?= \d)|(?<=\d )May\b|\b(?:{'|'.join(_SHORT)})\b(?=\.? \d)",
    re.IGNORECASE,
)


def _value(match: re.Match[str]) -> float:
    if match["digits"]:
        value = float(match["digits"].replace(",", ""))
    else:
        tens, _, ones = match["words"].casefold().partition("-")
        value = float(_WORDS[tens] + (1 if ones == "one" else _WORDS.get(ones, 0)))
    scale = (match["scale"] or "").casefold()
    return value * _SCALES[scale] if scale else value


def _bounds(value: float, before: str) -> tuple[float, float]:
    """Return the least and the greatest number that a hedge at the end of before lets value stand for."""
    hedge = _HEDGE.search(before)
    if hedge is None:
        return value, value
    if hedge["over"]:
        return value, 1.25 * value  # nobody writes "more than 40" for 400
    if hedge["under"]:
        return 0.75 * value, value
    return 0.9 * value, 1.1 * value


_HEDGE = re.compile(
    r"\b(?:(?P<over>(?:more|greater|higher) than|over|above|at least|exceed(?:s|ed|ing)?)|"
    r"(?P<under>(?:less|fewer|lower) than|under|below|at most|up to)|"
    r"(?P<about>about|around|nearly|almost|approximately|roughly|some|close to|just (?:over|under)))\s*$",
    re.IGNORECASE,
)
