"""What the server logs: lines for people or JSON, with the number of the request and without anybody's words.

A line is made of what is known beforehand: our own messages, kinds of errors and places in code, and of a request its
method, route, status, time, bytes and way in. What an error says and what libraries say may quote a document, a
question or a key, so neither is told; there is nothing to be redacted.
"""

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from assistant.access import Way
from assistant.web.bounded import METHODS, one_of
from assistant.web.request_id import NONE, request_id

if TYPE_CHECKING:
    from assistant.settings import Settings

ACCESS = "footnote.access"
ACCESS_FIELDS = ("method", "route", "status", "ms", "way", "bytes")

# What settings set the level of, and whose messages are told: they are written so that they quote nobody.
LEVELLED = ("assistant", "evals", "footnote", "prompts", "uvicorn", "vectorstore")
TOLD = (*LEVELLED, "opentelemetry")

_access = logging.getLogger(ACCESS)

Fields = dict[str, Any]  # what json.dumps takes


def set_up_logging(settings: "Settings", stream: TextIO | None = None) -> None:
    """Send every record of this process to stream, standard error by default, in the format that settings name.

    To be called once the application is made: handlers that libraries brought are taken away, uvicorn's too, whose
    own access log ends. Libraries are heard from "warning" on, whatever settings say: below it they tell contents.
    """
    handler = _Handler(stream)
    handler.addFilter(_number)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    for logger in [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]:
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").propagate = False
    level = getattr(logging, settings.log_level.upper())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(max(level, logging.WARNING))
    for name in LEVELLED:
        logging.getLogger(name).setLevel(level)


def log_request(method: str, route: str, *, status: int, seconds: float, way: Way | None, sent: int) -> None:
    """Log that a request was served; `route` is a template without ids, `sent` counts the bytes of the body."""
    told = {
        "method": one_of(method, METHODS),
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "way": way or NONE,
        "bytes": sent,
    }
    _access.info("request", extra=told)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; of one that cannot be written it tells the kind of error, where logging would print it all."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Tell that a line was lost."""
        with suppress(OSError, ValueError):  # whoever read the log may be gone
            self.stream.write(f"a line of {_visible(record.name)} could not be logged\n")


class _Json(JsonFormatter):
    """One JSON object a line."""

    def add_fields(self, log_data: Fields, record: logging.LogRecord, message_dict: Fields) -> None:
        """Tell the known fields only, whatever else hangs on the record."""
        log_data.update(_fields(record))


class _Text(logging.Formatter):
    """A line for people; the places of an error follow, indented, so that no line can be taken for another record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = _fields(record)
        first = f"{fields['time']} {fields['level']:7} {fields['logger']} [{fields['request_id']}] {fields['message']}"
        about = "".join(f" {name}={fields[name]}" for name in ACCESS_FIELDS if name in fields)
        return "\n    ".join(map(_visible, [first + about, *fields.get("error", ())]))


def _number(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


def _fields(record: logging.LogRecord) -> Fields:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    fields = {
        "time": time.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
        "request_id": getattr(record, "request_id", NONE),
    }
    if record.name == ACCESS:
        fields |= {name: getattr(record, name) for name in ACCESS_FIELDS if hasattr(record, name)}
    if record.exc_info and record.exc_info[1]:
        fields["error"] = list(_error(record.exc_info[1], set()))
    return fields


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in TOLD:
        return record.getMessage().strip()
    return f"a library's words are left out; they come from {record.filename}, line {record.lineno}"


def _error(error: BaseException, told: set[int]) -> Iterator[str]:
    """Yield the kinds of an error and of those behind it, oldest first, each after the places that it came through."""
    if id(error) in told:
        return  # an error can stand behind itself
    told.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _error(before, told)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"at {frame.filename}:{frame.lineno} in {frame.name}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _error(one, told)
    kind = type(error)
    reason = f" ({os.strerror(error.errno)})" if isinstance(error, OSError) and isinstance(error.errno, int) else ""
    yield f"{kind.__module__}.{kind.__qualname__}{reason}"


def _visible(text: str) -> str:
    """Return text on one line, with everything that is not seen, or that could begin a line, written as an escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
