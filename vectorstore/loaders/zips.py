"""Zip archives from strangers: what they would unpack to is known, and counted, before anything is unpacked."""

import io
import zipfile
import zlib

from vectorstore.errors import SkippedFile

LARGEST_UNPACKED = 100_000_000  # bytes, of all members together
LARGEST_RATIO = 100  # of a member's size to what it takes in the archive
MOST_MEMBERS = 20_000
UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, OSError)


def checked_zip(raw: bytes) -> zipfile.ZipFile:
    """Return the archive in raw if it is safe to read all of it: nothing is written to a disk.

    Its directory is judged at once. A directory can lie, so a member is never inflated beyond what was promised of
    it: `read` raises SkippedFile "damaged" then, and a library that opens the bytes itself gets one of UNREADABLE.

    Raises:
        SkippedFile: "damaged" if it is no whole archive, or lists a name twice; "encrypted" if a member needs a
            password; "expands_too_much" if its members are too many, too large or packed too tight.
    """
    try:
        archive = _BoundedZip(io.BytesIO(raw))
    except UNREADABLE:
        raise damaged() from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise SkippedFile("expands_too_much", f"the file holds {len(members):,} parts; save it again as a smaller one")
    if len({member.filename for member in members}) < len(members):
        raise SkippedFile("damaged", "two parts of the file have one name, so it has two readings; save it again")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise SkippedFile("encrypted", "the file is locked with a password; save a copy without one")
    if any(member.compress_type not in _BOUNDED for member in members):
        raise SkippedFile("damaged", "the file is packed in a way that documents are not; open and save it anew")
    if (size := sum(member.file_size for member in members)) > LARGEST_UNPACKED:
        raise _expands(size)
    for member in members:
        if member.file_size > _SMALL and member.file_size > LARGEST_RATIO * max(member.compress_size, 1):
            raise _expands(member.file_size)
    return archive


def damaged() -> SkippedFile:
    """Return what to raise for a file that is cut off or broken."""
    return SkippedFile("damaged", "the file is cut off or broken; copy it again, or open and save it anew")


_ENCRYPTED = 0x1
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the library inflates others whole before it looks at the size
_SMALL = 1_000_000  # bytes: an empty sheet of a workbook is packed tighter than the ratio, and hurts nobody


class _BoundedZip(zipfile.ZipFile):
    """An archive that says "damaged" where a member is not what the directory promises.

    The library stops inflating at the promised size, and its checksum then shows the lie.
    """

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        """Return a member's bytes."""
        try:
            return super().read(name, pwd)
        except UNREADABLE:
            raise damaged() from None


def _expands(size: int) -> SkippedFile:
    largest = LARGEST_UNPACKED // 10**6
    return SkippedFile(
        "expands_too_much", f"it would unpack to {size / 1e6:,.0f} MB of almost nothing, or to more than {largest} MB"
    )
