"""Web archives of crawlers (WARC, plain or gzipped): each page that was found as a document."""

import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from vectorstore.errors import SkippedFile
from vectorstore.loaders.dates import read_day
from vectorstore.loaders.decode import LARGEST_TEXT, decode
from vectorstore.loaders.front_matter import web_address
from vectorstore.loaders.html import declared_encoding, read_html
from vectorstore.loaders.many import named
from vectorstore.loaders.zips import LARGEST_UNPACKED
from vectorstore.types import Document


def load_warc(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield each HTML page that a server gave with status 200, under `source#` and its address.

    A page without a day of its own has the day it was archived. One that cannot be used is left out with a note.

    Raises:
        SkippedFile: "type_mismatch" if it is no WARC file, "expands_too_much", "damaged" if not one record can be
            read, "no_article" if there is no page to read in it.
    """
    notes: Counter[str] = Counter()
    count = 0
    for document in named(_pages(_unpacked(raw, notes), notes), source=source, on_note=on_note):
        count += 1
        yield document
    for note, times in notes.items():
        on_note(f"{source}: {note}" + (f" ({times} times)" if times > 1 else ""))
    if not count:
        raise SkippedFile("damaged" if _BROKEN in notes else "no_article", "no page in the archive could be read")


_GZIP = b"\x1f\x8b"
_BLOCK = 1_000_000  # bytes
_BROKEN = "the archive is cut off or broken; what stands before that was read"
_HTML = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)


def _unpacked(raw: bytes, notes: "Counter[str]") -> bytes:
    """Return the records of an archive, unpacked up to LARGEST_UNPACKED bytes."""
    if raw.startswith(_GZIP):
        blocks, size = [], 0
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            try:
                while block := file.read1(_BLOCK):  # not read, which gives nothing of a block that is cut off
                    blocks.append(block)
                    if (size := size + len(block)) > LARGEST_UNPACKED:
                        largest = LARGEST_UNPACKED // 10**6
                        raise SkippedFile("expands_too_much", f"it unpacks to more than {largest} MB; split it")
            except (EOFError, OSError, zlib.error):
                notes[_BROKEN] += 1
        raw = b"".join(blocks)
    if not raw.startswith(b"WARC/"):  # also if it is gzipped twice, which warcio would unpack without a limit
        raise SkippedFile("damaged" if notes else "type_mismatch", "this is no WARC file; download it again")
    return raw


def _pages(records: bytes, notes: "Counter[str]") -> Iterator[tuple[str | None, Document]]:
    from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]  # it ships no types

    iterator = iter(ArchiveIterator(io.BytesIO(records)))
    while (record := _next(iterator, notes)) is not None:
        headers = record.http_headers
        if record.rec_type != "response" or headers is None or headers.get_statuscode() != "200":
            continue
        content_type = (headers.get_header("Content-Type") or "").lower()
        if not content_type.startswith(_HTML):
            continue
        address = record.rec_headers.get_header("WARC-Target-URI")
        try:
            page = _body(record)
            charset = _CHARSET.search(content_type)
            text = decode(page, declared=charset[1] if charset else declared_encoding(page)).text
            document = read_html(text, source="")
        except SkippedFile as skipped:
            notes[f"a page was left out: {skipped.detail}"] += 1
            continue
        archived = read_day(record.rec_headers.get_header("WARC-Date"))
        url, day = web_address(address) or document.url, document.published or archived
        yield address, replace(document, url=url, published=day)


def _next(records: Iterator[Any], notes: "Counter[str]") -> Any:  # noqa: ANN401 - a record of warcio, without types
    try:
        return next(records, None)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the library fails on broken records with whatever it runs into
        notes[_BROKEN] += 1
        return None


def _body(record: Any) -> bytes:  # noqa: ANN401 - a record of warcio, without types
    """Return the bytes of a page, unpacked up to LARGEST_TEXT and one more."""
    encoding = (record.http_headers.get_header("Content-Encoding") or "").strip().lower()
    record.http_headers.remove_header("Content-Encoding")  # or warcio unpacks it, without a limit
    packed: bytes = record.content_stream().read(LARGEST_TEXT + 1)
    if len(packed) <= LARGEST_TEXT and getattr(record.raw_stream, "limit", 0) > 0 and not record.raw_stream.read(1):
        raise SkippedFile("damaged", "the archive ends within it")
    if encoding in ("gzip", "x-gzip", "deflate"):
        for form in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # either with its header, or "deflate" without one
            try:
                return zlib.decompressobj(form).decompress(packed, LARGEST_TEXT + 1)
            except zlib.error:
                continue
    elif encoding == "br":
        import brotli  # type: ignore[import-untyped]  # it ships no types

        try:
            return bytes(brotli.Decompressor().process(packed, output_buffer_limit=LARGEST_TEXT + 1))
        except brotli.error:
            return packed
    return packed  # some crawlers keep the header and unpack the page
