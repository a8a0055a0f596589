"""Rich Text Format: the text of its paragraphs and tables, without what is hidden or deleted."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from locale import windows_locale

from vectorstore.errors import SkippedFile
from vectorstore.loaders import magic
from vectorstore.loaders.blocks import Written
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.plain import headings
from vectorstore.loaders.properties import sensible_author, sensible_title
from vectorstore.loaders.symbols import SYMBOLS
from vectorstore.loaders.titles import title_of
from vectorstore.text import normalise
from vectorstore.types import Document


def load_rtf(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield an RTF document; its headings are told from its paragraphs as those of a plain text are.

    Left out are pictures, notes, headers, footers, hidden and deleted text, and the addresses of links.

    Raises:
        SkippedFile: "empty", "type_mismatch", or "damaged" if it cannot be read.
    """
    magic.expect(raw, "rtf")
    marked_up = _without_pictures(raw)
    text = _text(_visible(marked_up))
    if not text:
        raise SkippedFile("empty", "the document has no text that can be seen")
    written = Written(text, headings(text))
    languages = Counter(number for number in _LANGUAGE.findall(marked_up) if int(number) in windows_locale)
    yield Document(
        source=source,
        title=sensible_title(_property("title", marked_up)) or title_of(written, source=source),
        text=text,
        author=sensible_author(_property("author", marked_up)),
        language=language_of(windows_locale[int(max(languages, key=lambda one: languages[one]))])
        if languages
        else None,
        landmarks=written.landmarks,
    )


# Source: Rich Text Format Specification 1.9.1, Microsoft, 2008.
_TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'[0-9a-f]{2}|\\[^a-z]|[{}]|[^\\{}]+", re.IGNORECASE)
_LONG_NUMBER = re.compile(rb"[0-9a-fA-F\s]{256,}")
_RAW_BYTES = re.compile(rb"\\bin(\d{1,9}) ?")
_LANGUAGE = re.compile(r"\\(?:def)?lang(\d{1,5})")
_SYMBOLS = str.maketrans(SYMBOLS)
_CELL, _ROW = "\ue000", "\ue001"
_SAID = {"cell": _CELL, "nestcell": _CELL, "row": _ROW, "nestrow": _ROW}


def _without_pictures(raw: bytes) -> str:
    """Return raw as characters, pictures cut out first: they are most of a large file."""
    parts, start = [], 0
    for match in _RAW_BYTES.finditer(raw):
        if match.start() >= start:
            parts.append(raw[start : match.start()])
            start = match.end() + int(match[1])
    parts.append(raw[start:])
    return _LONG_NUMBER.sub(b" ", b"".join(parts)).decode("cp1252", "replace")


def _visible(marked_up: str) -> str:
    """Return the document without hidden and deleted text and the addresses of links, ends of cells and rows marked.

    The library that makes text of it knows none of these.
    """
    hidden: list[bool] = [False]

    def read(token: re.Match[str]) -> str:
        word, number = token[1], token[2]
        if token[0] == "{":
            hidden.append(hidden[-1])
        elif token[0] == "}":
            hidden[-2:] = hidden[-2:-1] or [False]
        elif word in ("v", "deleted"):
            hidden[-1] = number != "0"
        elif word == "plain":
            hidden[-1] = False
        elif word == "fldinst":
            return r"\datafield "
        elif word in _SAID and not hidden[-1]:
            return f"\\u{ord(_SAID[word])}?"
        elif hidden[-1] and (word is None or word in ("u", "par", "line", "tab")):
            return ""
        return token[0]

    return _TOKEN.sub(read, marked_up)


def _text(marked_up: str) -> str:
    """Return the text, paragraphs a blank line apart, rows on lines of their own with " | " between their cells."""
    from striprtf.striprtf import rtf_to_text

    try:
        plain: str = rtf_to_text(marked_up, errors="replace")  # type: ignore[no-untyped-call]  # it ships no types
    except (ValueError, LookupError, TypeError) as error:
        raise SkippedFile("damaged", "the RTF is broken; open it and save it anew") from error
    *tables, rest = normalise(plain.translate(_SYMBOLS)).split(_ROW)
    blocks: list[tuple[str, bool]] = []
    for part in tables:
        first, *cells = part.split(_CELL)[:-1] or [part]
        *before, start = first.split("\n")
        blocks += [(line, False) for line in before]
        blocks.append((" | ".join(" ".join(cell.split()) for cell in (start, *cells)), True))
    blocks += [(line, False) for line in rest.replace(_CELL, "\n").split("\n")]
    return _joined([(line, row) for text, row in blocks if (line := " ".join(text.split())).strip(" |")])


def _joined(blocks: list[tuple[str, bool]]) -> str:
    parts: list[str] = []
    after_row = False
    for line, row in blocks:
        parts += ["\n" if row and after_row else "\n\n"] * bool(parts) + [line]
        after_row = row
    return "".join(parts)


def _property(name: str, marked_up: str) -> str | None:
    """Return what the document's own information says, as text."""
    match = re.search(rf"\{{\\{name}\s((?:[^{{}}\\]|\\[^{{}}])*)\}}", marked_up[:_LONGEST_HEAD])
    return _text(r"{\rtf1\ansi " + match[1] + "}") if match else None


_LONGEST_HEAD = 1_000_000  # characters
