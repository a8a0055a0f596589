"""The process that reads files: what comes of a file is the same as without it, whatever a file does to it."""

import os
import signal
import sys

import pytest

from vectorstore import parse
from vectorstore.errors import OwnerError, SkippedFile
from vectorstore.loaders import FORMATS, load_bytes
from vectorstore.parsing import Parser

PAGE = (
    b"<html lang=en><title>Ferries</title><article><h1>Ferries</h1><p>The night ferry sails again.</p></article></html>"
)
FILES = [
    ("a.txt", "The bridge is shut.\n\nIt opens \ud83d on Monday: café.".encode("utf-8", "surrogatepass")),
    ("b.md", b"---\ntitle: Bridges\nlanguage: en-GB\n---\n# Bridges\n\nIt rained."),
    ("c.html", PAGE),
]
HANG, EAT, CRASH, DEEP, BREAK, CALL = "hang.txt", "eat.txt", "crash.txt", "deep.txt", "break.txt", "call.txt"


@pytest.fixture
def parser(tmp_path, monkeypatch):
    """A parser whose process also knows a loader that does what the file's name says; it is real in all else."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, socket, sys\n"
        "from vectorstore import errors, loaders\n"
        "whole = loaders.load_bytes\n"
        "def deep(): return deep()\n"
        "def load_bytes(raw, *, name, source, on_note, ocr_languages):\n"
        "    if name == 'ask.txt': raise errors.OwnerError('tesseract is not here; install it')\n"
        "    if name == 'hang.txt':\n"
        "        while True: pass\n"
        "    if name == 'eat.txt': bytearray(4 * 2**30)\n"
        "    if name == 'crash.txt': os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if name == 'deep.txt': deep()\n"
        "    if name == 'break.txt': raise KeyError('/Pages')\n"
        "    if name == 'call.txt': socket.create_connection(('127.0.0.1', 9))\n"
        "    print('a library says something on the output')\n"
        "    yield from whole(raw, name=name, source=source, on_note=on_note)\n"
        "loaders.load_bytes = load_bytes\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.getenv("PYTHONPATH")])]))
    with Parser(seconds=5) as parser:
        yield parser


def reason(parser, name):
    with pytest.raises(SkippedFile) as caught:
        list(parser.documents(b"x", name=name, source=name))
    return caught.value.reason


def test_a_file_read_in_another_process_gives_the_same_documents_and_notes():
    with Parser() as parser:
        for name, raw in FILES * 2:
            here, there = [], []
            expected = list(load_bytes(raw, name=name, source=f"news/{name}", on_note=here.append))
            assert list(parser.documents(raw, name=name, source=f"news/{name}", on_note=there.append)) == expected
            assert there == here


@pytest.mark.parametrize(
    ("name", "expected"),
    [(HANG, "parser_timeout"), (EAT, "parser_memory"), (CRASH, "damaged"), (DEEP, "damaged"), (BREAK, "damaged")],
)
def test_a_file_that_harms_its_parser_is_skipped_with_a_reason_and_the_next_one_is_read(parser, name, expected):
    assert reason(parser, name) == expected
    (document,) = parser.documents(b"The bridge is shut.", name="a.txt", source="a.txt")
    assert document.text == "The bridge is shut."


def test_what_only_the_owner_can_mend_is_told_and_is_nothing_about_the_file(parser):
    with pytest.raises(OwnerError, match="install it"):
        list(parser.documents(b"x", name="ask.txt", source="ask.txt"))


def test_no_document_reaches_the_network(parser):
    with pytest.raises(SkippedFile, match="PermissionError"):
        list(parser.documents(b"x", name=CALL, source=CALL))


def test_a_file_that_cannot_be_used_is_skipped_with_the_reason_of_its_loader():
    with Parser() as parser:
        assert reason(parser, "empty.exe") == "unsupported_format"
        with pytest.raises(SkippedFile) as caught:
            list(parser.documents(b"", name="a.txt", source="a.txt"))
        assert caught.value.reason == "empty"


def test_a_reader_that_stops_half_way_leaves_nothing_for_the_next_file():
    with Parser() as parser:
        drawn = parser.documents(PAGE, name="c.html", source="c.html")
        next(drawn)
        drawn.close()
        (document,) = parser.documents(b"The bridge is shut.", name="a.txt", source="a.txt")
        assert document.source == "a.txt"


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="this system has no alarm")
def test_a_process_that_nobody_waits_for_any_more_ends_by_itself():
    process = os.fork()
    if process == 0:  # what a parser does whose parent was killed while a file hangs it

        def forever():
            while True:
                pass
            yield

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        list(parse._within(1, forever()))
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGALRM


def test_every_format_names_a_loader_that_exists():
    for suffix, name in FORMATS.items():
        module, _, function = name.partition(".")
        __import__(f"vectorstore.loaders.{module}")
        assert callable(getattr(sys.modules[f"vectorstore.loaders.{module}"], function)), suffix
