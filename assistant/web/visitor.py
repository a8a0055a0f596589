"""Who looks at the page, and in which language."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from assistant.access import Person
from assistant.web.words import Words, words_for

COOKIE = "footnote_language"  # what the person chose; the browser's own wish otherwise


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person on the other side of a request."""

    person: Person
    words: Words

    @property
    def user(self) -> str:
        """Whose conversations these are."""
        return self.person.user


def visitor_of(request: HTTPConnection | Any, fixed: str | None) -> Visitor:  # noqa: ANN401 - or Gradio's, which has the same
    """Return who sent a request; `fixed` is the language that an organisation has chosen for everybody."""
    words = words_for(request.headers.get("accept-language"), request.cookies.get(COOKIE), fixed)
    return Visitor(request.scope["person"], words)
