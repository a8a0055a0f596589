"""The lines of a PDF's page that a reader can see, with where each stands, out of PDFium's characters."""

import ctypes
import math
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from vectorstore.loaders.symbols import SYMBOLS
from vectorstore.text import normalise

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage  # type: ignore[import-untyped]  # pypdfium2 ships no types


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, upright, in points from the page's lower left; `size` is that of its letters.

    `text` is normalised and not empty; a hyphen that broke its last word is not in it, but `hyphen` is true.
    A row is a line whose cells stand apart, with " | " between them, or are joined by dots.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    hyphen: bool = False
    is_row: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page's lines in the order they are written, its height in points, and whether it is a picture
    with too little text to be the text of it.
    """

    lines: tuple[Line, ...]
    height: float
    is_picture: bool = False


def read_page(page: "PdfPage") -> Page:
    """Return what can be seen of the text of a page, with the text that a scanner's software laid under its picture.

    Left out is text that is transparent, outside the page, smaller than a point, or white on nothing.
    """
    text = page.get_textpage()
    try:
        return _Reader(page, text).read()
    finally:
        text.close()


_SMALLEST = 1.0  # points
_WHITE = 245
_FEW_LINES = 5  # with fewer, a page that is a picture was not read by a scanner's software
_PICTURE = 0.5  # of the page's area
_INVISIBLE = (3, 7)  # ways to draw text: not at all, and only as an edge to cut others at
_HYPHENS = (0x02, 0xFFFE)  # PDFium's marks for one that breaks a word; the line ends there
_LINE_END = 0x0A
_ENDS = frozenset((*_HYPHENS, _LINE_END, 0x09, 0x0D, 0x20, 0xA0))  # of a word
_CELL_GAP = 2.0  # letters' sizes
_WIDE_GAP = 3.0  # times the usual gap: all gaps of a justified line are wide
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_SIGNS = str.maketrans(_LIGATURES | SYMBOLS)
_MARKER = re.compile(r"\W{1,2}|\(?(?:[\d.]{1,8}|[A-Za-z]|[ivx]{1,5})[.)]?")
_LEADERS = re.compile(r"(?:[.…·] ?){4,}\s*\S{1,10}\Z")
_Pointer: TypeAlias = Any  # PDFium's own have no types
_Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(slots=True)
class _Word:
    text: list[str] = field(default_factory=list)
    first: int = -1  # the numbers of its first and last character
    last: int = -1


@dataclass(frozen=True, slots=True)
class _Place:
    left: float
    right: float
    baseline: float
    size: float


@dataclass
class _Reader:
    page: "PdfPage"
    text: "PdfTextPage"
    seen: dict[int, bool] = field(default_factory=dict)  # by the address of a text object
    edges: _Box = (0, 0, 0, 0)
    rotation: int = 0

    def read(self) -> Page:
        self.edges, self.rotation = self.page.get_bbox(), self.page.get_rotation()
        lines = tuple(self._lines())
        left, bottom, right, top = self.edges
        height = right - left if self.rotation in (90, 270) else top - bottom
        return Page(lines, height, self.is_picture if len(lines) < _FEW_LINES else False)

    @cached_property
    def drawn(self) -> list[_Box]:
        """The boxes of the pictures and shapes that text may stand on."""
        from pypdfium2 import raw

        return [
            thing.get_bounds() for thing in self.page.get_objects(max_depth=1) if thing.type != raw.FPDF_PAGEOBJ_TEXT
        ]

    @cached_property
    def is_picture(self) -> bool:
        """Whether one picture takes most of the page, as where a sheet of paper was scanned."""
        from pypdfium2 import raw

        left, bottom, right, top = self.edges
        large = _PICTURE * (right - left) * (top - bottom)
        for thing in self.page.get_objects(max_depth=1):
            if thing.type in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM):
                box = thing.get_bounds()
                if (box[2] - box[0]) * (box[3] - box[1]) >= large and (
                    thing.type == raw.FPDF_PAGEOBJ_IMAGE
                    or any(self.page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3, form=thing, level=1))
                ):
                    return True
        return False

    def _lines(self) -> Iterator[Line]:
        from pypdfium2 import raw

        handle, unicode_of, object_of = self.text.raw, raw.FPDFText_GetUnicode, raw.FPDFText_GetTextObject
        words: list[_Word] = []
        word = _Word()
        for i in range(self.text.count_chars()):
            code = unicode_of(handle, i)
            if code in _ENDS:
                word = _finished(word, words)
                if code == _LINE_END or code in _HYPHENS:
                    yield from self._line(words, hyphen=code in _HYPHENS)
                    words = []
            elif code and self._is_seen(object_of(handle, i), i):
                word.text.append(chr(code))
                word.first, word.last = (i if word.first < 0 else word.first), i
        _finished(word, words)
        yield from self._line(words, hyphen=False)

    def _line(self, words: list["_Word"], *, hyphen: bool) -> Iterator[Line]:
        if not words:
            return
        middle = words[len(words) // 2]
        shown = [self._place(i) for i in (words[0].first, middle.first, words[-1].last)]
        size = statistics.median(place.size for place in shown)
        gaps = [self._gap(before, word) for before, word in pairwise(words)]
        cells = _cells(words, gaps, size)
        text = " | ".join(" ".join(normalise(cell.translate(_SIGNS)).split()) for cell in cells)
        if size < _SMALLEST or not text.strip(" |"):
            return
        left, right = min(place.left for place in shown), max(place.right for place in shown)
        baseline = statistics.median(place.baseline for place in shown)
        yield Line(
            text, left, right, baseline, size, hyphen=hyphen, is_row=len(cells) > 1 or _LEADERS.search(text) is not None
        )

    def _gap(self, before: "_Word", word: "_Word") -> float:
        """Return the points between two words."""
        right = self._turned(self.text.get_charbox(before.last, loose=True))[2]
        return self._turned(self.text.get_charbox(word.first, loose=True))[0] - right

    def _place(self, i: int) -> "_Place":
        """Return where a character stands, as a reader holds the page.

        Its size is the font's, times what the page makes of it: boxes differ from font to font in one line.
        """
        from pypdfium2 import raw

        x, y, matrix = ctypes.c_double(), ctypes.c_double(), raw.FS_MATRIX()
        raw.FPDFText_GetCharOrigin(self.text.raw, i, ctypes.byref(x), ctypes.byref(y))
        raw.FPDFText_GetMatrix(self.text.raw, i, ctypes.byref(matrix))
        size = raw.FPDFText_GetFontSize(self.text.raw, i) * math.hypot(matrix.c, matrix.d)
        left, _, right, _ = self._turned(self.text.get_charbox(i, loose=True))
        return _Place(left, right, self._turned((x.value, y.value, x.value, y.value))[1], size)

    def _turned(self, box: _Box) -> _Box:
        left, bottom, right, top = box
        x, y, x_end, y_end = self.edges
        turns: dict[int, _Box] = {
            0: (left - x, bottom - y, right - x, top - y),
            90: (bottom - y, x_end - right, top - y, x_end - left),
            180: (x_end - right, y_end - top, x_end - left, y_end - bottom),
            270: (y_end - top, left - x, y_end - bottom, right - x),
        }
        return turns[self.rotation]

    def _is_seen(self, thing: _Pointer, i: int) -> bool:
        """Return whether the text object of a character can be seen; most hold many characters."""
        if not thing:
            return True
        address = ctypes.addressof(thing.contents)
        if address not in self.seen:
            self.seen[address] = self._judge(thing, self.text.get_charbox(i, loose=True))
        return self.seen[address]

    def _judge(self, thing: _Pointer, box: _Box) -> bool:
        """Return whether a text object can be seen whose first character has this box."""
        from pypdfium2 import raw

        left, bottom, right, top = self.edges
        if box[2] < left or box[0] > right or box[3] < bottom or box[1] > top:
            return False
        if raw.FPDFTextObj_GetTextRenderMode(thing) in _INVISIBLE:
            return self.is_picture
        parts = [ctypes.c_uint() for _ in range(4)]
        if not raw.FPDFPageObj_GetFillColor(thing, *map(ctypes.byref, parts)):
            return True
        *color, opacity = (part.value for part in parts)
        if opacity == 0:
            return False
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        return min(color) < _WHITE or any(_holds(below, *middle) for below in self.drawn)


def _finished(word: _Word, words: list[_Word]) -> _Word:
    """Put a word at the end of words unless it is empty; return the next."""
    if not word.text:
        return word
    words.append(word)
    return _Word()


def _cells(words: list[_Word], gaps: list[float], size: float) -> list[str]:
    """Return the texts of a line's cells: words far apart, but that a list's marker stands before its item."""
    cells = ["".join(words[0].text)]
    wide = max(_CELL_GAP * size, _WIDE_GAP * statistics.median_low(gaps)) if len(gaps) > 1 else _CELL_GAP * size
    for i, (gap, word) in enumerate(zip(gaps, words[1:], strict=True)):
        text = "".join(word.text)
        if gap > wide and not (i == 0 and _MARKER.fullmatch(cells[0])):
            cells.append(text)
        else:
            cells[-1] += " " + text
    return cells


def _holds(box: _Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
