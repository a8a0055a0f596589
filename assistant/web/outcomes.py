"""What operators learn of each answer: figures, and traces where these are wanted."""

import time
from typing import TYPE_CHECKING

from assistant.types import Answer

if TYPE_CHECKING:
    from assistant.web.metrics import Metrics
    from assistant.web.tracing import Tracing


class Outcomes:
    """Takes note of how answers end."""

    def __init__(self, metrics: "Metrics", tracing: "Tracing | None" = None) -> None:
        self._metrics = metrics
        self._tracing = tracing

    def answered(self, answer: Answer) -> None:
        """Take note of an answer."""
        self._metrics.answered(answer)
        if self._tracing:
            self._tracing.answered(answer)

    def failed(self, began: float) -> None:
        """Take note of a question that got none; `began` is when, as time.monotonic tells."""
        self._metrics.failed()
        if self._tracing:
            self._tracing.failed(time.monotonic() - began)
