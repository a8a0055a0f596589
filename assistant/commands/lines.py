"""JSON in and out: files with one JSON object a line are read whole and checked before anything is answered."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.types import Turn
from vectorstore.errors import UserError
from vectorstore.text import normalise


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a file of questions."""

    question: str
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a file of pairs: a claim, and the passage that may support it."""

    claim: str
    passage: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of a file to read: a question, and the sentences of a passage that may answer it."""

    question: str
    sentences: tuple[str, ...]


def write_json(value: Any) -> None:  # noqa: ANN401 - whatever json.dumps takes
    """Print value as one line of JSON, at once."""
    try:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise BrokenPipeError from None  # without its number: on EPIPE typer would end the process in its own way


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; of stdin for "-".

    Raises:
        UserError: if it cannot be read, or is not UTF-8.
    """
    try:
        raw = sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error


def read_questions(path: Path, *, longest: int) -> tuple[Question, ...]:
    """Return the questions of a file, in order; other keys of a line are ignored, empty lines skipped.

    Raises:
        UserError: if a line is not an object with a question of at most longest characters; it names the line.
    """
    questions = []
    for where, line in _objects(path):
        questions.append(Question(_asked(line, where, longest), _turns(line.get("history"), where)))
    return tuple(questions)


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """Return the pairs of a file, in order; other keys of a line are ignored, empty lines skipped.

    Raises:
        UserError: if a line is not an object with the strings "claim" and "passage"; it names the line.
    """
    return tuple(Pair(_string(line, "claim", where), _string(line, "passage", where)) for where, line in _objects(path))


def read_passages(path: Path, *, longest: int) -> tuple[Passage, ...]:
    """Return the questions and passages of a file, in order; other keys of a line are ignored, empty lines skipped.

    Raises:
        UserError: if a line is not an object with a question of at most longest characters and a list of sentences.
    """
    passages = []
    for where, line in _objects(path):
        sentences = line.get("sentences")
        if not (isinstance(sentences, list) and sentences and all(isinstance(one, str) for one in sentences)):
            raise UserError(f'{where} has no sentences; write {{"question": "…", "sentences": ["…", "…"]}}.')
        passages.append(Passage(_asked(line, where, longest), tuple(sentences)))
    return tuple(passages)


def _asked(line: dict[str, Any], where: str, longest: int) -> str:
    question = _string(line, "question", where)
    length = len(normalise(question).strip())
    if not 0 < length <= longest:
        raise UserError(f"{where}: the question has {length:,} characters; write 1 to {longest:,}.")
    return question


def _objects(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the lines of a file, each with where it stands, for messages."""
    found = []
    # Not splitlines(): a JSON string may hold U+2028 and its like unescaped.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{where} is not JSON: {error}.") from error
        if not isinstance(value, dict):
            raise UserError(f"{where} is not a JSON object; write one object a line.")
        found.append((where, value))
    if not found:
        raise UserError(f"{path} holds no line; write one JSON object a line.")
    return found


def _string(line: dict[str, Any], key: str, where: str) -> str:
    value = line.get(key)
    if not isinstance(value, str):
        raise UserError(f'{where} has no text under "{key}"; write {{"{key}": "…"}}.')
    return value


def _turns(history: Any, where: str) -> tuple[Turn, ...]:  # noqa: ANN401 - not checked yet
    if history is None:
        return ()
    if not isinstance(history, list):
        raise UserError(f'{where}: "history" is not a list of messages.')
    turns = []
    for turn in history:
        role = turn.get("role") if isinstance(turn, dict) else None
        if role not in ("user", "assistant") or not isinstance(turn.get("content"), str):
            raise UserError(
                f'{where}: a message of "history" is not {{"role": "user" or "assistant", "content": "…"}}.'
            )
        turns.append(Turn(role, turn["content"]))
    return tuple(turns)
