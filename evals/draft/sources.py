"""The folders on disk from which a library was made."""

import os
from pathlib import Path

from vectorstore.errors import UserError
from vectorstore.library import Library


def folders_of(library: Library) -> tuple[Path, ...]:
    """Return the files and folders that were indexed, in order of their names.

    A document's source begins with the name of the folder that was indexed, so the folder is its path up to there.

    Raises:
        UserError: if one of them is not there any more.
    """
    found = set()
    for source, stored in library.connection.execute("SELECT source, path FROM documents"):
        path = Path(os.fsdecode(stored))
        inside = len(Path(source).parts) - 1
        root = path.parents[inside - 1] if 0 < inside <= len(path.parents) else path
        if not root.exists():
            raise UserError(f"{root} is not there any more; name the folder of the documents with --documents.")
        found.add(root)
    return tuple(sorted(found))
