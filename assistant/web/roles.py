"""What somebody may do who was signed in by another: by the groups that an OpenID provider or a proxy says."""

from collections.abc import Iterable

from assistant.access import Person, Scope, Way
from assistant.settings import Settings
from vectorstore.errors import UserError

LONGEST = 200  # characters of a name


def person_of(settings: Settings, name: str, groups: Iterable[str], *, way: Way = "session") -> Person:
    """Return the person with this name and these groups, with the scopes that the settings give to them.

    Everybody may ask and read; writers hand in and delete documents, admins do everything.

    Raises:
        UserError: if the name is empty, longer than LONGEST, or holds characters that cannot be printed.
    """
    if not 0 < len(name) <= LONGEST or not name.isprintable() or not name.strip():
        raise UserError(
            f"{name[:LONGEST]!a} is no name to sign in with; let the provider send a name of 1 to {LONGEST} "
            "characters that can be printed."
        )
    person = Person(f"user:{name}", frozenset({"ask", "read"}), frozenset(groups), way)
    scopes: set[Scope] = set(person.scopes)
    if person.is_in(*settings.writers):
        scopes.add("write")
    if person.is_in(*settings.admins):
        scopes.add("admin")
    return Person(person.user, frozenset(scopes), person.groups, way)
