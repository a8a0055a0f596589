"""What a file is by its own bytes, whatever its name says."""

import zipfile
from typing import Literal

from vectorstore.errors import SkippedFile
from vectorstore.loaders.zips import checked_zip

Office = Literal["docx", "pptx", "xlsx"]


def expect(raw: bytes, kind: Literal["pdf", "rtf"]) -> None:
    """Check that raw is what its name promises.

    Raises:
        SkippedFile: "empty" if there are no bytes, "type_mismatch" if they are something else.
    """
    found = _sniff(raw)
    if found != kind:
        raise _mismatch(found)


def office_zip(raw: bytes, kind: Office) -> zipfile.ZipFile:
    """Return the archive that an Office document is, judged safe to unpack.

    Raises:
        SkippedFile: "empty", "type_mismatch", "encrypted", "unsupported_format" for the formats before 2007 and
            documents with macros, and what `checked_zip` raises.
    """
    found = _sniff(raw)
    if found == "ole" and _ENCRYPTION in raw:  # an encrypted document of any kind is wrapped in an old one
        raise SkippedFile("encrypted", "the file is locked with a password; save a copy without one")
    if found == "ole":
        raise SkippedFile("unsupported_format", f"the file is of an Office before 2007; save it as {kind}")
    if found != "zip":
        raise _mismatch(found)
    archive = checked_zip(raw)
    types = archive.read(_TYPES) if _TYPES in archive.NameToInfo else b""
    if _MAIN[kind] in types:
        return archive
    for other, main in _MAIN.items():
        if main in types:
            raise _mismatch(other)
    if b"macroEnabled" in types or b".template." in types:
        raise SkippedFile("unsupported_format", f"the file is a template or has macros; save it as an ordinary {kind}")
    raise _mismatch("zip")


_TYPES = "[Content_Types].xml"
_MAIN: dict[Office, bytes] = {
    "docx": b"wordprocessingml.document.main+xml",
    "pptx": b"presentationml.presentation.main+xml",
    "xlsx": b"spreadsheetml.sheet.main+xml",
}
_ENCRYPTION = "EncryptionInfo".encode("utf-16-le")
_STARTS: dict[str, tuple[bytes, ...]] = {
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "rtf": (b"{\\rtf",),
    "html": (b"<!doctype html", b"<!DOCTYPE html", b"<!DOCTYPE HTML", b"<html", b"<HTML"),
}
_NAMES = {
    "docx": "a Word document",
    "pptx": "a PowerPoint presentation",
    "xlsx": "an Excel workbook",
    "pdf": "a PDF",
    "rtf": "an RTF document",
    "zip": "a zip archive",
    "ole": "an old Office document",
    "html": "a web page",
    "other": "something else",
}


def _sniff(raw: bytes) -> str:
    """Return what raw begins like; a PDF may have up to 1,024 other bytes before it."""
    if not raw:
        raise SkippedFile("empty", "the file holds nothing")
    beginning = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for kind, starts in _STARTS.items():
        if beginning.startswith(starts):
            return kind
    return "pdf" if b"%PDF-" in raw[:1024] else "other"


def _mismatch(found: str) -> SkippedFile:
    ending = f" and name it .{found}" if found in _MAIN or found in ("pdf", "rtf", "html") else ""
    return SkippedFile("type_mismatch", f"the file is {_NAMES[found]} in spite of its name; check it{ending}")
