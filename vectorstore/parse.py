"""The process that reads files: `python -m vectorstore.parse`, with files on its input and documents on its output.

A file comes as a line of JSON, {"name", "source", "size", "seconds", "ocr_languages"}, and its bytes. Each answer is a
line: {"document": columns} and {"note": sentence}, any number of them; then {"end": true} or {"skipped": [reason,
detail]}, or {"problem": sentence} if it is the owner who can mend it.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

from vectorstore import rows
from vectorstore.errors import SkippedFile, UserError
from vectorstore.loaders import load_bytes
from vectorstore.loaders.decode import LARGEST_TEXT
from vectorstore.loaders.read import too_large

Answer = dict[str, Any]  # what JSON holds


def main() -> None:
    """Read files until there are no more; end after one that took all memory, as nothing here is sure then."""
    answers = _own_output()
    _limit(int(sys.argv[1]))
    sys.addaudithook(_stay_here)
    while line := sys.stdin.buffer.readline():
        file = json.loads(line)
        raw = sys.stdin.buffer.read(file["size"])
        given = {key: file[key] for key in ("name", "source", "ocr_languages")}
        for answer in _within(file["seconds"], _read(raw, **given)):
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
            if answer.get("skipped", [""])[0] == "parser_memory":
                os._exit(1)


def _read(raw: bytes, *, name: str, source: str, ocr_languages: Sequence[str]) -> Iterator[Answer]:
    notes: list[str] = []
    try:
        for document in load_bytes(raw, name=name, source=source, on_note=notes.append, ocr_languages=ocr_languages):
            if len(document.text) > LARGEST_TEXT:
                raise too_large(len(document.text), LARGEST_TEXT)
            yield {"document": rows.document_values(document)}
        yield from ({"note": note} for note in notes)
        yield {"end": True}
    except SkippedFile as skipped:
        yield {"skipped": [skipped.reason, skipped.detail]}
    except UserError as problem:
        yield {"problem": str(problem)}
    except MemoryError:
        yield {"skipped": ["parser_memory", "to read it takes more memory than a file may; split it"]}
    except RecursionError:
        yield {"skipped": ["damaged", "its parts lie too deep in each other to be read"]}
    except Exception as error:  # noqa: BLE001 - libraries fail on broken files with whatever they happen to run into
        yield {"skipped": ["damaged", f"it could not be read ({type(error).__name__}: {str(error)[:200]})"]}


def _within(seconds: int, answers: Iterator[Answer]) -> Iterator[Answer]:
    """Yield the answers; end this process if one takes so long: whoever asked may be gone, and so nobody else would."""
    alarm = getattr(signal, "alarm", lambda seconds: 0)  # Windows has none
    while True:
        alarm(seconds)
        answer = next(answers, None)
        alarm(0)
        if answer is None:
            return
        yield answer


def _own_output() -> IO[bytes]:
    """Return what this process answers on; what a library prints goes nowhere."""
    own = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    return os.fdopen(own, "wb")


def _limit(memory: int) -> None:
    """Let this process have so many bytes of memory of its own, where the system can be told."""
    with suppress(ImportError):  # Windows has no such module
        import resource

        for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0)):
            with suppress(ValueError, OSError):  # a system that does not know this limit, or has a lower one
                resource.setrlimit(kind, (most, most))


_NETWORK = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"})


def _stay_here(event: str, arguments: tuple[object, ...]) -> None:
    if event in _NETWORK:
        raise PermissionError("a document may not reach the network")


if __name__ == "__main__":
    main()
