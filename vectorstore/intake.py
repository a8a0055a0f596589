"""What both files and LangChain loaders come in through: documents in and out, what became of each, and the guard."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vectorstore.ahead import Ahead
from vectorstore.errors import OwnerError, SkippedFile
from vectorstore.library import Library, Skipped
from vectorstore.passages import embedded_text, split_passages
from vectorstore.report import Moved, Progress
from vectorstore.sentences import fit_sentences, split_sentences
from vectorstore.types import Document
from vectorstore.writer import Known, Writer

if TYPE_CHECKING:
    from vectorstore.embed import Embedder

# Documents that may go in one run without a question, as a share of those under the paths.
MAY_SHRINK = 0.3

# Reasons that say nothing about what the file holds.
NOT_READ = frozenset({"unreadable", "changing", "parser_timeout", "parser_memory"})


@dataclass
class Intake:
    """The documents that one run takes in and gives up, inside its writer's transaction."""

    library: Library
    writer: Writer
    embedder: "Embedder"
    passage_tokens: int
    ahead: Ahead
    on_progress: Callable[[Progress], None]
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _gone: list[Known] = field(default_factory=list)
    _come: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # the file's hash and the part of what is added

    def tell(self, done: int, total: int) -> None:
        """Say how many files are read, of how many."""
        self.on_progress(Progress("reading", done, total))
        if self.ahead.given:
            self.on_progress(Progress("embedding", self.ahead.done, self.ahead.given))

    def take(
        self, documents: Iterable[Document], olds: Sequence[Known], *, source: str, path: bytes, file_hash: bytes
    ) -> None:
        """Take in all documents of one file for those that it had before, or none of them.

        Raises:
            SkippedFile: if `documents` do. Nothing has changed then.
        """
        known, seen = {old.id for old in olds}, set[str]()
        added, changed, unchanged = list[str](), list[str](), list[str]()
        texts: dict[str, str] = {}
        with self.writer.whole():
            for document in documents:
                if document.id in seen:  # the same message twice in one mailbox
                    continue
                seen.add(document.id)
                if document.id in known and self.library.document(document.id) == document:
                    self.writer.keep(document.id, file_hash=file_hash)
                    unchanged.append(document.source)
                    continue
                part = document.source.removeprefix(source)
                self.put(document, path=path, file_hash=file_hash, part=part, texts=texts)
                (changed if document.id in known else added).append(document.source)
        self.ahead.give(texts)
        self.added += added
        self.changed += changed
        self.unchanged += unchanged
        self._come |= {each: (file_hash, each.removeprefix(source)) for each in added}
        self.remove([old for old in olds if old.id not in seen])

    def put(
        self, document: Document, *, path: bytes, file_hash: bytes, part: str, texts: dict[str, str] | None = None
    ) -> None:
        """Split a document and put it into the library; `texts` gets what is to be embedded of it, by key."""
        count, limit = _once(self.embedder.count_many), self.passage_tokens
        sentences = fit_sentences(document, split_sentences(document), count=count, limit=limit)
        passages = split_passages(document, sentences, count=count, limit=limit)
        keys = self.writer.put(
            document, path=path, file_hash=file_hash, part=part, sentences=sentences, passages=passages
        )
        if texts is not None and len(texts) < _HELD:
            texts |= {key: embedded_text(document, passage) for key, passage in zip(keys, passages, strict=True)}

    def leave_out(
        self, skipped: SkippedFile, olds: Sequence[Known], *, source: str, path: bytes, file_hash: bytes | None = None
    ) -> None:
        """Note that a file is not taken in; `olds` stay if nothing is known of what it holds now, else they go."""
        kept = bool(olds) and skipped.reason in NOT_READ
        detail = f"{skipped.detail} (what was read of it before is kept)" if kept else skipped.detail
        self.note_skipped(Skipped(source, skipped.reason, detail), path=path, file_hash=file_hash)
        if not kept:
            self.remove(olds)

    def note_skipped(self, skipped: Skipped, *, path: bytes, file_hash: bytes | None) -> None:
        """Tell of a file that is not taken in, and remember it."""
        self.writer.skip(path, skipped, file_hash=file_hash)
        self.skipped.append(skipped)

    def remove(self, olds: Iterable[Known]) -> None:
        """Remove documents that are no more in their file."""
        for old in olds:
            self.writer.remove(old.id)
            self.removed.append(old.source)

    def remove_gone(self, olds: Iterable[Known]) -> None:
        """Remove documents whose file is not there any more; if it is found elsewhere, they have moved."""
        for old in olds:
            self.remove([old])
            self._gone.append(old)

    def settle(self, before: int, *, whose: str, allow_shrink: bool) -> None:
        """Tell what has moved from what is gone and new, and make sure that of `before` documents enough stay.

        Raises:
            OwnerError: if they do not, unless `allow_shrink`; whoever writes takes everything back then.
        """
        self._pair()
        shrunk = len(self.removed) - len(self.added)
        if not allow_shrink and shrunk > MAY_SHRINK * before and (before > 3 or shrunk == before):
            raise OwnerError(
                f"{len(self.removed)} of {before} documents {whose} would leave the library, and nothing was changed; "
                "if they are meant to go, add --allow-shrink"
            )

    def _pair(self) -> None:
        """Call what is gone here and came there with the same bytes moved, each once."""
        come: dict[tuple[bytes, str], list[str]] = {}
        for source, content in self._come.items():
            come.setdefault(content, []).append(source)
        for old in self._gone:
            places = come.get((old.file_hash, old.part), [])
            if places:
                # Of several copies the one with the same name.
                place = next((each for each in places if _name(each) == _name(old.source)), places[0])
                places.remove(place)
                self.moved.append(Moved(old.source, place))
        before, now = {each.before for each in self.moved}, {each.source for each in self.moved}
        self.removed = [source for source in self.removed if source not in before]
        self.added = [source for source in self.added if source not in now]


_HELD = 5000  # texts of one file that wait to be embedded while it is read; the others come when all files are read


def _once(count: Callable[[Sequence[str]], Sequence[int]]) -> Callable[[Sequence[str]], Sequence[int]]:
    """Return a function that counts as `count` does, each text once: a sentence is counted to be cut and to be put."""
    counted: dict[str, int] = {}

    def counts(texts: Sequence[str]) -> list[int]:
        new = [text for text in dict.fromkeys(texts) if text not in counted]
        counted.update(zip(new, count(new), strict=True))
        return [counted[text] for text in texts]

    return counts


def _name(source: str) -> str:
    return source.rpartition("/")[2]
