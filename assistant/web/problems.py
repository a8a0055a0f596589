"""How the server says that something did not go well: what kind, one sentence, and the number the log knows it by."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from vectorstore.errors import UserError

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
    "too_many_requests",
    "two_lengths",
    "unknown_host",
    "unsupported_media_type",
    "uploads_off",
)


class Refused(UserError):  # noqa: N818 - it says what it is
    """A request that is turned away for a reason that has a code and a status of its own.

    `retry_after` are the seconds after which it is worth trying again, None where that does not help.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        if self.status in (400, 431):  # whatever else comes on such a connection is not for us to guess at
            headers["connection"] = "close"
        return headers | ({"www-authenticate": "Bearer"} if self.status == 401 else {})


def problem(
    status: int, code: str, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error as programs read it."""
    body = {"code": code, "message": message, "request_id": request_id}
    return JSONResponse(body, status, headers=dict(headers or {}))
