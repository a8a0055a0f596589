"""Write to the disk itself what must survive a power cut."""

import os
from pathlib import Path


def to_disk(directory: Path) -> None:
    """Write a folder with all it holds."""
    for path in directory.rglob("*"):
        entry_to_disk(path)
    entry_to_disk(directory)


def entry_to_disk(path: Path) -> None:
    """Write a file, or of a folder which names it holds."""
    if path.is_dir() and os.name != "posix":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
