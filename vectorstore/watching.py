"""Bring a library up to date at once, and again after each burst of changes, until somebody ends it."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from vectorstore.errors import OwnerError, UserError
from vectorstore.intake import NOT_READ
from vectorstore.report import Report
from vectorstore.walk import is_under

# `run(retry)` does one run, `tell` hears what came of it.
Run = Callable[[bool], Report]
Tell = Callable[[Report | UserError], None]

_log = logging.getLogger(__name__)


def keep_up(paths: Sequence[Path], run: Run, *, leave_out: Path, tell: Tell, stop: Event) -> None:
    """Run until `stop` is set: now, after each burst of changes under the paths, and every ten minutes anyway.

    `leave_out` is the library, which changes with every run. A run that fails is tried again, ever more rarely; what
    went wrong is told once. So are files that could not be read, without holding up the runs in between. A path that
    disappears and returns, a share perhaps, is watched again.

    Raises:
        OwnerError: if the system cannot watch so much.
    """
    runs, places = _Runs(run, tell), None
    while not stop.is_set():
        if places != (places := _places(paths)):
            runs.due = 0.0
        for changed in _bursts(paths, leave_out, stop):
            if _places(paths) != places:
                break  # and watch what is there now
            if changed or runs.are_due():
                runs.do(changed=changed)


@dataclass
class _Runs:
    run: Run
    tell: Tell
    due: float = 0.0
    _retry_at: float = 0.0
    _failures: int = 0
    _retries: int = 0
    _told: str = ""

    def are_due(self) -> bool:
        """Return whether it is time for a run, whatever changed."""
        return time.monotonic() >= min(self.due, self._retry_at)

    def do(self, *, changed: bool) -> None:
        """Run, tell, and decide when to run again."""
        retry = time.monotonic() >= self._retry_at
        try:
            report = self.run(retry)
        except UserError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the watching; it keeps its traceback
            _log.exception("a run failed")
            self._fail(OwnerError(f"the run failed ({type(error).__name__}: {error}); it is tried again"))
        else:
            self._succeed(report, retry=retry)

    def _fail(self, error: UserError) -> None:
        if str(error) != self._told:
            self.tell(error)
        self._told = str(error)
        self.due = self._retry_at = time.monotonic() + _doubled(_FIRST_AGAIN, self._failures, _LAST_AGAIN)
        self._failures += 1

    def _succeed(self, report: Report, *, retry: bool) -> None:
        self.tell(report)
        self._failures, self._told = 0, ""
        self.due = time.monotonic() + _ANYWAY
        if not any(each.reason in NOT_READ for each in report.skipped):
            self._retries, self._retry_at = 0, self.due
        elif retry:
            self._retry_at = time.monotonic() + _doubled(_FIRST_RETRY, self._retries, _LAST_RETRY)
            self._retries += 1


_ANYWAY = 600.0  # seconds; some network shares tell of no change that another machine makes
_FIRST_AGAIN, _LAST_AGAIN = 1.0, 300.0
_FIRST_RETRY, _LAST_RETRY = 60.0, 3600.0
_LOOK = 500  # milliseconds from one look at the clock and the places to the next
_QUIET, _LONGEST_BURST = 300, 5000  # milliseconds


def _doubled(first: float, times: int, longest: float) -> float:
    return min(first * 2.0 ** min(times, 20), longest)


def _places(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Return what tells whether the same files and folders, on the same disks, are at these paths."""
    return [_place(path) for path in paths]


def _place(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _bursts(paths: Sequence[Path], leave_out: Path, stop: Event) -> Iterator[bool]:
    """Yield True after a burst of changes, and every now and then False; the first time as soon as it watches."""
    from watchfiles import watch

    roots = [os.path.realpath(path) for path in paths if path.exists()]
    if not roots:
        yield False
        stop.wait(_LOOK / 1000)
        return
    library = os.fsencode(os.path.realpath(leave_out))

    def matters(change: object, path: str) -> bool:
        root = next((each for each in roots if is_under(os.fsencode(path), os.fsencode(each))), path)
        names = os.path.relpath(path, root).split(os.sep)
        hidden = any(name.startswith(".") and name != "." for name in names)
        return not hidden and not is_under(os.fsencode(path), library)

    changes = watch(
        *roots,
        watch_filter=matters,
        stop_event=stop,
        debounce=_LONGEST_BURST,
        step=_QUIET,
        rust_timeout=_LOOK,
        yield_on_timeout=True,
    )
    try:
        yield from map(bool, changes)
    except FileNotFoundError:
        return  # it has gone since; the next look says so
    except OSError as error:
        raise OwnerError(
            f"{', '.join(map(str, paths))} cannot be watched ({error}); raise the system's limit of watches, or set "
            "WATCHFILES_FORCE_POLLING=true"
        ) from error
