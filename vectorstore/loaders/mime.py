"""The parts of a message: which of them are its text, and what hangs on it."""

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32

from vectorstore.errors import SkippedFile
from vectorstore.loaders.decode import decode
from vectorstore.loaders.html import declared_encoding
from vectorstore.text import one_line


def parsed(raw: bytes) -> Message:
    """Return the parts of a message.

    Raises:
        SkippedFile: "damaged" if they lie too deep in each other.
    """
    try:
        return message_from_bytes(raw, policy=_ShortHeaders())
    except RecursionError:
        raise SkippedFile("damaged", "the parts of the message lie too deep in each other; save it anew") from None


def children(part: Message) -> list[Message]:
    """Return the parts of a part, none of one that is a text or a file."""
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def text_of(part: Message, on_note: Callable[[str], None]) -> str:
    """Return the text of one part, "" if it has none; the encoding that it names can be a lie.

    Raises:
        SkippedFile: "not_text" if the bytes are no text.
    """
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        return ""
    declared = part.get_content_charset()
    if declared is None and part.get_content_type() == "text/html":
        declared = declared_encoding(payload)
    decoded = decode(payload, declared=declared)
    if decoded.note:
        on_note(decoded.note)
    return decoded.text


def parts(message: Message) -> Iterator[Message | str]:
    """Yield the parts to read, and the names of those that are not read, in the order in which they stand."""
    waiting = [(message, True)]
    while waiting:
        part, is_shown = waiting.pop()
        kind = part.get_content_type()
        if kind in _LOCKED:
            raise SkippedFile("encrypted", "the message is encrypted or sealed; save a copy that is not")
        if (inner := children(part)) and kind.startswith("multipart/"):
            waiting += [(child, is_shown and shown) for child, shown in reversed(_chosen(kind, inner))]
        elif is_shown and _is_text(part):
            yield part
        elif _is_attached(part):
            yield _name(part)


_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_LOCKED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_LONGEST_HEADER = 4_000  # characters
_MOST_LINES = 200


class _ShortHeaders(Compat32):
    """Reads as much of each header as anybody writes: the library takes quadratic time on parameters and addresses."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return the name and the value of a header."""
        name, value = super().header_source_parse([line[:_LONGEST_HEADER] for line in sourcelines[:_MOST_LINES]])
        return name, value[:_LONGEST_HEADER]


def _chosen(kind: str, inner: list[Message]) -> list[tuple[Message, bool]]:
    """Return the parts of a container, and of each whether a reader sees it as the text of the message."""
    if kind == "multipart/alternative":
        shown = min(range(len(inner)), key=lambda i: _rank(inner[i]))
    elif kind == "multipart/related":
        shown = 0
    else:
        return [(child, True) for child in inner]
    return [(child, i == shown) for i, child in enumerate(inner)]


def _rank(part: Message) -> int:
    """Return how well a form of the message can be read, best first: plain text, a page, anything else, nothing."""
    while inner := children(part):
        part = inner[0]
    if not part.get_payload(decode=True):
        return 3
    kind = part.get_content_type()
    blank = kind == "text/plain" and not str(part.get_payload()).strip()
    return 3 if blank else {"text/plain": 0, "text/html": 1}.get(kind, 2)


def _is_text(part: Message) -> bool:
    kind = part.get_content_type()
    readable = kind in ("text/plain", "text/html") or kind.startswith("multipart/")  # the last: without its boundaries
    return readable and part.get_content_disposition() != "attachment" and part.get_filename() is None


def _is_attached(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
        return True
    if part.get_content_type() in _SIGNATURES or part.get_content_maintype() == "image":
        return False
    return part.get_filename() is not None or part.get_content_maintype() != "text"


def _name(part: Message) -> str:
    """Return what an attachment is called, without the folders of somebody's disk."""
    filename = re.split(r"[\\/]", part.get_filename() or "")[-1]
    return one_line(filename, longest=60) or part.get_content_type()
