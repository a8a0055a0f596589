import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from stand_ins import WordEmbedder
from taking import take_files

from evals.benchmarks.crash import check_answers, contents_of, wanted_of
from vectorstore.errors import OwnerError
from vectorstore.library import Library
from vectorstore.sync import sync

STAND_IN = Path(__file__).with_name("stand_ins.py")


def write(folder, numbers):
    folder.mkdir(exist_ok=True)
    for number in numbers:
        paragraphs = (f"Sentence {place} of article {number} says {number * place}." for place in range(12))
        (folder / f"{number}.txt").write_text("\n\n".join(paragraphs))


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_without_room_leaves_the_old_library_and_the_run_after_it_has_some_completes(small_disk, tmp_path):
    folder, library = tmp_path / "folder", Library.create(small_disk / "library")
    write(folder, range(10))
    sync([folder], library, WordEmbedder(), passage_tokens=40)
    write(folder, range(5, 40))
    ballast = small_disk / "ballast"
    before = contents_of(library.directory)
    for left in (300_000, 0):
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        with ballast.open("ab") as file:
            file.write(b"\0" * max(0, free - left))
        with pytest.raises(OwnerError, match="make room"):
            sync([folder], library, WordEmbedder(), passage_tokens=40)
        assert contents_of(library.directory) == before
    ballast.unlink()
    check_answers(library.directory)
    sync([folder], library, WordEmbedder(), passage_tokens=40)
    assert contents_of(library.directory) == wanted_of(folder)
    check_answers(library.directory)


def test_a_file_that_cannot_grow_leaves_the_old_library_and_the_next_run_completes(tmp_path):
    folder, library = tmp_path / "folder", tmp_path / "library"
    write(folder, range(3))
    command = [sys.executable, str(STAND_IN), str(folder), str(library)]
    subprocess.run(command, check=True)
    before = contents_of(library)
    write(folder, range(2, 60))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))  # bytes

    done = subprocess.run(command, check=False, preexec_fn=limit, capture_output=True)
    assert done.returncode == 1
    assert contents_of(library) == before
    check_answers(library)
    subprocess.run(command, check=True)
    assert contents_of(library) == wanted_of(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_library_that_cannot_be_written_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OwnerError, match="cannot write a library"):
            Library.create(tmp_path / "library")
    finally:
        tmp_path.chmod(0o700)


def test_nothing_is_written_into_the_folders_that_are_indexed(tmp_path):
    folder = tmp_path / "folder"
    write(folder, range(2))
    before = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    take_files(Library.create(tmp_path / "library"), folder)
    after = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    assert {path: (each.st_mtime_ns, each.st_mode) for path, each in after.items()} == {
        path: (each.st_mtime_ns, each.st_mode) for path, each in before.items()
    }
