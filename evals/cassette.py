"""Replies of a model kept in a file, so that a run can be repeated without the model, a key or a network."""

import hashlib
import json
import threading
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from prompts.load import Message, Prompt
from vectorstore.errors import UserError


@dataclass(frozen=True, slots=True)
class _Recorded:
    """One line of the file; `prompt` and `model` are there for people."""

    key: str
    prompt: str
    model: str
    reply: str


_LINE = TypeAdapter(_Recorded)


class Cassette:
    """Replies by prompt, model and all that was said to it; threads may share it.

    The file holds a JSON object a line and is only ever added to; of two lines with one key the first counts.
    """

    def __init__(self, path: Path) -> None:
        """Read what is recorded; a file that does not exist is an empty cassette.

        Raises:
            UserError: if a line of it is not one of ours, or it cannot be read.
        """
        self.path = path
        self._lock = threading.Lock()
        self._replies: dict[str, str] = {}
        if path.exists():
            for number, line in enumerate(_text(path).split("\n"), start=1):
                if line.strip():
                    recorded = _parsed(line, f"{path}, line {number}")
                    self._replies.setdefault(recorded.key, recorded.reply)

    def reply(self, key: str) -> str | None:
        """Return what was answered to the question with this key, None if it was never asked."""
        return self._replies.get(key)

    def record(self, key: str, *, prompt: str, model: str, reply: str) -> None:
        """Keep a reply, in the file as well.

        Raises:
            UserError: if the file cannot be written.
        """
        line = json.dumps({"key": key, "prompt": prompt, "model": model, "reply": reply}, ensure_ascii=False)
        with self._lock:
            self._replies.setdefault(key, reply)
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8", newline="\n") as file:
                    file.write(f"{line}\n")
            except OSError as error:
                raise UserError(f"{self.path} cannot be written ({error.strerror}); name another cassette.") from error


def key_of(prompt: Prompt, model: str, messages: tuple[Message, ...]) -> str:
    """Return the SHA-256 of the prompt file, the model's name and the messages as they are sent."""
    said = [prompt.name, prompt.version, prompt.hash, model, *((message.role, message.text) for message in messages)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The cassette {path} cannot be read ({error}); name another one.") from error


def _parsed(line: str, where: str) -> _Recorded:
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        raise UserError(f"{where} is no recorded reply; delete the line, and it is asked again.") from error
