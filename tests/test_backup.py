"""Backups: what comes back, what is copied while others write, and what is refused without leaving a trace."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stand_ins import WordEmbedder

from assistant.backup import _held, back_up
from assistant.contract import answer_json
from assistant.feedback import FeedbackStore
from assistant.history import History
from assistant.manifest import CHECKSUM, DATABASES, MANIFEST
from assistant.open import open_assistant
from assistant.restore import _put_in_place, restore
from assistant.secret import read_secret
from assistant.settings import Settings
from assistant.types import Turn
from assistant.uploads import open_uploads, uploads_folder
from evals.command import run
from vectorstore.embed import open_embedder
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import Filters

DOCUMENTS = {
    "leave.md": "# Leave\n\nEvery employee has 28 days of paid leave a year.\n",
    "dress.md": "# Dress\n\nNobody wears a tie on Fridays.\n\nThe dress code of the opera is another matter.\n",
    "blank.md": " ",
}
QUESTIONS = ("How many days of paid leave does an employee have?", "Who wears a tie?", "What rained in Lund?")
MADE_AGAIN = ("index", "lock", "lock.owner")


def placed(folder, **more):
    return Settings(_env_file=None, library=folder / "library", embedding="bundled", model=None, **more)


def tree(folder):
    """Return all that lies under a folder, with the content of files."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def everything(here):
    """Return all that people can see of a library and what is kept beside it."""
    library = Library.open(here.library)
    retriever = Retriever(library, open_embedder("bundled"))
    documents = tuple(library.documents())
    history = History(here.library)
    conversations = {user: history.conversations(user) for user in ("ann", "user:\ud800")}
    return {
        "documents": documents,
        "passages": [library.passages_of(each.id) for each in documents],
        "skipped": library.skipped(),
        "hits": [retriever.search(question, k=3) for question in QUESTIONS],
        "conversations": conversations,
        "exchanges": [history.exchanges(user, one.id) for user, all in conversations.items() for one in all],
        "feedback": FeedbackStore(here.library).all(),
        "keys": tables(here.library / "keys.db"),
        "audit": (here.library / "audit.jsonl").read_bytes(),
        "secret": read_secret(here),
        "uploads": tree(uploads_folder(here)),
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """The settings of a library that was indexed, asked, judged and given uploads."""
    place = tmp_path_factory.mktemp("used")
    (place / "handbook").mkdir()
    for name, text in DOCUMENTS.items():
        (place / "handbook" / name).write_text(text, encoding="utf-8")
    here = placed(place)
    library = Library.create(here.library)
    sync([place / "handbook"], library, open_embedder("bundled"), passage_tokens=200)
    assert (
        open_uploads(library, here).add("rain.md", b"# Rain\n\nIt rained in Lund for nine days.").outcome == "indexed"
    )
    assistant, history = open_assistant(here), History(here.library)
    for user in ("ann", "user:\ud800"):
        for question in QUESTIONS:
            begun = history.begin(user, question, Filters(outlets=("\0",)))
            history.finish(begun, answer := assistant.ask(question))
        history.fail(history.begin(user, "And then?", Filters(), conversation=begun.conversation), "It broke.")
        turns = (Turn("user", "Hello"), Turn("assistant", "Yes?"))
        FeedbackStore(here.library).add("down", answer_json(answer), words="No!", history=turns, user=user)
    read_secret(here)
    with closing(sqlite3.connect(here.library / "keys.db")) as connection:
        connection.execute("CREATE TABLE keys (name TEXT, hash BLOB)")
        connection.execute("INSERT INTO keys VALUES ('wiki', x'00ff')")
        connection.commit()
    (here.library / "audit.jsonl").write_bytes(b'{"event": "signed_in"}\n')
    return here


@pytest.fixture(scope="module")
def kept(used, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "footnote.tar"
    back_up(used, file)
    return file


@pytest.fixture
def small(tmp_path):
    """The settings of a folder with conversations and an upload and no library yet, which is restored in an instant."""
    here = placed(tmp_path / "small")
    here.library.mkdir(parents=True)
    History(here.library).begin("ann", "How many days?", Filters())
    read_secret(here)
    (tmp_path / "small" / "uploads").mkdir()
    (tmp_path / "small" / "uploads" / "rain.md").write_bytes(b"It rained." * 99)
    return here


def test_what_is_restored_elsewhere_is_what_was_backed_up(used, kept, tmp_path):
    there = placed(tmp_path / "not" / "there" / "yet")
    done = restore(there, kept)
    assert (done.documents, done.uploads) == (3, 1)
    assert everything(there) == everything(used)


def test_all_that_is_kept_in_a_library_is_in_the_backup_or_can_be_made_again(used, kept):
    with tarfile.open(kept) as tar:
        inside = {name.removeprefix("library/") for name in tar.getnames()}
    beside = {path.name for path in used.library.iterdir() if not path.name.endswith((".lock", "-wal", "-shm"))}
    assert beside - inside == set(MADE_AGAIN)


def test_nothing_is_embedded_and_nobody_contacted_to_restore(kept, tmp_path):
    there = placed(tmp_path).model_copy(update={"embedding": "openai:unreachable", "embedding_base_url": "http://["})
    restore(there, kept)
    assert Library.open(there.library).manifest().embedder == open_embedder("bundled").model


def test_an_upload_is_the_same_document_where_it_was_restored(kept, tmp_path):
    there = placed(tmp_path, uploads=tmp_path / "elsewhere" / "handed-in")
    restore(there, kept)
    library = Library.open(there.library)
    before = library.find("uploads/rain.md")
    outcome = open_uploads(library, there).add("rain.md", b"# Rain\n\nIt rained in Lund for ten days.")
    assert (outcome.outcome, outcome.document_id) == ("changed", before.id)
    assert len(list(library.documents())) == 3


def test_a_backup_and_what_is_restored_is_for_its_owner_only_and_nothing_else_is_left(small, tmp_path):
    (tmp_path / "out").mkdir()
    file, there = tmp_path / "out" / "x.tar", placed(tmp_path / "there")
    (tmp_path / "there").mkdir()
    back_up(small, file)
    restore(there, file)
    assert [path.name for path in file.parent.iterdir()] == ["x.tar"]
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["library", "uploads"]
    modes = [file, there.library, *there.library.iterdir(), uploads_folder(there), *uploads_folder(there).iterdir()]
    assert [path.name for path in modes if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_whoever_has_no_footnote_can_check_the_manifest(kept, tmp_path):
    with tarfile.open(kept) as tar:
        tar.extractall(tmp_path, filter="data")
    manifest = (tmp_path / MANIFEST).read_bytes()
    assert (tmp_path / CHECKSUM).read_text() == f"{hashlib.sha256(manifest).hexdigest()}  manifest.json\n"
    for name, member in json.loads(manifest)["members"].items():
        content = (tmp_path / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (member["size"], member["sha256"])


# While others write


def sound(library):
    """Return what SQLite says of the databases of a library."""
    found = {}
    for name in DATABASES:
        if (library / name).exists():
            with closing(sqlite3.connect(library / name)) as connection:
                found[name] = connection.execute("PRAGMA integrity_check").fetchall()
    return found


def test_what_is_written_after_a_database_is_held_is_not_in_its_copy(tmp_path):
    history = History(tmp_path)
    history.begin("ann", "Before?", Filters())
    with closing(_held(history.path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        history.begin("ann", "After?", Filters())
        source.backup(copy)
        titles = copy.execute("SELECT title FROM conversations").fetchall()
    assert titles == [("Before?",)]


def test_a_backup_in_the_midst_of_a_run_holds_the_library_before_it(tmp_path):
    here = placed(tmp_path / "here")
    folder = tmp_path / "here" / "zoo"
    folder.mkdir(parents=True)
    (folder / "ant.txt").write_text("The ant is small.")
    library = Library.create(here.library)
    sync([folder], library, WordEmbedder(), passage_tokens=8)
    before = tuple(library.documents())
    (folder / "ant.txt").write_text("The ant is large.")
    (folder / "bee.txt").write_text("The bee is busy.")
    taken = {}

    def take(progress):
        if progress.stage != "reading" and progress.stage not in taken:
            taken[progress.stage] = tmp_path / f"{progress.stage}.tar"
            back_up(here, taken[progress.stage])

    sync([folder], library, WordEmbedder(), passage_tokens=8, on_progress=take)
    assert len(tuple(library.documents())) == 2
    assert sorted(taken) == ["building", "embedding"]
    for stage, file in taken.items():
        there = placed(tmp_path / stage)
        restore(there, file)
        restored = Library.open(there.library)
        assert tuple(restored.documents()) == before
        hits = Retriever(restored, WordEmbedder()).search("ant", k=9)
        assert [hit.text for hit in hits] == ["The ant is small."]


def test_backups_while_others_write_are_sound_and_hold_whole_conversations(small, tmp_path):
    written, enough = threading.Semaphore(0), threading.Event()

    def converse():
        history, feedback = History(small.library), FeedbackStore(small.library)
        while not enough.is_set():
            begun = history.begin("bob", "One?", Filters())
            history.begin("bob", "Two?" * 500, Filters(), conversation=begun.conversation)
            feedback.add("up", {"text": "x" * 5000}, user="bob")
            written.release()

    writer = threading.Thread(target=converse)
    writer.start()
    try:
        for number in range(5):
            written.acquire()
            back_up(small, tmp_path / f"{number}.tar")
    finally:
        enough.set()
        writer.join()
    held = []
    for number in range(5):
        there = placed(tmp_path / f"there-{number}")
        restore(there, tmp_path / f"{number}.tar")
        checks = sound(there.library)
        assert set(checks) == {"conversations.db", "feedback.db"}
        assert set(map(str, checks.values())) == {"[('ok',)]"}
        history = History(there.library)
        ids = [one.id for one in history.conversations("bob")]
        assert {len(history.exchanges("bob", id)) for id in ids[1:]} <= {2}
        held.append((len(ids), len(FeedbackStore(there.library).all())))
    assert held[0] >= (1, 1)
    assert held == sorted(held)


def test_what_was_backed_up_before_stays_where_a_backup_fails(small, tmp_path):
    file = tmp_path / "x.tar"
    back_up(small, file)
    before = file.read_bytes()
    whole = (small.library / "conversations.db").read_bytes()
    page = whole.index(b"How many days?") // 4096 * 4096
    (small.library / "conversations.db").write_bytes(whole[:page] + b"\xff" * 4096 + whole[page + 4096 :])
    with pytest.raises(UserError, match=r"conversations.db is damaged|cannot be backed up"):
        back_up(small, file)
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small", "x.tar"]


def test_a_library_that_could_not_be_restored_is_not_backed_up(used, tmp_path):
    shutil.copytree(used.library, tmp_path / "library")
    with closing(sqlite3.connect(tmp_path / "library" / "embeddings.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM embeddings WHERE key IN (SELECT key FROM embeddings LIMIT 1)")
    with pytest.raises(UserError, match="lacks embeddings of passages; run `footnote index`"):
        back_up(placed(tmp_path), tmp_path / "x.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["library"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("small/library/x.tar", "which is backed up itself"),
        ("small/uploads/deep/../x.tar", "which is backed up itself"),
        ("nowhere/x.tar", "cannot be backed up"),
        ("small", "cannot be backed up"),
    ],
)
def test_a_backup_that_cannot_be_written_there_is_one_sentence(small, tmp_path, file, message):
    before = tree(tmp_path)
    with pytest.raises(UserError, match=message):
        back_up(small, tmp_path / file)
    assert tree(tmp_path) == before


def test_nothing_to_back_up_is_one_sentence(tmp_path):
    for here in (placed(tmp_path), placed(tmp_path / "nowhere")):
        with pytest.raises(UserError, match="nothing to back up in"):
            back_up(here, tmp_path / "x.tar")
    assert list(tmp_path.iterdir()) == []


# Uploads


NAMES = st.lists(
    st.binary(min_size=1, max_size=60).filter(lambda name: name[:1] != b"." and not {0, 47}.intersection(name)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=4))
@example([([b"\xff\xfe caf\xe9.md"], b""), ([b"deep", b"er", "日本語👩‍👩‍👧\n".encode()], b"\0" * 513)])
@example([([b"x" * 200, b"y" * 200, b"z" * 200], b"long")])
@example([([b"~$a:b\\c"], b""), ([b"~$a:b"], b"x")])
def test_whatever_uploads_are_called_they_come_back_byte_by_byte(uploads):
    with tempfile.TemporaryDirectory() as folder:
        here, there = placed(Path(folder) / "here"), placed(Path(folder) / "there")
        read_secret(here)
        for parts, content in uploads:
            path = os.path.join(os.fsencode(uploads_folder(here)), *parts)
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                Path(os.fsdecode(path)).write_bytes(content)
            except OSError:  # a file where another name needs a folder
                continue
        files = {path: content for path, content in tree(uploads_folder(here)).items() if content is not None}
        done = back_up(here, Path(folder) / "x.tar")
        assert done.uploads == len(files)
        restore(there, Path(folder) / "x.tar")
        assert {path: content for path, content in tree(uploads_folder(there)).items() if content is not None} == files


def test_what_is_hidden_or_no_file_is_left_out_and_links_are_told(small, tmp_path):
    uploads = uploads_folder(small)
    (uploads / ".half-written").write_bytes(b"x")
    (uploads / "link.md").symlink_to("/etc/hostname")
    (uploads / "folder").symlink_to("/etc")
    os.mkfifo(uploads / "pipe")
    done = back_up(small, tmp_path / "x.tar")
    assert done.left_out == ("folder", "link.md", "pipe")
    with tarfile.open(tmp_path / "x.tar") as tar:
        assert [name for name in tar.getnames() if name.startswith("uploads/")] == ["uploads/rain.md"]


def test_a_library_in_the_folder_of_uploads_is_none_of_them(small, tmp_path):
    around = small.model_copy(update={"uploads": Path()})
    back_up(around, tmp_path / "x.tar")
    with tarfile.open(tmp_path / "x.tar") as tar:
        assert [name for name in tar.getnames() if name.startswith("uploads/")] == ["uploads/uploads/rain.md"]


# What is refused


def entry(name, content=b"", **fields):
    made = tarfile.TarInfo(name)
    made.size = len(content)
    for field, value in fields.items():
        setattr(made, field, value)
    return made, content


def contents(file):
    with tarfile.open(file) as tar:
        return {one.name: (one, tar.extractfile(one).read()) for one in tar}


def write_tar(file, entries):
    with tarfile.open(file, "w") as tar:
        for made, content in entries:
            tar.addfile(made, io.BytesIO(content))


def signed(inside, **fields):
    """Return the contents with another manifest, whose checksum is right."""
    return written_as(inside, json.dumps(json.loads(inside[MANIFEST][1]) | fields).encode())


def written_as(inside, manifest):
    checksum = f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()
    return inside | {MANIFEST: entry(MANIFEST, manifest), CHECKSUM: entry(CHECKSUM, checksum)}


def with_member(inside, name, content=b"evil", **fields):
    """Return the contents with one more file, which the manifest names, too."""
    members = json.loads(inside[MANIFEST][1])["members"]
    member = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return signed(inside, members=members | {name: member}) | {name: entry(name, content, **fields)}


def told_of_member(inside, name, **fields):
    members = json.loads(inside[MANIFEST][1])["members"]
    return signed(inside, members=members | {name: members[name] | fields})


def without(inside, *names):
    return {name: one for name, one in inside.items() if name not in names}


def flipped(inside, name):
    made, content = inside[name]
    return inside | {name: (made, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])}


SECRET, UPLOAD = "library/secret", "uploads/rain.md"
REFUSED = {
    "a flipped byte of a database": lambda inside: flipped(inside, "library/conversations.db"),
    "a flipped byte of an upload": lambda inside: flipped(inside, UPLOAD),
    "a flipped byte of the manifest": lambda inside: flipped(inside, MANIFEST),
    "a flipped byte of the checksum": lambda inside: flipped(inside, CHECKSUM),
    "a missing database": lambda inside: without(inside, "library/conversations.db"),
    "a missing upload": lambda inside: without(inside, UPLOAD),
    "a missing manifest": lambda inside: without(inside, MANIFEST),
    "a missing checksum": lambda inside: without(inside, CHECKSUM),
    "an extra upload": lambda inside: inside | {"uploads/x.md": entry("uploads/x.md", b"x")},
    "an extra database": lambda inside: inside | {"library/keys.db": entry("library/keys.db", b"x")},
    "another size": lambda inside: told_of_member(inside, UPLOAD, size=1),
    "a size that is none": lambda inside: told_of_member(inside, UPLOAD, size="990"),
    "another hash": lambda inside: told_of_member(inside, UPLOAD, sha256="0" * 64),
    "a hash that is none": lambda inside: told_of_member(inside, UPLOAD, sha256=None),
    "a name above": lambda inside: with_member(inside, "../evil"),
    "a name above the uploads": lambda inside: with_member(inside, "uploads/../../evil"),
    "a name in the other folder": lambda inside: with_member(inside, "uploads/../library/keys.db"),
    "a name from the root": lambda inside: with_member(inside, "/tmp/evil"),
    "a name from the root of uploads": lambda inside: with_member(inside, "uploads//evil"),
    "a name that is a folder": lambda inside: with_member(inside, "uploads/"),
    "a name with NUL": lambda inside: with_member(
        inside, "uploads/a\0b", pax_headers={"path": "uploads/a\0b"}
    ),
    "a file that no library has": lambda inside: with_member(inside, "library/sitecustomize.py"),
    "a file that is a folder, too": lambda inside: with_member(inside, f"{UPLOAD}/x"),
    "a symbolic link": lambda inside: with_member(
        inside, "uploads/link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"
    ),
    "a hard link": lambda inside: with_member(inside, "uploads/link", b"", type=tarfile.LNKTYPE, linkname=SECRET),
    "a device": lambda inside: with_member(inside, "uploads/null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "a folder": lambda inside: with_member(inside, "uploads/folder", b"", type=tarfile.DIRTYPE),
    "holes": lambda inside: with_member(
        inside, "uploads/holes", b"evil", pax_headers={"GNU.sparse.map": "0,4", "GNU.sparse.size": "10000000000000"}
    ),
    "holes without a number": lambda inside: with_member(
        inside, "uploads/holes", b"evil", pax_headers={"GNU.sparse.map": "0,x", "GNU.sparse.size": "many"}
    ),
    "another format": lambda inside: signed(inside, format=2),
    "a manifest that is no JSON": lambda inside: written_as(inside, b"{"),
    "a manifest that is a list": lambda inside: written_as(inside, b"[]"),
    "a manifest without members": lambda inside: signed(inside, members=[1]),
    "a manifest as deep as the sea": lambda inside: written_as(inside, b"[" * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_a_backup_that_is_not_whole_or_not_ours_is_one_sentence_and_leaves_nothing(small, tmp_path, why):
    back_up(small, tmp_path / "x.tar")
    write_tar(tmp_path / "x.tar", REFUSED[why](contents(tmp_path / "x.tar")).values())
    before = tree(tmp_path)
    with pytest.raises(UserError) as told:
        restore(placed(tmp_path / "there" / "deep"), tmp_path / "x.tar")
    assert "\n" not in str(told.value)
    assert tree(tmp_path) == before


def test_a_name_that_stands_twice_is_refused(small, tmp_path):
    back_up(small, tmp_path / "x.tar")
    inside = contents(tmp_path / "x.tar")
    write_tar(tmp_path / "x.tar", [*inside.values(), inside[UPLOAD]])
    with pytest.raises(UserError, match="which no backup does"):
        restore(placed(tmp_path / "there"), tmp_path / "x.tar")


def test_what_is_only_written_anew_is_no_reason_to_refuse(small, tmp_path):
    """The tests above refuse for their own reasons, not because another program wrote the tar file."""
    back_up(small, tmp_path / "x.tar")
    write_tar(tmp_path / "x.tar", with_member(contents(tmp_path / "x.tar"), "uploads/y.md").values())
    assert restore(placed(tmp_path / "there"), tmp_path / "x.tar").uploads == 2


def outcome(file, folder):
    """Return what restoring gives: all that then lies there, or the sentence after which nothing does."""
    try:
        restore(placed(folder), file)
    except UserError as error:
        return "refused" if "\n" not in str(error) and not folder.exists() else error
    found = tree(folder)
    shutil.rmtree(folder)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small backup: its bytes, and what is restored from it."""
    place = tmp_path_factory.mktemp("whole")
    here = placed(place / "here")
    read_secret(here)
    History(here.library).begin("ann", "How many?", Filters())
    uploads_folder(here).mkdir()
    (uploads_folder(here) / "räin.md").write_bytes(b"It rained.")
    back_up(here, place / "x.tar")
    return (place / "x.tar").read_bytes(), outcome(place / "x.tar", place / "there")


@settings(max_examples=300)
@given(st.data())
def test_a_flipped_bit_is_found_or_changes_nothing(whole, data):
    written, expected = whole
    position, bit = data.draw(st.integers(0, len(written) - 1)), data.draw(st.integers(0, 7))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.tar"
        changed = bytes([written[position] ^ 1 << bit])
        file.write_bytes(written[:position] + changed + written[position + 1 :])
        assert outcome(file, Path(folder) / "there") in ("refused", expected)


@settings(max_examples=100)
@given(st.data())
def test_a_backup_that_is_cut_short_is_refused_wherever_anything_is_missing(whole, data):
    written, expected = whole
    end = len(written.rstrip(b"\0"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.tar"
        file.write_bytes(written[: data.draw(st.integers(0, end - 1))])
        assert outcome(file, Path(folder) / "there") == "refused"
        file.write_bytes(written)
        assert outcome(file, Path(folder) / "there") == expected


@given(st.binary(max_size=3000))
@example(b"")
@example(b"\0" * 10_240)
def test_what_is_no_tar_file_is_refused(junk):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.tar").write_bytes(junk)
        assert outcome(Path(folder) / "x.tar", Path(folder) / "there") == "refused"


@pytest.mark.parametrize("taken", ["library", "uploads"])
def test_nothing_is_restored_over_what_is_there_already(small, tmp_path, taken):
    back_up(small, tmp_path / "x.tar")
    there = tmp_path / "there"
    (there / taken).mkdir(parents=True)
    (there / taken / ".mine").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(UserError, match=f"{taken} has something in it already; move it away"):
        restore(placed(there), tmp_path / "x.tar")
    (there / taken / ".mine").unlink()
    assert restore(placed(there), tmp_path / "x.tar").uploads == 1
    assert before.keys() - tree(tmp_path).keys() == {Path("there", taken, ".mine")}


def test_uploads_are_not_lost_where_the_settings_want_none(small, tmp_path):
    back_up(small, tmp_path / "x.tar")
    with pytest.raises(UserError, match="set FOOTNOTE_UPLOADS to a folder"):
        restore(placed(tmp_path / "there", uploads=None), tmp_path / "x.tar")
    assert not (tmp_path / "there").exists()


def test_all_folders_are_put_in_place_or_none(tmp_path):
    for name in ("first", "second", "taken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    before = tree(tmp_path)
    with pytest.raises(OSError, match="not empty"):
        _put_in_place({tmp_path / "first": tmp_path / "place", tmp_path / "second": tmp_path / "taken"})
    assert tree(tmp_path) == before


# The commands


@pytest.fixture
def footnote(capsys, monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("FOOTNOTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def footnote(*arguments):
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return footnote


def test_the_commands_back_up_and_restore_and_say_so(footnote, small, used, kept, tmp_path):
    (uploads_folder(small) / "link").symlink_to("/etc")
    status, out, err = footnote("backup", "x.tar", "--library", small.library)
    assert (status, out.startswith("x.tar: conversations.db, secret and 1 uploads, 0.")) == (0, True)
    assert err == "Left out, because it is no plain file: link\n"
    status, out, _ = footnote("backup", "x.tar", "--library", small.library, "--json")
    told = json.loads(out)
    assert (told["file"], told["files"], told["uploads"]) == ("x.tar", ["conversations.db", "secret"], 1)
    assert told["size"] == Path("x.tar").stat().st_size
    status, out, _ = footnote("--library", "there/library", "restore", kept, "--json")
    told = json.loads(out)
    assert (status, told["library"], told["documents"], told["uploads"]) == (0, "there/library", 3, 1)
    assert placed(tmp_path / "there").library.is_dir()


def test_a_damaged_backup_is_one_sentence_and_exit_code_1(footnote, kept, tmp_path):
    (tmp_path / "x.tar").write_bytes(kept.read_bytes()[:-20_000])
    status, out, err = footnote("restore", "x.tar")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]
