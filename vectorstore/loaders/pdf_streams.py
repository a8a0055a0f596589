"""How much a PDF's streams unpack to, counted before a parser unpacks them."""

import re
import zlib
from collections.abc import Iterable, Iterator

from vectorstore.errors import SkippedFile

LARGEST_UNPACKED = 200_000_000  # bytes, of all streams together that are no pictures


def check_streams(raw: bytes) -> None:
    """Unpack what the bytes of a PDF hold packed, a piece at a time, keeping nothing.

    Pictures are passed over: nobody unpacks them to read the text. So are streams of an encrypted file, which look
    like noise; the limits of the process that parses it are what guards against those.

    Raises:
        SkippedFile: "expands_too_much".
    """
    unpacked = 0
    for start in _STREAM.finditer(raw):
        about = raw[max(0, start.start() - _LONGEST_ABOUT) : start.start()]
        about = about[about.rfind(b" obj") + 1 :]
        if _PICTURE.search(about):
            continue
        end = raw.find(b"endstream", start.end())
        pieces: Iterable[bytes] = [raw[start.end() : end if end >= 0 else len(raw)]]
        times = max(1, len(_PACKED.findall(about)))
        if times > _MOST_TIMES:
            raise _expands()
        for _ in range(times):
            pieces = _unpack(pieces)
        for piece in pieces:
            unpacked += len(piece)
            if unpacked > LARGEST_UNPACKED:
                raise _expands()


_STREAM = re.compile(rb"stream\r?\n")
_PICTURE = re.compile(rb"/Subtype\s*/Image\b")
_PACKED = re.compile(rb"/(?:FlateDecode|Fl)\b")
_LONGEST_ABOUT = 4096  # bytes
_MOST_TIMES = 4
_PIECE = 1 << 20


def _unpack(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what pieces of a packed stream hold, as far as it can be unpacked."""
    unpacker = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and not unpacker.eof:
            try:
                unpacked = unpacker.decompress(rest, _PIECE)
            except zlib.error:  # noise, or a filter that cannot expand much
                return
            yield unpacked
            rest = unpacker.unconsumed_tail


def _expands() -> SkippedFile:
    limit = LARGEST_UNPACKED // 10**6
    return SkippedFile("expands_too_much", f"it would unpack to more than {limit} MB; print it to a new PDF")
