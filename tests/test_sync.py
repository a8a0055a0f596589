import hashlib
import os
import shutil

import pytest
from stand_ins import WordEmbedder

from vectorstore import generations, places
from vectorstore.errors import UserError
from vectorstore.index import VectorIndex
from vectorstore.library import Library, Skipped
from vectorstore.lock import only_writer
from vectorstore.retrieve import Retriever
from vectorstore.sync import Progress, rebuild, sync
from vectorstore.words import any_of, query_terms

TEXTS = {
    "ant.txt": "The ant is small.\n\nIt carries leaves.",
    "bee.txt": "The bee is busy.\n\nIt carries pollen.",
    "cat.md": "# Cat\n\nThe cat sleeps.\n\nIt carries nothing.",
    "deep/dog.txt": "The dog barks.\n\nIt carries sticks.",
}


def write(folder, texts):
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(library, *paths, embedder=None, passage_tokens=8, **more):
    return sync(paths, library, embedder or WordEmbedder(), passage_tokens=passage_tokens, **more)


def contents(library):
    manifest = library.manifest()
    return manifest, list(library.documents()), library.skipped(), sorted(os.listdir(library.directory / "index"))


def answers(library, question):
    """Return the source of the passage nearest to question, and of all that hold its words."""
    index = VectorIndex.open(library.index_directory())
    (vector,) = WordEmbedder().embed([question])
    ((nearest,),) = library.embedded_as([index.query(vector, 1)[0][0]]).values()
    index.close()
    words = any_of(query_terms(question))
    ids = [nearest, *(each for each, _ in library.lexical(words, limit=9))]
    sources = [library.document(passage.document_id).source for passage in library.passages(ids)]
    return sources[0], set(sources[1:])


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    place = tmp_path_factory.mktemp("indexed")
    write(place / "zoo", TEXTS | {"picture.png": "", "blank.txt": " ", ".hidden.txt": "hidden"})
    progress = []
    report = run(Library.create(place / "library"), place / "zoo", on_progress=progress.append)
    return place, report, progress


@pytest.fixture
def zoo(indexed, tmp_path):
    """A folder and its library, both as the first run left them, at a place of their own."""
    place, _, _ = indexed
    # The documents know where their files are, so the copy of the library is the one that is moved away.
    shutil.copytree(place / "library", tmp_path / "library")
    shutil.copytree(place / "zoo", tmp_path / "kept")
    yield place / "zoo", Library.open(tmp_path / "library")
    shutil.rmtree(place / "zoo", ignore_errors=True)
    shutil.copytree(tmp_path / "kept", place / "zoo")


def test_the_first_run_takes_everything_in_and_says_what_it_left_out(indexed):
    place, report, progress = indexed
    library = Library.open(place / "library")
    assert report.added == ("zoo/ant.txt", "zoo/bee.txt", "zoo/cat.md", "zoo/deep/dog.txt")
    assert {(each.source, each.reason) for each in report.skipped} == {
        ("zoo/blank.txt", "empty"),
        ("zoo/picture.png", "unsupported_format"),
    }
    assert set(library.skipped()) == set(report.skipped)
    manifest = library.manifest()
    assert (manifest.documents, manifest.passages) == (4, report.passages)
    assert report.embedded == report.passages > 4
    assert answers(library, "pollen") == ("zoo/bee.txt", {"zoo/bee.txt"})
    assert {each.stage for each in progress} == {"reading", "embedding", "building"}
    assert Progress("building", report.passages, report.passages) == progress[-1]


def test_a_run_without_news_changes_nothing_and_embeds_nothing(zoo):
    folder, library = zoo
    before = contents(library)
    embedder = WordEmbedder()
    report = run(library, folder, embedder=embedder)
    assert contents(library) == before
    assert (report.added, report.changed, report.removed, report.embedded) == ((), (), (), 0)
    assert len(report.unchanged) == 4
    assert embedder.embedded == []


def test_files_that_are_new_changed_renamed_or_gone_are_told_apart_and_only_news_is_embedded(zoo):
    folder, library = zoo
    reader = Library.open(library.directory)
    assert answers(reader, "cat sleeps") == ("zoo/cat.md", {"zoo/cat.md"})
    write(folder, {"bee.txt": "The bee is tired.\n\nIt carries pollen.", "eel.txt": "The eel swims."})
    (folder / "cat.md").unlink()
    (folder / "ant.txt").rename(folder / "formica.txt")
    (folder / "deep" / "dog.txt").write_text("")
    embedder = WordEmbedder()
    report = run(library, folder, embedder=embedder, allow_shrink=True)
    assert report.added == ("zoo/eel.txt", "zoo/formica.txt")
    assert report.changed == ("zoo/bee.txt",)
    assert set(report.removed) == {"zoo/cat.md", "zoo/ant.txt", "zoo/deep/dog.txt"}
    assert Skipped("zoo/deep/dog.txt", "empty", report.skipped[1].detail) in report.skipped
    assert embedder.embedded == ["The bee is tired.", "The eel swims."]
    assert report.reused == report.passages - 2
    assert answers(reader, "eel swims") == ("zoo/eel.txt", {"zoo/eel.txt"})
    assert answers(reader, "the cat sleeps")[1] == set()


def test_a_second_run_at_the_same_time_is_told_who_is_writing(zoo):
    folder, library = zoo
    before = contents(library)
    with only_writer(library.directory), pytest.raises(UserError, match=f"process {os.getpid()}, started 2"):
        run(library, folder)
    assert contents(library) == before


@pytest.mark.parametrize("kept", [0, 2])
def test_a_folder_that_has_lost_many_files_is_refused_and_nothing_changes(zoo, kept):
    folder, library = zoo
    before = contents(library)
    for name in list(TEXTS)[kept:]:
        (folder / name).unlink()
    with pytest.raises(UserError, match=f"{4 - kept} of 4 documents.*--allow-shrink"):
        run(library, folder)
    assert contents(library) == before


def test_a_folder_that_is_gone_is_refused_and_empties_the_library_when_that_is_meant(zoo):
    folder, library = zoo
    shutil.rmtree(folder)
    before = contents(library)
    with pytest.raises(UserError, match="--allow-shrink"):
        run(library, folder)
    assert contents(library) == before
    report = run(library, folder, allow_shrink=True)
    assert len(report.removed) == 4
    assert (library.manifest().documents, library.manifest().passages, library.index_directory()) == (0, 0, None)


def test_a_path_that_never_was_is_refused(zoo, tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        run(zoo[1], tmp_path / "nothing")


def test_documents_elsewhere_stay_and_two_folders_of_one_name_do_not_mix(zoo, tmp_path):
    _, library = zoo
    other = tmp_path / "other" / "zoo"
    write(other, {"ant.txt": "Another ant is large.", "fox.txt": "The fox runs."})
    report = run(library, other)
    assert report.added == (str(other.resolve() / "ant.txt"), "zoo/fox.txt")
    assert library.manifest().documents == 6
    assert answers(library, "another ant")[0] == report.added[0]


def test_an_index_that_is_damaged_is_built_again_from_the_embeddings(zoo):
    folder, library = zoo
    before = library.manifest()
    for graph in library.index_directory().glob("*/*.bin"):
        graph.write_bytes(b"")
    embedder = WordEmbedder()
    report = run(library, folder, embedder=embedder)
    assert "built again" in report.notes[0]
    assert embedder.embedded == []
    assert library.manifest().generation != before.generation
    assert answers(library, "carries pollen")[0] == "zoo/bee.txt"


def test_an_index_that_nobody_touched_is_not_tried_again(zoo, monkeypatch):
    folder, library = zoo
    monkeypatch.setattr(places, "examine", lambda library: pytest.fail("it was tried"))
    assert run(library, folder).notes == ()


def found(library, *questions):
    retriever = Retriever(library, WordEmbedder())
    return [
        [(hit.document.source, hit.passage.span, hit.score) for hit in retriever.search(question, k=50)]
        for question in questions
    ]


def test_a_library_changed_step_by_step_answers_as_one_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(generations, "build", counted := Counting(generations.build))
    folder = tmp_path / "many"
    texts = {f"{number}.txt": f"Report {number} tells of harbour {number % 7}." for number in range(40)}
    write(folder, texts | {"twin.txt": texts["0.txt"], "other twin.txt": texts["0.txt"]})
    library = Library.create(tmp_path / "library")
    run(library, folder)
    for added, gone in [
        ({"1.txt": "Report 1 was wrong.", "new.txt": texts["3.txt"]}, ["twin.txt"]),
        ({"2.txt": texts["1.txt"], "last.txt": "Nothing was said of the lighthouse."}, ["0.txt", "other twin.txt"]),
    ]:
        write(folder, added)
        for name in gone:
            (folder / name).unlink()
        run(library, folder)
    assert counted.calls == 1
    assert library.manifest().deleted > 0
    anew = Library.create(tmp_path / "anew")
    run(anew, folder)
    questions = ("Report 1 tells of harbour 1", "the lighthouse", "Report 0 tells of harbour 0", "zzzz")
    assert found(library, *questions) == found(anew, *questions)


class Counting:
    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *given, **named):
        self.calls += 1
        return self.function(*given, **named)


def test_a_document_that_is_only_renamed_leaves_the_index_as_it_is(zoo):
    folder, library = zoo
    before = library.manifest()
    (folder / "ant.txt").rename(folder / "formica.txt")
    run(library, folder, allow_shrink=True)
    assert library.manifest().revision == before.revision + 1
    assert library.manifest().generation == before.generation
    assert answers(library, "The ant is small.") == ("zoo/formica.txt", {"zoo/formica.txt"})


def test_another_embedder_or_passage_size_takes_the_stored_texts_and_not_the_files(zoo, tmp_path):
    folder, library = zoo
    documents = list(library.documents())
    (tmp_path / "empty").mkdir()
    shutil.rmtree(folder)
    report = run(library, tmp_path / "empty", embedder=WordEmbedder("others"), passage_tokens=20)
    assert "others" in report.notes[0]
    assert "20 tokens" in report.notes[0]
    assert list(library.documents()) == documents
    assert report.passages == report.embedded == 4
    library.expect(WordEmbedder("others"))


def test_what_was_embedded_before_a_failure_is_not_embedded_again(tmp_path):
    class Breaking(WordEmbedder):
        def embed(self, texts, *, progress=None):
            if self.embedded:
                raise ConnectionError
            return super().embed(texts)

    write(tmp_path / "many", {f"{number}.txt": f"File {number}." for number in range(600)})
    library = Library.create(tmp_path / "library")
    embedder = Breaking()
    with pytest.raises(ConnectionError):
        run(library, tmp_path / "many", embedder=embedder)
    assert library.manifest().documents == 0
    assert 0 < len(embedder.embedded) < 600
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in embedder.embedded]
    assert library.embeddings.missing(embedder.model, keys) == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_keeps_its_document(zoo):
    folder, library = zoo
    (folder / "bee.txt").chmod(0)
    (folder / "deep").chmod(0)
    try:
        report = run(library, folder)
    finally:
        (folder / "deep").chmod(0o700)
        (folder / "bee.txt").chmod(0o600)
    assert report.removed == ()
    assert {each.source: each.reason for each in report.skipped}["zoo/bee.txt"] == "unreadable"
    assert library.find("zoo/bee.txt")
    assert library.find("zoo/deep/dog.txt")


def test_passages_that_the_embedder_would_cut_off_are_refused(zoo):
    with pytest.raises(UserError, match="too long"):
        run(zoo[1], zoo[0], passage_tokens=1000)


def test_an_index_is_rebuilt_from_what_is_kept_and_no_file_is_read(zoo):
    folder, library = zoo
    before, documents = library.manifest(), list(library.documents())
    shutil.rmtree(folder)
    shutil.rmtree(library.directory / "index")
    rebuild(library)
    after = library.manifest()
    assert after.generation > before.generation
    assert (after.revision, list(library.documents())) == (before.revision, documents)
    assert answers(library, "The bee is busy.")[0] == "zoo/bee.txt"


def test_an_index_is_not_rebuilt_without_all_of_its_embeddings(zoo):
    _, library = zoo
    before = contents(library)
    library.embeddings._connection.execute("DELETE FROM embeddings WHERE key IN (SELECT key FROM embeddings LIMIT 1)")
    with pytest.raises(UserError, match="lacks embeddings"):
        rebuild(library)
    assert contents(library) == before


def test_an_empty_library_is_rebuilt_without_an_index(tmp_path):
    library = Library.create(tmp_path)
    rebuild(library)
    assert library.manifest().generation is None
