"""News feeds (RSS, Atom): each entry as a document, as far as the feed itself gives its text."""

import datetime
import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax import SAXException

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.dates import read_day
from vectorstore.loaders.decode import read_text
from vectorstore.loaders.front_matter import language_of, web_address
from vectorstore.loaders.headers import names
from vectorstore.loaders.html import read_whole
from vectorstore.loaders.many import named
from vectorstore.loaders.titles import title_of
from vectorstore.text import normalise, one_line
from vectorstore.types import Document


def load_feed(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the entries of a feed, each under `source#` and its id; nothing that they link to is fetched.

    Raises:
        SkippedFile: "unsupported_format" if it is XML of another kind, "empty" if no entry has a text, and as `decode`
            does.
    """
    import feedparser  # type: ignore[import-untyped]  # it ships no types

    declared = _ENCODING.match(raw)
    text = read_text(raw, source=source, on_note=on_note, declared=declared[1].decode() if declared else None)
    root = _ROOT.search(text)
    # Without what stands before the root: it may declare entities that multiply. From a stream: a name or an address
    # would be opened. Unsanitised: it would drop the styles that hide text.
    stream = io.BytesIO(text[root.start() if root else len(text) :].encode("utf-8", "replace") or b" ")
    feed: Any = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
    if not feed.get("version"):
        raise SkippedFile("unsupported_format", "this XML is no RSS or Atom feed")
    if isinstance(feed.get("bozo_exception"), SAXException):
        on_note(f"{source}: the feed is broken; {len(feed.entries)} of its entries could be read")
    documents = [(_text(entry, "id", "link"), found) for entry in feed.entries if (found := _entry(entry, feed))]
    if not documents:
        raise SkippedFile("empty", "no entry of the feed has a text")
    if without := len(feed.entries) - len(documents):
        on_note(f"{source}: {without} {'entries have' if without > 1 else 'entry has'} no text besides the title")
    yield from named(documents, source=source, on_note=on_note)


_Entry = dict[str, Any]  # what feedparser makes of elements, by their names
_PLAIN = "text/plain"
_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]+)""")
_ROOT = re.compile(r"<\w")


def _entry(entry: _Entry, feed: Any) -> Document | None:  # noqa: ANN401 - feedparser's own mapping, without types
    written = _written(entry)
    if not written.text:
        return None
    content = entry.get("content") or [{}]
    of_feed = feed.feed if feed.version.startswith("atom") else {}  # an RSS feed names its editor there
    return Document(
        source="",
        title=_heading(entry.get("title_detail")) or title_of(written, source=""),
        text=written.text,
        published=_day(entry),
        outlet=_heading((entry.get("source") or {}).get("title_detail")) or _heading(feed.feed.get("title_detail")),
        author=_author(entry) or _author(of_feed),
        url=web_address(entry.get("link")),
        language=language_of(content[0].get("language")) or language_of(feed.feed.get("language")),
        landmarks=written.landmarks,
    )


def _written(entry: _Entry) -> blocks.Written:
    """Return the text of an entry: the first of its contents that has one, else its summary."""
    for content in [*entry.get("content", ()), entry.get("summary_detail") or {}]:
        written = _read(content)
        if written.text:
            return written
    return blocks.Written("", ())


def _read(content: _Entry) -> blocks.Written:
    value = content.get("value") or ""
    if content.get("type") == _PLAIN:
        return blocks.Written(normalise(value).strip(), ())
    try:
        return read_whole(value)
    except SkippedFile:  # no element in it, or nested too deep
        return blocks.Written("", ())


def _heading(detail: _Entry | None) -> str | None:
    text = _read(detail).text if detail else ""
    return one_line(text) or None


def _author(entry: _Entry) -> str | None:
    said = entry.get("author") or ""
    if "@" in said:  # "jane@example.org (Jane Doe)", which feedparser cuts where the domain is long
        return names(said)
    called = [one_line(author.get("name") or "") for author in entry.get("authors", ())]
    return ", ".join(filter(None, called)) or one_line(said) or None


def _day(entry: _Entry) -> datetime.date | None:
    """Return the day an entry appeared, by the clock of the outlet where that is given, else the day it changed."""
    for name in ("published", "updated"):  # asked as a plain mapping, since feedparser's own takes one for the other
        if (day := read_day(dict.get(entry, name))) is not None:
            return day
        if parts := dict.get(entry, f"{name}_parsed"):
            return datetime.date(*parts[:3])
    return None


def _text(entry: _Entry, *fields: str) -> str | None:
    return next((one_line(entry[name]) for name in fields if entry.get(name)), None)
