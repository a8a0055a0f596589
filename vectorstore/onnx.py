"""Opens the networks that are bundled with us, on the cores that this process may use."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no stubs


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(path: Path, *, threads: int | None = None) -> "InferenceSession":
    """Return the network of a file, ready to run, each run on so many threads; by default, on all cores."""
    # Since 1.29, onnxruntime tells its maker of every session, unless it is forbidden to before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads or cores()
    # Waiting threads that spin take the cores from the ones at work: a third of the speed on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
