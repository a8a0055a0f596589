"""Electronic books: the chapters of an EPUB in reading order, each with its heading."""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.dates import read_day
from vectorstore.loaders.decode import decode
from vectorstore.loaders.front_matter import language_of, web_address
from vectorstore.loaders.html import declared_encoding, read_whole
from vectorstore.loaders.titles import title_of
from vectorstore.loaders.zips import checked_zip
from vectorstore.text import one_line
from vectorstore.types import Document, Landmark, Span

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]  # lxml ships no types


def load_epub(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a book as a document. A chapter without a heading gets the name that the table of contents gives it.

    Raises:
        SkippedFile: "type_mismatch" if it is no EPUB, "encrypted" if it is locked by its seller, "empty" if it has
            no text, "damaged", and as `checked_zip` does.
    """
    if not raw.startswith(b"PK"):
        raise SkippedFile("type_mismatch", "this is no EPUB, in spite of its name")
    archive = checked_zip(raw)
    if _is_locked(archive):
        raise SkippedFile("encrypted", "the book is locked by its seller (DRM); Footnote cannot read it")
    at = _package_path(archive)
    package = _xml(archive, at)
    folder = posixpath.dirname(at)
    items = {item.get("id"): item for item in package.iter("{*}item")}
    names = _chapter_names(archive, items, folder)
    written, unread = [], 0
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _READ or "nav" in (item.get("properties") or "").split():
            continue
        path = _path(folder, item.get("href"))
        try:
            page = archive.read(path)
            chapter = read_whole(decode(page, declared=declared_encoding(page)).text)
            written.append(_with_name(chapter, names.get(path)))
        except KeyError:
            unread += 1
        except SkippedFile as skipped:
            if skipped.reason == "damaged":
                raise
            unread += skipped.reason != "empty"
    if unread:
        on_note(f"{source}: {unread} part{'s' * (unread > 1)} of the book could not be read")
    whole = blocks.join(written)
    if not whole.text:
        raise SkippedFile("empty", "the book has no text")
    yield Document(
        source=source,
        title=_first(package, "title") or title_of(whole, source=source),
        text=whole.text,
        published=next(filter(None, map(read_day, _said(package, "date"))), None),
        outlet=_first(package, "publisher"),
        author=", ".join(_said(package, "creator")) or None,
        url=next(filter(None, map(web_address, [*_said(package, "source"), *_said(package, "identifier")])), None),
        language=language_of(_first(package, "language")),
        landmarks=whole.landmarks,
    )


_READ = ("application/xhtml+xml", "text/html")
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Only the fonts are scrambled then. Source: EPUB 3.3, 4.4 and Adobe's older way.
_SCRAMBLED_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def _xml(archive: zipfile.ZipFile, path: str) -> "_Element":
    """Return the root of an XML member; no entity is resolved and nothing is fetched."""
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(archive.read(path), parser)
    except KeyError:
        raise SkippedFile("damaged", f"{one_line(path)} is missing in the book; copy or download it again") from None
    except (etree.XMLSyntaxError, ValueError):
        raise SkippedFile("damaged", f"{one_line(path)} in the book is broken; copy or download it again") from None


def _is_locked(archive: zipfile.ZipFile) -> bool:
    if _ENCRYPTION not in archive.NameToInfo:
        return False
    methods = _xml(archive, _ENCRYPTION).iter("{*}EncryptedData")
    used = [method.get("Algorithm") for data in methods for method in data.findall("{*}EncryptionMethod")]
    return any(method not in _SCRAMBLED_FONTS for method in used) or not used


def _package_path(archive: zipfile.ZipFile) -> str:
    if _CONTAINER not in archive.NameToInfo:
        raise SkippedFile("type_mismatch", f"this archive is no EPUB: it has no {_CONTAINER}")
    for root in _xml(archive, _CONTAINER).iter("{*}rootfile"):
        if path := root.get("full-path"):
            return str(path)
    raise SkippedFile("damaged", f"{_CONTAINER} names no book; copy or download it again")


def _path(folder: str, href: str | None) -> str:
    """Return the name in the archive that a reference means: names are looked up there, and nowhere else."""
    try:
        return posixpath.normpath(posixpath.join(folder, unquote(urlsplit(href or "").path)))
    except ValueError:  # brackets that are no address
        return ""


def _said(package: "_Element", name: str) -> list[str]:
    """Return what the book's metadata say under a name of Dublin Core, without repeats."""
    texts = (
        one_line("".join(element.itertext())) for element in package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}")
    )
    return list(dict.fromkeys(filter(None, texts)))


def _first(package: "_Element", name: str) -> str | None:
    return next(iter(_said(package, name)), None)


def _chapter_names(archive: zipfile.ZipFile, items: "dict[str | None, _Element]", folder: str) -> dict[str, str]:
    """Return the name of each part that the table of contents leads to, by its path in the archive."""
    found: dict[str, str] = {}
    for item in items.values():
        is_nav = "nav" in (item.get("properties") or "").split()
        path = _path(folder, item.get("href"))
        if not (is_nav or item.get("media-type") == "application/x-dtbncx+xml") or path not in archive.NameToInfo:
            continue
        try:
            contents = _xml(archive, path)
        except SkippedFile:  # only names: the text is read without them
            continue
        for link in contents.iter("{*}a", "{*}navPoint"):
            point = link.find("{*}content")
            target = link.get("href") if point is None else point.get("src")
            label = link if point is None else link.find("{*}navLabel")
            text = one_line("".join(label.itertext())) if label is not None else ""
            if text and target:
                found.setdefault(_path(posixpath.dirname(path), target), text)
    return found


def _with_name(chapter: blocks.Written, name: str | None) -> blocks.Written:
    """Return a chapter with its name as a heading, if it has a name and no heading; books often only style the line."""
    if not name or not chapter.text or chapter.landmarks:
        return chapter
    line = chapter.text.partition("\n")[0]
    if line.casefold() == name.casefold():
        return blocks.Written(chapter.text, (Landmark("heading", line, Span(0, len(line))),))
    return blocks.join([blocks.Written(name, (Landmark("heading", name, Span(0, len(name))),)), chapter])
