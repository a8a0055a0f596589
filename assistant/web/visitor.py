"""Who looks at the page, and in which language."""

from dataclasses import dataclass

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


def words_of(request: HTTPConnection, fixed: str | None) -> Words:
    """Return the words for whoever sent a request; `fixed` is the language that is chosen for everybody."""
    return words_for(request.headers.get("accept-language"), request.cookies.get(COOKIE), fixed)


def visitor_of(request: HTTPConnection, fixed: str | None) -> Visitor:
    """Return who sent a request that the door let in as somebody's."""
    return Visitor(request.scope["person"], words_of(request, fixed))
