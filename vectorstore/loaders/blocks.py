"""From an HTML tree to plain text in blocks, with the headings' exact spans: positions come from counting."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vectorstore.text import normalise
from vectorstore.types import Landmark, Span

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]  # lxml ships no types


@dataclass(frozen=True, slots=True)
class Written:
    """A text in blocks and the headings in it."""

    text: str
    landmarks: tuple[Landmark, ...]


def write(root: "_Element") -> Written:
    """Return the text under root: HTML, or the body trafilatura extracts from it.

    Blocks are a blank line apart. Items of one list and rows of one table stand on lines of their own, items behind
    "- " or "1. ", cells with " | " between; a table that only arranges blocks on the page is read as the blocks.
    White space is collapsed but in preformatted text, a line break within a block is kept.
    """
    return _Writer().write(root)


def join(parts: Iterable[Written]) -> Written:
    """Return the texts that are not empty one below the other, a blank line apart, and their headings moved along."""
    texts: list[str] = []
    landmarks: list[Landmark] = []
    length = 0
    for part in parts:
        if part.text:
            start = length + (2 if texts else 0)
            for landmark in part.landmarks:
                span = Span(start + landmark.span.start, start + landmark.span.end)
                landmarks.append(replace(landmark, span=span))
            texts.append(part.text)
            length = start + len(part.text)
    return Written("\n\n".join(texts), tuple(landmarks))


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "head"})
_LISTS = frozenset({"ul", "ol", "menu", "list"})
_ITEMS = frozenset({"li", "item"})
_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_BREAKS = frozenset({"br", "lb"})
_BLOCKS = (  # every other element is part of a line, as in a browser
    _HEADINGS
    | _LISTS
    | _ITEMS
    | _ROWS
    | _CELLS
    | frozenset(
        "address article aside blockquote body caption center dd details dialog dir div dl doc dt fieldset figcaption"
        " figure footer form header hgroup hr html main nav p pre quote section summary table tbody tfoot thead".split()
    )
)
_ARRANGED = _HEADINGS | _LISTS | {"table"}
_LONGEST_HEADING = 200
_SPACE = re.compile("[ \t\n\r\f]+")
_SPACES = re.compile(" +")
_AROUND_BREAK = re.compile(" *\n *")


@dataclass(slots=True)
class _List:
    element: "_Element"
    number: int | None


@dataclass(slots=True)
class _Writer:
    """Reads a tree's events and appends; never goes back into what is written."""

    blocks: list[str] = field(default_factory=list)
    landmarks: list[Landmark] = field(default_factory=list)
    length: int = 0
    group: "_Element | None" = None  # the list or table that the last block belongs to
    line: list[str] = field(default_factory=list)  # the block being read
    lists: list[_List] = field(default_factory=list)
    marker: str = ""
    cells: list[str] | None = None  # the row being read
    table: "_Element | None" = None  # the data table being read; there is none within it
    preformatted: int = 0  # how many such elements are open
    headings: int = 0

    def write(self, root: "_Element") -> Written:
        from lxml.etree import iterwalk

        for event, element in iterwalk(root, events=("start", "end")):
            if event == "start":
                self._open(element)
                self._read(element.text if isinstance(element.tag, str) else None)
            else:
                self._close(element)
                if element is not root:
                    self._read(element.tail)
        self._end_block()
        return Written("".join(self.blocks), tuple(self.landmarks))

    def _read(self, text: str | None) -> None:
        if text:
            self.line.append(text if self.preformatted else _SPACE.sub(" ", text))

    def _open(self, element: "_Element") -> None:
        tag = element.tag
        if tag in _BREAKS:
            if self.line and self.line[-1] == "\n" and not self.preformatted:
                self._end_block()  # two line breaks are how old pages part their paragraphs
            self.line.append("\n")
        if not _stands_alone(element):
            return
        if self.cells is not None:
            self._read(" ")
        else:
            self._end_block()
        if tag in ("pre", "code"):
            self.preformatted += 1
        elif tag in _HEADINGS:
            self.headings += 1
        elif tag in _LISTS:
            ordered = tag == "ol" or element.get("rend") == "ol"
            self.lists.append(_List(element, _first_number(element) if ordered else None))
        elif tag in _ITEMS and self.lists and self.cells is None:
            self.marker = _next_marker(self.lists[-1])
        elif tag == "table" and self.cells is None and _holds_data(element):
            self.table = element
        elif tag in _ROWS and self.table is not None:
            self.cells = []

    def _close(self, element: "_Element") -> None:
        tag = element.tag
        if not _stands_alone(element):
            return
        if tag in _CELLS and self.cells is not None:
            self.cells.append(self._take_line().replace("\n", " "))
        elif tag in _ROWS and self.cells is not None:
            self._end_row()
        elif self.cells is not None:
            self._read(" ")
        else:
            self._end_block()
        if tag in ("pre", "code"):
            self.preformatted -= 1
        elif tag in _HEADINGS:
            self.headings -= 1
        elif tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag in _ITEMS:
            self.marker = ""
        elif element is self.table:
            self.table = None

    def _take_line(self) -> str:
        text = "".join(self.line)
        self.line.clear()
        if not self.preformatted:
            text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text)).strip()
        return normalise(text).strip()

    def _end_row(self) -> None:
        cells, self.cells = self.cells or [], None
        self.line.clear()  # a browser shows text between cells elsewhere
        if any(cells):
            self._append(" | ".join(cells).strip(" "), group=self.table)

    def _end_block(self) -> None:
        text = self._take_line()
        if not text:
            return
        marker, self.marker = self.marker, ""
        in_list = self.lists[0].element if self.lists else None
        if self.headings and in_list is None and len(text) <= _LONGEST_HEADING:
            text = " ".join(text.split())
            start = self.length + (2 if self.blocks else 0)
            self.landmarks.append(Landmark("heading", text, Span(start, start + len(text))))
        self._append(marker + text, group=in_list)

    def _append(self, block: str, *, group: "_Element | None") -> None:
        if self.blocks:
            between = "\n" if group is not None and group is self.group else "\n\n"
            self.blocks.append(between)
            self.length += len(between)
        self.blocks.append(block)
        self.length += len(block)
        self.group = group


def _stands_alone(element: "_Element") -> bool:
    """Return whether the element is a block; trafilatura has one name for a block of code and a word of it."""
    return element.tag in _BLOCKS or (element.tag == "code" and "\n" in (element.text or ""))


def _holds_data(table: "_Element") -> bool:
    """Return whether the table has rows and columns of short values, rather than arranging blocks on a page."""
    return (
        table.get("role") not in ("presentation", "none")
        and any(sum(cell.tag in _CELLS for cell in row) > 1 for row in table.iter(*_ROWS))
        and not any(element is not table for element in table.iter(*_ARRANGED))
    )


def _first_number(element: "_Element") -> int:
    start = element.get("start", "1")
    return int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1


def _next_marker(items: _List) -> str:
    if items.number is None:
        return "- "
    marker = f"{items.number}. "
    items.number += 1
    return marker
