import datetime
import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_ins import WordEmbedder

from vectorstore import bm25
from vectorstore.errors import UserError
from vectorstore.library import Library, Skipped
from vectorstore.passages import embedded_text, split_passages
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Filters, Landmark, Readable, Span
from vectorstore.words import any_of, query_terms
from vectorstore.writer import writing

HOT_MIC = Document(
    source="articles/hot-mic.md",
    title="A hot microphone",
    text="Summit\n\nThe microphone was on. Nobody knew it.\n\nThen the U.S. president spoke about NATO.",
    published=datetime.date(2025, 8, 18),
    outlet="Harbour Post",
    author="A. Writer",
    url="https://harbour.example/hot-mic",
    landmarks=(Landmark("heading", "Summit", Span(0, 6)),),
)
DENIAL = Document(
    source="articles/denial.txt",
    title="A denial",
    text="The ministry denied everything. It spoke of NATO troops, and of nothing but NATO troops.",
    published=datetime.date(2025, 8, 20),
    outlet="HARBOUR POST",
)
NOTE = Document(source="notes/note.txt", title="Note", text="İstanbul 👩‍👩‍👧 e\u0301: a note without a date. NATO.")
ALL = (HOT_MIC, DENIAL, NOTE)


def split(document, limit=20):
    sentences = split_sentences(document)
    return sentences, split_passages(document, sentences, count=WordEmbedder().count_many, limit=limit)


def put(library, *documents, limit=20):
    with writing(library) as writer:
        for document in documents:
            sentences, passages = split(document, limit)
            path = document.source.encode()
            writer.put(document, path=path, file_hash=b"", sentences=sentences, passages=passages)


@pytest.fixture
def library(tmp_path):
    library = Library.create(tmp_path / "library")
    put(library, *ALL)
    return library


def found(library, query, **more):
    hits = library.lexical(any_of(query_terms(query)), limit=10, **more)
    return {library.passages([each])[0].document_id for each, _ in hits}


def test_documents_sentences_and_passages_come_back_as_they_were_stored(library):
    for document in ALL:
        sentences, passages = split(document)
        assert library.document(document.id) == document
        assert library.sentences(document.id) == sentences
        assert library.passages_of(document.id) == passages
        assert library.passages([passage.id for passage in passages]) == passages


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1).filter(str.strip), st.integers(8, 40))
def test_any_text_comes_back_as_it_was_stored(tmp_path_factory, text, limit):
    document = Document(source="x.txt", title=text[:20], text=text.encode("utf-8", "replace").decode())
    sentences = split_sentences(document)
    passages = split_passages(document, sentences, count=lambda texts: [1] * len(texts), limit=limit)
    library = Library.create(tmp_path_factory.mktemp("any"))
    with writing(library) as writer:
        writer.put(document, path=b"x", file_hash=b"", sentences=sentences, passages=passages)
    assert library.document(document.id) == document
    assert library.sentences(document.id) == sentences
    assert library.passages_of(document.id) == passages
    library.close()


def test_passages_come_in_the_order_of_their_ids(library):
    ids = [passage.id for document in ALL for passage in library.passages_of(document.id)][::-1]
    assert [passage.id for passage in library.passages(ids)] == ids


def test_what_is_not_there_is_a_key_error_and_never_an_empty_result(library):
    for ask in (library.document, library.sentences, library.passages_of):
        with pytest.raises(KeyError):
            ask("no such id")
    with pytest.raises(KeyError):
        library.passages(["no such id"])
    with pytest.raises(KeyError):
        library.vectors(["no such id"])


def test_a_document_is_found_by_source_and_by_id(library):
    assert library.find("articles/hot-mic.md") == HOT_MIC
    assert library.find(NOTE.id) == NOTE
    assert library.find("articles/hot-mic") is None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ALL),
        (Filters(outlets=("harbour post",)), (HOT_MIC, DENIAL)),
        (Filters(documents=("notes/note.txt", DENIAL.id)), (DENIAL, NOTE)),
        (Filters(after=datetime.date(2025, 8, 20)), (DENIAL,)),
        (Filters(before=datetime.date(2025, 8, 18)), (HOT_MIC,)),
        (Filters(outlets=("Harbour Post",), after=datetime.date(2025, 8, 19)), (DENIAL,)),
        (Filters(outlets=("nobody",)), ()),
    ],
)
def test_filters_hold_in_every_way_to_ask(library, filters, expected):
    assert set(library.documents(filters)) == set(expected)
    assert found(library, "NATO", filters=filters) == {document.id for document in expected}
    passages = {passage.id for document in expected for passage in library.passages_of(document.id)}
    assert set(library.matching(filters, limit=len(passages))) == passages
    assert not passages or library.matching(filters, limit=len(passages) - 1) is None


@pytest.mark.parametrize(
    "filters",
    [
        Filters(outlets=("harbour post",), before=datetime.date(2025, 8, 18)),
        Filters(documents=("notes/note.txt", DENIAL.id)),
        Filters(after=datetime.date(2025, 8, 19), readable=Readable(("*.txt",))),
        Filters(readable=Readable(("*",), ("notes/*",))),
        Filters(outlets=("nobody",)),
    ],
)
def test_what_is_told_without_a_text_is_told_of_what_passes_the_filters(library, filters):
    passing = sorted(library.documents(filters), key=lambda document: document.title)
    found = library.overview(filters)
    assert (found.documents, found.undated) == (len(passing), sum(not document.published for document in passing))
    assert found.passages == sum(len(library.passages_of(document.id)) for document in passing)
    days = [document.published for document in passing if document.published]
    assert (found.oldest, found.newest) == (min(days, default=None), max(days, default=None))
    assert (
        len(library.outlets(filters))
        == len(found.outlets)
        == len({one.outlet.casefold() for one in passing if one.outlet})
    )
    assert [(one.id, one.title) for one in library.briefs("", limit=9, filters=filters)] == [
        (document.id, document.title) for document in passing
    ]
    assert library.briefs("absent", limit=9, filters=filters) == ()


def test_the_file_of_a_document_is_known(library):
    assert library.file_of(NOTE.id) == Path("notes/note.txt")
    with pytest.raises(KeyError):
        library.file_of("no such id")


def test_outlets_are_listed_once_however_they_are_written(library):
    assert len(library.outlets()) == 1


def test_words_are_found_in_every_spelling_and_in_the_title(library):
    assert found(library, "US") == {HOT_MIC.id}
    assert found(library, "denies") == {DENIAL.id}
    assert found(library, "Istanbul") == {NOTE.id}
    assert found(library, "hot") == {HOT_MIC.id}
    assert found(library, "absent") == set()
    assert library.lexical("", limit=10) == []


def test_lexical_scores_are_those_of_the_ranking_and_zero_without_a_match(library):
    match = any_of(query_terms("NATO troops"))
    ranking = library.lexical(match, limit=10)
    every = [passage.id for document in ALL for passage in library.passages_of(document.id)]
    scores = library.lexical_scores(library.document_frequency(query_terms("NATO troops")), every)
    assert set(scores) == set(every)
    assert {each: score for each, score in scores.items() if score} == pytest.approx(dict(ranking))
    assert ranking == sorted(ranking, key=lambda hit: (-hit[1], hit[0]))
    assert library.passages([ranking[0][0]])[0].document_id == DENIAL.id


WORDS = st.lists(st.sampled_from(["ash", "bay", "bay bay", "cod", "cod cod cod", "elm", "fir"]), max_size=9).map(
    " ".join
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=9), st.sets(st.sampled_from(["ash", "bay", "cod"])))
def test_our_bm25_is_that_of_sqlite(texts, asked):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = \"ascii tokenchars '.'\")")
    connection.executemany("INSERT INTO words (title, body) VALUES (?, ?)", texts)
    query = "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?"
    expected = dict(connection.execute(query, (any_of(asked or ["absent"]),)).fetchall())
    frequency = {word: len(connection.execute(query, (word,)).fetchall()) for word in asked}
    scores = bm25.scores(connection, frequency, range(1, len(texts) + 1))
    connection.close()
    assert scores == pytest.approx({number: expected.get(number, 0.0) for number in range(1, len(texts) + 1)})


def test_equal_scores_are_in_the_order_in_which_they_were_put(tmp_path):
    library = Library.create(tmp_path)
    put(library, *(Document(source=f"{number}.txt", title="Same", text="Same words.") for number in range(9)))
    ids = [each for each, _ in library.lexical(any_of(["word"]), limit=5)]
    everything = [passage.id for document in library.documents() for passage in library.passages_of(document.id)]
    assert ids == everything[:5]


def test_the_frequency_of_a_term_counts_passages(library):
    frequency = library.document_frequency(["nato", "deni", "absent"])
    assert frequency == {"nato": len(library.lexical('"nato"', limit=99)), "deni": 1, "absent": 0}


def test_a_document_that_is_replaced_or_removed_leaves_nothing_behind(library):
    put(library, Document(source=DENIAL.source, title="A correction", text="Everything was true."))
    assert found(library, "troops") == set()
    assert found(library, "correction") == {DENIAL.id}
    with writing(library) as writer:
        for document in ALL:
            writer.remove(document.id)
    assert library.lexical('"nato" OR "true"', limit=9) == []
    assert list(library.documents()) == []


def test_a_transaction_that_fails_changes_nothing(library):
    def fail():
        with writing(library) as writer:
            writer.remove(NOTE.id)
            writer.skip(b"/x", Skipped("x", "empty", ""))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert set(library.documents()) == set(ALL)
    assert library.skipped() == ()


def test_a_reading_sees_one_state_while_another_commits(library):
    with library.reading():
        before = library.find(NOTE.source)
        thread = threading.Thread(target=put, args=(library, Document(source=NOTE.source, title="New", text="New.")))
        thread.start()
        thread.join()
        assert library.find(NOTE.source) == before
    assert library.find(NOTE.source).title == "New"


def test_a_passage_that_is_not_made_of_the_documents_sentences_is_refused(library):
    sentences, passages = split(HOT_MIC)
    with pytest.raises(ValueError, match="consecutive"), writing(library) as writer:
        writer.put(HOT_MIC, path=b"x", file_hash=b"", sentences=sentences[1:], passages=passages)


def test_vectors_come_in_the_order_of_the_ids_and_survive_the_run_that_retires_them(library):
    embedder = WordEmbedder()
    passages = [passage for document in ALL for passage in library.passages_of(document.id)]
    texts = [embedded_text(library.document(passage.document_id), passage) for passage in passages]
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    vectors = embedder.embed(texts)
    library.embeddings.put("words", keys, vectors)
    with writing(library) as writer:
        writer.describe(embedder="words", dimension=embedder.dimension)
    ids = [passage.id for passage in passages]
    assert (library.vectors(ids[::-1]) == vectors[::-1]).all()
    assert library.vectors([]).shape == (0, embedder.dimension)

    with library.reading():
        thread = threading.Thread(target=put, args=(library, Document(source=NOTE.source, title="New", text="New.")))
        thread.start()
        thread.join()
        library.embeddings.prune(library.directory / "library.db")
        assert (library.vectors(ids) == vectors).all()
    with writing(library) as writer:
        writer.forget_retired()
    library.embeddings.prune(library.directory / "library.db")
    gone = {key for key, passage in zip(keys, passages, strict=True) if passage.document_id == NOTE.id}
    assert library.embeddings.missing("words", keys) == gone


def test_another_embedder_is_refused_by_name(library):
    with pytest.raises(UserError, match="footnote index"):
        library.expect(WordEmbedder())
    with writing(library) as writer:
        writer.describe(embedder="words", dimension=32)
    library.expect(WordEmbedder())
    with pytest.raises(UserError, match=r"words.*others.*footnote index"):
        library.expect(WordEmbedder("others"))


def test_a_missing_library_is_a_sentence_that_says_what_to_run(tmp_path):
    with pytest.raises(UserError, match="footnote index"):
        Library.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_file_that_is_no_library_is_told_from_one(tmp_path):
    (tmp_path / "library.db").write_bytes(b"this is not a database, and it is long enough to be seen as none" * 99)
    with pytest.raises(UserError, match="cannot be read"):
        Library.open(tmp_path)


def test_a_library_of_another_layout_is_refused(library):
    with writing(library) as writer:
        writer.describe(schema=99)
    with pytest.raises(UserError, match="99"):
        Library.open(library.directory)
