"""JSON as it is meant: every name once, no NaN, nothing that no file can hold, and no deeper than anybody needs."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class StrictRequest(Request):
    """A request whose body is refused where Python's own reader would guess."""

    async def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return the body; half of a surrogate pair is U+FFFD in it, and a NUL is not there.

        Raises:
            json.JSONDecodeError: if it is not JSON, or not plainly.
        """
        if not hasattr(self, "_json"):
            text = (await self.body()).decode("utf-8", "surrogateescape")
            try:
                self._json = _storable(json.loads(text, object_pairs_hook=_once, parse_constant=_number))
            except json.JSONDecodeError:
                raise
            except (ValueError, RecursionError) as error:
                message = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
                raise json.JSONDecodeError(message, "", 0) from None
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its body so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request."""
        serve = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await serve(StrictRequest(request.scope, request.receive))

        return strictly


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands in an object twice")
    return named


def _storable(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return _once([(_storable(name), _storable(one)) for name, one in value.items()])
    return value


def _number(name: str) -> float:
    raise ValueError(f"{name} is not a number")
