"""What one request may read: the rights of whoever sends it, narrowed by what it asks for."""

import datetime
from collections.abc import Sequence
from dataclasses import replace

from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.text import one_line
from vectorstore.types import Document, Filters


def narrowed(
    rights: Filters,
    library: Library,
    *,
    outlets: Sequence[str] = (),
    after: datetime.date | None = None,
    before: datetime.date | None = None,
) -> Filters:
    """Return the filters that let through what both the rights and the request do, and nothing else.

    Raises:
        UserError: if the days leave none between them, or no document that may be read is of one of the outlets: a
            misspelt one would look like "not found".
    """
    if after and before and after > before:
        raise UserError(f"No day is both after {after} and before {before}; exchange them.")
    for outlet in outlets:
        is_allowed = not rights.outlets or outlet.casefold() in map(str.casefold, rights.outlets)
        if not is_allowed or not any(library.documents(replace(rights, outlets=(outlet,)))):
            raise UserError(
                f"No document is of the outlet “{one_line(outlet, longest=80)}”; search without outlets, and hits name "
                "theirs."
            )
    return replace(
        rights,
        outlets=tuple(outlets) or rights.outlets,
        after=max(filter(None, (rights.after, after)), default=None),
        before=min(filter(None, (rights.before, before)), default=None),
    )


def readable(document_id: str, rights: Filters, library: Library) -> Document:
    """Return a document by its id or source.

    Raises:
        UserError: if there is none, or none that may be read: the two look the same from outside.
    """
    document = library.find(document_id)
    is_named = document and (not rights.documents or {document.id, document.source}.intersection(rights.documents))
    found = next(library.documents(replace(rights, documents=(document.id,))), None) if document and is_named else None
    if found is None:
        raise UserError(
            f"There is no document “{one_line(document_id, longest=80)}”; give the document_id of a hit or a footnote."
        )
    return found
