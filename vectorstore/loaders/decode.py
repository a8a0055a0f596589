"""From bytes to text: which encoding a file is in, decided by evidence, and a word about it when it was a guess."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from vectorstore.errors import SkippedFile
from vectorstore.loaders.read import too_large

LARGEST_TEXT = 20_000_000  # bytes; no book has as many


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's characters, the encoding they were read in, and a note for the report if a person should look."""

    text: str
    encoding: str
    note: str | None = None


def decode(raw: bytes, *, declared: str | None = None) -> Decoded:
    """Return the text of raw; `declared` is the encoding that the file names for itself, if it does.

    In this order: a byte order mark; ISO 2022 where that is declared; UTF-8; UTF-8 with a few broken bytes; the
    declared encoding; Windows-1252 where nearly all is ASCII; what charset-normalizer finds; Windows-1252.

    Raises:
        SkippedFile: "empty" if there is nothing but white space, "not_text" if the bytes are no text, "too_large" if
            they are more than LARGEST_TEXT.
    """
    if len(raw) > LARGEST_TEXT:
        raise too_large(len(raw), LARGEST_TEXT)
    decoded = _decode(raw, declared)
    if not decoded.text.strip("\ufeff \t\r\n\f\v\0"):
        reason = "not_text" if "\0" in decoded.text else "empty"
        raise SkippedFile(reason, "the file holds NUL bytes only" if reason == "not_text" else "the file holds no text")
    if len(_CONTROL.findall(decoded.text)) > _MOST_CONTROLS * len(decoded.text):
        raise SkippedFile("not_text", "more than 1 % of the file are control characters; save it as UTF-8 text")
    return decoded


_MOST_CONTROLS = 0.01
_MOST_BROKEN = 0.001
_CONTROL = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")  # not what a terminal's log holds: bell, backspace, escape
_CONTROL_BYTE = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_ESCAPING = re.compile(r"\s*iso-?2022-?(?:jp|kr|cn)", re.IGNORECASE)
_BYTE_ORDER_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FILES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)


def read_text(raw: bytes, *, source: str, on_note: Callable[[str], None], declared: str | None = None) -> str:
    """Return the text of raw as `decode` does; `on_note` hears how, if that was a guess or not all could be decoded.

    Raises:
        SkippedFile: as `decode` does.
    """
    decoded = decode(raw, declared=declared)
    if decoded.note:
        on_note(f"{source}: {decoded.note}")
    return decoded.text


def _decode(raw: bytes, declared: str | None) -> Decoded:
    for magic, kind in _OTHER_FILES:
        if raw.startswith(magic):
            raise SkippedFile("not_text", f"the file is {kind} in spite of its name")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _replacing(raw, encoding)
    if len(_CONTROL_BYTE.findall(raw)) > _MOST_CONTROLS * len(raw):  # before a detector makes something of them
        raise SkippedFile("not_text", "more than 1 % of the file are control characters; save it as UTF-8 text")
    if b"\x1b$" in raw and _ESCAPING.match(declared or "") and (decoded := _declared(raw, declared)):
        return decoded  # Japanese mail, which is ASCII byte by byte
    try:
        return Decoded(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _broken_utf_8(raw) or _declared(raw, declared) or _guess(raw)


def _broken_utf_8(raw: bytes) -> Decoded | None:
    """Read raw as UTF-8 if its non-ASCII bytes say so: one torn byte must not change the alphabet.

    A share of broken bytes alone would also let in an English text in Windows-1252 with a single pound sign, and
    lose the sign. So whole characters beyond ASCII must outnumber the broken ones, or the break is at the very end.
    """
    decoded = _replacing(raw, "utf-8")
    broken = decoded.text.count("\ufffd") - raw.count("\ufffd".encode())
    whole = sum(map(len, re.findall("[^\x00-\x7f]+", decoded.text))) - broken
    few = broken <= max(1, _MOST_BROKEN * len(decoded.text))
    cut_off = broken == 1 and decoded.text.endswith("\ufffd") and len(raw) > 3 and raw[-1:] >= b"\xc2"
    return decoded if few and (whole > broken or (cut_off and whole)) else None


def _declared(raw: bytes, declared: str | None) -> Decoded | None:
    if declared is None:
        return None
    try:
        name = codecs.lookup(declared.strip()).name
        # The web reads these names as Windows-1252. Source: https://encoding.spec.whatwg.org/#names-and-labels
        name = "cp1252" if name in ("iso8859-1", "ascii") else name
        return Decoded(raw.decode(name), name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return None


def _guess(raw: bytes) -> Decoded:
    if (western := _western(raw)) is not None:
        return western
    from charset_normalizer import from_bytes

    best = from_bytes(raw).best()
    if best is None:
        return _replacing(raw, "cp1252")
    return Decoded(str(best), best.encoding, f"not UTF-8; read as {best.encoding}, a guess")


def _western(raw: bytes) -> Decoded | None:
    """Read raw as Windows-1252 if its bytes beyond ASCII are signs there, or too few for a detector to judge by."""
    beyond = re.findall(rb"[\x80-\xff]", raw)
    signs = sum(byte in _WESTERN_SIGNS for byte in beyond)
    few = len(beyond) <= max(3, _FEW * len(raw)) and 2 * len(beyond) <= len(raw)
    if signs < len(beyond) and not few:
        return None
    try:
        return Decoded(raw.decode("cp1252"), "cp1252", "not UTF-8; read as Windows-1252")
    except UnicodeDecodeError:
        return None


_FEW = 0.02
_WESTERN_SIGNS = frozenset(bytes([byte]) for byte in "€‚„…‰‹‘’“”•–—™› ¡¢£¥§©«\xad®°±²³·¹»¼½¾¿×".encode("cp1252"))


def _replacing(raw: bytes, encoding: str) -> Decoded:
    text = raw.decode(encoding, "replace")
    broken = text.count("\ufffd") - raw.count("\ufffd".encode())
    note = f"{broken} broken byte{'s' * (broken > 1)} in {encoding} replaced by U+FFFD" if broken > 0 else None
    return Decoded(text, encoding, note)
