"""The secret that sessions and embed tokens are signed with: given in the settings, or made once beside the library."""

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from vectorstore.errors import UserError

if TYPE_CHECKING:
    from assistant.settings import Settings

FILE = "secret"
LENGTH = 32  # bytes


def read_secret(settings: "Settings") -> str:
    """Return the secret of this installation; a new one is kept in the library's directory, for its owner only.

    Raises:
        UserError: if it cannot be read or kept.
    """
    if settings.secret:
        return settings.secret.get_secret_value()
    path = settings.library / FILE
    try:
        with suppress(FileExistsError):  # of two servers that start at once, the second reads what the first made
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{FILE}-{secrets.token_hex(8)}")
            if not path.exists():
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(LENGTH))
                try:
                    os.link(temporary, path)
                finally:
                    temporary.unlink()
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be used ({error}); set FOOTNOTE_SECRET, or mend it.") from error
    if len(secret) < LENGTH:
        raise UserError(f"{path} holds no secret; delete it, and a new one is made (everybody signs in again).")
    return secret
