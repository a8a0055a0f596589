"""BM25 of single passages, the very numbers of SQLite's bm25(), without walking through all passages that match.

SQLite counts in how many passages a word occurs each time it is asked, by visiting them all: with a common word that
takes a hundred times longer than to look at the few hundred passages whose score is wanted.

Source: bm25() of SQLite's fts5_aux.c; Robertson and Zaragoza, "The probabilistic relevance framework", 2009.
"""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence

_K1 = 1.2
_B = 0.75
_LEAST = 1e-6  # what a word counts that more than half of the passages hold


def scores(connection: sqlite3.Connection, frequency: Mapping[str, int], numbers: Sequence[int]) -> dict[int, float]:
    """Return the BM25 of the passages with these numbers for a query of the words in `frequency`.

    That says in how many passages each word occurs; a passage without any of them has 0.0.
    """
    rows, average = _size(connection)
    weights = {
        f" {word} ": max(math.log((rows - count + 0.5) / (count + 0.5)), 0.0) or _LEAST
        for word, count in frequency.items()
        if count
    }
    found = connection.execute(
        "SELECT words.rowid, title || ' ' || body FROM json_each(?) each CROSS JOIN words ON words.rowid = each.value",
        (json.dumps(list(numbers)),),
    )
    return {number: _score(text, weights, average) for number, text in found}


def _score(text: str, weights: Mapping[str, float], average: float) -> float:
    padded = f" {text.strip(' ')} "
    length = padded.count(" ") - 1
    saturation = _K1 * (1 - _B + _B * length / average)
    score = 0.0
    for word, weight in weights.items():
        if times := padded.count(word):
            if word + word[1:] in padded:  # side by side they share a space, and every other one was missed
                times = padded.replace(" ", "  ").count(word)
            score += weight * times * (_K1 + 1) / (times + saturation)
    return score


def _size(connection: sqlite3.Connection) -> tuple[int, float]:
    """Return how many passages there are, and how many words they have on average, as FTS5 itself keeps it.

    Source: sqlite3Fts5StorageLoadTotals of fts5_storage.c: the row with id 1 holds the number of rows and the number
    of tokens in each column, as varints.
    """
    (record,) = connection.execute("SELECT block FROM words_data WHERE id = 1").fetchone()
    rows, *tokens = _varints(record) or [0]
    return rows, sum(tokens) / rows if sum(tokens) else 1.0


def _varints(record: bytes) -> list[int]:
    """Return SQLite's variable-length integers below 2 ** 56: seven bits a byte, the highest bit but in the last."""
    found, value = [], 0
    for byte in record:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(value)
            value = 0
    return found
