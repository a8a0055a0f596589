"""Collections: which groups read and write which documents, as a file of the operator's says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from assistant.access import Person
from assistant.once import read_yaml
from assistant.uploads import COLLECTION, uploads_folder
from vectorstore.errors import UserError
from vectorstore.text import one_line
from vectorstore.types import Readable

if TYPE_CHECKING:
    from assistant.settings import Settings

_Texts = Annotated[
    tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)], ...],
    Field(min_length=1),
]


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are read and written together: those whose source one of the patterns `documents` fits.

    `read` and `write` are groups of people; where there is none, only admins may.
    """

    name: str
    documents: tuple[str, ...]
    read: frozenset[str]
    write: frozenset[str]


class Collections:
    """Who may read and write which documents; without collections everybody reads everything.

    With them the careful rule holds: a document that several collections hold is read by those who may read all of
    them, and one that none holds by admins only.
    """

    def __init__(self, collections: Sequence[Collection] | None, folder: str | None) -> None:
        """Use `read`; `folder` is what the sources of handed-in documents begin with, None: nothing is handed in."""
        self._by_name = None if collections is None else {one.name: one for one in collections}
        self._folder = folder

    @classmethod
    def read(cls, settings: "Settings") -> "Collections":
        """Return the collections of the file that the settings name; each also holds what is handed in to it.

        Raises:
            UserError: if the file cannot be read or holds something else; it names the place and what to write there.
        """
        folder = uploads_folder(settings)
        # The name that sync gives to what is in it.
        named = None if folder is None else _source(folder.resolve().name)
        if settings.collections is None:
            return cls(None, named)
        return cls([_collection(*one, named) for one in _written(settings.collections).items()], named)

    def readable(self, person: Person) -> Readable | None:
        """Return what a person may read, None if that is everything."""
        if self._by_name is None or person.may("admin"):
            return None
        within: list[str] = []
        without: list[str] = []
        for one in self._by_name.values():
            (within if person.is_in(*one.read) else without).extend(one.documents)
        return Readable(tuple(dict.fromkeys(within)), tuple(dict.fromkeys(without)))

    def may_write(self, person: Person, name: str | None) -> bool:
        """Return whether a person may hand documents in to a collection, and delete those that were handed in to it.

        Where there are collections, what belongs to none (None) is for admins.
        """
        if not person.may("write"):
            return False
        if self._by_name is None:
            return name is None
        if name is None:
            return person.may("admin")
        return name in self._by_name and person.is_in(*self._by_name[name].write)

    def names(self, person: Person) -> tuple[str, ...]:
        """Return the collections that a person may hand documents in to, in the order of the file."""
        return tuple(name for name in self._by_name or () if self.may_write(person, name))

    def of(self, source: str) -> str | None:
        """Return the collection that a document was handed in to, None if to none."""
        if self._by_name is None or self._folder is None:
            return None
        name, _, file = source.removeprefix(f"{self._folder}/").partition("/")
        return name if source.startswith(f"{self._folder}/") and file and name in self._by_name else None


class _Written(BaseModel):
    """A collection as it is written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: _Texts = ()
    read: _Texts = ()
    write: _Texts = ()


_FILE = TypeAdapter(dict[Annotated[str, StringConstraints(pattern=f"^{COLLECTION.pattern}$")], _Written])


def _written(path: Path) -> dict[str, _Written]:
    found = read_yaml(path)
    if not isinstance(found, dict) or not found:
        raise UserError(f"{path} holds no collections; write the name of each, and its documents, read and write.")
    try:
        return _FILE.validate_python(found)
    except ValidationError as error:
        raise UserError(f"{path}: {_mistake(error)}") from None


def _collection(name: str, written: _Written, folder: str | None) -> Collection:
    handed_in = () if folder is None else (f"{_literally(folder)}/{name}/*",)
    return Collection(name, (*written.documents, *handed_in), frozenset(written.read), frozenset(written.write))


def _mistake(error: ValidationError) -> str:
    """Return what is wrong first, where, and what to write instead."""
    first = error.errors()[0]
    name, *places = (one_line(str(part), longest=60) for part in first["loc"])
    if places == ["[key]"]:
        return f"“{name}” cannot be the name of a collection; use at most 50 of a–z, 0–9 and “-” in quotation marks."
    if not places:
        return f"“{name}” is no collection; write its documents, read and write under its name."
    field, *numbers = places
    where = f"“{name}”, {field}" + "".join(f"[{number}]" for number in numbers)
    if first["type"] == "extra_forbidden":
        return f"{where} is not known; a collection has documents, read and write."
    if field == "documents":
        return f'{where} is not a list of patterns; write it like ["news/*", "wire/*"].'
    return f'{where} is not a list of groups; write it like ["editors"], or leave it out: then only admins may.'


def _source(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _literally(text: str) -> str:
    """Return the pattern that only text fits."""
    return re.sub(r"([*?\[])", r"[\1]", text)
