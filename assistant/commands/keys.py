"""`footnote keys`: add, list and revoke the API keys that programs sign in with."""

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands.configured import read_settings
from assistant.commands.lines import write_json
from assistant.commands.options import AsJson, Library

if TYPE_CHECKING:
    from assistant.keys import Key

WHO = "command line"  # who did it, in the audit

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the key.", show_default=False)]


def add_key(
    name: Name,
    scopes: Annotated[
        list[str],
        typer.Option("--scope", metavar="SCOPE", help="What it is good for (repeatable).", show_default=False),
    ],
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="Group that it is in (repeatable).", show_default=False),
    ] = None,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Add an API key and print its secret, this once.

    The scopes: ask is questions and one's own conversations, read is search and whole documents, write is to hand in
    and delete documents, metrics is figures for monitoring, admin is everything. A name is never used again, also
    after the key is revoked.

    Examples:
      footnote keys add intranet --scope ask --group editors
      footnote keys add prometheus --scope metrics > prometheus.key
    """
    directory = read_settings(library=library).library

    from assistant.audit import Audit
    from assistant.keys import Keys, key_json

    keys = Keys(directory)
    secret = keys.add(name, scopes, groups or ())
    (key,) = (one for one in keys.all() if one.name == name)
    shown = key_json(key)
    Audit(directory).note(
        "key_added", user=WHO, key=name, scopes=", ".join(shown["scopes"]), groups=", ".join(shown["groups"])
    )
    if as_json:
        write_json(shown | {"secret": secret})
        return
    typer.echo(f"{_told(key)}\nThe library {directory} knows it now; its secret is shown this once:", err=True)
    typer.echo(secret)


def list_keys(library: Library = None, as_json: AsJson = False) -> None:
    """List all API keys, revoked ones too.

    Examples:
      footnote keys list
      footnote keys list --json --library /srv/news
    """
    directory = read_settings(library=library).library

    from assistant.keys import Keys, key_json

    keys = Keys(directory).all()
    if as_json:
        write_json({"keys": [key_json(key) for key in keys]})
        return
    for key in keys:
        typer.echo(_told(key))
    if not keys:
        typer.echo("There is no key; `footnote keys add NAME --scope ask` makes one.", err=True)


def revoke_key(name: Name, library: Library = None, as_json: AsJson = False) -> None:
    """Revoke an API key for ever.

    From the next request on nobody comes in with it, nor with an embed token that was made with it.

    Examples:
      footnote keys revoke intranet
    """
    directory = read_settings(library=library).library

    from assistant.audit import Audit
    from assistant.keys import Keys

    Keys(directory).revoke(name)
    Audit(directory).note("key_revoked", user=WHO, key=name)
    if as_json:
        write_json({"revoked": name})
    else:
        typer.echo(f"The key {name} is revoked.", err=True)


def _told(key: "Key") -> str:
    from assistant.keys import key_json

    shown = key_json(key)
    parts = [f"scopes {', '.join(shown['scopes'])}"]
    if key.groups:
        parts.append(f"groups {', '.join(shown['groups'])}")
    parts.append(f"added {key.created:%Y-%m-%d}")
    parts.append(f"last used {key.last_used:%Y-%m-%d %H:%M} UTC" if key.last_used else "never used")
    if key.revoked:
        parts.append("revoked")
    return f"{key.name}: {'; '.join(parts)}"
