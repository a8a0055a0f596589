"""How the server says that something did not go well: what kind, one sentence, and the number the log knows it by."""

import logging

from fastapi.responses import JSONResponse
from starlette.types import Scope

from assistant.access import Person, explained
from assistant.contract import Json
from vectorstore.errors import NotFound, OwnerError, UserError

# Every code of a refusal, for the figures.
REFUSALS = (
    "bad_credential",
    "busy",
    "content_too_large",
    "credential_in_address",
    "foreign_origin",
    "headers_too_large",
    "method_not_allowed",
    "no_sign_in",
    "not_allowed",
    "not_found",
    "not_signed_in",
    "stopping",
    "too_many_requests",
    "two_lengths",
    "unknown_host",
    "unsupported_media_type",
    "uploads_off",
)
COMPATIBLE = "/v1/"  # below it, programs expect what OpenAI's server says
_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}  # OpenAI's names

_log = logging.getLogger(__name__)


class Refused(UserError):  # noqa: N818 - it says what it is
    """A request that is turned away for a reason that has a code and a status of its own.

    `retry_after` are the seconds after which it is worth trying again, None where that does not help. `field` is what
    is wrong of a body, where it is one field.
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after: int | None = None, *, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.field = field

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        if self.status in (400, 431):  # whatever else comes on such a connection is not for us to guess at
            headers["connection"] = "close"
        return headers | ({"www-authenticate": "Bearer"} if self.status == 401 else {})


def as_refused(error: Exception, person: Person | None) -> Refused:
    """Return what whoever sent a request is told of an error: of our own faults only that there was one.

    What only the owner can mend goes into the log.
    """
    match error:
        case Refused():
            return error
        case NotFound():
            return Refused(404, "not_found", str(error))
        case OwnerError():
            _log.error("request failed: %s", error)
            return Refused(503, "unavailable", explained(error, person))
        case UserError():
            return Refused(422, "user_error", str(error))
    return fault()


def fault() -> Refused:
    """Return what is told of a fault of ours: the request's number, by which the log knows the rest."""
    return Refused(500, "internal_error", "Something went wrong on the server.")


def refusal(refused: Refused, scope: Scope) -> JSONResponse:
    """Return the answer to a request that was refused."""
    status = 400 if refused.status == 422 and _is_compatible(scope) else refused.status  # OpenAI's server has no 422
    return JSONResponse(refusal_json(refused, scope), status, headers=refused.headers)


def refusal_json(refused: Refused, scope: Scope) -> Json:
    """Return an error as programs read it; where they expect OpenAI's, as they read that, too."""
    body = {"code": refused.code, "message": str(refused), "request_id": scope["request_id"]}
    if not _is_compatible(scope):
        return body
    kind = _KINDS.get(refused.status, "server_error" if refused.status >= 500 else "invalid_request_error")
    error = {"message": str(refused), "type": kind, "param": refused.field, "code": refused.code}
    return {"error": error, **body}


def _is_compatible(scope: Scope) -> bool:
    return str(scope["inner_path"]).startswith(COMPATIBLE)
