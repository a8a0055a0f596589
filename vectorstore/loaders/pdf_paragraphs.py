"""From the lines of a PDF's pages to its paragraphs, without what stands on every page, positions counted.

A PDF has no paragraphs: they are read off where lines stand, how far they run, and what their words say.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vectorstore.loaders.pdf_lines import Line, Page
from vectorstore.types import Landmark, Span


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a PDF, paragraphs a blank line and rows a line apart, and a landmark for each page that has text."""

    text: str
    landmarks: tuple[Landmark, ...]


def write(pages: Sequence[Page]) -> Written:
    """Return the text of pages, lines joined to paragraphs, running headers, footers and page numbers left out.

    A word broken at a line's end is put together; its hyphen stays if the document elsewhere has it or has both halves
    as words. A paragraph goes on in the next column or page where its last line is no end of a sentence and the next
    line begins in lower case.
    """
    bodies = without_furniture(pages)
    words = Counter(word for lines in bodies for line in lines for word in _WORD.findall(line.text.lower()))
    writer = _Writer(words)
    last: Line | None = None
    for number, lines in enumerate(bodies, 1):
        writer.page = number
        for paragraph in paragraphs(lines):
            if last is not None and _goes_on(last, paragraph[0]):
                writer.join(last, paragraph[0])
            else:
                writer.begin(paragraph[0], row=last is not None and last.is_row and paragraph[0].is_row)
            for before, line in pairwise(paragraph):
                writer.join(before, line)
            last = paragraph[-1]
    return Written("".join(writer.pieces), tuple(writer.landmarks))


def without_furniture(pages: Sequence[Page]) -> list[list[Line]]:
    """Return the lines of each page without those in its margins that stand in the same place on many pages.

    Two lines are the same if they differ in nothing but numbers, or if both begin or end with a number that counts
    with the pages. Many are three, or both of two, and a third of all; of counting lines, three, and two of those
    that are a page number and nothing else.
    """
    edges = [{line: _likenesses(line, number) for line in _edge(page)} for number, page in enumerate(pages)]
    seen = Counter(likeness for edge in edges for likenesses in edge.values() for likeness in likenesses)
    often = max(min(_OFTEN, len(pages)), len(pages) / 3, 2)
    enough = {"text": often, "counting": _OFTEN, "number": 2}
    return [
        [line for line in page.lines if not any(seen[one] >= enough[one[0]] for one in edge.get(line, ()))]
        for page, edge in zip(pages, edges, strict=True)
    ]


def paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph, in the order they are written."""
    for run in _runs(lines):
        right = max(*(line.right for line in run), _column_edge(run, lines))
        distances = [_distance(a, b) for a, b in pairwise(run)] or [0.0]
        usual = statistics.median_low(distances)
        if len(distances) < _OFTEN + 1:  # too few to be sure
            usual = min(usual, _LEADING * run[0].size)
        paragraph = run[:1]
        for line in run[1:]:
            if _distance(paragraph[-1], line) > _WIDER * usual or _ends(paragraph, line, right):
                yield paragraph
                paragraph = []
            paragraph.append(line)
        yield paragraph


_WORD = re.compile(r"[^\W\d_]+(?:[-‐'’][^\W\d_]+)*")
_MARGIN = 0.12  # of the page's height, at the top and at the bottom
_OFTEN = 3
_LEADING = 1.4  # letters' sizes between lines, hardly ever more in one paragraph
_WIDER = 1.25  # times the usual distance of two lines
_FARTHEST = 2.5  # letters' sizes between the lines of one run
_ALIKE = 0.12  # by which letters of one size differ
_INDENT = 0.4  # letters' sizes
_BULLET = re.compile(r"[•‣▪●◦·∙○■□✓–—*-]\s")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s")
_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’»)\]]*\Z")
_AT_AN_END = re.compile(r"\A\d{1,4}(?!\S)|(?<!\S)\d{1,4}\Z")
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*[-–—|]?\s*(\d{1,4})\s*[-–—|]?(?:\s*(?:of|/|von)\s*\d{1,4})?", re.IGNORECASE
)
_KEPT = frozenset(  # what English puts before a hyphen and nearly never breaks a word after
    "all co cross ex far full half high ill long low mid multi non old self semi short two three four five well".split()
)


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines that stand below each other in letters of one size."""
    run: list[Line] = []
    for line in lines:
        if run and not _stands_below(line, run[-1]):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _column_edge(run: list[Line], lines: Sequence[Line]) -> float:
    """Return where most lines end that begin about where the run does, 0 if there is no such edge."""
    size, left = run[0].size, min(line.left for line in run)
    near = [line for line in lines if _is_alike(run[0], line) and abs(line.left - left) < 4 * size]
    edges = Counter(round(line.right / size) for line in near)
    edge, count = max(edges.items(), key=lambda item: item[1])
    return edge * size if count >= _OFTEN else 0


def _stands_below(line: Line, above: Line) -> bool:
    return (
        0.3 * above.size < _distance(above, line) < _FARTHEST * above.size
        and _is_alike(above, line)
        and min(line.right, above.right) > max(line.left, above.left)
    )


def _is_alike(a: Line, b: Line) -> bool:
    return abs(a.size - b.size) <= _ALIKE * max(a.size, b.size)


def _distance(above: Line, below: Line) -> float:
    return above.baseline - below.baseline


def _ends(paragraph: list[Line], line: Line, right: float) -> bool:
    """Return whether line begins a new paragraph, in a run that reaches to `right`."""
    first, above = paragraph[0], paragraph[-1]
    if above.is_row or line.is_row:
        return True
    if above.hyphen:
        return False
    slack = _INDENT * line.size
    is_item = _BULLET.match(first.text) or _NUMBERED.match(first.text)
    finished = _SENTENCE_END.search(above.text)
    if _BULLET.match(line.text) or (_NUMBERED.match(line.text) and (finished or is_item)):
        return True
    word = line.text.split(" ", 1)[0]
    room = right - above.right
    if room > slack + (line.right - line.left) * (len(word) + 1) / len(line.text):
        return True  # the word would have stood above, had the line not been ended
    if len(paragraph) == 1:
        return bool(line.left > first.left + slack and finished and not is_item)
    return abs(line.left - above.left) > slack and bool(finished)


def _goes_on(above: Line, line: Line) -> bool:
    """Return whether a paragraph goes on in another column or on another page."""
    if above.is_row or line.is_row or not _is_alike(above, line):
        return False
    return above.hyphen or (line.text[0].islower() and not _SENTENCE_END.search(above.text))


def _edge(page: Page) -> list[Line]:
    """Return the two highest and the two lowest lines of a page, if they stand in its margins."""
    ordered = sorted(page.lines, key=lambda line: line.baseline)
    low = [line for line in ordered[:2] if line.baseline < _MARGIN * page.height]
    return low + [line for line in ordered[-2:] if line.baseline > (1 - _MARGIN) * page.height]


def _likenesses(line: Line, page: int) -> list[tuple[str, object, int]]:
    """Return what a line shares with those it is the same as; the last is about where it stands."""
    place = round(line.baseline / 4)
    found: list[tuple[str, object, int]] = [("text", re.sub(r"\d+", "#", line.text), place)]
    found += [("counting", int(number) - page, place) for number in set(_AT_AN_END.findall(line.text))]
    if match := _PAGE_NUMBER.fullmatch(line.text):
        found.append(("number", int(match[1]) - page, place))
    return found


@dataclass(slots=True)
class _Writer:
    """Appends lines and counts; never goes back into what is written."""

    words: Counter[str]
    pieces: list[str] = field(default_factory=list)
    landmarks: list[Landmark] = field(default_factory=list)
    length: int = 0
    page: int = 0
    marked: int = 0  # the last page that has its landmark

    def begin(self, line: Line, *, row: bool) -> None:
        """Write the first line of a paragraph, or a row below another."""
        self._append(("\n" if row else "\n\n") if self.pieces else "", line.text)

    def join(self, above: Line, line: Line) -> None:
        """Write a line that goes on after the one above, which is written but for the hyphen it may end with."""
        self._append(self._between(above, line.text), line.text)

    def _append(self, between: str, text: str) -> None:
        self.length += len(between)
        if self.marked < self.page:
            self.landmarks.append(Landmark("page", f"page {self.page}", Span(self.length, self.length)))
            self.marked = self.page
        self.pieces += (between, text)
        self.length += len(text)

    def _between(self, above: Line, text: str) -> str:
        """Return what stands between two lines: a space, nothing, or the hyphen that broke a word."""
        if not above.hyphen:
            return "" if re.search(r"[\w’'][-/–—‐_]\Z", above.text) and text[0].isalnum() else " "
        head, tail = _LAST_WORD.search(above.text), _WORD.match(text)
        if head is None or tail is None or not tail[0][0].islower():
            return "-"
        if tail[0] in ("and", "or", "und", "oder", "et"):
            return "- "
        first, second = head[0].lower(), tail[0].lower()
        whole, parted = self.words[first + second], self.words[f"{first}-{second}"]
        if whole or parted:
            return "-" if parted > whole else ""
        return "-" if "-" in first or first in _KEPT or (self.words[first] and self.words[second] > 1) else ""


_LAST_WORD = re.compile(r"[^\W\d_]+(?:[-‐'’][^\W\d_]+)*\Z")
