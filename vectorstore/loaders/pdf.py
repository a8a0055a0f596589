"""PDF files: the text of their pages as paragraphs, and where each page begins."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from vectorstore.errors import SkippedFile
from vectorstore.loaders import magic
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.pdf_lines import Page, read_page
from vectorstore.loaders.pdf_paragraphs import paragraphs, write
from vectorstore.loaders.pdf_streams import check_streams
from vectorstore.loaders.properties import sensible_author, sensible_title, title_from
from vectorstore.text import one_line
from vectorstore.types import Document

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # pypdfium2 ships no types


def load_pdf(
    raw: bytes, *, source: str, on_note: Callable[[str], None], ocr_languages: Sequence[str] = ()
) -> Iterator[Document]:
    """Yield a PDF as a document; nothing in it is run or fetched, and no form or comment is read.

    Pages without text are read by tesseract if `ocr_languages` names its languages (("eng", "deu")); else the note
    says which pages they are. PDFium is not to be called from two threads at once.

    Raises:
        SkippedFile: "empty", "type_mismatch", "damaged", "encrypted" if it cannot be read without a password,
            "expands_too_much", "no_text_layer" if all of it is pictures of text.
    """
    magic.expect(raw, "pdf")
    if b"%%EOF" not in raw[-_LONGEST_END:]:
        raise SkippedFile("damaged", "the end of the PDF is missing; copy it again, or print it to a new PDF")
    check_streams(raw)
    pdf = _open(raw)
    try:
        pages = _read_pages(pdf, on_note)
        missing = [number for number, page in enumerate(pages) if page.is_picture]
        if missing and ocr_languages:
            from vectorstore.loaders.ocr import ocr_pages

            for number, page in zip(missing, ocr_pages(pdf, missing, languages=ocr_languages), strict=True):
                pages[number] = page
            on_note(f"{_numbered(missing)} read by OCR, which makes mistakes")
        written = write(pages)
        if not written.text:
            raise SkippedFile("no_text_layer", "the PDF holds pictures of text, not text; run OCR on it first")
        if sum(map(_is_unreadable, written.text)) > _MOST_UNREADABLE * len(written.text):
            raise SkippedFile("no_text_layer", "the PDF does not say which letters its signs are; run OCR on it first")
        if missing and not ocr_languages:
            on_note(f"{_numbered(missing)} left out: a picture without text; run OCR on the file to add them")
        said = pdf.get_metadata_dict(skip_empty=True)
        title = sensible_title(said.get("Title")) or _first_large(pages)
        yield Document(
            source=source,
            title=title or title_from(written.text, written.landmarks, source=source),
            text=written.text,
            author=sensible_author(said.get("Author")),
            language=_language(pdf),
            landmarks=written.landmarks,
        )
    finally:
        pdf.close()


_LONGEST_END = 2048  # bytes after the last sign of a whole file; more than any reader allows
_MOST_BROKEN = 20
_MOST_UNREADABLE = 0.2
_LARGER = 1.15  # times the usual letters: a headline
_LONGEST_TITLE = 200


def _open(raw: bytes) -> "PdfDocument":
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        # Of a file without pages PDFium leaves the code of the error before, so the file itself is asked too.
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD and b"/Encrypt" in raw:
            raise SkippedFile("encrypted", "the PDF is locked with a password; save a copy without one") from None
        raise _damaged() from None


def _read_pages(pdf: "PdfDocument", on_note: Callable[[str], None]) -> list[Page]:
    """Return the pages; a broken one is empty, and more than a few broken ones are a broken file."""
    from pypdfium2 import PdfiumError

    pages, broken = [], []
    for number in range(len(pdf)):
        try:
            page = pdf[number]
            pages.append(read_page(page))
            page.close()
        except PdfiumError:
            pages.append(Page((), height=0))
            broken.append(number)
            if len(broken) > _MOST_BROKEN:
                raise _damaged() from None
    if not pages or len(broken) == len(pages):
        raise _damaged()
    if broken:
        on_note(f"{_numbered(broken)} left out: broken in the file")
    return pages


def _damaged() -> SkippedFile:
    return SkippedFile("damaged", "the PDF is broken, no page of it can be read; open it and print it to a new PDF")


def _numbered(pages: Sequence[int]) -> str:
    shown = ", ".join(str(page + 1) for page in pages[:10]) + (" and others" if len(pages) > 10 else "")
    return f"page {shown} was" if len(pages) == 1 else f"pages {shown} were"


def _is_unreadable(character: str) -> bool:
    return character == "\ufffd" or "\ue000" <= character <= "\uf8ff"


def _first_large(pages: Sequence[Page]) -> str | None:
    """Return the first page's headline: the paragraph in its largest letters, if they are larger than the usual."""
    lines = [line for page in pages for line in page.lines]
    sizes = sorted(line.size for line in lines for _ in range(len(line.text) // 10 + 1))
    on_first = list(paragraphs(pages[0].lines))
    if not on_first:
        return None
    headline = max(on_first, key=lambda paragraph: paragraph[0].size)
    text = " ".join(line.text for line in headline)
    is_large = headline[0].size >= _LARGER * sizes[len(sizes) // 2]
    return one_line(text) if is_large and 3 <= len(text) <= _LONGEST_TITLE else None


def _language(pdf: "PdfDocument") -> str | None:
    from pypdfium2 import raw

    size = raw.FPDFCatalog_GetLanguage(pdf.raw, None, 0)  # bytes of UTF-16, with the closing NUL
    if not 2 < size < 100:
        return None
    held = ctypes.create_string_buffer(size)
    raw.FPDFCatalog_GetLanguage(pdf.raw, ctypes.cast(held, ctypes.POINTER(ctypes.c_ushort)), size)
    return language_of(held.raw[:size].decode("utf-16-le", "replace").rstrip("\0"))
