"""The audit: one line of JSON for each sign-in, change of documents or keys, and deletion, beside the library."""

import datetime
import json
import logging
import os
from pathlib import Path
from typing import Literal

Audited = Literal[
    "signed_in",
    "sign_in_refused",
    "signed_out",
    "document_added",
    "document_deleted",
    "conversation_forgotten",
    "user_forgotten",
    "key_added",
    "key_revoked",
    "embed_token_minted",
]

FILE = "audit.jsonl"
LONGEST = 500  # characters of one value: strangers choose some of them

_log = logging.getLogger(__name__)


class Audit:
    """The audit of one library; any number of threads and processes may write it, and nobody here reads it."""

    def __init__(self, library: Path) -> None:
        """Use the file in a library's directory; it is made with the first line, for its owner only."""
        self.path = library / FILE

    def note(
        self,
        event: Audited,
        *,
        user: str,
        request_id: str | None = None,
        address: str | None = None,
        **details: str | int,
    ) -> None:
        """Add what happened, who did it and from where; details are names and numbers.

        Never give it text of a document, a question or a secret. If it cannot be written, that is an error in the
        log together with the line: people are still served.
        """
        fields = {"event": event, "user": user, "request_id": request_id, "address": address, **details}
        kept = {name: _cut(value) for name, value in fields.items() if value is not None}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, **kept})  # in ASCII: nothing in a value ends the line or cannot be written
        try:
            self._append(f"{line}\n".encode("ascii"))
        except OSError as error:
            _log.error("the audit could not be written (%s): %s", error.strerror or error, line)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            end = os.fstat(descriptor).st_size
            if end and os.pread(descriptor, 1, end - 1) != b"\n":  # a full disk cut the last line
                line = b"\n" + line
            # One call a line: then lines of several processes are never mixed.
            if (written := os.write(descriptor, line)) < len(line):
                raise OSError(f"{written} of {len(line)} bytes were written")
        finally:
            os.close(descriptor)


def _cut(value: str | int) -> str | int:
    return value[:LONGEST] if isinstance(value, str) else value
