"""Reads files in a process of its own, so that none can crash this one, hang it, or take its memory."""

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from vectorstore import rows
from vectorstore.errors import OwnerError, SkippedFile
from vectorstore.types import Document

SECONDS = 30.0  # that a file may take until its first document, and from one document to the next
SECONDS_A_MEGABYTE = 3.0  # that a large file may take besides: a PDF of a thousand pages is no attack
OCR_TIMES = 40  # as long as that for a file whose pages may be pictures
MEMORY = 768 * 2**20  # bytes that the process may have of its own, its libraries included
_FILES = 1000  # then a new process begins, for what libraries leave behind


class Parser:
    """Reads one file at a time; the process starts with the first one and ends with the block.

    `ocr_languages` are those that scanned pages are read in, as tesseract names them ("eng"); none, and they are not.
    """

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY, ocr_languages: Sequence[str] = ()) -> None:
        self._seconds = seconds
        self._ocr_languages = tuple(ocr_languages)
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0

    def __enter__(self) -> "Parser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def documents(
        self, raw: bytes, *, name: str, source: str, on_note: Callable[[str], None] = lambda note: None
    ) -> Iterator[Document]:
        """Yield the documents in the bytes of a file, as `load_bytes` does.

        Raises:
            SkippedFile: as `load_bytes`; "parser_timeout", "parser_memory", or "damaged" if the parser crashed.
            OwnerError: if tesseract cannot do what it is asked for.
        """
        process = self._running()
        seconds = self._seconds + SECONDS_A_MEGABYTE * len(raw) / 1e6
        if self._ocr_languages and name.lower().endswith(".pdf"):
            seconds *= OCR_TIMES
        ended = False
        try:
            file = {"name": name, "source": source, "size": len(raw), "ocr_languages": self._ocr_languages}
            _send(process, file | {"seconds": 2 * math.ceil(seconds)}, raw)
            while "end" not in (answer := _answer(process, seconds)):
                if "problem" in answer:
                    raise OwnerError(answer["problem"])
                if "skipped" in answer:
                    reason, detail = answer["skipped"]
                    ended = reason != "parser_memory"
                    raise SkippedFile(reason, detail)
                if "note" in answer:
                    on_note(answer["note"])
                else:
                    yield rows.from_values(answer["document"])
            ended = True
        finally:
            self._files += 1
            if not ended or self._files >= _FILES:
                self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            package = str(Path(__file__).parents[1])
            self._process = subprocess.Popen(
                # -P: a json.py in the folder where the user stands must not be run.
                [sys.executable, "-P", "-m", "vectorstore.parse", str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [package, os.getenv("PYTHONPATH")]))},
            )
            self._files = 0
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was not sent any more
                    pipe.close()


def _send(process: "subprocess.Popen[bytes]", file: Mapping[str, object], raw: bytes) -> None:
    if process.stdin is None:
        raise ValueError("the process was started without an input")
    with suppress(BrokenPipeError):  # what became of it is seen when there is no answer
        process.stdin.write(json.dumps(file).encode() + b"\n" + raw)
        process.stdin.flush()


def _answer(process: "subprocess.Popen[bytes]", seconds: float) -> dict[str, Any]:
    """Return the next line of the process, which is killed if it takes longer than that."""
    if process.stdout is None:
        raise ValueError("the process was started without an output")
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        line = process.stdout.readline()
    finally:
        timer.cancel()
    if line.endswith(b"\n"):
        return json.loads(line)  # type: ignore[no-any-return]  # what JSON holds
    if late.is_set():
        raise SkippedFile("parser_timeout", f"it was not read within {seconds:.0f} seconds; split it")
    raise SkippedFile("damaged", f"its parser ended with status {process.wait()}; save the file anew")
