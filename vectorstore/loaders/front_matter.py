"""The block between "---" lines at the top of a text or Markdown file that says what the document is."""

import datetime
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from vectorstore.errors import SkippedFile
from vectorstore.loaders.dates import read_day
from vectorstore.text import one_line


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a document says about itself; None where it says nothing."""

    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    published: datetime.date | None = None
    url: str | None = None
    language: str | None = None


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Return the front matter of normalised text, and the text after it.

    A first line "---" that is not followed by a line of the form "key: value" is a rule in the text, not front matter.

    Raises:
        SkippedFile: "bad_front_matter" if the block does not end, is no YAML mapping, or holds a value that
            cannot be read.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return FrontMatter(), text
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise SkippedFile("bad_front_matter", 'line 1: the front matter does not end; close it with a line "---"')
    return _read(text[opening.end() : closing.start()]), text[closing.end() :]


def web_address(value: str | None) -> str | None:
    """Return value if it is an http or https address with a host, else None."""
    if value is None or any(character.isspace() for character in value.strip()):
        return None
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return None
    return value.strip() if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def language_of(tag: str | None) -> str | None:
    """Return the language of a tag, "en" of "en-GB", "en_GB" or "eng"; None if it is no tag or names no language."""
    from babel.core import get_global

    match = _TAG.match(tag or "")
    if match is None or (language := match[1].lower()) in _NO_LANGUAGES:
        return None
    return str(get_global("language_aliases").get(language, language))


_NO_LANGUAGES = ("und", "mul", "mis", "zxx")  # undetermined, many, uncoded, none
_TAG = re.compile(r"\s*([A-Za-z]{2,3})(?=[-_\s]|\Z)", re.ASCII)
_OPENING = re.compile(r"\s*---[ \t]*\n(?=\s*(?:#[^\n]*\n\s*)*[A-Za-z_][\w -]*:(?:\s|$)|---[ \t]*(?:\n|\Z))")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_NOTHING: tuple[object, ...] = (None, "", "~", "null", [], {})
_LONGEST = 20_000  # characters; real blocks have a few hundred
_MOST_BRACKETS = 100
_NAMES = {
    "title": ("title",),
    "outlet": ("outlet", "publisher", "source", "site_name"),
    "author": ("author", "authors", "byline"),
    "published": ("published", "date", "published_at"),
    "url": ("url", "link", "canonical"),
    "language": ("language", "lang"),
}


def _read(block: str) -> FrontMatter:
    fields = _mapping(block)
    found = {
        field: (name, fields[name])
        for field, names in _NAMES.items()
        for name in reversed(names)  # the first of the names wins
        if fields.get(name) not in _NOTHING
    }
    url = _line(block, *found["url"]) if "url" in found else None
    return FrontMatter(
        title=_line(block, *found["title"]) if "title" in found else None,
        outlet=_line(block, *found["outlet"]) if "outlet" in found else None,
        author=_line(block, *found["author"]) if "author" in found else None,
        published=_published(block, *found["published"]) if "published" in found else None,
        url=web_address(url),
        language=language_of(_line(block, *found["language"])) if "language" in found else None,
    )


def _mapping(block: str) -> dict[str, object]:
    """Read the block with every scalar as the characters it is written in: a title may be "1984", "12:30" or "No"."""
    import yaml

    if len(block) > _LONGEST:
        raise SkippedFile("bad_front_matter", f"line 1: the front matter is longer than {_LONGEST:,} characters")
    if sum(map(block.count, "[{")) > _MOST_BRACKETS:  # PyYAML takes quadratic time on nested ones
        raise SkippedFile("bad_front_matter", f"line 2: the front matter has over {_MOST_BRACKETS} opening brackets")
    try:
        fields = yaml.load(block, yaml.BaseLoader) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 2
        raise SkippedFile("bad_front_matter", f"line {line}: {error.problem}; put the value in quotes") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SkippedFile("bad_front_matter", f"line 2: {one_line(str(error))}") from None
    if not isinstance(fields, dict):
        raise SkippedFile("bad_front_matter", 'line 2: the front matter is no list of "key: value" lines')
    return {str(name).strip().lower().replace("-", "_"): value for name, value in fields.items()}


def _line(block: str, name: str, value: object) -> str:
    """Return a value on one line, a list with commas between."""
    values = value if isinstance(value, list) else [value]
    texts = [item for item in values if isinstance(item, str)]
    if len(texts) < len(values):
        raise SkippedFile("bad_front_matter", f"{_where(block, name)}: {name} is neither a text nor a list of texts")
    return one_line(", ".join(texts))


def _published(block: str, name: str, value: object) -> datetime.date:
    day = read_day(value)
    if day is None:
        shown = one_line(str(value), longest=40)
        raise SkippedFile(
            "bad_front_matter", f"{_where(block, name)}: {name} is {shown!r}; write the day as 2025-08-18"
        )
    return day


def _where(block: str, name: str) -> str:
    """Return "line 4", counted from the top of the file, for the line where name is given."""
    lines = block.lower().replace("-", "_").split("\n")
    numbers = (number for number, line in enumerate(lines, 2) if line.split(":")[0].strip(" '\"") == name)
    return f"line {next(numbers, 2)}"
