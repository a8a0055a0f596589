"""Names for the documents of one file that stay theirs when others are added before or after."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vectorstore.types import Document


def named(
    documents: Iterable[tuple[str | None, Document]], *, source: str, on_note: Callable[[str], None]
) -> Iterator[Document]:
    """Yield the documents, each given with the id it has in its file if it has one, as `source#key`.

    The key is the id if that is short and plain, else what can be read of it and a hash. Without an id, the key comes
    from what a reader sees, and so it does in addition where two that differ have one id. A second copy is left out.
    """
    seen: set[tuple[str, str]] = set()
    taken: set[str] = set()
    copies = 0
    for given, document in documents:
        key = short_key(given) if given else document.hash[:_HASH]
        if (key, document.hash) in seen:
            copies += 1
            continue
        seen.add((key, document.hash))
        while key in taken:
            key = f"{key}-{document.hash[:_HASH]}"
        taken.add(key)
        yield replace(document, source=f"{source}#{key}")
    if copies:
        on_note(f"{source}: {copies} {'copies' if copies > 1 else 'copy'} of what is in the file already left out")


def short_key(given: str) -> str:
    """Return a key of at most 60 characters for an id; different ids have different keys."""
    plain = _ODD.sub("-", given.partition("://")[2] or given).strip("-.")
    if plain == given and len(given) <= _LONGEST:
        return given
    return f"{plain[-_READABLE:].strip('-.')}-{hashlib.sha256(given.encode('utf-8', 'replace')).hexdigest()[:_HASH]}"


_HASH = 12
_LONGEST = 60
_READABLE = _LONGEST - _HASH - 1
_ODD = re.compile(r"[^\w.@+=$-]+", re.ASCII)
