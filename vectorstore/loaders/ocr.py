"""Read pages that are pictures of text with tesseract, the program, which has to be installed beside Footnote."""

import ctypes
import math
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from vectorstore.errors import OwnerError, SkippedFile
from vectorstore.loaders.pdf_lines import Line, Page
from vectorstore.text import normalise, one_line

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage  # type: ignore[import-untyped]  # pypdfium2 ships no types


def ocr_pages(pdf: "PdfDocument", numbers: Sequence[int], *, languages: Sequence[str]) -> Iterator[Page]:
    """Yield the pages with these numbers, counted from 0, as tesseract reads them in its languages ("eng", "deu").

    Raises:
        OwnerError: if tesseract is not installed, or not for one of the languages.
        SkippedFile: "parser_timeout" if a page takes over a minute, "damaged" if tesseract cannot read one.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise OwnerError("tesseract is not installed, so pictures of text cannot be read; install it or switch OCR off")
    for number in numbers:
        yield _read(program, pdf[number], languages)


_DPI = 300
_MOST_PIXELS = 25_000_000  # a page of A4 has nine million
_LONGEST = 60  # seconds for a page
_WORD_LEVEL = "5"
_ALIKE = 1.6


def _read(program: str, page: "PdfPage", languages: Sequence[str]) -> Page:
    width, height = page.get_size()
    scale = min(_DPI / 72, math.sqrt(_MOST_PIXELS / max(width * height, 1)))
    command = [program, "stdin", "stdout", "-l", "+".join(languages), "--dpi", str(round(72 * scale)), "tsv"]
    try:
        done = subprocess.run(command, input=_picture(page, scale), capture_output=True, timeout=_LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise SkippedFile("parser_timeout", f"tesseract took over {_LONGEST} seconds for a page") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        if "language" in said:
            raise OwnerError(
                f"tesseract does not know all of {'+'.join(languages)}; install what it needs to read them"
            )
        raise SkippedFile(
            "damaged", f"tesseract could not read a page ({one_line(said, longest=100) or 'without a word'})"
        )
    return Page(tuple(_lines(done.stdout.decode(errors="replace"), scale, height)), height)


def _picture(page: "PdfPage", scale: float) -> bytes:
    """Return the page as a grey picture in the portable grey map format.

    Source: https://netpbm.sourceforge.net/doc/pgm.html
    """
    bitmap = page.render(scale=scale, grayscale=True)
    pixels = ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height)
    rows = (pixels[i * bitmap.stride : i * bitmap.stride + bitmap.width] for i in range(bitmap.height))
    return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)


def _lines(table: str, scale: float, height: float) -> Iterator[Line]:
    """Yield the lines in tesseract's table of words.

    Its columns: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
    """
    cells = [row.split("\t") for row in table.splitlines()]
    words = [row for row in cells if len(row) == 12 and row[0] == _WORD_LEVEL and row[11].strip()]
    usual = statistics.median([int(row[9]) / scale for row in words] or [0])
    for _, group in groupby(words, key=lambda row: row[2:5]):
        line = list(group)
        text = " ".join(normalise(" ".join(row[11] for row in line)).split())
        boxes = [[int(value) / scale for value in row[6:10]] for row in line]
        if text:
            left, right = boxes[0][0], max(box[0] + box[2] for box in boxes)
            bottom = max(box[1] + box[3] for box in boxes)
            size = max(box[3] for box in boxes)
            size = usual if size < _ALIKE * usual else size  # letters that reach below the line make it look larger
            hyphen = len(text) > 2 and text[-1] == "-" and text[-2].isalpha()
            yield Line(text.removesuffix("-") if hyphen else text, left, right, height - bottom, size, hyphen)
