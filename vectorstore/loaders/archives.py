"""Web pages that a browser saved with all that belongs to them: .mht, .mhtml and Safari's .webarchive."""

import plistlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import Message
from xml.parsers.expat import ExpatError

from vectorstore.errors import SkippedFile
from vectorstore.loaders.decode import decode
from vectorstore.loaders.front_matter import web_address
from vectorstore.loaders.headers import header
from vectorstore.loaders.html import declared_encoding, read_html
from vectorstore.loaders.mime import children, parsed, text_of
from vectorstore.types import Document


def load_mhtml(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the page of a web archive as a document, under the address that it was saved from.

    Raises:
        SkippedFile: "type_mismatch" if it holds no page, "damaged", and as `decode` and `read_html` do.
    """
    message = parsed(raw)
    page = _page(message)
    if page is None:
        raise SkippedFile("type_mismatch", "there is no web page in this archive")
    text = text_of(page, lambda note: on_note(f"{source}: {note}"))
    saved = header(message, "Snapshot-Content-Location") or header(page, "Content-Location")
    yield _at(read_html(text, source=source), saved)


def load_webarchive(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the page of a Safari archive as a document, under the address that it was saved from.

    Raises:
        SkippedFile: "type_mismatch" if it is no such archive, and as `decode` and `read_html` do.
    """
    main = _main_resource(raw)
    page, declared = main.get("WebResourceData"), main.get("WebResourceTextEncodingName")
    if not isinstance(page, bytes):
        raise SkippedFile("type_mismatch", "there is no web page in this archive")
    decoded = decode(page, declared=declared if isinstance(declared, str) else declared_encoding(page))
    if decoded.note:
        on_note(f"{source}: {decoded.note}")
    address = main.get("WebResourceURL")
    yield _at(read_html(decoded.text, source=source), address if isinstance(address, str) else None)


def _page(message: Message) -> Message | None:
    """Return the part that the archive names as its page, else the first page in it."""
    start = message.get_param("start")
    waiting, pages = [message], []
    while waiting:
        part = waiting.pop()
        waiting += reversed(children(part))
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            pages.append(part)
    return next((page for page in pages if start and header(page, "Content-ID") == start), pages[0] if pages else None)


def _main_resource(raw: bytes) -> dict[str, object]:
    try:
        archive = plistlib.loads(raw)
    except (ValueError, ExpatError, OverflowError, RecursionError, AttributeError, TypeError, LookupError):
        archive = None  # what the library raises on what is no property list, or one with entities
    main = archive.get("WebMainResource") if isinstance(archive, dict) else None
    if not isinstance(main, dict):
        raise SkippedFile("type_mismatch", "this is no archive of Safari's, or it is cut off; save the page again")
    return main


def _at(document: Document, address: str | None) -> Document:
    """Return the document under the address it was saved from: a page may claim any."""
    return replace(document, url=web_address(address) or document.url)
