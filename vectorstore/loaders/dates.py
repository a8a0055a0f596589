"""The day a document says it was published, read only where it cannot be misread."""

import datetime
import re
from itertools import islice


def read_day(value: object) -> datetime.date | None:
    """Return the day that a string names, or None; a time zone does not move it.

    Read are ISO 8601 ("2025-08-18", "2025-08-18T21:05:00Z", "20250818"), "2025/08/18", and days with the month in
    English words ("18 August 2025", "Aug 18, 2025"). "08/09/2025" is two different days and is not read.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if (match := _ISO.match(text)) is not None:
        return _day(int(match[1]), int(match[3]), int(match[4]))
    if (match := _WORDS.match(text)) is not None:
        month = match["month"] or match["first"]
        return _day(int(match["year"]), _MONTHS[month[:3].lower()], int(match["day"] or match["second"]))
    return None


def stated_day(text: str) -> datetime.date | None:
    """Return the day on which a text says, in one of its first lines, that it was published; None if it does not.

    Read are a line of its own ("Published 12 March 2024", "By Jane Doe | 12 March 2024, 10:15 GMT") and the dateline
    of an agency ("LONDON, 12 March 2024 (Reuters) —"). A day that stands there alone, or before a dash without an
    agency, may be that of what is told; one without a year is no day.
    """
    for line in islice(filter(None, map(str.strip, text[:_TOP].split("\n"))), _LINES):
        match = _OWN_LINE.fullmatch(line) or _DATELINE.match(line)
        if match is not None and (day := read_day(match["day"])) is not None:
            return day
    return None


_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_ISO = re.compile(r"(\d{4})([-/]?)(\d{2})\2(\d{2})(?!\d)", re.ASCII)
_WORDS = re.compile(
    rf"(?:\w+day,?\s+|\w{{3}},\s+)?(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>{_MONTH})\.?,?"
    rf"|(?P<first>{_MONTH})\.?\s+(?P<second>\d{{1,2}})(?:st|nd|rd|th)?,?)\s+(?P<year>\d{{4}})\b",
    re.ASCII | re.IGNORECASE,
)


_LINES = 6  # headline, lead, byline, and what stands between them
_TOP = 3_000  # characters
_ANY_DAY = (
    rf"(?P<day>(?:\w+day,?\s+|\w{{3}},?\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{_MONTH})\.?,?|(?:{_MONTH})\.?\s+"
    rf"\d{{1,2}}(?:st|nd|rd|th)?,?)\s+\d{{4}}|\d{{4}}-\d\d-\d\d)"
)
_TIME = r"(?:[,.]?\s+(?:at\s+)?\d{1,2}[:.]\d\d(?:\s?[ap]\.?m\.?)?(?:\s+[A-Z]{2,4})?)?"
_BYLINE = r"By\s+[A-Z][\w.'’-]+(?:\s+[\w.'’-]+){1,4}"
_UPDATED = r"(?:\s*[|·•,;(–—-]\s*(?:last\s+)?(?:updated|modified)\b.{0,60})?"
_OWN_LINE = re.compile(
    rf"(?:(?:{_BYLINE}\s*[|·•,;–—-]?\s+)?(?:first\s+)?(?:published|posted)(?:\s+on)?:?\s+|{_BYLINE}\s*[|·•]\s*)"
    rf"{_ANY_DAY}{_TIME}{_UPDATED}",
    re.IGNORECASE,
)
# Any other word between brackets may belong to the sentence: "As agreed in London, 12 March 2024 (Annex II) - …"
_AGENCIES = (
    "(?:Thomson )?Reuters|Thomson Reuters Foundation|AP|(?:The )?Associated Press|AFP|Agence France-Presse"
    "|PA(?: Media)?|Press Association|dpa(?:[-/]AFX)?|UPI|AAP|ANI|ANSA|APA|ATS|EFE|IANS|Interfax|Kyodo(?: News)?"
    "|Lusa|NTB|PAP|PTI|RIA(?: Novosti)?|TASS|TT|Ukrinform|Xinhua|Yonhap|Bloomberg(?: News)?|Dow Jones"
    "|Business Wire|Globe Newswire|PR ?Newswire|BBC|CNN|NPR"
)
_DATELINE = re.compile(
    rf"[A-Z][\w.'’/-]*(?:,?\s[\w.'’/-]+){{0,5}},\s+{_ANY_DAY}\s+\((?:{_AGENCIES})\)\s*[-–—]", re.IGNORECASE
)


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None
