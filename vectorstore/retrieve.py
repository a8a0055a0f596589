"""From a query to ranked passages: proposed by words and by meaning, each scored on both, fused."""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import IndexAway
from vectorstore.library import Library
from vectorstore.originals import without_repeats
from vectorstore.places import Index, open_index
from vectorstore.types import ByWords, Filters, Hit, Why
from vectorstore.words import all_of, any_of, query_terms, stems, terms

if TYPE_CHECKING:
    from vectorstore.embed import Embedder

# Each half proposes this many; from 50 to all passages, recall@5 of the chunking evaluation changes by less than 0.003.
CANDIDATES = 100

# The lexical half's share of the score. In trials with a plainer splitter an even mix found as much on the chunking
# evaluation (recall@5 0.891, 200-token passages, n = 472) and less on Natural Questions (0.947, not 0.953, n = 1,021).
LEXICAL_SHARE = 0.4

# Of a long query only the rarest words are looked up: a thousand words take SQLite seconds.
WORDS = 32

# SQLite scores about so many passages for their words: the rarest words propose, and common ones only count in the
# score. Among 101,083 other passages recall@5 of the chunking evaluation is then what it is with all words (0.878,
# n = 150; 0.863 with 2,000), for 5 ms instead of some hundred.
MATCHED = 5000

# As many passages as this that pass a filter are all scored; as many as that are all compared by meaning, if the
# nearest of all do not pass.
FEW = 500
MANY = 10_000


# The best passages are read by the reranker, where there is one, and its judgement is READ_SHARE of their score.
READ = 20
READ_SHARE = 0.5

_log = logging.getLogger(__name__)


class Reranker(Protocol):
    """Reads passages as a person would; safe to use from many threads."""

    def rank(self, query: str, passages: Sequence[Sequence[str]]) -> Sequence[float]:
        """Return how well each passage, a list of sentences, answers the query, each in [0, 1]."""


class Retriever:
    """Searches a library, in its newest state at each search; threads may share it."""

    def __init__(self, library: Library, embedder: "Embedder", reranker: Reranker | None = None) -> None:
        """Search library with the embedder that made its vectors.

        Raises:
            UserError: if another embedder made them, or if nothing is indexed yet.
        """
        library.expect(embedder)
        self._library = library
        self._embedder = embedder
        self._reranker = reranker
        self._opening = threading.Lock()
        self._index: tuple[str, Index] | None = None  # and the name of its generation
        self._away = False

    def search(self, query: str, *, k: int = 10, filters: Filters = Filters()) -> tuple[Hit, ...]:  # noqa: B008 - frozen
        """Return the k best passages that pass the filters, best first; equal scores in order of passage id.

        Of passages that copies of a document have word for word, that of the original is found.

        A query without words that the library holds is answered by meaning alone. Of a long query, the words that
        count are its WORDS rarest, and its meaning is that of as many whole words, from its beginning, as the
        embedder can read. While the vector index is away, passages are found by words alone, and come as ByWords.

        Raises:
            ValueError: if k is less than 1.
            UserError: if the library was indexed again with another embedder.
        """
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        vector = self._embedder.embed([self._readable(query)])[0]
        away = None
        with self._library.reading():
            self._library.expect(self._embedder)
            words = query_terms(query)
            frequency = self._rarest(words)
            limit = max(k, CANDIDATES)
            proposed = self._library.matching(filters, limit=FEW) if filters else None
            if proposed is None:
                match = self._telling(frequency, limit)
                proposed = [id for id, _ in self._library.lexical(match, limit=limit, filters=filters)]
                try:
                    proposed += self._nearest(vector, limit, filters)
                except IndexAway as error:
                    away = error
            ids = sorted(set(proposed))
            ranked = fuse(self._library.lexical_scores(frequency, ids), self._cosines(vector, ids))
            ranked = without_repeats(self._library, ranked[: 2 * limit], filters)  # of few documents, all are ranked
            hits = self._hits(ranked[: max(k, READ) if self._reranker else k], frozenset(words).intersection(frequency))
        hits = self._reranked(query, hits)[:k]
        self._tell(away)
        return ByWords(hits) if away else hits

    def _tell(self, away: IndexAway | None) -> None:
        """Log that the index went away, and that it is back, once each; one that went away is opened anew."""
        if away:
            self._index = None
        if away and not self._away:
            _log.warning("searching by words alone: %s", away)
        elif self._away and not away:
            _log.warning("searching by meaning again")
        self._away = away is not None

    def _reranked(self, query: str, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Return hits with the reranker's share in the scores of the first READ; the others get nothing from it."""
        if self._reranker is None or not hits:
            return hits
        texts = [[one.span.of(hit.document.text) for one in hit.passage.sentences] for hit in hits[:READ]]
        read = [*self._reranker.rank(query, texts), *[None] * (len(hits) - len(texts))]
        scored = [
            replace(
                hit,
                score=(1 - READ_SHARE) * hit.score + READ_SHARE * (judged or 0.0),
                why=replace(hit.why, read=judged),
            )
            for hit, judged in zip(hits, read, strict=True)
        ]
        return tuple(sorted(scored, key=lambda hit: -hit.score))

    def _readable(self, query: str) -> str:
        """Return the beginning of query that the embedder can read, in whole words if it holds a whole one."""
        end = self._embedder.cut(query, self._embedder.limit)
        if end == len(query):
            return query
        return query[: max((term.span.end for term in terms(query) if term.span.end <= end), default=end)]

    def _rarest(self, words: Sequence[str]) -> dict[str, int]:
        """Return in how many passages the words occur, of many words only the rarest; those of none are left out."""
        frequency = self._library.document_frequency(words)
        held = sorted(filter(frequency.get, words), key=lambda word: (frequency[word], word))
        return {word: frequency[word] for word in held[:WORDS]}

    def _telling(self, frequency: Mapping[str, int], limit: int) -> str:
        """Return the full-text query that proposes passages: any of the rarest words, so that few passages match.

        Where even the rarest word is common, the passages must hold the next ones too, while enough should be left.
        """
        words = list(frequency)
        telling = sum(matched <= MATCHED for matched in accumulate(frequency.values()))
        if telling or not words:
            return any_of(words[:telling])
        every = self._library.manifest().passages
        left = float(frequency[words[0]])
        chosen = words[:1]
        for word in words[1:]:
            left *= frequency[word] / every
            if left < limit:
                break
            chosen.append(word)
        return all_of(chosen)

    def _nearest(self, vector: NDArray[np.float32], limit: int, filters: Filters) -> list[str]:
        """Return the ids of the passages nearest to vector among those that pass."""
        index = self._current_index()
        if index is None:
            return []
        # Chroma's own filter is a hundred times slower than asking for more and dropping the rest; and that is slower
        # than comparing all passages that pass, if these are few.
        asked = 4 * limit if filters else limit
        while True:
            shared = self._library.embedded_as([key for key, _ in index.query(vector, asked)], filters)
            passing = [id for ids in shared.values() for id in ids]
            if len(passing) >= limit or asked >= index.entries:
                return passing[:limit]
            every = self._library.matching(filters, limit=MANY)
            if every is not None:
                cosines = self._cosines(vector, every)
                return sorted(cosines, key=lambda id: (-cosines[id], id))[:limit]
            asked *= 4

    def _cosines(self, vector: NDArray[np.float32], ids: Sequence[str]) -> dict[str, float]:
        if not ids:
            return {}
        # Rounded, because the last bits depend on a row's place in the matrix and would decide between equals.
        cosines = (self._library.vectors(ids) @ vector).astype(np.float64).round(5)
        return dict(zip(ids, cosines.tolist(), strict=True))

    def _current_index(self) -> Index | None:
        directory = self._library.index_directory()
        if directory is None:
            return None
        with self._opening:
            opened = self._index
            if opened is None or opened[0] != directory.name:
                opened = self._index = (directory.name, open_index(self._library, directory.name))
            return opened[1]

    def _hits(self, ranked: "Sequence[Scored]", words: Collection[str]) -> tuple[Hit, ...]:
        passages = self._library.passages([scored.id for scored in ranked])
        documents = {id: self._library.document(id) for id in {passage.document_id for passage in passages}}
        hits = []
        for scored, passage in zip(ranked, passages, strict=True):
            document = documents[passage.document_id]
            held = _spellings(words, passage.span.of(document.text))
            why = Why(lexical=scored.lexical, dense=scored.dense, cosine=scored.cosine, words=held)
            hits.append(Hit(passage, document, scored.score, why))
        return tuple(hits)


@dataclass(frozen=True, slots=True)
class Scored:
    """The id of a passage and its scores: `cosine` in [-1, 1], the others in [0, 1]."""

    id: str
    lexical: float
    dense: float
    cosine: float

    @property
    def score(self) -> float:
        """The fused score."""
        return LEXICAL_SHARE * self.lexical + (1 - LEXICAL_SHARE) * self.dense


def fuse(lexical: Mapping[str, float], cosines: Mapping[str, float]) -> list[Scored]:
    """Rank passages by the weighted mean of their two scores, best first; equal scores in order of id.

    Both mappings score the same ids. BM25 has no ceiling and means something only beside the other passages of the
    same query, so it is divided by the best of them; a cosine means the same in every query, so it is kept, with
    negative ones as 0.

    In the same trials as for LEXICAL_SHARE, min-max and z-scores, each at its best share, came within 0.004 of this,
    and reciprocal ranks stayed at 0.826.
    """
    ceiling = max(lexical.values(), default=0.0)
    scored = [
        Scored(
            id=id,
            lexical=lexical[id] / ceiling if ceiling > 0 else 0.0,
            dense=min(max(cosine, 0.0), 1.0),
            cosine=min(max(cosine, -1.0), 1.0),
        )
        for id, cosine in cosines.items()
    ]
    return sorted(scored, key=lambda each: (-each.score, each.id))


def _spellings(words: Collection[str], text: str) -> tuple[str, ...]:
    """Return the words that text holds, each once, as text spells it first."""
    found: dict[str, str] = {}
    for stem, spelling in stems(text):
        if stem in words:
            found.setdefault(stem, spelling)
    return tuple(found.values())
