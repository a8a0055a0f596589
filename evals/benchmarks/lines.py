"""The cases of a benchmark as they lie on disk: lines of JSON, compressed or not, and a seeded sample of them."""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from evals.statistics import seed_of
from vectorstore.errors import UserError

Case = TypeVar("Case")
Row = dict[str, Any]  # Any: the keys and values are those of whoever published the set


def read_rows(path: Path, *, keys: Sequence[str]) -> list[Row]:
    """Return the objects of a file of JSON lines; a name that ends in ".gz" is compressed.

    Raises:
        UserError: if it is not such a file, or an object lacks one of the keys; with the line.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
            lines = list(file)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); download it again.") from error
    return [_row(path, number, line, keys) for number, line in enumerate(lines, start=1) if line.strip()]


def sample(cases: Sequence[Case], limit: int | None, name: str) -> Sequence[Case]:
    """Return at most limit cases, drawn by chance that the name seeds, in their order; all of them for None."""
    if limit is None or len(cases) <= limit:
        return cases
    drawn = random.Random(seed_of(name)).sample(range(len(cases)), limit)
    return [cases[place] for place in sorted(drawn)]


def _row(path: Path, number: int, line: str, keys: Sequence[str]) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UserError(f"Line {number} of {path} is no JSON ({error}); download it again.") from error
    if not isinstance(row, dict) or not row.keys() >= set(keys):
        raise UserError(f"Line {number} of {path} is no object with {', '.join(keys)}; download it again.")
    return row
