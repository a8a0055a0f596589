"""Restore a backup: all of it is checked before anything is put in place, and all is put in place or nothing."""

import hashlib
import os
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assistant.manifest import LIBRARY, UPLOADS, Manifest, read_manifest
from assistant.open import open_settings_server
from assistant.uploads import uploads_folder
from vectorstore.disk import entry_to_disk, to_disk
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.sync import rebuild
from vectorstore.text import one_line
from vectorstore.writer import writing

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.chroma_server import ChromaServer


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: when the backup was made and by which version, and how much it held."""

    made: str
    footnote: str
    documents: int
    passages: int
    uploads: int


def restore(settings: "Settings", file: Path) -> Restored:
    """Put a backup in the place of the library and the uploads that the settings name, and build the vector index.

    Nothing is embedded, so nobody is contacted but a Chroma server that is to hold the vectors. A backup is not signed:
    restore only what you made.

    Raises:
        UserError: if something stands there already, or if the file is no whole backup. Nothing has changed then.
    """
    if not hasattr(tarfile, "data_filter"):
        raise UserError("This Python unpacks archives less carefully than it should; use 3.11.4 or a newer one.")
    library, uploads = settings.library, uploads_folder(settings)
    with _told(file), tarfile.open(file, "r:", encoding="utf-8") as tar, ExitStack() as cleaning:
        manifest = read_manifest(tar)
        places = _places(manifest, library, uploads)
        new = {root: cleaning.enter_context(_folder_beside(place)) / root for root, place in places.items()}
        for folder in new.values():
            _extract(tar, folder, manifest)
        moved = (manifest.uploads, os.path.realpath(uploads)) if manifest.uploads and uploads else None
        documents, passages = _complete(new[LIBRARY], moved, open_settings_server(settings))
        _put_in_place({new[root]: place for root, place in places.items()})
    handed_in = sum(name.startswith(f"{UPLOADS}/") for name in manifest.members)
    return Restored(manifest.made, manifest.footnote, documents, passages, handed_in)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Turn what is wrong with the file or the disk into a sentence."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{file} was not restored: {error}") from error
    except tarfile.TarError as error:
        raise UserError(f"{file} is no whole backup ({error}); take another one.") from error
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"{file} was not restored ({error}); look who may read it, who may write where it goes, and whether the "
            "disk is full."
        ) from error


def _places(manifest: Manifest, library: Path, uploads: Path | None) -> Mapping[str, Path]:
    """Return where each folder of the backup goes, resolved; the uploads come first.

    Without its uploads, a library would forget them when it is indexed.
    """
    places = {LIBRARY: library}
    if any(name.startswith(f"{UPLOADS}/") for name in manifest.members):
        if uploads is None:
            raise UserError("it holds uploads, and the settings want none; set FOOTNOTE_UPLOADS to a folder.")
        places = {UPLOADS: uploads, LIBRARY: library}
    for place in places.values():
        if place.exists() and not (place.is_dir() and next(place.iterdir(), None) is None):
            raise UserError(f"{place} has something in it already; move it away, or restore to another folder.")
    return {root: Path(os.path.realpath(place)) for root, place in places.items()}


@contextmanager
def _folder_beside(place: Path) -> Iterator[Path]:
    """Yield a new folder from which a rename leads to place, whether or not the folders above it exist yet."""
    above = next(folder for folder in place.parents if folder.is_dir())
    with TemporaryDirectory(prefix=".footnote-", dir=above) as folder:
        yield Path(folder)


def _extract(tar: tarfile.TarFile, folder: Path, manifest: Manifest) -> None:
    """Write what the tar file holds under the name of folder, and make sure that it is what the manifest says."""
    folder.mkdir(mode=0o700)
    entries = [entry for entry in tar.getmembers() if entry.name.startswith(f"{folder.name}/")]
    tar.extractall(folder.parent, entries, filter="data")
    for entry in entries:
        with (folder.parent / entry.name).open("rb") as extracted:
            found = hashlib.file_digest(extracted, "sha256").hexdigest()
        if found != manifest.members[entry.name].sha256:
            raise UserError(
                f"it is damaged: “{one_line(entry.name, longest=80)}” is not as it was written; take another backup."
            )


def _complete(library: Path, moved: tuple[str, str] | None, server: "ChromaServer | None") -> tuple[int, int]:
    """Tell a library where its uploads are now and build its index; return how many documents and passages it has."""
    if not (library / "library.db").exists():
        return 0, 0
    opened = Library.open(library, server)
    try:
        with writing(opened) as writer:
            writer.forget_identity()  # the library that the backup was made of may still be in use
            if moved:
                writer.move(*map(os.fsencode, moved))
        rebuild(opened)
        manifest = opened.manifest()
        return manifest.documents, manifest.passages
    finally:
        opened.close()


def _put_in_place(folders: Mapping[Path, Path]) -> None:
    """Rename each of these folders to its place, or none."""
    for new, place in folders.items():
        to_disk(new)
        place.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undoing:
        for new, place in folders.items():
            new.replace(place)
            undoing.callback(place.replace, new)
            entry_to_disk(place.parent)
        undoing.pop_all()
