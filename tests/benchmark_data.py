"""Tiny sets in the form that the benchmarks read."""

import gzip
import json


def write_lines(path, rows):
    """Write JSON lines, compressed if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def cells(table, *names):
    """Return the rows of a table by the cells of the named columns, each row by column."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {tuple(row[name] for name in names): row for row in rows}
