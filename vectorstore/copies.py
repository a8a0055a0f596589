"""Which documents are copies of each other: syndicated, reprinted, or edited a little.

Every text is signed when it is put into the library, and at the end of a run each new one is placed: beside the
document whose words it repeats, its leader, or as a leader of its own. It is compared with leaders only, and with
those only that a table of parts of signatures proposes, so a run costs what is new in it, however much there is.

Source: Broder, "On the resemblance and containment of documents", 1997; Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", chapter 3.
"""

import hashlib
import re
import sqlite3
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Words, and single characters of the scripts written without spaces. Not the terms of vectorstore/words.py: stems make
# no more copies and take four times as long.
_SPACELESS = r"\u0e01-\u0eff\u1000-\u109f\u1780-\u17d3\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[^\W{_SPACELESS}]+|\w")

# Words in a row that are compared. Of a text with every tenth word changed, three in a row leave 0.57 in common
# (median, n = 200) and five 0.42, where different articles of the BBC that quote the same speech begin.
SHINGLE = 3

# Shingles that two documents share, of all that they have, from which one is a copy of the other.
ALIKE = 0.45

# Shingles below which only the same words in the same order make a copy: two notes of a line each may differ in what
# they say and in nothing else.
SHORT = 30

# A leader is proposed if any of the BANDS parts of its signature, of ROWS numbers each, is the same: 99 % of those that
# share 0.52 and one in four million of those that share 0.002, as two articles do.
BANDS, ROWS = 32, 3

# Leaders that are read to compare them word for word, the most similar by their signatures first.
READ = 8
_DOUBT = 0.15  # three standard errors of the similarity of two signatures


def sign(connection: sqlite3.Connection, number: int | None, text: str) -> None:
    """Keep the signature of a document; `place` finds what it is a copy of."""
    shingles = _shingles(text)
    values = (number, len(shingles), _signature(shingles).tobytes())
    connection.execute("INSERT INTO copies (document, shingles, signature) VALUES (?, ?, ?)", values)


def place(connection: sqlite3.Connection) -> None:
    """Give each new document its leader, and each one whose leader is gone another; the longest first.

    So what was cut short is compared with the whole.
    """
    _sign_again(connection)
    new = connection.execute("SELECT document FROM copies WHERE leader IS NULL ORDER BY shingles DESC, document")
    for number in array("q", (number for (number,) in new)):
        leader = next(_found(connection, number), None)
        if leader is None:
            leader = number
            rows = [(band, number) for band in _bands(_signature_of(connection, number))]
            connection.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", rows)
        connection.execute("UPDATE copies SET leader = ? WHERE document = ?", (leader, number))


def likeness(text: str, other: str) -> float:
    """Return the share of their shingles that two texts have in common: 1.0 for the same words, 0.0 for no three."""
    one, two = _shingles(text), _shingles(other)
    return len(one & two) / max(1, len(one | two))


def _sign_again(connection: sqlite3.Connection) -> None:
    """Sign all documents if they were signed in another way: only signatures of one kind can be compared."""
    from rensa import RMinHash  # type: ignore[import-untyped]  # it ships no types

    kind = f"{RMinHash.ALGORITHM_VERSION}:{SHINGLE}:{BANDS}:{ROWS}"
    before = connection.execute("SELECT value FROM meta WHERE key = 'copies'").fetchone()
    if before == (kind,):
        return
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('copies', ?)", (kind,))
    if before is None:
        return
    connection.execute("DELETE FROM bands")
    connection.execute("DELETE FROM copies")
    for number in array("q", (number for (number,) in connection.execute("SELECT number FROM documents"))):
        sign(connection, number, _text_of(connection, number))


def _found(connection: sqlite3.Connection, number: int) -> Iterator[int]:
    """Yield the leaders whose words this document repeats."""
    signature = _signature_of(connection, number)
    bands = _bands(signature)
    proposed = connection.execute(
        f"SELECT DISTINCT document FROM bands WHERE band IN ({', '.join('?' * len(bands))})", bands
    ).fetchall()
    likely = []
    for (leader,) in proposed:
        similar = float(np.mean(signature == _signature_of(connection, leader)))
        if similar >= ALIKE - _DOUBT:
            likely.append((-similar, leader))
    if not likely:
        return
    shingles = _shingles(_text_of(connection, number))
    for _, leader in sorted(likely)[:READ]:
        others = _shingles(_text_of(connection, leader))
        least = ALIKE if min(len(shingles), len(others)) >= SHORT else 1.0
        if shingles and len(shingles & others) >= least * len(shingles | others):
            yield leader


def _shingles(text: str) -> set[str]:
    words = _WORD.findall(text.casefold())
    starts = range(max(min(1, len(words)), len(words) - SHINGLE + 1))
    return {" ".join(words[start : start + SHINGLE]) for start in starts}


def _signature(shingles: set[str]) -> NDArray[np.uint32]:
    from rensa import RMinHash

    signed = RMinHash(num_perm=BANDS * ROWS, seed=1)
    signed.update(list(shingles))
    return np.array(signed.digest(), dtype="<u4")


def _bands(signature: NDArray[np.uint32]) -> list[int]:
    """Return the parts of a signature as numbers that SQLite holds; each says which part it is."""
    parts = signature.reshape(BANDS, ROWS)
    keys = (hashlib.blake2b(bytes([number]) + part.tobytes(), digest_size=8) for number, part in enumerate(parts))
    return [int.from_bytes(key.digest(), "big", signed=True) for key in keys]


def _signature_of(connection: sqlite3.Connection, number: int) -> NDArray[np.uint32]:
    (signature,) = connection.execute("SELECT signature FROM copies WHERE document = ?", (number,)).fetchone()
    return np.frombuffer(signature, dtype="<u4")


def _text_of(connection: sqlite3.Connection, number: int) -> str:
    (text,) = connection.execute("SELECT text FROM documents WHERE number = ?", (number,)).fetchone()
    return str(text)
