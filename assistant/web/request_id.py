"""The number of the request that is being served, as its answer, the log and the support desk know it."""

from contextvars import ContextVar

NONE = "-"  # outside of any request

# Set by the door; a task that is begun while a request is served keeps the number.
request_id: ContextVar[str] = ContextVar("request_id", default=NONE)
