"""Mail: one message as a document, by what its sender wrote; what hangs on it is named and not read."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.headers import day, header, people
from vectorstore.loaders.html import read_whole
from vectorstore.loaders.mime import parsed, parts, text_of
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
        SkippedFile: "type_mismatch" if it is no message, "damaged" if it is nested too deep, "encrypted", "empty" if
            it has no text, and as `decode` and `parse` do.
    """
    message = parsed(raw)
    if not any(message.get(name) for name in ("From", "Date", "Subject", "Message-ID", "MIME-Version")):
        raise SkippedFile("type_mismatch", "this is no e-mail: it begins without a sender, a date or a subject")
    written: list[blocks.Written] = []
    attachments: list[str] = []
    notes: list[str] = []
    problem = SkippedFile("empty", "the message has no text besides its subject")
    for part in parts(message):
        if isinstance(part, str):
            attachments.append(part)
            continue
        try:
            written.append(_written(part, notes.append))
        except SkippedFile as skipped:
            problem = skipped
            notes.append(f"a part of the message was not read: {skipped.detail}")
    whole = blocks.join(written)
    if not whole.text:
        raise problem
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


_ATTRIBUTION = re.compile(r"(?:[^\n]{1,200}\n){0,2}[^\n]{1,200}:")  # "On Monday, Ann <ann@example.org>\nwrote:"


def _written(part: Message, on_note: Callable[[str], None]) -> blocks.Written:
    text = text_of(part, on_note)
    if text and part.get_content_type() == "text/html":
        return read_whole(text)
    return blocks.Written(own_text_first(normalise(text).strip()), ())
