import os
from pathlib import Path

import pytest

from vectorstore.errors import SkippedFile
from vectorstore.walk import is_under, shown, walk

NOWHERE = Path("/nowhere")


def reasons(root, leave_out=NOWHERE):
    return {each.name: each.problem and each.problem.reason for each in walk(root, leave_out=leave_out)}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "articles"
    for name in (
        "b.txt",
        "a.md",
        "deep/er/c.HTML",
        ".hidden.txt",
        ".git/d.txt",
        "library/e.txt",
        "picture.png",
        "bare",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    return folder


def test_files_come_in_order_with_the_name_of_their_folder_and_without_what_is_hidden(folder):
    found = [each.name for each in walk(folder, leave_out=folder / "library")]
    assert found == [
        "articles/a.md",
        "articles/b.txt",
        "articles/bare",
        "articles/deep/er/c.HTML",
        "articles/picture.png",
    ]


def test_only_formats_that_we_read_are_read(folder):
    found = reasons(folder)
    assert found["articles/deep/er/c.HTML"] is None
    assert found["articles/picture.png"] == found["articles/bare"] == "unsupported_format"


def test_a_file_named_by_itself_is_found_even_if_it_is_hidden(folder):
    assert reasons(folder / ".hidden.txt") == {"articles/.hidden.txt": None}


@pytest.mark.parametrize("root", ["deep", "deep/er", "deep/er/c.HTML"])
def test_names_begin_with_a_folder_further_up_if_that_is_asked_for(folder, root):
    assert [each.name for each in walk(folder / root, leave_out=NOWHERE, top=folder)] == ["articles/deep/er/c.HTML"]


def test_a_path_that_is_not_there_holds_nothing(folder):
    assert reasons(folder / "nothing") == {}


def test_links_to_folders_are_not_followed_and_a_pipe_is_not_waited_for(folder):
    (folder / "deep" / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    found = reasons(folder)
    assert not any("loop" in name for name in found)
    assert found["articles/pipe.txt"] == "not_a_file"


def test_a_file_reached_by_a_link_inside_the_folder_is_the_same_file(folder):
    (folder / "z.txt").symlink_to(folder / "b.txt")
    paths = [each.path for each in walk(folder, leave_out=NOWHERE)]
    assert paths.count(os.fsencode(folder.resolve() / "b.txt")) == 2


def test_a_link_that_leads_out_of_the_folder_is_not_read(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (link,) = (each for each in walk(folder, leave_out=NOWHERE) if each.name == "articles/link.txt")
    with pytest.raises(SkippedFile) as skipped:
        link.read()
    assert skipped.value.reason == "not_a_file"


def test_a_link_to_itself_is_one_file_that_is_not_read(folder):
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (loop,) = [found for found in walk(folder, leave_out=NOWHERE) if found.path.endswith(b"loop.txt")]
    with pytest.raises(SkippedFile, match="not_a_file"):
        loop.read()


def test_what_cannot_be_seen_in_a_name_is_written_out():
    assert shown(b"a\n\x1b[31mb\xff.txt") == "a\\n\\x1b[31mb\\xff.txt"
    assert shown("\u202etxt.exe \u2028\u00a0".encode()) == "\\u202etxt.exe \\u2028\\xa0"
    assert shown("Zoë 会 👩\u200d👧 e\u0301".encode()) == "Zoë 会 👩\u200d👧 e\u0301"


def test_a_name_that_is_not_unicode_can_be_shown_and_read(folder):
    with open(os.fsencode(folder) + b"/\xff.txt", "wb") as file:
        file.write(b"bytes")
    (found,) = (each for each in walk(folder, leave_out=NOWHERE) if "\\xff" in each.name)
    assert found.name == "articles/\\xff.txt"
    assert found.read() == b"bytes"


def test_a_folder_with_a_longer_name_is_not_under_a_shorter_one():
    assert is_under(b"/a/b", b"/a/b")
    assert is_under(b"/a/b/c", b"/a/b")
    assert not is_under(b"/a/bc", b"/a/b")
    assert is_under(b"/a", b"/")
