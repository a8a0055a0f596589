"""API keys: what programs sign in with, each with a name, its scopes and groups; kept without their secrets."""

import datetime
import json
import logging
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from assistant.access import SCOPES, Person, Scope
from assistant.contract import Json
from assistant.database import Database
from vectorstore.errors import UserError
from vectorstore.text import one_line

FILE = "keys.db"
VERSION = 1  # of the tables
LONGEST_NAME = 200  # characters of a group's or person's name
USE_KEPT_EVERY = datetime.timedelta(hours=1)  # to know what is in use; to write at every request would be slow

_SECRET = re.compile(r"fn_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TABLES = """
CREATE TABLE keys (
    name TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, scopes TEXT NOT NULL, groups TEXT NOT NULL,
    created TEXT NOT NULL, last_used TEXT, revoked INTEGER NOT NULL DEFAULT 0
) STRICT;
"""
_KEY = "name, scopes, groups, created, last_used, revoked"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of one key; times are in UTC, and `last_used` may lie up to an hour behind."""

    name: str
    scopes: frozenset[Scope]
    groups: frozenset[str]
    created: datetime.datetime
    last_used: datetime.datetime | None = None
    revoked: bool = False


class Keys:
    """The keys of one library; any number of threads and processes may read and write them.

    Of a secret only its SHA-256 is kept. A slow hash, as passwords need, would protect nothing here: nobody tries
    through 256 random bits. It would only make every request slow. Every method raises UserError if the file cannot
    be used.
    """

    def __init__(self, library: Path) -> None:
        """Use the store in a library's directory; nothing is made before the first key."""
        self.path = library / FILE
        self._database = Database(self.path, tables=_TABLES, version=VERSION)

    def add(self, name: str, scopes: Collection[str], groups: Collection[str] = ()) -> str:
        """Keep a new key and return its secret, which nobody can be told again.

        Raises:
            UserError: if the name is none or was ever taken, if there is no scope, or if a scope or a group is none.
        """
        _expect_name(name)
        _expect_scopes(scopes)
        named = sorted({plain(group, "group") for group in groups})
        secret = f"fn_{secrets.token_urlsafe(32)}"
        row = (name, _hash(secret), json.dumps(sorted(set(scopes))), json.dumps(named), _written(_now()))
        self._database.make()
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM keys WHERE name = ?", (name,)).fetchone():
                raise UserError(  # what was asked with a key is kept under its name: another would come to read it
                    f"There is or was a key {name!r} already; take another name, also if that one is revoked."
                )
            connection.execute("INSERT INTO keys (name, hash, scopes, groups, created) VALUES (?, ?, ?, ?, ?)", row)
        return secret

    def find(self, secret: str) -> Key | None:
        """Return the key that has this secret, and keep that it was used; None if it is unknown or revoked."""
        if not _SECRET.fullmatch(secret):
            return None
        key = self._one("hash = ? AND NOT revoked", _hash(secret))
        # In either direction: a clock that once ran ahead must not stop it.
        if key and (key.last_used is None or abs(_now() - key.last_used) >= USE_KEPT_EVERY):
            self._keep_use(key.name)
        return key

    def named(self, name: str) -> Key | None:
        """Return the key of this name, also if it is revoked; None if there never was one."""
        return self._one("name = ?", name) if _NAME.fullmatch(name) else None

    def all(self) -> tuple[Key, ...]:
        """Return all keys ever added, revoked ones too, in the order in which they were."""
        with self._database.reading() as connection:
            return tuple(_read(row) for row in connection.execute(f"SELECT {_KEY} FROM keys ORDER BY rowid"))

    def revoke(self, name: str) -> None:
        """Let a key be good for nothing any more, for ever.

        Raises:
            UserError: if there is no such key, or it is revoked already.
        """
        key = self.named(name)
        if key is None:
            raise UserError(f"There is no key {name!r}; `footnote keys list` shows all.")
        with self._database.writing() as connection:
            found = connection.execute("UPDATE keys SET revoked = 1 WHERE name = ? AND NOT revoked", (name,)).rowcount
        if not found:
            raise UserError(f"The key {name!r} is revoked already; there is nothing left to do.")

    def _one(self, where: str, value: str | bytes) -> Key | None:
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {_KEY} FROM keys WHERE {where}", (value,)).fetchone()
            return _read(row) if row else None

    def _keep_use(self, name: str) -> None:
        try:
            with self._database.writing() as connection:
                connection.execute("UPDATE keys SET last_used = ? WHERE name = ?", (_written(_now()), name))
        except UserError as error:  # on a full disk people are still let in
            _log.warning("the last use of the key %s was not kept: %s", name, error)


def person_of(key: Key) -> Person:
    """Return who comes in with this key."""
    return Person(f"key:{key.name}", key.scopes, key.groups, "key")


def key_json(key: Key) -> Json:
    """Return a key as `footnote keys list --json` shows it."""
    return {
        "name": key.name,
        "scopes": sorted(key.scopes, key=SCOPES.index),
        "groups": sorted(key.groups),
        "created": key.created.isoformat(),
        "last_used": key.last_used.isoformat() if key.last_used else None,
        "revoked": key.revoked,
    }


def plain(name: str, what: str) -> str:
    """Return the name of a group or person in NFC.

    Nothing is removed from it, as normalise() would: two names must not become one.

    Raises:
        UserError: if it is empty, too long, on several lines, or holds what nobody can see.
    """
    if len(name) <= LONGEST_NAME:
        composed = unicodedata.normalize("NFC", name)
        if composed and one_line(composed, longest=LONGEST_NAME) == composed:
            return composed
    raise UserError(
        f"{one_line(name, longest=60)!r} cannot name a {what}; write 1 to {LONGEST_NAME} characters on one line, "
        "without control characters, and without spaces around them."
    )


def _expect_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{one_line(name, longest=60)!r} cannot name a key; write 1 to 60 small letters, digits and hyphens, "
            "the first no hyphen."
        )


def _expect_scopes(scopes: Collection[str]) -> None:
    if unknown := sorted(set(scopes).difference(SCOPES)):
        raise UserError(f"{one_line(unknown[0], longest=60)!r} is no scope; the scopes are {', '.join(SCOPES)}.")
    if not scopes:
        raise UserError(f"A key without a scope is good for nothing; give one of {', '.join(SCOPES)}.")


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("ascii")).digest()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _written(time: datetime.datetime) -> str:
    return time.isoformat(timespec="seconds")


def _read(row: tuple[str, str, str, str, str | None, int]) -> Key:
    name, scopes, groups, created, last_used, revoked = row
    return Key(
        name,
        frozenset(json.loads(scopes)),
        frozenset(json.loads(groups)),
        datetime.datetime.fromisoformat(created),
        datetime.datetime.fromisoformat(last_used) if last_used else None,
        bool(revoked),
    )
