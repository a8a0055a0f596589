"""The options that several commands share, and what they mean."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from vectorstore.library import Library as OpenLibrary


def _or_given_before(context: typer.Context, library: Path | None) -> Path | None:
    return library or context.obj


_LIBRARY_HELP = "Folder of the library; else FOOTNOTE_LIBRARY, else .footnote"

LibraryBefore = Annotated[Path | None, typer.Option("--library", metavar="DIR", help=_LIBRARY_HELP, show_default=False)]
Library = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help=_LIBRARY_HELP, show_default=False, callback=_or_given_before),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else.")]
Questions = Annotated[
    Path | None,
    typer.Option(
        "--questions", metavar="FILE.jsonl", help="Ask each line's question; JSON lines out in the same order."
    ),
]
Outlets = Annotated[
    list[str] | None, typer.Option("--outlet", metavar="NAME", help="Only documents of this outlet (repeatable).")
]
Documents = Annotated[
    list[str] | None,
    typer.Option("--document", metavar="SOURCE", help="Only this document, by source or id (repeatable)."),
]
After = Annotated[
    str | None, typer.Option("--after", metavar="DATE", help="Only documents of this day (YYYY-MM-DD) or later.")
]
Before = Annotated[
    str | None, typer.Option("--before", metavar="DATE", help="Only documents of this day (YYYY-MM-DD) or earlier.")
]


def read_filters(
    outlets: list[str] | None, documents: list[str] | None, *, after: str | None, before: str | None
) -> Filters:
    """Return the filters that the options ask for.

    Raises:
        UserError: if a date is not one, or the range is empty.
    """
    first, last = _day("--after", after), _day("--before", before)
    if first and last and first > last:
        raise UserError(f"No day is both after {first} and before {last}; exchange --after and --before.")
    return Filters(tuple(outlets or ()), tuple(documents or ()), first, last)


def expect_known(filters: Filters, library: "OpenLibrary") -> None:
    """Make sure that the outlets and documents of the filters exist: a misspelt one would look like "not found".

    Raises:
        UserError: if one does not.
    """
    outlets = library.outlets()
    known = {outlet.casefold() for outlet in outlets}
    for outlet in filters.outlets:
        if outlet.casefold() not in known:
            raise UserError(f"No document is of the outlet {outlet!r}; known are {_listed(outlets)}.")
    for document in filters.documents:
        if library.find(document) is None:
            raise UserError(f"There is no document {document!r} in the library; give its source as hits show it.")


def one_of(words: str | None, *lines: Path | None, as_json: bool, names: tuple[str, ...]) -> None:
    """Make sure that either words or one file of lines was given, and that lines are answered in JSON.

    `names` are those of the argument and of the options, for the message.

    Raises:
        UserError: if not.
    """
    given = [name for name, value in zip(names, (words, *lines), strict=True) if value is not None]
    if len(given) != 1:
        found = f"None of {_joined(names, 'and')} was" if not given else f"{_joined(given, 'and')} were"
        raise UserError(f"{found} given; give one of {_joined(names, 'or')}.")
    if words is None and not as_json:
        raise UserError(f"{given[0]} prints JSON lines; add --json.")


def _joined(names: Sequence[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _day(option: str, text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is not a day; write it as YYYY-MM-DD.") from None


def _listed(names: tuple[str, ...], most: int = 8) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
