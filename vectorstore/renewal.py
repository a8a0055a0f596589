"""The next generation of the vector index: the current one, that one changed, or one built anew."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vectorstore import entries, generations, places
from vectorstore.library import Library

# A generation is changed, and not built anew, while what is deleted from it in all and added to it now is no more
# than this share of it: deleted entries stay in the graph as dead ends, and adding one to a full graph takes longer
# than building it with the others.
_CHANGED_AT_MOST = 0.3

_log = logging.getLogger(__name__)

Tell = Callable[[int, int], None]  # hears how many entries of how many are written


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of the index by its name, "" if it would hold nothing; `deleted` entries are still in its graph."""

    name: str
    deleted: int


def next_generation(library: Library, *, model: str, dimension: int, whole: bool, tell: Tell) -> Generation:
    """Make the generation that holds what the library wants, inside its writer's transaction.

    It is built anew if `whole`, if much has changed, if the index lies on a server, or where a change does not prove
    itself.

    Raises:
        OwnerError: if there is no room, or the server is away.
        RuntimeError: if Chroma cannot write it.
    """
    before = library.manifest()
    number = entries.count(library.connection)
    coming, going = entries.count_changes(library.connection)
    deleted = before.deleted + going
    made = None
    if not number:
        made = Generation("", 0)
    elif not whole and (before.embedder, before.dimension) == (model, dimension) and _is_there(library):
        if not coming and not going:
            made = Generation(before.generation or "", deleted)
        elif deleted + coming <= _CHANGED_AT_MOST * number:
            made = _changed(library, number, operations=coming + going, deleted=deleted, tell=tell)
    if made is None:
        made = _built(library, number, model=model, dimension=dimension, tell=tell)
    entries.note(library.connection)
    return made


def proof(library: Library, generation: str | None) -> str:
    """Return the fingerprint of a generation's files, "" if it has none here."""
    directory = library.directory / "index" / generation if generation else None
    return generations.fingerprint(directory) if directory and directory.is_dir() else ""


def is_untouched(library: Library) -> bool:
    """Return whether the files of the current generation are those that were proven last; they are not read."""
    before = library.manifest()
    return library.server is None and before.proven != "" and proof(library, before.generation) == before.proven


def _is_there(library: Library) -> bool:
    directory = library.index_directory()
    return library.server is None and directory is not None and directory.is_dir()


def _changed(library: Library, number: int, *, operations: int, deleted: int, tell: Tell) -> Generation | None:
    """Return the current generation with the changes, or None if that could not be made."""
    before = library.manifest()

    def batches() -> Iterator[generations.Batch]:
        done = 0
        for window in entries.windows(entries.going(library.connection)):
            yield window, np.empty((len(window), 0), dtype=np.float32)
            done += len(window)
            tell(done, operations)
        for window in entries.windows(entries.coming(library.connection)):
            yield window, library.embeddings.get(before.embedder, window, dimension=before.dimension)
            done += len(window)
            tell(done, operations)

    sample = entries.sample(library.connection)
    try:
        name = generations.change(
            library.directory / "index",
            before.generation or "",
            batches(),
            operations=operations,
            entries=number,
            kept=library.embeddings.get(before.embedder, sample, dimension=before.dimension),
        )
    except RuntimeError as error:
        _log.warning("the vector index is built anew: %s", error)
        return None
    return Generation(name, deleted)


def _built(library: Library, number: int, *, model: str, dimension: int, tell: Tell) -> Generation:
    def batches() -> Iterator[generations.Batch]:
        done = 0
        for window in entries.windows(entries.wanted(library.connection)):
            tell(done, number)
            yield window, library.embeddings.get(model, window, dimension=dimension)
            done += len(window)
        tell(done, number)

    newest = library.manifest().generation
    return Generation(places.build(library, batches(), entries=number, dimension=dimension, newer_than=newest), 0)
