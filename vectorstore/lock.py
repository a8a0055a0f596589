"""One writer at a time in a library."""

import datetime
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vectorstore.errors import OwnerError


@contextmanager
def only_writer(directory: Path) -> Iterator[None]:
    """Be the only one who writes to the library in directory; the system frees the lock of a process that dies.

    Raises:
        OwnerError: if another writes, naming its process and when it started.
    """
    from filelock import FileLock, Timeout

    # Beside the lock and not in it: some versions of filelock empty the file that they try to lock.
    owner = directory / "lock.owner"
    lock = FileLock(directory / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise OwnerError(
            f"another run is writing to {directory} ({_described(owner)}); try again when it ends"
        ) from error
    except OSError as error:
        raise OwnerError(f"cannot write to the library in {directory}: {error}") from error
    try:
        started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        owner.write_text(json.dumps({"pid": os.getpid(), "started": started}), "utf-8")
        yield
    finally:
        lock.release()


def _described(owner: Path) -> str:
    try:
        found = json.loads(owner.read_text("utf-8"))
        return f"process {found['pid']}, started {found['started']}"
    except (OSError, ValueError, KeyError):
        return "it has only just started"
