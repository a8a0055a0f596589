"""The header lines of a message, decoded: whose it is, what it is about, and when it was sent."""

import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_tz

from vectorstore.text import one_line


def header(message: Message, name: str) -> str | None:
    """Return a header on one line, its encoded words decoded; None if it is not there or says nothing."""
    return one_line(_decoded(_raw(message, name))) or None


def people(message: Message, name: str) -> str | None:
    """Return the names of the people in a header such as "From", as `names` does."""
    return names(_raw(message, name)) or header(message, name)


def names(addresses: str) -> str | None:
    """Return the names in a list of addresses, the address of those without; three at most, None if none is found."""
    try:
        found = getaddresses([addresses[:_LONGEST]])[:_MOST_PEOPLE]  # before decoding: a name may hold a comma
    except RecursionError:  # comments in comments
        return None
    shown = [one_line(_decoded(called) or address) for called, address in found]
    return ", ".join(filter(None, shown)) or None


def day(message: Message, name: str) -> datetime.date | None:
    """Return the day in a header such as "Date", as it was for the sender; None if it cannot be read."""
    try:
        parts = parsedate_tz(_raw(message, name))
        return datetime.date(*parts[:3]) if parts else None
    except (ValueError, IndexError, OverflowError, TypeError):  # what the library runs into on a broken date
        return None


_LONGEST = 2_000  # characters: the library takes quadratic time on addresses
_MOST_PEOPLE = 3


def _raw(message: Message, name: str) -> str:
    """Return a header as it stands; bytes beyond ASCII, which none should have, as UTF-8."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    raw = " ".join(value.split()).encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _decoded(value: str) -> str:
    """Return the text of a header with encoded words (RFC 2047), as it stands where they are broken."""
    if "=?" not in value:
        return value
    try:
        return "".join(_word(part, charset) for part, charset in decode_header(value))
    except HeaderParseError:
        return value


def _word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "raw-unicode-escape", "replace")  # the second is how the library packs the rest
    except (LookupError, ValueError):
        return part.decode("utf-8", "replace")
