"""What a backup holds: the names in its tar file, and the manifest that says what each must be."""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from assistant import audit, feedback, history, keys, secret
from vectorstore.errors import UserError
from vectorstore.text import one_line

FORMAT = 1
MANIFEST, CHECKSUM = "manifest.json", "manifest.sha256"
LIBRARY, UPLOADS = "library", "uploads"  # the folders inside
# In the order in which their state is held: what the passages of the library need is in the embeddings a moment later.
# The vector index is not among them, it is made again from these two.
DATABASES = ("library.db", "embeddings.db", history.FILE, feedback.FILE, keys.FILE)
FILES = (audit.FILE, secret.FILE)
LONGEST = 100_000_000  # bytes of a manifest: a few hundred thousand uploads


@dataclass(frozen=True, slots=True)
class Member:
    """What one file must be: its size in bytes, its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, by name; `made` in UTC, `footnote` the version that made it.

    `uploads` is the folder that the uploads lay in, resolved, or None: the library knows its documents by their paths.
    """

    made: str
    footnote: str
    uploads: str | None
    members: Mapping[str, Member]


def manifest_files(manifest: Manifest) -> dict[str, bytes]:
    """Return the two files of a manifest: itself, and its hash as `sha256sum` writes and checks it."""
    # JSON in ASCII: names of files need not be UTF-8.
    written = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode("ascii")
    return {MANIFEST: written, CHECKSUM: _checksum(written)}


def read_manifest(tar: tarfile.TarFile) -> Manifest:
    """Return the manifest of a backup; the names and sizes of all it holds are as the manifest says.

    Raises:
        UserError: if it is no whole backup, or one of another format.
    """
    entries = _entries(tar)
    written, checksum = _content(tar, entries.pop(MANIFEST, None)), _content(tar, entries.pop(CHECKSUM, None))
    if _checksum(written) != checksum:
        raise UserError("it is damaged: its manifest is not as it was written; take another backup.")
    manifest = _parsed(written)
    for name in sorted({*entries, *manifest.members}):
        if name not in entries:
            problem = "is missing"
        elif name not in manifest.members:
            problem = "is not in its manifest"
        elif entries[name].size != manifest.members[name].size:
            problem = "has another size than in its manifest"
        else:
            continue
        raise UserError(f"it is damaged: “{one_line(name, longest=80)}” {problem}; take another backup.")
    return manifest


def _entries(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Return what a tar file holds, if it is plain files with names that a backup may have, each once."""
    entries: dict[str, tarfile.TarInfo] = {}
    try:
        for entry in tar:
            if not entry.isreg() or entry.issparse() or not _may_be_named(entry.name) or entry.name in entries:
                raise UserError(
                    f"it holds “{one_line(entry.name, longest=80)}”, which no backup does; take another one."
                )
            entries[entry.name] = entry
    except (ValueError, OverflowError, MemoryError) as error:  # of sizes and numbers that nobody can mean
        raise UserError(f"it is no whole tar file ({error}); take another backup.") from error
    return entries


def _may_be_named(name: str) -> bool:
    root, _, inner = name.partition("/")
    if root == UPLOADS:
        return "\0" not in inner and not {"", ".", ".."}.intersection(inner.split("/"))
    return name in (MANIFEST, CHECKSUM) or (root == LIBRARY and inner in (*DATABASES, *FILES))


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo | None) -> bytes:
    opened = tar.extractfile(entry) if entry and entry.size <= LONGEST else None
    if opened is None:
        raise UserError("it is no whole backup: its manifest is missing or too long; take another one.")
    return opened.read()


def _checksum(manifest: bytes) -> bytes:
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _parsed(written: bytes) -> Manifest:
    try:
        fields = json.loads(written)
        if fields["format"] != FORMAT:
            raise UserError(
                f"it has format {fields['format']!r:.20}, and this program knows {FORMAT}; use the version of Footnote "
                "that made it."
            )
        members = {name: Member(one["size"], one["sha256"]) for name, one in fields["members"].items()}
        uploads = fields["uploads"]
        return Manifest(
            str(fields["made"]), str(fields["footnote"]), None if uploads is None else str(uploads), members
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UserError("it is no backup of Footnote: its manifest cannot be read; take another one.") from error
