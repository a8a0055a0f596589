"""What an office program wrote about a file of its own accord, and whether a person would say the same."""

import re

from vectorstore.loaders.blocks import Written
from vectorstore.loaders.titles import title_of
from vectorstore.text import one_line
from vectorstore.types import Landmark


def sensible_title(said: str | None) -> str | None:
    """Return a title from a file's properties, None if a program or a template put it there."""
    title = one_line(said or "")
    return None if len(title) < 3 or _PROGRAMS_TITLE.search(title) or not _WORD.search(title) else title


def sensible_author(said: str | None) -> str | None:
    """Return an author from a file's properties, None if it is a program, or a computer's account ("jsmith4")."""
    author = one_line(said or "")
    return None if " " not in author or _PROGRAMS_AUTHOR.search(author) else author


def title_from(text: str, landmarks: tuple[Landmark, ...], *, source: str) -> str:
    """Return a title for a text whose properties give none; pages, slides and rows are no titles."""
    headings = tuple(landmark for landmark in landmarks if landmark.kind == "heading")
    return title_of(Written(text, headings), source=source)


_WORD = re.compile(r"[^\W\d_]{2,}")
_PROGRAMS_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)\b|\(|(?:un|no )title[ds]?\b|unnamed|document ?\d*$|presentation ?\d*$"
    r"|powerpoint presentation|powerpoint-präsentation|slide ?\d*$|sheet ?\d*$|book ?\d*$|workbook ?\d*$|template\b"
    r"|word document|dokument ?\d*$|title$|full page photo|print$|scan\b|about:blank|https?:)|\.\w{2,4}$|\\|/\w+/",
    re.IGNORECASE,
)
_PROGRAMS_AUTHOR = re.compile(
    r"@|\\|\d|office|microsoft|admin|unknown|anonymous|user\b|author\b|python|openpyxl|libreoffice|latex|acrobat|adobe"
    r"|\bscan|\.(?:com|org|net)\b",
    re.IGNORECASE,
)
