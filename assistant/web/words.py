"""The page's words in the reader's language: one catalogue a language, for the page and for its script."""

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "uk": "Українська",
}
ENGLISH = "en"
CATALOGUE = Path(__file__).parent / "catalogue"
LOCALES = {ENGLISH: "en_GB"}  # 18 Aug 2025; American English would write Aug 18, 2025
UNGROUPED = {"es": 9999}  # what is not larger has no separator; CLDR's minimumGroupingDigits, which Babel leaves out

Entry: TypeAlias = str | dict[str, str]  # the words, or the words for each plural form by its CLDR name

_FIELD = re.compile(r"\{(\w+)\}")
# One element of an Accept-Language header. Source: RFC 9110, sections 12.4.2 and 12.5.4.
_RANGE = re.compile(
    r"\s*(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", re.I | re.A
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language. Two are equal if their language is."""

    language: str
    entries: Mapping[str, Entry] = field(repr=False, compare=False)

    def __call__(self, key: str, /, **values: str | int) -> str:
        """Return the words of key with values in their named fields; `count` chooses the plural form.

        A whole number is grouped as the language does. A value is inserted as it is and never read as a template.

        Raises:
            KeyError: if there is no such key, or no value for one of its fields; the caller has to be mended.
        """
        entry = self.entries[key]
        if not isinstance(entry, str):
            form = _locale(self.language).plural_form(int(values["count"]))
            entry = entry.get(form, entry["other"])  # French and Spanish have a form of their own for whole millions
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return _FIELD.sub(lambda found: shown[found[1]], entry)

    def date(self, day: datetime.date) -> str:
        """Return a day as people write it in this language: 18 Aug 2025, whatever the machine's locale is."""
        from babel.dates import format_date

        return format_date(day, "medium", _locale(self.language))

    def number(self, number: int) -> str:
        """Return a whole number with its digits grouped: 12,345."""
        from babel.numbers import format_decimal

        grouped = abs(number) > UNGROUPED.get(self.language, 0)
        return format_decimal(number, locale=_locale(self.language), group_separator=grouped)


def words_for(accept_language: str | None, chosen: str | None = None, fixed: str | None = None) -> Words:
    """Return the words in the fixed language, else the chosen one, else the best of an Accept-Language header.

    `fixed` is one of LANGUAGES, as the settings see to. The other two come from strangers: what is malformed in them,
    or no language of the page, says nothing; if nothing is said, the words are English.
    """
    if fixed:
        return _words(fixed)
    if chosen in LANGUAGES:
        return _words(chosen)
    return _words(_negotiated(accept_language or ""))


def script_words(words: Words) -> dict[str, Entry]:
    """Return what the page's script says, by keys with their "script.", and the language's code as "language"."""
    said = {key: entry for key, entry in words.entries.items() if key.startswith("script.")}
    return {"language": words.language, **said}


def _negotiated(header: str) -> str:
    from babel import negotiate_locale

    elements = [found for part in header.split(",") if (found := _RANGE.fullmatch(part))]
    weighed = [(float(found[2] or 1), found[1].lower()) for found in elements]
    wanted = [language for weight, language in sorted(weighed, key=lambda one: -one[0]) if weight]
    preferred = [ENGLISH if language == "*" else language for language in wanted]
    return negotiate_locale(preferred, LANGUAGES, sep="-") or ENGLISH


@cache
def _words(language: str) -> Words:
    return Words(language, json.loads((CATALOGUE / f"{language}.json").read_text(encoding="utf-8")))


@cache
def _locale(language: str) -> "Locale":
    from babel import Locale

    return Locale.parse(LOCALES.get(language, language))
