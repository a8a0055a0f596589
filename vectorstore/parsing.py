"""Reads files in a process of its own, so that none can crash this one, hang it, or take its memory."""

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from vectorstore import rows
from vectorstore.errors import SkippedFile
from vectorstore.types import Document

SECONDS = 30.0  # that a file may take until its first document, and from one document to the next
MEMORY = 768 * 2**20  # bytes that the process may have of its own, its libraries included
_FILES = 1000  # then a new process begins, for what libraries leave behind


class Parser:
    """Reads one file at a time; the process starts with the first one and ends with the block."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
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
        """
        process = self._running()
        ended = False
        try:
            self._send(process, raw, name=name, source=source)
            while "end" not in (answer := self._answer(process)):
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
                [sys.executable, "-P", "-m", "vectorstore.parse", str(self._memory), str(2 * math.ceil(self._seconds))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [package, os.getenv("PYTHONPATH")]))},
            )
            self._files = 0
        return self._process

    def _send(self, process: "subprocess.Popen[bytes]", raw: bytes, *, name: str, source: str) -> None:
        header = json.dumps({"name": name, "source": source, "size": len(raw)})
        if process.stdin is None:
            raise ValueError("the process was started without an input")
        with suppress(BrokenPipeError):  # what became of it is seen when there is no answer
            process.stdin.write(header.encode() + b"\n" + raw)
            process.stdin.flush()

    def _answer(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        if process.stdout is None:
            raise ValueError("the process was started without an output")
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            return json.loads(line)  # type: ignore[no-any-return]  # what JSON holds
        if late.is_set():
            raise SkippedFile("parser_timeout", f"it was not read within {self._seconds:g} seconds; split it")
        raise SkippedFile("damaged", f"its parser ended with status {process.wait()}; save the file anew")

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
