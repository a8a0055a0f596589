"""Make the library hold what the folders hold, in one step that either happens or does not."""

import errno
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vectorstore import entries, places, renewal
from vectorstore.ahead import Ahead
from vectorstore.entries import windows
from vectorstore.errors import IndexAway, OwnerError, UserError
from vectorstore.intake import Intake
from vectorstore.library import Library, Manifest
from vectorstore.loading import Outside, read_loader
from vectorstore.lock import only_writer
from vectorstore.parsing import Parser
from vectorstore.passages import embedded_text
from vectorstore.reading import read_files
from vectorstore.report import Progress, Report, Seconds
from vectorstore.writer import Writer, writing

if TYPE_CHECKING:
    from vectorstore.embed import Embedder

# Raised by whoever changes what sentences and passages come out: then all documents are split again.
SPLITTER = "2"

OnProgress = Callable[[Progress], None]


def sync(
    paths: Sequence[Path],
    library: Library,
    embedder: "Embedder",
    *,
    passage_tokens: int,
    allow_shrink: bool = False,
    retry: bool = True,
    top: Path | None = None,
    parser: Parser | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Bring the documents under these paths up to date with the files there; other documents stay as they are.

    A new document's source begins with the name of the folder `top`, which holds the paths; without one, with that of
    its path, or of the folder that the file lies in. A document that is known keeps its source; one whose file is
    found at another place is named after that, because who may read it is decided by its source.
    The content of a file decides whether it has changed, not its date. A file that cannot be read now keeps the
    document it had; one that can be read and holds no document any more loses it. A file that was skipped is not read
    again before its content changes; one whose parser was stopped is, unless `retry` is False. Readers see the old
    library until the last moment and the new one from then on; a run that is killed leaves the old one, and its
    embeddings are not lost.

    Raises:
        UserError: if another run is writing; if a path does not exist; if the library would shrink by more than
            MAY_SHRINK and `allow_shrink` is not given; if there is no room. Nothing has changed then.
    """

    def read(intake: Intake) -> None:
        read_files(intake, paths, parser=parser or Parser(), top=top, allow_shrink=allow_shrink, retry=retry)

    return _bring_up_to_date(library, embedder, read, passage_tokens=passage_tokens, on_progress=on_progress)


def sync_loader(
    outside: Outside,
    library: Library,
    embedder: "Embedder",
    *,
    passage_tokens: int,
    allow_shrink: bool = False,
    on_progress: OnProgress | None = None,
) -> Report:
    """Bring the documents of a LangChain loader up to date with what it yields now, as `sync` does those of a folder.

    Raises:
        UserError: as `sync`; also if the loader fails, at its first document or its last. Nothing has changed then.
    """

    def read(intake: Intake) -> None:
        read_loader(intake, outside, allow_shrink=allow_shrink)

    return _bring_up_to_date(library, embedder, read, passage_tokens=passage_tokens, on_progress=on_progress)


def _bring_up_to_date(
    library: Library,
    embedder: "Embedder",
    read: Callable[[Intake], None],
    *,
    passage_tokens: int,
    on_progress: OnProgress | None,
) -> Report:
    if passage_tokens > embedder.limit:
        raise UserError(
            f"passages of {passage_tokens} tokens are too long for {embedder.model}, which reads {embedder.limit}"
        )
    with _room_named(library.directory), only_writer(library.directory):
        places.tidy(library, elsewhere=True)
        with writing(library) as writer, Ahead(library.directory / "embeddings.db", embedder) as ahead:
            tell = on_progress or (lambda progress: None)
            run = _Run(Intake(library, writer, embedder, passage_tokens, ahead, tell), embedder)
            report = run.update(read)
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


class _Run:
    def __init__(self, intake: Intake, embedder: "Embedder") -> None:
        self.intake = intake
        self.library = intake.library
        self.writer = intake.writer
        self.embedder = embedder
        self.passage_tokens = intake.passage_tokens
        self.on_progress = intake.on_progress
        self.notes = intake.notes
        self.damaged = False  # the vector index, as it was found

    def update(self, read: Callable[[Intake], None]) -> Report:
        """Do the whole run: read, embed, build, describe."""
        before = self.library.manifest()
        self.writer.forget_retired()
        started = time.monotonic()
        intake = self.intake
        read(intake)
        self._split_again(before)
        finished_reading = time.monotonic()
        embedded = self._embed()
        finished_embedding = time.monotonic()
        if self._must_build(before):
            self._build(before)
        return Report(
            added=tuple(intake.added),
            changed=tuple(intake.changed),
            moved=tuple(intake.moved),
            removed=tuple(intake.removed),
            unchanged=tuple(intake.unchanged),
            skipped=tuple(intake.skipped),
            passages=self.writer.count()[1],
            embedded=embedded,
            reused=entries.count(self.library.connection) - embedded,
            seconds=Seconds(
                finished_reading - started, finished_embedding - finished_reading, time.monotonic() - finished_embedding
            ),
            notes=tuple(intake.notes),
        )

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
        fresh = {*self.intake.added, *self.intake.changed, *(each.source for each in self.intake.moved)}
        for path, olds in self.writer.known().items():
            for old in olds:
                if old.source not in fresh:
                    self.intake.put(self.library.document(old.id), path=path, file_hash=old.file_hash, part=old.part)
        self.notes.append(f"all documents were split and embedded again, because {' and '.join(reasons)}")

    def _embed(self) -> int:
        """Embed what has no embedding yet, window by window; return how many texts that were in the whole run."""
        model, store, ahead = self.embedder.model, self.library.embeddings, self.intake.ahead
        ahead.finish()
        left = sum(len(store.missing(model, some)) for some in windows(entries.wanted(self.library.connection)))
        done = 0
        for window in windows(self._pending()) if left else ():
            self.on_progress(Progress("embedding", ahead.done + done, ahead.done + left))
            missing = store.missing(model, window)  # a text of the last window may stand in this one again
            keys = [key for key in dict.fromkeys(window) if key in missing]
            store.put(model, keys, self.embedder.embed(self._texts(keys)))
            done += len(keys)
        self.on_progress(Progress("embedding", ahead.done + done, ahead.done + done))
        return ahead.embedded + done

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
        intake = self.intake
        news = intake.added or intake.changed or intake.moved or intake.removed or intake.notes
        asked = bool(not before.embedder or news)
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
