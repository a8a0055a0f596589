"""Excel workbooks: each row a sentence, with the values that were last calculated."""

import datetime
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vectorstore.errors import SkippedFile
from vectorstore.loaders import magic
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.office import broken_is_damaged
from vectorstore.loaders.properties import sensible_author, sensible_title, title_from
from vectorstore.loaders.tables import Row, TableWriter
from vectorstore.types import Document

if TYPE_CHECKING:
    from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell  # type: ignore[import-untyped]  # openpyxl ships no types
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet  # type: ignore[import-untyped]  # the same


def load_xlsx(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a workbook as a document; days are written 2025-03-03, hidden sheets, rows and columns are left out.

    Raises:
        SkippedFile: as `magic.office_zip` does, "damaged", or "empty" if no value can be seen.
    """
    magic.office_zip(raw, "xlsx").close()
    writer = TableWriter()
    hidden: list[str] = []
    import openpyxl  # type: ignore[import-untyped]  # openpyxl ships no types
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]  # the same

    with broken_is_damaged(InvalidFileException):
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                hidden.append(f"hidden sheet {sheet.title}")
                continue
            shown = _look_at(sheet)
            hidden += [f"hidden {what} of {sheet.title} ({count})" for count, what in shown.counts if count]
            if shown.uncalculated:
                on_note(f"formulas of {sheet.title} without a value left out: {shown.uncalculated}; save it in Excel")
            writer.write(_rows(sheet, shown), sheet=sheet.title)
        said = book.properties
        book.close()
    if hidden:
        on_note(f"left out: {', '.join(hidden)}")
    if not writer.pieces:
        raise SkippedFile("empty", "the workbook holds no values that can be seen")
    yield Document(
        source=source,
        title=sensible_title(said.title) or title_from(writer.caption, (), source=source),
        text=writer.text,
        author=sensible_author(said.creator),
        language=language_of(said.language),
        landmarks=tuple(writer.landmarks),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a sheet hides, and how many of its formulas were never calculated."""

    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]
    uncalculated: int

    @property
    def counts(self) -> tuple[tuple[int, str], ...]:
        return (len(self.hidden_rows), "rows"), (len(self.hidden_columns), "columns")


def _look_at(sheet: "ReadOnlyWorksheet") -> _Shown:
    """Return what openpyxl does not tell of a sheet that it reads row by row, out of the sheet's own XML."""
    with sheet._get_source() as file:
        xml = file.read()
    rows = {int(match[1]) for tag in _ROW.findall(xml) if _HIDDEN.search(tag) and (match := _NUMBER.search(tag))}
    columns: set[int] = set()
    for tag in _COLUMN.findall(xml):
        if _HIDDEN.search(tag) and (low := _LOW.search(tag)) and (high := _HIGH.search(tag)):
            columns.update(range(int(low[1]), min(int(high[1]), _MOST_COLUMNS) + 1))
    return _Shown(frozenset(rows), frozenset(columns), len(_UNCALCULATED.findall(xml)))


_MOST_COLUMNS = 16_384
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b[^>]*>")
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_LOW = re.compile(rb'\bmin="(\d{1,5})"')
_HIGH = re.compile(rb'\bmax="(\d{1,5})"')
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<v></v>)?</(?:\w+:)?c>"
)


def _rows(sheet: "ReadOnlyWorksheet", shown: _Shown) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the file says of its size would be filled with empty cells
    for number, cells in enumerate(sheet.iter_rows(min_row=1, min_col=1), 1):
        if number not in shown.hidden_rows:
            yield Row(
                number, tuple("" if i in shown.hidden_columns else _text(cell) for i, cell in enumerate(cells, 1))
            )


def _text(cell: "ReadOnlyCell | EmptyCell") -> str:
    """Return what a cell shows, about: days and shares as a person writes them, no errors."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        share = "%" in (cell.number_format or "")
        return f"{value * 100:.10g}%" if share else f"{value:.15g}"
    return str(value)
