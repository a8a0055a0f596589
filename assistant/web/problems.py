"""How the server says that something did not go well: what kind, one sentence, and the number the log knows it by."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from vectorstore.errors import UserError


class Refused(UserError):
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
        return headers | ({"www-authenticate": "Bearer"} if self.status == 401 else {})


class Missing(Refused):
    """Something that is not there, or not for this person: the two look the same from outside."""

    def __init__(self, message: str = "There is nothing here.") -> None:
        super().__init__(404, "not_found", message)


def problem(
    status: int, code: str, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error as programs read it."""
    body = {"code": code, "message": message, "request_id": request_id}
    return JSONResponse(body, status, headers=dict(headers or {}))
