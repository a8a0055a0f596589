"""The MCP server on our own application: the same tools as over stdio, with the rights of whoever sends a request."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Route

from assistant.access import Person
from assistant.web.asking import narrowed
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.holdings import Collections
    from assistant.mcp_server import HttpApp
    from assistant.pipeline import Assistant
    from assistant.web.admission import Admission


def add_mcp(
    app: FastAPI, assistant: "Assistant", admission: "Admission", collections: "Collections"
) -> "HttpApp | None":
    """Add /mcp to app, and return what has to run beside it; None if the extra is not installed."""
    if find_spec("mcp") is None:
        return None
    from assistant.mcp_server import http_app

    def rights(person: Person) -> Filters:
        return narrowed(person, Filters(), collections.readable(person))

    @asynccontextmanager
    async def turn(person: Person) -> AsyncGenerator[None, None]:
        async with admission.enter(person.user).place():
            yield

    served = http_app(assistant, rights, admission=turn)
    app.router.routes.append(Route("/mcp", served))  # a Mount would send clients on to "/mcp/"
    return served
