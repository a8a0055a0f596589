"""Make the library hold what the folders hold, in one step that either happens or does not."""

import errno
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vectorstore import entries, places, renewal
from vectorstore.entries import windows
from vectorstore.errors import IndexAway, OwnerError, SkippedFile, UserError
from vectorstore.library import Library, Manifest, Skipped
from vectorstore.lock import only_writer
from vectorstore.parsing import Parser
from vectorstore.passages import embedded_text, split_passages
from vectorstore.sentences import fit_sentences, split_sentences
from vectorstore.types import Document
from vectorstore.walk import Found, is_under, shown, walk
from vectorstore.writer import Known, Writer, writing

if TYPE_CHECKING:
    from vectorstore.embed import Embedder

# Raised by whoever changes what comes out: of the loaders, all files are read again; of the sentences and passages,
# all documents are split again.
LOADERS = "1"
SPLITTER = "2"

# Documents that may go in one run without a question, as a share of those under the paths.
MAY_SHRINK = 0.3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; reading counts files, embedding and building count passages."""

    stage: Literal["reading", "embedding", "building"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long each stage took."""

    reading: float = 0.0
    embedding: float = 0.0
    building: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, all in sources; `skipped` files are not in the library, or still in an older form.

    `passages` are those of the whole library; `embedded` and `reused` say where their embeddings come from, passages
    with the same text counted once. `notes` tell, a sentence each, what was done beyond what the files asked for, and
    how a file was decoded where that was a guess.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    passages: int
    embedded: int
    reused: int
    seconds: Seconds
    notes: tuple[str, ...] = ()


def sync(
    paths: Sequence[Path],
    library: Library,
    embedder: "Embedder",
    *,
    passage_tokens: int,
    allow_shrink: bool = False,
    top: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Bring the documents under these paths up to date with the files there; other documents stay as they are.

    A new document's source begins with the name of the folder `top`, which holds the paths; without one, with that of
    its path, or of the folder that the file lies in. A document that is known keeps its source.
    The content of a file decides whether it has changed, not its date. A file that cannot be read now keeps the
    document it had; one that can be read and holds no document any more loses it. Readers see the old library until
    the last moment and the new one from then on; a run that is killed leaves the old one, and its embeddings are
    not lost.

    Raises:
        UserError: if another run is writing; if a path does not exist; if the library would shrink by more than
            MAY_SHRINK and `allow_shrink` is not given; if there is no room. Nothing has changed then.
    """
    if passage_tokens > embedder.limit:
        raise UserError(
            f"passages of {passage_tokens} tokens are too long for {embedder.model}, which reads {embedder.limit}"
        )
    with _room_named(library.directory), only_writer(library.directory):
        places.tidy(library, elsewhere=True)
        with writing(library) as writer:
            run = _Run(library, writer, embedder, passage_tokens, on_progress or (lambda progress: None))
            report = run.update(paths, top=top, allow_shrink=allow_shrink)
        library.embeddings.prune(library.directory / "library.db")
        with suppress(IndexAway):  # the new state is in force; the next run tidies up
            places.tidy(library)
    return report


def lacks_embeddings(library: Library) -> bool:
    """Return whether the embedding of a passage is not there: then the index cannot be built from the library."""
    model = library.manifest().embedder
    return any(library.embeddings.missing(model, some) for some in windows(library.embedding_keys()))


def rebuild(library: Library) -> None:
    """Build the vector index anew from what the library holds, and make it current; no file is read, nothing embedded.

    Raises:
        UserError: if another run is writing, if embeddings are missing, or if there is no room. Nothing has changed
            then.
    """
    with _room_named(library.directory), only_writer(library.directory), writing(library) as writer:
        manifest = library.manifest()
        if lacks_embeddings(library):
            raise OwnerError(f"{library.directory} lacks embeddings of passages; run `footnote index` on its documents")
        _new_generation(library, writer, model=manifest.embedder, dimension=manifest.dimension, whole=True)


@dataclass
class _Run:
    library: Library
    writer: Writer
    embedder: "Embedder"
    passage_tokens: int
    on_progress: Callable[[Progress], None]
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    damaged: bool = False  # the vector index, as it was found

    def update(self, paths: Sequence[Path], *, top: Path | None, allow_shrink: bool) -> Report:
        """Do the whole run: read, embed, build, describe."""
        before = self.library.manifest()
        self.writer.forget_retired()
        started = time.monotonic()
        self._read(paths, top=top, allow_shrink=allow_shrink)
        self._split_again(before)
        read = time.monotonic()
        embedded = self._embed()
        finished_embedding = time.monotonic()
        if self._must_build(before):
            self._build(before)
        return Report(
            added=tuple(self.added),
            changed=tuple(self.changed),
            removed=tuple(self.removed),
            unchanged=tuple(self.unchanged),
            skipped=tuple(self.skipped),
            passages=self.writer.count()[1],
            embedded=embedded,
            reused=entries.count(self.library.connection) - embedded,
            seconds=Seconds(read - started, finished_embedding - read, time.monotonic() - finished_embedding),
            notes=tuple(self.notes),
        )

    def _read(self, paths: Sequence[Path], *, top: Path | None, allow_shrink: bool) -> None:
        """Take in what is new, changed or gone under the paths."""
        roots = [os.fsencode(os.path.realpath(path)) for path in paths]
        everything = self.writer.known()
        known = {path: olds for path, olds in everything.items() if any(is_under(path, root) for root in roots)}
        for given, root in zip(paths, roots, strict=True):
            if not os.path.lexists(root):
                if not any(is_under(path, root) for path in known):
                    raise UserError(f"{given} does not exist; name a file or a folder that does")
                if not allow_shrink:
                    raise UserError(f"{given} is not there any more; if its documents are to go, add --allow-shrink")
        left_out = self.library.directory
        found = {each.path: each for given in paths for each in walk(given, leave_out=left_out, top=top)}
        closed = [each.path for each in found.values() if each.problem and each.problem.reason == "unreadable"]

        for path in self.writer.skipped_paths():
            if any(is_under(path, root) for root in roots):
                self.writer.forget_skipped(path)
        for path, olds in known.items():
            if path not in found and not any(is_under(path, folder) for folder in closed):
                self._remove(olds)
        sources = {old.file_source for olds in everything.values() for old in olds} - set(self.removed)
        with Parser() as parser:
            for done, each in enumerate(found.values()):
                self.on_progress(Progress("reading", done, len(found)))
                self._take(each, known.get(each.path, []), sources, parser)
        self.on_progress(Progress("reading", len(found), len(found)))

        before = sum(map(len, known.values()))
        shrunk = len(self.removed) - len(self.added)
        if not allow_shrink and shrunk > MAY_SHRINK * before and (before > 3 or shrunk == before):
            raise OwnerError(
                f"{len(self.removed)} of {before} documents under {', '.join(map(str, paths))} would leave the "
                "library, and nothing was changed; if they are meant to go, add --allow-shrink"
            )

    def _take(self, found: Found, olds: Sequence[Known], sources: set[str], parser: Parser) -> None:
        """Bring the documents of one file up to date."""
        heard: list[str] = []
        try:
            raw = found.read()
            file_hash = hashlib.sha256(LOADERS.encode() + b"\0" + raw).digest()
            if olds and all(old.file_hash == file_hash for old in olds):
                self.unchanged += [old.source for old in olds]
                return
            source = olds[0].file_source if olds else _free_source(found, sources)
            documents = parser.documents(raw, name=shown(found.path), source=source, on_note=heard.append)
            with self.writer.whole():
                taken = self._taken(documents, olds, source=source, path=found.path, file_hash=file_hash)
        except SkippedFile as skipped:
            kept = bool(olds) and skipped.reason in _NOT_READ
            detail = f"{skipped.detail} (what was read of it before is kept)" if kept else skipped.detail
            self._skip(found, Skipped(olds[0].file_source if olds else found.name, skipped.reason, detail))
            if not kept:
                self._remove(olds)
            return
        self.notes += heard
        sources.add(source)
        self.added += taken["added"]
        self.changed += taken["changed"]
        self.unchanged += taken["unchanged"]
        self._remove([old for old in olds if old.source not in {one for some in taken.values() for one in some}])

    def _taken(
        self, documents: Iterable[Document], olds: Sequence[Known], *, source: str, path: bytes, file_hash: bytes
    ) -> dict[str, list[str]]:
        """Put in the documents of one file; return what became of each, in sources."""
        known, seen = {old.id for old in olds}, set[str]()
        taken: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
        for document in documents:
            if document.id in seen:  # the same message twice in one mailbox
                continue
            seen.add(document.id)
            if document.id in known and self.library.document(document.id) == document:
                self.writer.keep(document.id, file_hash=file_hash)
                taken["unchanged"].append(document.source)
                continue
            self._put(document, path=path, file_hash=file_hash, part=document.source.removeprefix(source))
            taken["changed" if document.id in known else "added"].append(document.source)
        return taken

    def _put(self, document: Document, *, path: bytes, file_hash: bytes, part: str) -> None:
        count, limit = self.embedder.count_many, self.passage_tokens
        sentences = fit_sentences(document, split_sentences(document), count=count, limit=limit)
        passages = split_passages(document, sentences, count=count, limit=limit)
        self.writer.put(document, path=path, file_hash=file_hash, part=part, sentences=sentences, passages=passages)

    def _remove(self, olds: Iterable[Known]) -> None:
        for old in olds:
            self.writer.remove(old.id)
            self.removed.append(old.source)

    def _skip(self, found: Found, skipped: Skipped) -> None:
        self.writer.skip(found.path, skipped)
        self.skipped.append(skipped)

    def _split_again(self, before: Manifest) -> None:
        """Split all documents that this run has not touched, if the library was made with other settings."""
        if not before.embedder:
            return
        reasons = []
        if before.embedder != self.embedder.model or before.dimension != self.embedder.dimension:
            reasons.append(f"the embedder is now {self.embedder.model} instead of {before.embedder}")
        if before.passage_tokens != self.passage_tokens:
            reasons.append(f"passages now have up to {self.passage_tokens} tokens instead of {before.passage_tokens}")
        if before.splitter != SPLITTER:
            reasons.append("sentences and passages are now found in a better way")
        if not reasons:
            return
        fresh = {*self.added, *self.changed}
        for path, olds in self.writer.known().items():
            for old in olds:
                if old.source not in fresh:
                    self._put(self.library.document(old.id), path=path, file_hash=old.file_hash, part=old.part)
        self.notes.append(f"all documents were split and embedded again, because {' and '.join(reasons)}")

    def _embed(self) -> int:
        """Embed what has no embedding yet, window by window; return how many texts that were."""
        model, store = self.embedder.model, self.library.embeddings
        total = sum(len(store.missing(model, some)) for some in windows(entries.wanted(self.library.connection)))
        done = 0
        for window in windows(self._pending()) if total else ():
            self.on_progress(Progress("embedding", done, total))
            missing = store.missing(model, window)  # a text of the last window may stand in this one again
            keys = [key for key in dict.fromkeys(window) if key in missing]
            store.put(model, keys, self.embedder.embed(self._texts(keys)))
            done += len(keys)
        self.on_progress(Progress("embedding", done, total))
        return done

    def _pending(self) -> Iterator[str]:
        """Yield the keys without an embedding in the order of their passages, some of them twice."""
        for some in windows(self.library.embedding_keys()):
            missing = self.library.embeddings.missing(self.embedder.model, some)
            yield from (key for key in some if key in missing)

    def _texts(self, keys: Sequence[str]) -> list[str]:
        shared = self.library.embedded_as(keys)
        passages = self.library.passages([shared[key][0] for key in keys])
        documents = {each: self.library.document(each) for each in {passage.document_id for passage in passages}}
        return [embedded_text(documents[passage.document_id], passage) for passage in passages]

    def _must_build(self, before: Manifest) -> bool:
        asked = not before.embedder or self.added or self.changed or self.removed or self.notes
        if not asked and renewal.is_untouched(self.library):
            return False
        if problem := (places.misplaced if asked else places.examine)(self.library):
            self.notes.append(f"the vector index was built again, because {problem}")
            self.damaged = True
        elif not asked:
            self.writer.describe(proven=renewal.proof(self.library, before.generation))
        return bool(asked or problem)

    def _build(self, before: Manifest) -> None:
        """Make the new generation and describe the new state; the commit that follows puts both in force."""
        _new_generation(
            self.library,
            self.writer,
            model=self.embedder.model,
            dimension=self.embedder.dimension,
            whole=self.damaged,
            on_progress=self.on_progress,
        )
        documents, passages = self.writer.count()
        self.writer.describe(
            embedder=self.embedder.model,
            dimension=self.embedder.dimension,
            passage_tokens=self.passage_tokens,
            splitter=SPLITTER,
            revision=before.revision + 1,
            documents=documents,
            passages=passages,
        )


# Reasons that say nothing about what the file holds.
_NOT_READ = frozenset({"unreadable", "changing", "parser_timeout", "parser_memory"})


def _new_generation(
    library: Library,
    writer: Writer,
    *,
    model: str,
    dimension: int,
    whole: bool,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Bring the vector index up to date, anew if `whole`, and describe it."""

    def tell(done: int, total: int) -> None:
        on_progress(Progress("building", done, total))

    made = renewal.next_generation(library, model=model, dimension=dimension, whole=whole, tell=tell)
    writer.describe(generation=made.name, deleted=made.deleted, proven=renewal.proof(library, made.name))


def _free_source(found: Found, sources: set[str]) -> str:
    return shown(found.path) if found.name in sources else found.name


@contextmanager
def _room_named(directory: Path) -> Iterator[None]:
    """Turn a full disk into a sentence."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        if full or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OwnerError(f"no room left on the disk of {directory}; make room and run again") from error
        raise
