"""Who may do what: every way in makes a Person, and every route asks for one scope of theirs."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from vectorstore.errors import OwnerError, UserError
from vectorstore.types import Filters

# ask: questions, and one's own conversations; read: search and whole documents; write: hand in and delete documents;
# metrics: the figures for an operator's monitoring; admin: everything, also what is kept of others.
Scope = Literal["ask", "read", "write", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

# How somebody came in: from this machine without signing in, with an API key, by the header of a trusted proxy, by
# signing in (with a key or at an OpenID provider), or with the token of a page that embeds the assistant.
Way = Literal["local", "key", "proxy", "session", "embed"]

EVERYBODY = "everybody"  # the group that every person is in


@dataclass(frozen=True, slots=True)
class Person:
    """Who sends a request: `user` names whose conversations these are, `scopes` and `groups` say what is allowed.

    A user is "local", "key:NAME", "user:NAME" for one who was signed in by somebody else, or "embed:KEY:NAME" for one
    that a page with the API key KEY vouches for; so nobody can be taken for another. `filters` narrow all that this
    person asks, beside the filters of a question.
    """

    user: str
    scopes: frozenset[Scope]
    groups: frozenset[str] = frozenset()
    way: Way = "local"
    filters: Filters = field(default_factory=Filters)

    def may(self, scope: Scope) -> bool:
        """Return whether this person has a scope; an admin has all."""
        return scope in self.scopes or "admin" in self.scopes

    def is_in(self, *groups: str) -> bool:
        """Return whether this person is in one of these groups; an admin is in all."""
        return "admin" in self.scopes or bool({EVERYBODY, *self.groups}.intersection(groups))


LOCAL = Person("local", frozenset({"admin"}))


def explained(error: UserError, person: Person | None) -> str:
    """Return what a person may know of an error: what only the owner can mend is told to the owner."""
    if isinstance(error, OwnerError) and not (person and person.may("admin")):
        return "Something that this server keeps cannot be used at the moment; its owner finds more in the log."
    return str(error)
