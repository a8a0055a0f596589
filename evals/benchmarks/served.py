"""The real server in a process of its own for as long as a block lasts, and what that process holds."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

START = 120.0  # seconds until it must listen
END = 15.0
UNBOUNDED = "1000000"


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: resident memory in megabytes of 2**20 bytes, threads, open files."""

    memory: float
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens; `address` ends in no slash."""

    address: str
    process: int

    def held(self) -> Held:
        """Return what it holds at this moment, as Linux tells it."""
        place = Path("/proc", str(self.process))
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
        return Held(
            int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), sum(1 for _ in (place / "fd").iterdir())
        )


def index(folder: Path, library: Path) -> None:
    """Index a folder into a new library."""
    subprocess.run(_footnote(library, "index", str(folder)), env=_environment(), check=True, capture_output=True)


@contextmanager
def served(library: Path, *, model: bool) -> Iterator[Server]:
    """Serve a library on loopback with `footnote serve`; its answers are written by the slow model, or extractive."""
    with ExitStack() as processes:
        settings = {"FOOTNOTE_QUESTIONS_PER_MINUTE": UNBOUNDED, "FOOTNOTE_REQUESTS_PER_MINUTE": UNBOUNDED}
        if model:
            at = _free_port()
            processes.enter_context(_running([sys.executable, "-m", "evals.benchmarks.slow_model", str(at)], at))
            settings |= {"FOOTNOTE_MODEL": "openai:slow", "FOOTNOTE_BASE_URL": f"http://127.0.0.1:{at}/v1"}
        port = _free_port()
        command = _footnote(library, "serve", "--no-uploads", "--port", str(port))
        process = processes.enter_context(_running(command, port, **settings))
        yield Server(f"http://127.0.0.1:{port}", process)


@contextmanager
def _running(command: Sequence[str], port: int, **settings: str) -> Iterator[int]:
    """Run a command until the block ends, which begins when it listens; yield its process id."""
    with subprocess.Popen(command, env=_environment(**settings), stdout=subprocess.DEVNULL) as process:
        try:
            _await(port, process)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(END)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"Nothing listens on port {port}: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]  # a list


def _footnote(library: Path, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("footnote")), "--library", str(library), *arguments]


def _environment(**settings: str) -> dict[str, str]:
    """Return our own environment with these settings of Footnote and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return ours | settings


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
