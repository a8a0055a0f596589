"""Word, PowerPoint and Excel files when they are broken: a library that meets nonsense fails in many ways."""

from collections.abc import Iterator
from contextlib import contextmanager

from vectorstore.loaders.zips import UNREADABLE, damaged


@contextmanager
def broken_is_damaged(*errors: type[Exception]) -> Iterator[None]:
    """Raise SkippedFile "damaged" for what python-docx, python-pptx and openpyxl raise on a file that is no document.

    They take what the standard says must be there for granted, so a missing or foreign part shows as any of the errors
    below; `errors` are those of the library's own.
    """
    from lxml.etree import LxmlError  # type: ignore[import-untyped]  # lxml ships no types

    try:
        yield
    except (LxmlError, SyntaxError, *UNREADABLE, *_MISSING, *errors) as error:
        raise damaged() from error


_MISSING = (LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError)
