import os
import threading

import pytest
from stand_ins import WordEmbedder
from taking import take_files

from vectorstore import reading
from vectorstore.errors import OwnerError
from vectorstore.library import Library, Skipped
from vectorstore.parsing import Parser
from vectorstore.report import Moved, Progress
from vectorstore.writer import writing


@pytest.fixture
def library(tmp_path):
    return Library.create(tmp_path / "library")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "zoo"
    folder.mkdir()
    for name in ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"):
        (folder / f"{name}.txt").write_text(f"The {name} sleeps.")
    return folder


def remember(library, source, detail):
    """Put another detail in the place of the one that a skipped file is remembered with."""
    with writing(library) as writer:
        for path, (skipped, file_hash) in writer.skipped().items():
            if skipped.source == source:
                writer.skip(path, Skipped(source, skipped.reason, detail), file_hash=file_hash)


def sources(library):
    return [document.source for document in library.documents()]


def test_a_file_at_another_place_has_moved_and_is_not_embedded_again(library, folder):
    take_files(library, folder)
    old = library.find("zoo/bee.txt")
    (folder / "deep").mkdir()
    (folder / "bee.txt").rename(folder / "deep" / "wasp.txt")
    embedder = WordEmbedder()
    done = take_files(library, folder, embedder=embedder)
    assert done.moved == [Moved("zoo/bee.txt", "zoo/deep/wasp.txt")]
    assert (done.added, done.changed, done.removed, len(done.unchanged)) == ([], [], [], 7)
    assert embedder.embedded == []
    new = library.find("zoo/deep/wasp.txt")
    assert new.text == old.text
    assert library.find(old.id) is None
    assert take_files(library, folder).moved == []


def test_a_folder_that_is_renamed_is_no_shrinking(library, folder):
    take_files(library, folder.parent / "zoo")
    for path in folder.iterdir():
        path.rename(folder / f"new-{path.name}")
    done = take_files(library, folder)
    assert len(done.moved) == 8
    assert (done.added, done.removed) == ([], [])


def test_of_copies_each_moves_once_and_keeps_its_name_where_it_can(library, folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / f"{name}.txt").write_text("The same.")
    take_files(library, folder)
    (folder / "a" / "a.txt").rename(folder / "b" / "z.txt")
    (folder / "b" / "b.txt").rename(folder / "b.txt")
    (folder / "y.txt").write_text("The same.")
    done = take_files(library, folder)
    assert set(done.moved) == {Moved("zoo/b/b.txt", "zoo/b.txt"), Moved("zoo/a/a.txt", "zoo/b/z.txt")}
    assert done.added == ["zoo/y.txt"]


def test_a_file_that_is_changed_and_moved_is_another(library, folder):
    take_files(library, folder)
    (folder / "bee.txt").unlink()
    (folder / "wasp.txt").write_text("The wasp sleeps.")
    done = take_files(library, folder)
    assert (done.added, done.removed, done.moved) == (["zoo/wasp.txt"], ["zoo/bee.txt"], [])


def test_content_decides_and_not_the_clock(library, folder):
    take_files(library, folder)
    status = (folder / "bee.txt").stat()
    (folder / "bee.txt").write_text("The bee wakes up"[: status.st_size].ljust(status.st_size))
    os.utime(folder / "bee.txt", ns=(status.st_atime_ns, status.st_mtime_ns))  # the same size and time as before
    os.utime(folder / "cat.txt", (4e9, 4e9))  # in the year 2096
    os.utime(folder / "dog.txt", (0, 0))
    done = take_files(library, folder)
    assert (done.changed, len(done.unchanged)) == (["zoo/bee.txt"], 7)


def test_a_file_that_was_skipped_is_read_again_only_when_its_bytes_or_our_loaders_change(library, folder, monkeypatch):
    (folder / "bad.md").write_text("---\ntitle: [\n---\nText.")
    first = take_files(library, folder)
    assert [(each.source, each.reason) for each in first.skipped] == [("zoo/bad.md", "bad_front_matter")]
    remember(library, "zoo/bad.md", "as it was")
    assert take_files(library, folder).skipped == [Skipped("zoo/bad.md", "bad_front_matter", "as it was")]
    assert library.skipped()[0].detail == "as it was"
    with monkeypatch.context() as changed:
        changed.setattr(reading, "LOADERS", "another version")
        assert take_files(library, folder).skipped == first.skipped
    (folder / "bad.md").write_text("---\ntitle: Good\n---\nText.")
    done = take_files(library, folder)
    assert (done.added, done.skipped, library.skipped()) == (["zoo/bad.md"], [], ())


def test_a_scan_is_read_again_once_its_languages_are_named(library, folder):
    (folder / "scan.pdf").write_bytes(b"not a PDF")
    take_files(library, folder)
    remember(library, "zoo/scan.pdf", "as it was")
    assert take_files(library, folder).skipped[0].detail == "as it was"
    done = take_files(library, folder, parser=Parser(ocr_languages=["eng"]))
    assert done.skipped[0].detail != "as it was"
    assert len(done.unchanged) == 8


def test_a_file_whose_parser_was_stopped_is_read_by_the_next_run_unless_it_is_told_not_to(library, folder):
    take_files(library, folder)
    (folder / "bee.txt").write_text("The bee takes long.")
    stopped = Skipped("zoo/bee.txt", "parser_timeout", "it took long")
    path = os.fsencode(os.path.realpath(folder / "bee.txt"))
    with writing(library) as writer:
        writer.skip(path, stopped, file_hash=reading.hash_of((folder / "bee.txt").read_bytes()))
    done = take_files(library, folder, retry=False)
    assert (done.skipped, done.changed, done.removed) == ([stopped], [], [])
    assert library.find("zoo/bee.txt").text == "The bee sleeps."
    done = take_files(library, folder)
    assert (done.skipped, done.changed, library.skipped()) == ([], ["zoo/bee.txt"], ())


def test_a_run_that_is_refused_keeps_what_it_embedded(library, folder):
    take_files(library, folder)
    for path in folder.iterdir():
        path.unlink()
    sentences = (f"Paragraph {number} of a long text is here. " * 4 for number in range(600))
    (folder / "ibis.txt").write_text("\n\n".join(sentences))
    before = sources(library)
    embedder, again = WordEmbedder(), WordEmbedder()
    with pytest.raises(OwnerError, match="--allow-shrink"):
        take_files(library, folder, embedder=embedder)
    assert sources(library) == before
    take_files(library, folder, embedder=again, allow_shrink=True)
    assert embedder.embedded
    assert not set(embedder.embedded) & set(again.embedded)


class Slow(WordEmbedder):
    """Embeds nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.threads = set()
        self.started, self.go = threading.Event(), threading.Event()

    def embed(self, texts, *, progress=None):
        self.threads.add(threading.current_thread().name)
        self.started.set()
        assert self.go.wait(60)
        return super().embed(texts)


def test_passages_are_embedded_while_files_are_read(library, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "0.txt").write_text(
        "\n\n".join(f"Paragraph {number} of a long text is here. " * 4 for number in range(600))
    )
    (folder / "1.txt").write_text("The last file.")
    embedder, seen = Slow(), []

    def on_progress(progress):
        seen.append(progress)
        if progress == Progress("reading", 1, 2):
            assert embedder.started.wait(60)  # before the second file is read
            embedder.go.set()

    done = take_files(library, folder, embedder=embedder, on_progress=on_progress)
    assert done.ahead.embedded == done.ahead.done == done.ahead.given == len(set(embedder.embedded)) > 512
    assert threading.current_thread().name not in embedder.threads
    assert seen[-2:] == [Progress("reading", 2, 2), seen[-1]]
    assert all(each.done <= each.total for each in seen)


def test_what_fails_while_a_passage_is_embedded_ends_the_run(library, folder):
    class Broken(WordEmbedder):
        def embed(self, texts, *, progress=None):
            raise OwnerError("the server said no")

    with pytest.raises(OwnerError, match="the server said no"):
        take_files(library, folder, embedder=Broken())
    assert sources(library) == []


def test_a_library_is_opened_while_another_run_writes(library):
    with writing(library):
        Library.create(library.directory).close()
