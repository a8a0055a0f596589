"""Rows of a table as sentences, each value behind the name of its column, positions counted."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise

from vectorstore.text import normalise
from vectorstore.types import Landmark, Span


@dataclass(frozen=True, slots=True)
class Row:
    """A row's number, as a spreadsheet program shows it, and its cells as text, "" for an empty one."""

    number: int
    cells: tuple[str, ...]


@dataclass(slots=True)
class TableWriter:
    """Appends tables and counts; never goes back into what is written."""

    pieces: list[str] = field(default_factory=list)
    landmarks: list[Landmark] = field(default_factory=list)
    length: int = 0
    caption: str = ""  # what stands alone above the first table

    @property
    def text(self) -> str:
        """All that is written: one row a paragraph."""
        return "".join(self.pieces)

    def write(self, rows: Iterable[Row], *, sheet: str | None = None) -> None:
        """Write the rows that hold something: "Name: Mill Bridge; Built: 1832.".

        What stands above the names of the columns is written as it is; so is a table without such names.
        """
        waiting = iter(_filled(rows))
        first = list(islice(waiting, _LOOKED_AT))
        named = names_row(first)
        names: tuple[str, ...] = ()
        if named and not self.pieces and sum(map(bool, first[0].cells)) == 1:
            self.caption = _sentence(first[0].cells, ())
        for i, row in enumerate(chain(first, waiting)):
            if i == named:
                names = row.cells
            else:
                self._write_row(row, names, sheet)

    def _write_row(self, row: Row, names: tuple[str, ...], sheet: str | None) -> None:
        if self.pieces:
            self.pieces.append("\n\n")
            self.length += 2
        label = f"row {row.number}" if sheet is None else f"{sheet}, row {row.number}"
        self.landmarks.append(Landmark("row", label, Span(self.length, self.length)))
        sentence = _sentence(row.cells, names)
        self.pieces.append(sentence)
        self.length += len(sentence)


def names_row(rows: Sequence[Row]) -> int | None:
    """Return which of the first rows of a table names its columns, None if none does.

    It holds two or more different short texts and no numbers or days but years that follow each other, as many as the
    rows below have cells (or nearly), and there are rows below it.
    """
    for i, row in enumerate(rows[:-1]):
        held = [cell for cell in row.cells if cell]
        below = sorted(sum(map(bool, other.cells)) for other in rows[i + 1 :])
        usual = below[len(below) // 2]
        if len(held) < 2 or len(held) < _NEARLY * usual:
            continue
        values = [cell for cell in held if not _WORD.search(cell) or _VALUE.fullmatch(cell)]
        if any(len(cell) > _LONGEST_NAME for cell in held) or (values and not _are_years(values)):
            return None  # the first row that is as wide as the table is a row of values
        return i if len({cell.lower() for cell in held}) == len(held) else None
    return None


_LOOKED_AT = 20  # rows
_NEARLY = 0.75
_LONGEST_NAME = 80  # characters
_WORD = re.compile(r"[^\W\d_]")
_VALUE = re.compile(
    r"[-+(]?[£$€¥]?\s?\d[\d.,' ]*\)?\s?(?:%|[A-Za-z£$€¥]{1,3})?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|.*@.*\..*|https?://.*"
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_END = re.compile(r"[.!?…][\"'”’»)\]]*\Z")


def _are_years(cells: Sequence[str]) -> bool:
    """Return whether these are two or more years in order, a fixed number of them apart."""
    years = [int(cell) for cell in cells if _YEAR.fullmatch(cell)]
    steps = {later - year for year, later in pairwise(years)}
    return len(years) == len(cells) and len(steps) == 1 and steps != {0}


def _filled(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that are not empty, each cell normalised and on one line."""
    for row in rows:
        cells = tuple(" ".join(normalise(cell).split()) for cell in row.cells)
        if any(cells):
            yield Row(row.number, cells)


def _sentence(cells: tuple[str, ...], names: tuple[str, ...]) -> str:
    parts = []
    for i, cell in enumerate(cells):
        if cell:
            name = names[i].rstrip(" :") if i < len(names) else ""
            parts.append(f"{name}: {cell}" if name else cell)
    sentence = "; ".join(parts)
    return sentence if not names or _END.search(sentence) else sentence + "."
