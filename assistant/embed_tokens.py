"""Embed tokens: what a page that embeds the assistant sends in place of a key, signed and soon over."""

import datetime
import math
import re
from collections.abc import Collection
from hashlib import sha384

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from assistant.access import EVERYBODY, Person
from assistant.contract import filters_json, read_filters
from assistant.keys import Key, Keys, person_of, plain
from vectorstore.errors import UserError
from vectorstore.types import Filters

PREFIX = "fe_"
LONGEST = 6000  # characters of a token; nginx reads 8 KiB of one header line

# Python's base64 skips what is not of its alphabet: without this, one token could be written in many ways.
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_.-]{{1,{LONGEST}}}")


class EmbedTokens:
    """Tokens that the server of a page has made with a key, each for one of its users.

    A token is not kept: it names its key, and is good for what that key is good for when it is used, at most.
    """

    def __init__(
        self, secret: str, keys: Keys, minutes: float, *, signer: type[TimestampSigner] = TimestampSigner
    ) -> None:
        """Sign with the secret of this installation; a token is good for so many minutes. `signer` tells the time."""
        self._keys = keys
        self._seconds = math.ceil(minutes * 60)
        self._serializer = URLSafeTimedSerializer(
            secret,
            salt="footnote embed",
            serializer_kwargs={"ensure_ascii": True},  # filters may hold lone surrogates, which UTF-8 cannot
            signer=signer,
            # 48 bytes are whole base64 characters; of the 27 that SHA-1 fills, the last can be written in four ways.
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha384},
        )

    def mint(self, key: Key, user: str, groups: Collection[str], filters: Filters) -> tuple[str, datetime.datetime]:
        """Return a token for a user that the holder of the key vouches for, and when it ends.

        Raises:
            UserError: if the key may not ask or is not in one of the groups, if the user's name is none, or if the
                token would be too long.
        """
        if not person_of(key).may("ask"):
            raise UserError(f"The key {key.name!r} has not the scope ask; embed with a key that has it.")
        user = plain(user, "user")
        named = {plain(group, "group") for group in groups} - {EVERYBODY}
        if foreign := sorted(named - key.groups):
            raise UserError(f"The key {key.name!r} is not in the group {foreign[0]!r}; name only groups that it is in.")
        payload = {"key": key.name, "user": user, "groups": sorted(named), "filters": filters_json(filters)}
        signed = str(self._serializer.dumps(payload))
        if len(signed) > LONGEST:
            raise UserError(
                f"The token would have {len(signed):,} characters, and {LONGEST:,} fit into a header; "
                "name fewer groups or documents."
            )
        _, minted = self._serializer.loads(signed, return_timestamp=True)
        return f"{PREFIX}{signed}", minted + datetime.timedelta(seconds=self._seconds)

    def person(self, token: str) -> Person | None:
        """Return whom a token stands for; None if it is none of ours, is over, or its key may not ask any more.

        Raises:
            UserError: if the keys cannot be read.
        """
        if not _TOKEN.fullmatch(token):
            return None
        try:
            payload = self._serializer.loads(token.removeprefix(PREFIX), max_age=self._seconds)
        except BadData:
            return None
        key = self._keys.named(payload["key"])
        if key is None or key.revoked or not person_of(key).may("ask"):
            return None
        return Person(
            user=f"embed:{key.name}:{payload['user']}",
            scopes=frozenset({"ask"}),
            groups=key.groups.intersection(payload["groups"]),
            way="embed",
            filters=read_filters(payload["filters"]),
        )
