"""Ids and vectors as bytes, for the processes that build and check an index."""

import json
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray


def write_frame(stream: IO[bytes], ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write ids and their vectors, shape (len(ids), dimension), as one frame; a dimension of 0 is allowed."""
    stream.write(json.dumps({"ids": list(ids), "dimension": vectors.shape[1]}).encode() + b"\n")
    stream.write(vectors.astype("<f4").tobytes())


def write_end(stream: IO[bytes]) -> None:
    """Write the mark that says that no frame follows, which tells an end from a writer that died."""
    stream.write(b"{}\n")
    stream.flush()


def read_frames(stream: IO[bytes]) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Yield frames up to the end mark.

    Raises:
        EOFError: if the stream ends without one.
    """
    while line := stream.readline():
        header = json.loads(line)
        if not header:
            return
        shape = (len(header["ids"]), header["dimension"])
        raw = stream.read(shape[0] * shape[1] * 4)
        if len(raw) < shape[0] * shape[1] * 4:
            break
        yield header["ids"], np.frombuffer(raw, dtype="<f4").reshape(shape).astype(np.float32)
    raise EOFError("the other process ended in the middle")
