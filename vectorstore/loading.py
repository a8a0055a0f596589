"""Take in what a LangChain loader yields: pages of a wiki, a bucket, a database; whatever its owner names."""

import datetime
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from vectorstore.errors import OwnerError, SkippedFile
from vectorstore.intake import Intake
from vectorstore.loaders.blocks import Written
from vectorstore.loaders.dates import read_day
from vectorstore.loaders.decode import LARGEST_TEXT
from vectorstore.loaders.front_matter import language_of, web_address
from vectorstore.loaders.read import too_large
from vectorstore.loaders.titles import title_of
from vectorstore.reading import LOADERS
from vectorstore.text import normalise, one_line
from vectorstore.types import Document
from vectorstore.walk import is_under, shown

if TYPE_CHECKING:
    from langchain_core.documents import Document as Loaded


@dataclass(frozen=True, slots=True)
class Outside:
    """A loader that somebody named, not yet asked for anything.

    `name` is for people; sources begin with `label`. `root` is what its documents are known under, apart from those
    of every folder and every other loader. `secrets` are what it was given, which nobody is shown.
    """

    name: str
    label: str
    root: bytes
    documents: Callable[[], Iterable["Loaded"]]
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def open_loader(named: str, arguments: Path | None = None, *, may_be_gone: bool = False) -> Outside:
    """Return the loader "module:Class", made with the arguments in a YAML file when it is asked.

    In a value "${NAME}" stands for a variable of the environment. The loader is known by its class and the place of
    the file, so what stands there may change. If the file is gone and that `may_be`, so are the loader's documents.

    Raises:
        OwnerError: if there is no such class, or the file cannot be read or does not hold arguments by name.
    """
    module, _, attribute = named.partition(":")
    if not (module and attribute):
        raise OwnerError(f'"{named}" names no loader; write its module and its class, as in "my_loaders:WikiLoader"')
    root = f"loader:{module}:{attribute}".encode()
    if arguments is None:
        return _outside(named, attribute, root, {})
    place = os.path.realpath(arguments)
    root += b":" + os.fsencode(place)
    if may_be_gone and not os.path.lexists(place):
        return Outside(named, arguments.stem, root, tuple)
    return _outside(named, arguments.stem, root, _read_arguments(arguments))


def read_loader(intake: Intake, outside: Outside, *, allow_shrink: bool) -> None:
    """Bring the documents of a loader up to date with what it yields, one after the other.

    A document is the one that was known if its metadata name it so: by "id", else "source", "url", "link",
    "file_path" or "path", else by its own id; further documents of one name are its parts #2, #3 … in the order in
    which they come. Without any name it goes by its text.

    Raises:
        UserError: if the loader fails, or as `Intake.settle`.
    """
    everything = intake.writer.known()
    known = {path: olds for path, olds in everything.items() if is_under(path, outside.root)}
    for path in intake.writer.skipped():
        if is_under(path, outside.root):
            intake.writer.forget_skipped(path)
    taken = {old.source: path for path, olds in everything.items() for old in olds}
    parts: dict[str, int] = {}
    come = set[bytes]()
    for loaded in _drawn(outside):
        name = _name(loaded)
        parts[name] = number = parts.get(name, 0) + 1
        path = outside.root + b"/" + _hash(f"{name}\0{number}").encode()
        come.add(path)
        olds = known.get(path, [])
        source = olds[0].source if olds else _free_source(outside, name, number, path, taken)
        try:
            document = _document(loaded, source=source)
        except SkippedFile as skipped:
            intake.leave_out(skipped, olds, source=source, path=path)
        else:
            taken[source] = path
            file_hash = bytes.fromhex(_hash(f"{LOADERS} {document.hash} {document.language}"))
            if olds and olds[0].file_hash == file_hash:
                intake.unchanged.append(source)
            else:
                intake.take([document], olds, source=source, path=path, file_hash=file_hash)
        intake.tell(len(come), 0)
    for path, olds in known.items():
        if path not in come:
            intake.remove_gone(olds)
    intake.settle(len(known), whose=f"of {outside.name}", allow_shrink=allow_shrink)


def _outside(named: str, label: str, root: bytes, arguments: Mapping[str, object]) -> Outside:
    module, _, attribute = named.partition(":")
    try:
        made = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise OwnerError(
            f"the loader {named} cannot be loaded ({error}); install its package, or put it on PYTHONPATH"
        ) from error
    if not (callable(made) and hasattr(made, "lazy_load")):
        raise OwnerError(f"{named} is no LangChain loader: it has no lazy_load")
    given = {name: _expanded(value) for name, value in arguments.items()}

    def documents() -> Iterable["Loaded"]:
        return made(**given).lazy_load()  # type: ignore[no-any-return]  # what it yields is looked at where it is used

    return Outside(named, label, root, documents, frozenset(_strings(list(given.values()))))


def _read_arguments(file: Path) -> dict[str, object]:
    import yaml

    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OwnerError(
            f"the arguments in {file} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    except yaml.YAMLError as error:  # its message quotes the line, which may hold a password
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise OwnerError(f"{file}{where}: this is no YAML; put values with special characters in quotes") from None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise OwnerError(f'{file} holds no arguments; write lines of the form "name: value"')
    return found


def _expanded(value: object) -> object:
    """Return a value with the variables of the environment in the place of their names."""
    if isinstance(value, dict):
        return {name: _expanded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each) for each in value]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        name = value[2:-1]
        if name not in os.environ:
            raise OwnerError(f"the arguments ask for {value}, and the environment has no {name}; set it")
        return os.environ[name]
    return value


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
    elif isinstance(value, str | int) and len(str(value)) >= _SHORTEST_SECRET and not isinstance(value, bool):
        yield str(value)


_SHORTEST_SECRET = 4  # shorter ones would blot out half of every sentence


def _drawn(outside: Outside) -> Iterator["Loaded"]:
    """Yield what the loader yields; what it raises becomes a sentence without what it was given."""
    try:
        documents = iter(outside.documents())
    except Exception as error:  # a loader fails with whatever its library happens to run into
        raise _failed(outside, error) from error
    while True:
        try:
            loaded = next(documents)
        except StopIteration:
            return
        except Exception as error:
            raise _failed(outside, error) from error
        if not isinstance(getattr(loaded, "page_content", None), str):
            raise OwnerError(f"the loader {outside.name} yields {type(loaded).__name__} and no LangChain documents")
        yield loaded


def _failed(outside: Outside, error: Exception) -> OwnerError:
    said = str(error)
    for secret in sorted(outside.secrets, key=len, reverse=True):
        for form in (secret, quote(secret, safe="")):
            said = said.replace(form, "***")
    kind = type(error).__name__
    return OwnerError(
        f"the loader {outside.name} failed ({kind}: {one_line(said)}), and nothing was changed; run again"
    )


_NAMED_BY = ("id", "source", "url", "link", "file_path", "path")
_LONGEST_NAME = 300


def _name(loaded: "Loaded") -> str:
    for key in _NAMED_BY:
        value = loaded.metadata.get(key)
        if isinstance(value, str | int | os.PathLike) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return loaded.id or _hash(loaded.page_content)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _free_source(outside: Outside, name: str, number: int, path: bytes, taken: Mapping[str, bytes]) -> str:
    seen = shown(name.encode("utf-8", "backslashreplace"))
    if len(seen) > _LONGEST_NAME:
        seen = f"{seen[:_LONGEST_NAME]}…"
    source = f"{outside.label}/{seen}" + (f"#{number}" if number > 1 else "")
    return source if taken.get(source, path) == path else f"{source} {path[-64:].decode()}"


def _document(loaded: "Loaded", *, source: str) -> Document:
    text = normalise(loaded.page_content)
    if len(text) > LARGEST_TEXT:
        raise too_large(len(text), LARGEST_TEXT)
    if not text.strip():
        raise SkippedFile("empty", "the loader gave no text that can be seen")
    metadata = loaded.metadata
    return Document(
        source=source,
        title=_line(metadata, "title") or title_of(Written(text, ()), source=source),
        text=text,
        published=_day(metadata, "published", "date", "published_at", "published_date", "publish_date"),
        outlet=_line(metadata, "outlet", "publisher", "site_name"),
        author=_line(metadata, "author", "authors", "byline"),
        url=_address(metadata, "url", "link", "canonical", "source"),
        language=language_of(_line(metadata, "language", "lang")),
    )


def _line(metadata: Mapping[str, object], *names: str) -> str | None:
    for name in names:
        value = metadata.get(name)
        texts = [each for each in (value if isinstance(value, list | tuple) else [value]) if isinstance(each, str)]
        if line := one_line(", ".join(texts)):
            return line
    return None


def _day(metadata: Mapping[str, object], *names: str) -> datetime.date | None:
    for name in names:
        value = metadata.get(name)
        if day := read_day(value.isoformat() if isinstance(value, datetime.date) else value):
            return day
    return None


def _address(metadata: Mapping[str, object], *names: str) -> str | None:
    values = (metadata.get(name) for name in names)
    return next((found for value in values if isinstance(value, str) and (found := web_address(value))), None)
