"""Opens the networks that are bundled with us, on all cores that this process may use."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no stubs


def open_session(path: Path) -> "InferenceSession":
    """Return the network of a file, ready to run."""
    # Since 1.29, onnxruntime tells its maker of every session, unless it is forbidden to before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    # Waiting threads that spin take the cores from the ones at work: a third of the speed on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
