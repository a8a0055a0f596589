"""The days, months and years that a sentence names, and whether two sentences can speak of one time."""

import datetime
import re
from dataclasses import dataclass
from typing import Literal

from vectorstore.types import Span

Grain = Literal["weekday", "day", "month", "year"]
APART = 6  # days between two articles from which on "Friday" may be another Friday


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as a sentence writes it: "Friday", "3 May", "August", "1902"; `value` is compared within a grain.

    `exact` tells that something is said to happen then: not before or since then, and not that the date is part of
    what something is called ("the 2007 season").
    """

    grain: Grain
    value: str
    text: str
    span: Span
    exact: bool


def moments(text: str) -> tuple[Moment, ...]:
    """Return the dates of text in order; "on Friday 3 May 2024" is three: a weekday, a day and a year."""
    found = []
    for match in _DAY.finditer(text):
        month = (match["month"] or match["month2"])[:3].casefold()
        day = int(match["day"] or match["day2"])
        found.append(_moment("day", f"{month} {day}", match, text))
    taken = [one.span for one in found]
    for match in _OTHER.finditer(text):
        span = Span(*match.span())
        grain: Grain = "weekday" if match["weekday"] else "month" if match["name"] else "year"
        if not any(one.covers(span) for one in taken):
            word = match.group().casefold()
            found.append(_moment(grain, word[:3] if grain == "month" else word, match, text))
    return tuple(sorted(found, key=lambda one: one.span))


def periods(text: str) -> dict[str, frozenset[str]]:
    """Return which of several periods text speaks of: {"quarter": {"first"}}, {"year": {"last"}}."""
    found: dict[str, set[str]] = {}
    for match in _PERIOD.finditer(text):
        found.setdefault(match["of"].casefold().rstrip("s"), set()).add(match["which"].casefold())
    return {of: frozenset(which) for of, which in found.items()}


def other_time(one: str, other: str) -> bool:
    """Return whether two sentences name different times: another month, another year, another quarter."""
    first, second = periods(one), periods(other)
    if any(first[of].isdisjoint(second[of]) for of in first.keys() & second.keys()):
        return True
    here, there = _values(moments(one)), _values(moments(other))
    return any(here[grain].isdisjoint(there[grain]) for grain in here.keys() & there.keys())


def same_time(one: str, other: str) -> bool:
    """Return whether two sentences name a time that is the same."""
    first, second = periods(one), periods(other)
    if any(first[of] & second[of] for of in first.keys() & second.keys()):
        return True
    here, there = _values(moments(one)), _values(moments(other))
    return any(here[grain] & there[grain] for grain in here.keys() & there.keys())


def same_week(one: datetime.date | None, other: datetime.date | None) -> bool:
    """Return whether two articles, by the days on which they were published, mean one day by "Friday"."""
    return one is None or other is None or abs((one - other).days) < APART


def _moment(grain: Grain, value: str, match: re.Match[str], text: str) -> Moment:
    before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 30]
    vague = _VAGUE.search(before) or _CALLED.match(after) or (grain in ("month", "year") and not _IN.search(before))
    return Moment(grain, value, match.group(), Span(*match.span()), not vague)


def _values(found: tuple[Moment, ...]) -> dict[str, frozenset[str]]:
    return {
        grain: frozenset(one.value for one in found if one.grain == grain) for grain in {one.grain for one in found}
    }


_MONTHS = "january february march april may june july august september october november december".split()
_NAMES = "|".join([*_MONTHS, *(rf"{month[:3]}\.?" for month in _MONTHS if month != "may"), r"sept\.?"])
_ALONE = "|".join(month.title() for month in _MONTHS if month != "may")  # "May" may be somebody
_DAY = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?\s+(?P<month>{_NAMES})|"
    rf"(?P<month2>{_NAMES})\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)(?![\w,]*\d|\w|%)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:(?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)|"
    rf"(?P<name>(?:{_ALONE}))|(?P<year>(?:1[5-9]|20)\d\d))\b(?!['’]s)",
)
_VAGUE = re.compile(
    r"\b(?:before|after|since|until|till|by|from|to|prior to|between|and|or|as of|around|about|the|than|through|mid|"
    r"ending|ended|starting|[a-z]+ing|early|late|every|each|following|past|beyond|[–-])[\s-]*(?:\w+day,? )?$",
    re.IGNORECASE,
)
_CALLED = re.compile(r"\s*(?:[–-]|/)|\s+(?:edition|season|or|and|to)\b")
_IN = re.compile(
    r"\b(?:in|during)\s+(?:(?:january|february|march|april|may|june|july|august|september|october|november|december),?\s+)?$",
    re.I,
)
_PERIOD = re.compile(
    r"\b(?P<which>first|second|third|fourth|fifth|last|next|this|previous|final|opening|past|current|coming|same)[\s-]+"
    r"(?:\w+\s+)?(?P<of>quarters?|half|years?|months?|weeks?|rounds?|sets?|games?|match(?:es)?|days?|season|term|stage|"
    r"phase|leg|time)\b",
    re.IGNORECASE,
)
