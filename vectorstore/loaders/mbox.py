"""Mailboxes: each message of an .mbox file as a document, one after the other."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from vectorstore.errors import SkippedFile
from vectorstore.loaders.mail import Mail, read_mail, told
from vectorstore.loaders.many import named
from vectorstore.types import Document


def load_mbox(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield the messages of a mailbox, each under `source#` and the id that its sender gave it.

    A message that cannot be used is left out with a note, and the others are read.

    Raises:
        SkippedFile: "type_mismatch" if it is no mailbox, "empty" if no message can be used.
    """
    notes: Counter[str] = Counter()
    count = 0
    for document in named(_messages(raw, notes), source=source, on_note=on_note):
        count += 1
        yield document
    attachments = notes.pop(_ATTACHMENTS, 0)
    if attachments:
        on_note(f"{source}: {told(attachments)}")
    for note, times in notes.items():
        on_note(f"{source}: {times} message{'s' * (times > 1)}: {note}")
    if not count:
        raise SkippedFile("empty", "; ".join(list(notes)[:3]) or "the mailbox has no message")


def split_mailbox(raw: bytes) -> Iterator[bytes]:
    """Yield the messages of a mailbox, without the "From " line above each and with "From " at line starts unquoted.

    A line "From Monday on we meet at 9:30" parts nothing: a header must follow.

    Raises:
        SkippedFile: "type_mismatch" if it does not begin with such a line.
    """
    begin = _BETWEEN.search(raw)
    if begin is None or raw[: begin.start()].strip():
        raise SkippedFile("type_mismatch", 'this is no mailbox: it does not begin with a "From " line')
    while begin is not None:
        end = _BETWEEN.search(raw, begin.end())
        yield _QUOTED_FROM.sub(rb"\1", raw[begin.end() : end.start() if end else len(raw)])
        begin = end


_ATTACHMENTS = "attachments"
# Source: RFC 4155; some mailers write nothing behind "From ".
_BETWEEN = re.compile(rb"^From (?:[^\n]*\d\d:\d\d[^\n]*)?\r?\n(?=>*[!-9;-~]+[ \t]*:|\Z)", re.MULTILINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def _messages(raw: bytes, notes: "Counter[str]") -> Iterator[tuple[str | None, Document]]:
    for message in split_mailbox(raw):
        mail = _read(message, notes)
        if mail is not None:
            notes.update(set(mail.notes))
            notes[_ATTACHMENTS] += len(mail.attachments)
            yield mail.id, mail.document


def _read(message: bytes, notes: "Counter[str]") -> Mail | None:
    try:
        return read_mail(message, source="")  # so that the title is not made from the mailbox's name
    except SkippedFile as skipped:
        notes[f"not read: {skipped.detail}"] += 1
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the library fails on broken messages with whatever it runs into
        notes[f"not read: damaged ({type(error).__name__})"] += 1
    return None
