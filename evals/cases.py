"""Read a suite of cases from a file, and check whatever in it can be wrong before a single question is asked."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from assistant.once import OnceLoader
from evals.types import Case
from evals.written import Header, WrittenCase, WrittenObject, WrittenQuote, case_of, documents_of, first_mistake
from vectorstore.errors import SkippedFile, UserError
from vectorstore.loaders import load
from vectorstore.walk import walk


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases, and the folders with the documents that they ask about.

    If some documents are `held_back` (file names), `documents` are the files that stay.
    """

    name: str
    documents: tuple[Path, ...]
    cases: tuple[Case, ...]
    held_back: tuple[str, ...] = ()


def load_suite(path: Path, documents: Path | None = None) -> Suite:
    """Return the suite in a file: JSON lines (.jsonl), or a YAML list (.yaml, .yml) of the same objects.

    The first object may be a header: `suite` is the name (else the file's own), `documents` a folder or a file or a
    list of them, relative to the suite; `documents` as an argument takes the place of them all. `held_back` are file
    names in there that are left out. A gold quote without a start gets that of its only occurrence. A file without
    cases is an empty suite, which no gate lets pass.

    Raises:
        UserError: at the first mistake, with its line: no such file or folder, an object that is none, a field that is
            missing, unknown, twice there or of the wrong kind, an id used twice, a pattern that does not compile or can
            never match folded text, a reference to a quote or document that is not there, a quote that is not at its
            offset, or has none and stands nowhere or more than once.
    """
    entries = list(_entries(path))
    header, line = Header(), 1
    if entries and isinstance(entries[0].written, dict) and entries[0].written.keys() & Header.model_fields:
        line = entries[0].line
        header = _validated(Header, entries.pop(0), path)
    named = _several(header.documents)
    folders = (documents,) if documents else tuple(Path(os.path.normpath(path.parent / folder)) for folder in named)
    if not folders:
        raise _mistake(path, line, "nothing says where the documents are; begin the file with a documents field")
    for folder in folders:
        if not folder.exists():
            advice = (
                "" if documents else f"; the suite asks about {' and '.join(named)}: put it there, or give --documents"
            )
            raise _mistake(path, line, f"there is no folder {folder} with documents{advice}")
    library = _Documents(folders, leave_out=path, instead_of=named if documents else [])
    if gone := sorted(set(header.held_back) - library.paths.keys()):
        raise _mistake(path, line, f"{gone[0]} is held back, but no document is called so; correct its name")
    for name in set(header.held_back):
        del library.paths[name]
    cases: dict[str, Case] = {}
    for entry in entries:
        written = _validated(WrittenCase, entry, path)
        if written.id in cases:
            raise _mistake(path, entry.line, f"the id “{written.id}” is used twice; give each case its own")
        try:
            cases[written.id] = case_of(library.checked(written))
        except _NotThereError as problem:
            raise _mistake(path, entry.line, str(problem)) from None
    stay = tuple(file for files in library.paths.values() for file in files) if header.held_back else folders
    return Suite(header.suite or path.stem, stay, tuple(cases.values()), tuple(header.held_back))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object of the file as it is written there, and the line on which it begins, from 1."""

    line: int
    written: object


_Object = TypeVar("_Object", bound=WrittenObject)


class _NotThereError(Exception):
    """A document or quote of a case is not where it should be; the message says so."""


class _Documents:
    """The documents by file name (`paths`, two for a name that is taken twice), each read when a case first quotes it.

    `instead_of` are the folders that the suite names and that these folders stand in for.
    """

    def __init__(self, folders: tuple[Path, ...], *, leave_out: Path, instead_of: list[str]) -> None:
        self.paths: dict[str, list[Path]] = {}
        self._texts: dict[str, str] = {}
        self._advice = "name one that is in the folder of documents"
        if instead_of:
            self._advice = f"--documents takes the place of {' and '.join(instead_of)}, so all of it must be there"
        for folder in folders:
            for found in walk(folder, leave_out=leave_out):
                if not found.problem:
                    file = Path(os.fsdecode(found.path))
                    self.paths.setdefault(file.name, []).append(file)

    def checked(self, written: WrittenCase) -> WrittenCase:
        """Return a case whose documents are all there and whose quotes are all at their places.

        Raises:
            _NotThereError: at the first that is not.
        """
        for name in documents_of(written):
            if len(self.paths.get(name, ())) != 1:
                found = "two documents are" if name in self.paths else "no document is"
                raise _NotThereError(f"{found} called “{name}”; {self._advice}")
        return written.model_copy(update={"gold_quotes": [self._placed(quote) for quote in written.gold_quotes]})

    def _placed(self, quote: WrittenQuote) -> WrittenQuote:
        """Return a quote with its place; searching is only to help the person, and never chooses between two places."""
        try:
            text = self._text(quote.doc)
        except SkippedFile as skipped:
            raise _NotThereError(f"“{quote.doc}” cannot be read: {skipped.detail}") from None
        if quote.start is not None and text.startswith(quote.quote, quote.start):
            return quote
        first = text.find(quote.quote)
        where = f"it stands at {first}" if first >= 0 else "it stands nowhere in the text that is read from it"
        if quote.start is not None:
            raise _NotThereError(f"quote {quote.id} is not at {quote.start} in “{quote.doc}”; {where}")
        if first < 0:
            raise _NotThereError(f"quote {quote.id} is not in “{quote.doc}”; {where}")
        if text.find(quote.quote, first + 1) >= 0:
            raise _NotThereError(
                f"quote {quote.id} stands more than once in “{quote.doc}”; say where it starts, for example {first}"
            )
        return quote.model_copy(update={"start": first})

    def _text(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = load(self.paths[name][0], source=name).text
        return self._texts[name]


def _entries(path: Path) -> Iterator[_Entry]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not in UTF-8; save it in that encoding") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if path.suffix == ".jsonl":
        return _json_entries(text, path)
    if path.suffix in (".yaml", ".yml"):
        return _yaml_entries(text, path)
    raise UserError(f"{path.name} is no suite; the cases belong in a .jsonl, .yaml or .yml file")


def _json_entries(text: str, path: Path) -> Iterator[_Entry]:
    for line, written in enumerate(text.split("\n"), 1):  # not splitlines(): JSON may hold U+2028 as it is
        if written.strip():
            try:
                yield _Entry(line, json.loads(written, object_pairs_hook=_no_field_twice))
            except ValueError as error:
                raise _mistake(path, line, f"this is no JSON object: {error}") from None


def _yaml_entries(text: str, path: Path) -> Iterator[_Entry]:
    try:
        loader = OnceLoader(text)
        root = loader.get_single_node()
        if root is not None and not isinstance(root, yaml.SequenceNode):
            raise _mistake(path, root.start_mark.line + 1, "a suite in YAML is a list; begin each case with “- ”")
        for node in root.value if root else ():
            yield _Entry(node.start_mark.line + 1, loader.construct_object(node, deep=True))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _mistake(path, line, f"this is no YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _mistake(path, line, f"this is no YAML: {error.reason}") from None


def _no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: whatever JSON holds
    written = dict(pairs)
    if len(written) < len(pairs):
        raise ValueError("a field stands in it twice")
    return written


def _several(written: str | list[str]) -> list[str]:
    return [written] if isinstance(written, str) else written


def _validated(model: type[_Object], entry: _Entry, path: Path) -> _Object:
    try:
        return model.model_validate(entry.written)
    except ValidationError as error:
        raise _mistake(path, entry.line, first_mistake(error)) from None


def _mistake(path: Path, line: int, problem: str) -> UserError:
    return UserError(f"{path.name}, line {line}: {problem}.")
