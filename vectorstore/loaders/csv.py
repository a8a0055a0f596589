"""Tables in text files, values parted by commas, semicolons, tabs or bars: each row a sentence."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator

from vectorstore.errors import SkippedFile
from vectorstore.loaders.decode import read_text
from vectorstore.loaders.properties import title_from
from vectorstore.loaders.tables import Row, TableWriter
from vectorstore.types import Document


def load_csv(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a table as a document; what parts its values is what parts most lines into as many.

    Raises:
        SkippedFile: as `decode` does, or "damaged" if a quotation mark is never closed.
    """
    text = read_text(raw, source=source, on_note=on_note).removeprefix("\ufeff")
    delimiter = None
    if (first := text.split("\n", 1)[0].strip()).lower().startswith("sep=") and len(first) == 5:
        delimiter, text = first[4], text[text.index("\n") + 1 :] if "\n" in text else ""
    writer = TableWriter()
    try:
        writer.write(_rows(text, delimiter or find_delimiter(text)))
    except csv.Error as error:
        raise SkippedFile("damaged", f"{error}; a quotation mark may be missing: save the table again") from None
    if not writer.pieces:
        raise SkippedFile("empty", "the table holds no values")
    yield Document(
        source=source,
        title=title_from(writer.caption, (), source=source),
        text=writer.text,
        landmarks=tuple(writer.landmarks),
    )


def find_delimiter(text: str) -> str:
    """Return what parts the values of a table: of those that give most lines one number of values, the most values."""
    sample = text[:_SAMPLE] if len(text) <= _SAMPLE else text[: text.rfind("\n", 0, _SAMPLE) + 1 or _SAMPLE]
    return max(_DELIMITERS, key=lambda delimiter: _evidence(sample, delimiter))


_SAMPLE = 65_536  # characters
_DELIMITERS = ",;\t|"


def _evidence(sample: str, delimiter: str) -> tuple[float, int]:
    """Return the share of rows that have the most common number of values, and that number; 0 if it is one."""
    try:
        counts = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row)
    except csv.Error:
        return 0, 0
    values, rows = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return (round(rows / counts.total(), 1), values) if values > 1 else (0, 0)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
        yield Row(number, tuple(cells))
