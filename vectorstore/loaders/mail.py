"""Mail: one message as a document, by what its sender wrote; what hangs on it is named and not read."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.decode import decode
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.headers import day, header, people
from vectorstore.loaders.html import declared_encoding, read_whole
from vectorstore.loaders.titles import title_of
from vectorstore.text import normalise, one_line
from vectorstore.types import Document


def load_eml(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the message in an .eml file as a document.

    Raises:
        SkippedFile: as `read_mail` does.
    """
    mail = read_mail(raw, source=source)
    for note in mail.notes:
        on_note(f"{source}: {note}")
    if mail.attachments:
        on_note(f"{source}: {told(len(mail.attachments))}: {one_line(', '.join(mail.attachments))}")
    yield mail.document


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as a document, the id its sender gave it, the names of what hangs on it, and what was guessed."""

    id: str | None
    document: Document
    attachments: tuple[str, ...]
    notes: tuple[str, ...]


def read_mail(raw: bytes, *, source: str) -> Mail:
    """Return a message: its plain text, else its HTML, with the subject as title and the day it was sent.

    A quotation stays as it stands, but one above all of the reply is moved below it: first comes what the sender
    wrote. Pictures in the text leave nothing.

    Raises:
        SkippedFile: "damaged" if it is no message or nested too deep, "encrypted", "empty" if it has no text, and
            as `decode` and `parse` do.
    """
    message = parsed(raw)
    if not any(message.get(name) for name in ("From", "Date", "Subject", "Message-ID", "MIME-Version")):
        raise SkippedFile("damaged", "this is no e-mail: it begins without a sender, a date or a subject")
    written: list[blocks.Written] = []
    attachments: list[str] = []
    notes: list[str] = []
    for part in _parts(message):
        if isinstance(part, str):
            attachments.append(part)
        elif text := text_of(part, notes.append):
            is_html = part.get_content_type() == "text/html"
            written.append(read_whole(text) if is_html else blocks.Written(own_text_first(normalise(text)), ()))
    whole = blocks.join(written)
    if not whole.text:
        raise SkippedFile("empty", "the message has no text besides its subject")
    document = Document(
        source=source,
        title=header(message, "Subject") or title_of(whole, source=source),
        text=whole.text,
        published=day(message, "Date"),
        author=people(message, "From"),
        language=language_of(header(message, "Content-Language")),
        landmarks=whole.landmarks,
    )
    message_id = (header(message, "Message-ID") or "").strip("<> ") or None
    return Mail(message_id, document, tuple(attachments), tuple(notes))


def told(attachments: int) -> str:
    """Return a sentence about how many attachments were not read."""
    return "1 attachment was not read" if attachments == 1 else f"{attachments} attachments were not read"


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


def own_text_first(text: str) -> str:
    """Return the text of a message with the quotation it begins with below the reply.

    One that stands between answers stays where it is, as they would mean nothing without it.
    """
    lines = text.strip("\n").split("\n")
    quoted = [i for i, line in enumerate(lines) if line.startswith(">")]
    if not quoted:
        return "\n".join(lines)
    first, end = quoted[0], quoted[-1] + 1
    before, reply = ("\n".join(some).strip() for some in (lines[:first], lines[end:]))
    in_one_piece = not any(line.strip() and not line.startswith(">") for line in lines[first:end])
    if in_one_piece and reply and (not before or _ATTRIBUTION.fullmatch(before)):
        return "\n".join([reply, "", *lines[:end]])
    return "\n".join(lines)


class _ShortHeaders(Compat32):
    """Reads as much of each header as anybody writes: the library takes quadratic time on parameters and addresses."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return the name and the value of a header."""
        name, value = super().header_source_parse([line[:_LONGEST_HEADER] for line in sourcelines[:_MOST_LINES]])
        return name, value[:_LONGEST_HEADER]


_LONGEST_HEADER = 4_000  # characters
_MOST_LINES = 200
_ATTRIBUTION = re.compile(r"(?:[^\n]{1,200}\n){0,2}[^\n]{1,200}:")  # "On Monday, Ann <ann@example.org>\nwrote:"
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_LOCKED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def _parts(message: Message) -> Iterator[Message | str]:
    """Yield the parts to read, and the names of those that are not read, in the order in which they stand."""
    waiting = [(message, True)]
    while waiting:
        part, is_shown = waiting.pop()
        kind = part.get_content_type()
        if kind in _LOCKED:
            raise SkippedFile("encrypted", "the message is encrypted; save a copy that is not")
        if (inner := children(part)) and kind.startswith("multipart/"):
            waiting += [(child, is_shown and shown) for child, shown in reversed(_chosen(kind, inner))]
        elif is_shown and _is_text(part):
            yield part
        elif _is_attached(part):
            yield _name(part)


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
