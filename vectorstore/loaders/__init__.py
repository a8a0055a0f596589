"""From the bytes of a file to its documents: one module a format, each `(raw, source, on_note) -> documents`."""

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from vectorstore.errors import SkippedFile
from vectorstore.loaders.read import LARGEST_FILE, read, too_large
from vectorstore.text import one_line
from vectorstore.types import Document

# Which function reads a file, by how its name ends; imported where it is first needed.
FORMATS = {
    ".txt": "plain.load_plain",
    ".text": "plain.load_plain",
    ".md": "markdown.load_markdown",
    ".markdown": "markdown.load_markdown",
    ".html": "html.load_html",
    ".htm": "html.load_html",
    ".xhtml": "html.load_html",
    ".eml": "mail.load_eml",
    ".mbox": "mbox.load_mbox",
    ".rss": "feeds.load_feed",
    ".atom": "feeds.load_feed",
    ".xml": "feeds.load_feed",
    ".epub": "epub.load_epub",
    ".mht": "archives.load_mhtml",
    ".mhtml": "archives.load_mhtml",
    ".webarchive": "archives.load_webarchive",
    ".warc": "warc.load_warc",
    ".warc.gz": "warc.load_warc",
    ".pdf": "pdf.load_pdf",
    ".docx": "docx.load_docx",
    ".pptx": "pptx.load_pptx",
    ".xlsx": "xlsx.load_xlsx",
    ".csv": "csv.load_csv",
    ".tsv": "csv.load_csv",
    ".rtf": "rtf.load_rtf",
}
SUFFIXES = tuple(FORMATS)

Note = Callable[[str], None]


def load(path: Path, *, source: str, root: Path | None = None) -> Document:
    """Return the one document in a file; `source` is its name, `root` the folder it must not lead out of.

    Raises:
        SkippedFile: if it cannot be used, with the reason.
        ValueError: if the file holds many documents.
    """
    (document,) = load_bytes(read(path, root=root), name=path.name, source=source)
    return document


def load_bytes(
    raw: bytes,
    *,
    name: str,
    source: str,
    on_note: Note = lambda note: None,
    ocr_languages: Sequence[str] = (),
) -> Iterator[Document]:
    """Yield the documents in the bytes of a file with this name: nearly always one, many of a mailbox or a feed.

    Each goes by `source`, with "#" and a key after it where there can be many. `on_note` hears sentences about what
    was guessed or left out. A parser may take for ever or eat all memory on a hostile file: what comes from strangers
    is read by `vectorstore.parsing`. Scanned pages are read by tesseract if `ocr_languages` names its languages.

    Raises:
        SkippedFile: if they cannot be used, with the reason; also while the documents are drawn.
        OwnerError: if tesseract cannot do what it is asked for.
    """
    if len(raw) > LARGEST_FILE:
        raise too_large(len(raw))
    module, _, function = FORMATS[suffix_of(name)].partition(".")
    options = {"ocr_languages": ocr_languages} if function == "load_pdf" else {}
    loader = getattr(import_module(f"vectorstore.loaders.{module}"), function)
    yield from loader(raw, source=source, on_note=on_note, **options)


def suffix_of(name: str) -> str:
    """Return how a file's name ends, one of SUFFIXES.

    Raises:
        SkippedFile: "unsupported_format" if no loader reads files with this ending.
    """
    stem, ending = os.path.splitext(name.lower())
    for suffix in (ending, os.path.splitext(stem)[1] + ending):  # ".gz" says too little, ".warc.gz" enough
        if suffix in FORMATS:
            return suffix
    raise SkippedFile(
        "unsupported_format", f"{one_line(ending, longest=20) or 'a name without an ending'} is not a format we read"
    )
