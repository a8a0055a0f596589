import datetime
import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore import retrieve
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever, fuse
from vectorstore.sync import sync
from vectorstore.types import Filters, Readable
from vectorstore.words import terms

ARTICLES = {
    "mic.txt": (
        "Hot Mic",
        "The Ledger",
        "2025-08-18",
        "Donald Trump was caught on an open microphone in the East Room.",
    ),
    "summit.txt": ("Summit", "The Ledger", "2025-08-15", "The two presidents met in Anchorage for three hours."),
    "denial.txt": (
        "Denial",
        "Nordpost",
        "2025-08-19",
        "Moscow rejects any NATO contingent in Ukraine, RIA Novosti said.",
    ),
    "car.txt": ("Roads", "Nordpost", "2024-01-02", "An automobile hit a wall near the harbour at noon."),
    "undated.txt": ("Garden", None, None, "Tomatoes like sun and a little water every morning."),
}


class SmallEmbedder:
    """Embeds a text as the sum of one random direction for each of its words; synonyms share theirs."""

    model = "small"
    dimension = 64
    limit = 50

    def __init__(self) -> None:
        self.read: list[str] = []

    def count(self, text: str) -> int:
        return len(re.findall(r"\S{1,20}", text))

    def count_many(self, texts: Sequence[str]) -> list[int]:
        return [self.count(text) for text in texts]

    def cut(self, text: str, limit: int) -> int:
        words = list(re.finditer(r"\S{1,20}", text))
        return len(text) if len(words) <= limit else words[limit - 1].end()

    def embed(self, texts: Sequence[str], *, progress: object = None) -> np.ndarray:
        if any(self.count(text) > self.limit for text in texts):
            raise ValueError("too long")
        self.read += texts
        rows = [sum((_direction(term.text) for term in terms(text)), _direction("")) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def _direction(word: str) -> np.ndarray:
    seed = {"car": "automobil"}.get(word, word)
    return np.random.default_rng(list(seed.encode())).standard_normal(64)


def write(folder: Path, name: str, title: str, outlet: str | None, published: str | None, text: str) -> None:
    about = {"title": title, "outlet": outlet, "published": published}
    lines = "".join(f"{key}: {value}\n" for key, value in about.items() if value)
    (folder / name).write_text(f"---\n{lines}---\n\n{text}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieve") / "articles"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def library(folder):
    for name, (title, outlet, published, text) in ARTICLES.items():
        write(folder, name, title, outlet, published, text)
    library = Library.create(folder.parent / "library")
    sync([folder], library, SmallEmbedder(), passage_tokens=40)
    return library


@pytest.fixture
def retriever(library):
    return Retriever(library, SmallEmbedder())


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    """A library of a hundred one-sentence documents, one a year from 1901 on."""
    folder = tmp_path_factory.mktemp("hundred")
    articles = folder / "articles"
    articles.mkdir()
    for year in range(1901, 2001):
        write(
            articles, f"{year}.txt", str(year), None, f"{year}-06-01", f"In {year} the harbour had {year * 7} visitors."
        )
    library = Library.create(folder / "library")
    sync([articles], library, SmallEmbedder(), passage_tokens=40)
    return Retriever(library, SmallEmbedder())


def sources(hits):
    return [hit.document.source.removeprefix("articles/") for hit in hits]


scores = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.tuples(st.floats(0, 50), st.floats(-1, 1)),
    min_size=1,
    max_size=20,
)


def fuse_pairs(pairs):
    return fuse({id: one for id, (one, _) in pairs.items()}, {id: other for id, (_, other) in pairs.items()})


@given(scores, st.randoms())
def test_the_order_of_the_candidates_does_not_change_the_ranking(pairs, random):
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    assert fuse_pairs(dict(shuffled)) == fuse_pairs(pairs)


@given(scores)
def test_all_scores_lie_between_0_and_1(pairs):
    for scored in fuse_pairs(pairs):
        assert 0 <= scored.lexical <= 1
        assert 0 <= scored.dense <= 1
        assert 0 <= scored.score <= 1


@given(scores)
def test_the_best_on_both_sides_wins(pairs):
    best = {**pairs, "best": (51.0, 1.0)}
    assert fuse_pairs(best)[0].id == "best"


@given(scores)
def test_equal_scores_stand_in_order_of_id(pairs):
    ids = [scored.id for scored in fuse_pairs(dict.fromkeys(pairs, (3.0, 0.5)))]
    assert ids == sorted(ids)


@given(scores, st.floats(0.01, 100))
def test_the_unit_of_bm25_does_not_matter(pairs, factor):
    scaled = {id: (one * factor, other) for id, (one, other) in pairs.items()}
    before = {scored.id: scored.score for scored in fuse_pairs(pairs)}
    for scored in fuse_pairs(scaled):
        assert math.isclose(scored.score, before[scored.id], abs_tol=1e-9)


def test_a_passage_with_the_exact_words_is_found(retriever):
    best = retriever.search("NATO contingent in Ukraine", k=1)[0]
    assert best.document.source == "articles/denial.txt"
    assert best.why.words == ("NATO", "contingent", "Ukraine")
    assert best.why.lexical == 1.0


def test_a_passage_with_none_of_the_words_is_found_by_meaning(retriever):
    best = retriever.search("cars", k=1)[0]
    assert best.document.source == "articles/car.txt"
    assert best.why.words == ()
    assert best.why.lexical == 0.0
    assert best.why.dense == best.why.cosine > 0


def test_every_hit_has_both_scores_exactly(retriever, library):
    query = "presidents met on a microphone"
    vector = SmallEmbedder().embed([query])[0]
    for hit in retriever.search(query):
        assert hit.why.cosine == pytest.approx(float(library.vectors([hit.passage.id])[0] @ vector), abs=1e-5)
        if hit.why.words:
            assert hit.why.lexical > 0


@pytest.mark.parametrize("k", [1, 2, 5])
def test_no_more_than_k_passages_come_back(retriever, k):
    hits = retriever.search("summit in Anchorage", k=k)
    assert len(hits) == k
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_k_must_be_positive(retriever):
    with pytest.raises(ValueError, match="at least 1"):
        retriever.search("summit", k=0)


FILTERS = [
    (Filters(outlets=("nordpost",)), {"denial.txt", "car.txt"}),
    (Filters(after=datetime.date(2025, 8, 18)), {"mic.txt", "denial.txt"}),
    (Filters(before=datetime.date(2025, 8, 15)), {"summit.txt", "car.txt"}),
    (Filters(documents=("articles/mic.txt", "articles/undated.txt")), {"mic.txt", "undated.txt"}),
    (Filters(outlets=("The Ledger",), after=datetime.date(2025, 8, 16)), {"mic.txt"}),
    (Filters(outlets=("Nobody",)), set()),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_a_filter_lets_through_all_that_passes_and_nothing_else(retriever, filters, expected):
    assert set(sources(retriever.search("Trump and NATO", k=5, filters=filters))) == expected


def test_a_filter_does_not_change_a_cosine(retriever):
    every = {hit.passage.id: hit.why.cosine for hit in retriever.search("a wall in Ukraine")}
    for hit in retriever.search("a wall in Ukraine", filters=Filters(outlets=("Nordpost",))):
        assert hit.why.cosine == every[hit.passage.id]


@pytest.mark.parametrize("query", ["", "   ", "?!", "what is it", "zzzz", '" OR NEAR( * ^ title:', "\x00", "日本"])
def test_a_query_without_any_word_of_the_library_is_answered_by_meaning(retriever, query):
    hits = retriever.search(query, k=3)
    assert len(hits) == 3


def test_of_a_long_query_the_embedder_reads_whole_words_up_to_its_limit(library):
    embedder = SmallEmbedder()
    query = "the summit in Anchorage " * 420
    assert len(query) > 10_000
    assert Retriever(library, embedder).search(query, k=1)[0].document.source == "articles/summit.txt"
    (read,) = embedder.read
    assert query.startswith(read)
    assert embedder.count(read) == embedder.limit
    assert read.split()[-1] in {"the", "summit", "in", "Anchorage"}


def test_a_query_that_is_one_endless_word_is_cut_inside_it(library):
    embedder = SmallEmbedder()
    assert len(Retriever(library, embedder).search("x" * 10_000, k=2)) == 2
    assert embedder.count(embedder.read[0]) == embedder.limit


def test_the_rare_words_of_a_long_query_decide(retriever):
    filler = " ".join(f"word{number}" for number in range(2_000))
    best = retriever.search(f"{filler} Novosti", k=1)[0]
    assert best.why.words == ("Novosti",)


def test_a_library_of_another_embedder_is_refused(library):
    class Other(SmallEmbedder):
        model = "other"

    with pytest.raises(UserError, match="other"):
        Retriever(library, Other())


@pytest.mark.parametrize(("few", "many"), [(0, 0), (0, 10), (10, 10)])
@pytest.mark.parametrize("years", [5, 60, 99], ids=["few pass", "more than half pass", "nearly all pass"])
def test_a_filter_keeps_the_order_of_those_that_pass(hundred, monkeypatch, years, few, many):
    monkeypatch.setattr(retrieve, "CANDIDATES", 4)
    monkeypatch.setattr(retrieve, "FEW", few)
    monkeypatch.setattr(retrieve, "MANY", many)
    until = datetime.date(1900 + years, 12, 31)
    every = [hit for hit in hundred.search("zzzz", k=100) if hit.document.published <= until]
    hits = hundred.search("zzzz", k=4, filters=Filters(before=until))
    assert sources(hits) == sources(every)[:4]


@pytest.mark.parametrize("readable", [Readable(("*/195*",)), Readable(("*",), ("*/19[0-4]*", "*/19[6-9]*", "*2000*"))])
@pytest.mark.parametrize(("few", "many"), [(0, 0), (0, 10), (10, 10)])
def test_nothing_is_found_that_may_not_be_read(hundred, monkeypatch, readable, few, many):
    monkeypatch.setattr(retrieve, "CANDIDATES", 4)
    monkeypatch.setattr(retrieve, "FEW", few)
    monkeypatch.setattr(retrieve, "MANY", many)
    hits = hundred.search("visitors of 1987", k=50, filters=Filters(readable=readable))
    assert sorted(sources(hits)) == [f"{year}.txt" for year in range(1950, 1960)]


@pytest.mark.parametrize("matched", [0, 1, 99, 100, 10_000])
def test_a_rare_word_proposes_and_a_common_one_counts(hundred, monkeypatch, matched):
    expected = hundred.search("visitors of the harbour in 1987", k=3)
    monkeypatch.setattr(retrieve, "MATCHED", matched)
    hits = hundred.search("visitors of the harbour in 1987", k=3)
    assert sources(hits)[0] == "1987.txt"
    assert hits[0] == expected[0]
    assert hits[0].why.words == ("1987", "harbour", "visitors")


def test_where_every_word_is_common_the_passages_that_hold_them_all_are_proposed(hundred, monkeypatch):
    monkeypatch.setattr(retrieve, "MATCHED", 10)
    hits = hundred.search("harbour visitors", k=100)
    assert all(hit.why.lexical == 1.0 for hit in hits)
    assert len(hits) == 100


def test_passages_with_the_same_text_are_all_found_in_documents_that_are_no_copies(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    same = "The bridge was closed on Monday after a storm" + " that nobody had seen coming" * 5 + "."
    for number in range(3):
        other = " ".join(f"{word}{number}" for word in ["Ships", *["sail"] * 10, *["away"] * 10, *["again"] * 10])
        write(folder, f"{number}.txt", "Same", None, None, f"{same}\n\n{other}.")
    library = Library.create(tmp_path / "library")
    sync([folder], library, SmallEmbedder(), passage_tokens=40)
    hits = Retriever(library, SmallEmbedder()).search("a storm", k=3)
    assert [hit.passage.id for hit in hits] == sorted(hit.passage.id for hit in hits)
    assert len({hit.passage.id for hit in hits}) == 3
    assert len({hit.score for hit in hits}) == 1


def test_a_new_generation_is_seen_at_the_next_search(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    write(folder, "one.txt", "One", None, None, "The bridge was closed on Monday after a storm.")
    library = Library.create(tmp_path / "library")
    sync([folder], library, SmallEmbedder(), passage_tokens=40)
    retriever = Retriever(library, SmallEmbedder())
    assert sources(retriever.search("automobile")) == ["one.txt"]
    write(folder, "two.txt", "Two", None, None, "A car hit the wall.")
    sync([folder], library, SmallEmbedder(), passage_tokens=40)
    assert sources(retriever.search("automobile")) == ["two.txt", "one.txt"]


def test_threads_get_the_same_hits(retriever):
    expected = retriever.search("Trump on an open microphone")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(retriever.search("Trump on an open microphone"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_langchain_gets_documents_with_their_spans(retriever):
    from vectorstore.langchain import FootnoteRetriever

    (document,) = FootnoteRetriever(retriever=retriever, k=1).invoke("NATO contingent in Ukraine")
    (hit,) = retriever.search("NATO contingent in Ukraine", k=1)
    assert document.metadata == {
        "source": "articles/denial.txt",
        "title": "Denial",
        "start": hit.passage.span.start,
        "end": hit.passage.span.end,
        "score": hit.score,
    }
    assert document.page_content == hit.document.text[document.metadata["start"] : document.metadata["end"]]


class Fond:
    """A reranker that finds a passage the better the more often it holds a word, and keeps what it read."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.passages: list[Sequence[str]] = []

    def rank(self, query: str, passages: Sequence[Sequence[str]]) -> list[float]:
        self.passages += passages
        return [min(1.0, " ".join(passage).count(self.word)) for passage in passages]


def test_a_reranker_puts_first_what_it_finds_best(library):
    plain = Retriever(library, SmallEmbedder()).search("two presidents in Anchorage", k=5)
    hits = Retriever(library, SmallEmbedder(), Fond("Tomatoes")).search("two presidents in Anchorage", k=5)
    assert sources(plain)[0] == "summit.txt"
    assert sources(hits)[0] == "undated.txt"
    assert {hit.passage.id for hit in hits} == {hit.passage.id for hit in plain}
    assert all(hit.why.read is None for hit in plain)
    assert hits[0].why.read == 1.0


def test_a_reranker_reads_the_first_passages_whole_and_the_scores_still_fall(hundred):
    reranker = Fond("1950")
    retriever = Retriever(hundred._library, SmallEmbedder(), reranker)
    hits = retriever.search("visitors of the harbour", k=60)
    assert len(hits) == 60
    assert len(reranker.passages) == retrieve.READ
    assert all(passage for passage in reranker.passages)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert sum(hit.why.read is not None for hit in hits) == retrieve.READ


def test_a_reranker_reads_beyond_what_is_wanted(hundred):
    reranker = Fond("1950")
    assert len(Retriever(hundred._library, SmallEmbedder(), reranker).search("visitors of the harbour", k=1)) == 1
    assert len(reranker.passages) == retrieve.READ
