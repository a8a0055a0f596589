import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from langchain_core.document_loaders import BaseLoader, LangSmithLoader
from langchain_core.documents import Document
from langsmith.schemas import Example
from stand_ins import WordEmbedder
from taking import take, take_files

from vectorstore.errors import OwnerError, UserError
from vectorstore.library import Library
from vectorstore.loading import Outside, open_loader, read_loader
from vectorstore.sync import sync_loader

GUIDE = Path(__file__).parents[1] / "docs" / "loaders.md"
RUN = "import sys; from assistant.cli import run; sys.exit(run(sys.argv[1:]))"
PAGES = (
    Document("The ant is small.", metadata={"id": "1", "title": "Ants"}),
    Document("The bee is busy.", metadata={"id": "2", "title": "Bees"}),
    Document("The cat sleeps.", metadata={"id": "3", "title": "Cats"}),
    Document("The dog barks.", metadata={"id": "4", "title": "Dogs"}),
)


class PagesLoader(BaseLoader):
    """Yields the documents it is given; fails after them if it is told how."""

    def __init__(self, pages=PAGES, failure=None):
        self.pages = pages
        self.failure = failure

    def lazy_load(self):
        yield from self.pages
        if self.failure:
            raise ConnectionError(self.failure)


def outside(*pages, label="wiki", root=b"loader:here:Pages", failure=None, secrets=frozenset()):
    return Outside("here:Pages", label, root, PagesLoader(pages, failure).lazy_load, secrets)


def bring(library, *pages, allow_shrink=False, **about):
    return draw(library, outside(*pages, **about), allow_shrink=allow_shrink)


def draw(library, found, *, allow_shrink=False):
    embedder = WordEmbedder()
    return take(
        library, lambda intake: read_loader(intake, found, allow_shrink=allow_shrink), embedder=embedder
    ), embedder


@pytest.fixture
def library(tmp_path):
    return Library.create(tmp_path / "library")


def state(library):
    return library.manifest(), list(library.documents()), library.skipped()


def test_what_a_loader_yields_is_added_changed_kept_and_removed_by_its_content(library):
    report = sync_loader(outside(*PAGES), library, WordEmbedder(), passage_tokens=40)
    assert (report.added, report.passages) == (("wiki/1", "wiki/2", "wiki/3", "wiki/4"), 4)
    assert library.find("wiki/2").title == "Bees"
    before = state(library)
    report, embedder = bring(library, *PAGES)
    assert (len(report.unchanged), embedder.embedded, state(library)) == (4, [], before)
    news = Document("The bee is tired.", metadata={"id": "2", "title": "Bees"})
    more = Document("The eel swims.", metadata={"id": "5"})
    report, embedder = bring(library, PAGES[0], news, PAGES[2], more)
    assert (report.added, report.changed, report.removed) == (["wiki/5"], ["wiki/2"], ["wiki/4"])
    assert embedder.embedded == ["The bee is tired.", "The eel swims."]


def test_a_loader_that_fails_midway_changes_nothing_and_is_named_without_what_it_was_given(library):
    bring(library, *PAGES)
    before = state(library)
    failure = "401 for https://wiki.example?key=hunter%20two as hunter two"
    new = Document("The eel swims.", metadata={"id": "5"})
    with pytest.raises(OwnerError, match=re.escape("here:Pages failed (ConnectionError: 401")) as raised:
        bring(library, new, failure=failure, secrets=frozenset({"hunter two"}))
    assert "hunter" not in str(raised.value)
    assert state(library) == before


def test_a_loader_that_yields_much_less_than_before_is_refused_unless_that_is_meant(library):
    bring(library, *PAGES)
    before = state(library)
    with pytest.raises(OwnerError, match=r"4 of 4 documents of here:Pages.*--allow-shrink"):
        bring(library)
    assert state(library) == before
    report, _ = bring(library, allow_shrink=True)
    assert len(report.removed) == 4


def test_loaders_and_folders_leave_each_others_documents_alone(library, tmp_path):
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "1").with_suffix(".txt").write_text("A file.")
    bring(library, *PAGES)
    take_files(library, tmp_path / "wiki")
    other, _ = bring(library, PAGES[0], root=b"loader:here:Pages:/etc/other.yaml")
    assert len(other.added) == 1
    assert other.added[0].startswith("wiki/1 ")  # the name is taken
    assert take_files(library, tmp_path / "wiki").removed == []
    again, _ = bring(library, *PAGES)
    assert (len(again.unchanged), again.removed) == (4, [])
    assert len(list(library.documents())) == 6


def test_the_identity_is_the_first_name_that_the_metadata_give(library):
    pages = (
        Document("One.", id="own", metadata={"url": "https://x.example/a", "source": "s3://b/k.pdf", "id": 7}),
        Document("Two.", id="own", metadata={"url": "https://x.example/a", "source": "s3://b/k.pdf"}),
        Document("Three.", id="own", metadata={"url": "https://x.example/a", "source": ["no name"], "id": " "}),
        Document("Four.", id="own", metadata={"id": True}),
        Document("Five."),
    )
    report, _ = bring(library, *pages)
    names = ("7", "s3://b/k.pdf", "https://x.example/a", "own", hashlib.sha256(b"Five.").hexdigest())
    assert report.added == [f"wiki/{name}" for name in names]


def test_documents_of_one_identity_are_its_numbered_parts(library):
    pages = [Document(f"This is page {page}.", metadata={"source": "a.pdf", "page": page}) for page in (1, 2, 3)]
    report, _ = bring(library, *pages)
    assert report.added == ["wiki/a.pdf", "wiki/a.pdf#2", "wiki/a.pdf#3"]
    report, _ = bring(library, *pages, Document("Last.", metadata={"source": "a.pdf"}))
    assert (report.added, len(report.unchanged)) == (["wiki/a.pdf#4"], 3)


def test_the_metadata_are_read_with_care(library):
    pages = (
        Document(
            "---\ntitle: no front matter\n---\nText\u200b\r\nof e\u0301t\u00e9.",
            metadata={
                "id": "a",
                "title": " The\nharbour ",
                "authors": ["Ana", "Bo"],
                "date": "08/09/2025",
                "published_at": datetime.datetime(2025, 8, 18, 23, 30),
                "publisher": "Lund Post",
                "url": "javascript:alert(1)",
                "source": "https://lund.example/harbour",
                "language": "en-GB",
            },
        ),
        Document("Short.", metadata={"id": "b", "title": 5, "author": {"name": "x"}, "date": "08/09/2025"}),
    )
    bring(library, *pages)
    first, second = library.documents()
    assert first.text == "---\ntitle: no front matter\n---\nText\nof \u00e9t\u00e9."
    assert (first.title, first.author, first.outlet, first.language) == ("The harbour", "Ana, Bo", "Lund Post", "en")
    assert (first.published, first.url) == (datetime.date(2025, 8, 18), "https://lund.example/harbour")
    assert (second.title, second.author, second.published, second.url) == ("Short", None, None, None)


def test_a_document_without_text_is_skipped_and_named(library):
    report, _ = bring(library, PAGES[0], Document(" \u200b ", metadata={"id": "blank"}))
    assert [(each.source, each.reason) for each in report.skipped] == [("wiki/blank", "empty")]
    assert list(library.skipped()) == report.skipped


def test_names_from_strangers_never_lead_to_a_file(library):
    report, _ = bring(library, Document("Text.", metadata={"id": "/../../../../etc/passwd"}))
    (document,) = library.documents()
    assert report.added == ["wiki//../../../../etc/passwd"]
    assert ".." not in library.file_of(document.id).parts


def test_documents_are_drawn_one_by_one(library):
    alive, most = 0, 0

    class Counted(Document):
        def __init__(self, **fields):
            nonlocal alive, most
            super().__init__(**fields)
            alive += 1
            most = max(most, alive)

        def __del__(self):
            nonlocal alive
            alive -= 1

    def pages():
        for number in range(50):
            yield Counted(page_content=f"Text {number}.", metadata={"id": number})

    draw(library, Outside("x", "x", b"loader:x:X", pages))
    assert most <= 3


def test_a_loader_of_langchain_itself_comes_in(library):
    example = Example(
        id=uuid.UUID(int=1),
        dataset_id=uuid.UUID(int=2),
        inputs={"question": "How long was the harbour closed?"},
        created_at=datetime.datetime(2025, 8, 18),
        outputs={},
    )
    client = SimpleNamespace(list_examples=lambda **query: iter([example]))
    loader = LangSmithLoader(dataset_id="d", content_key="question", client=client)
    found = Outside("langchain_core:LangSmithLoader", "examples", b"loader:l:L", loader.lazy_load)
    report, _ = draw(library, found)
    assert report.added == [f"examples/{uuid.UUID(int=1)}"]


def test_a_loader_is_made_with_its_arguments_when_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("WIKI_TOKEN", "hunter two")
    file = tmp_path / "wiki.yaml"
    file.write_text("pages: [a]\nfailure: ${WIKI_TOKEN}\n")
    found = open_loader("test_loading:PagesLoader", file)
    assert (found.label, found.secrets) == ("wiki", {"hunter two"})
    drawn = iter(found.documents())
    assert next(drawn) == "a"
    with pytest.raises(ConnectionError, match="hunter two"):
        next(drawn)
    assert "hunter" not in repr(found)
    assert open_loader("test_loading:PagesLoader").root != found.root
    file.write_text("pages: [b]")
    assert open_loader("test_loading:PagesLoader", file).root == found.root


@pytest.mark.parametrize(
    ("named", "yaml", "said"),
    [
        ("json", "a: 1", "names no loader"),
        ("no_such_module:Loader", "a: 1", "cannot be loaded"),
        ("json:Loader", "a: 1", "cannot be loaded"),
        ("json:loads", "a: 1", "no lazy_load"),
        ("test_loading:PagesLoader", "just words", "holds no arguments"),
        ("test_loading:PagesLoader", "token: hunter2: x", "line 1: this is no YAML"),
        ("test_loading:PagesLoader", "token: ${NO_SUCH_VARIABLE}", "no NO_SUCH_VARIABLE"),
        ("test_loading:PagesLoader", None, "No such file"),
    ],
)
def test_a_loader_that_cannot_be_opened_is_one_sentence_without_secrets(tmp_path, named, yaml, said):
    file = tmp_path / "args.yaml"
    if yaml is not None:
        file.write_text(yaml)
    with pytest.raises(UserError, match=said) as raised:
        open_loader(named, file)
    assert "hunter" not in str(raised.value)


def test_the_documents_of_a_loader_whose_arguments_are_gone_go_when_that_is_meant(library, tmp_path):
    found = open_loader("test_loading:PagesLoader", tmp_path / "gone.yaml", may_be_gone=True)
    bring(library, *PAGES, root=found.root)
    with pytest.raises(OwnerError, match="4 of 4"):
        draw(library, found)
    assert len(draw(library, found, allow_shrink=True)[0].removed) == 4


def test_the_example_of_the_guide_runs(tmp_path):
    files = re.findall(r"^`(\S+)`[^\n]*:\n\n```\w+\n(.*?)```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for name, content in files:
        (tmp_path / name).write_text(content)
    (command,) = re.findall(r"^PYTHONPATH=\. footnote (.*)$", GUIDE.read_text("utf-8"), re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-c", RUN, *command.split(), "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([".", str(GUIDE.parents[1])])},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["added"] == ["notes/n1", "notes/n2"]


@pytest.mark.parametrize("arguments", [[], ["a.txt", "--loader", "x:Y"], ["a.txt", "--loader-args", "x.yaml"]])
def test_files_and_a_loader_are_not_mixed(arguments, capsys):
    from assistant.cli import run

    assert run(["index", *arguments]) == 1
    assert "--loader" in capsys.readouterr().err
