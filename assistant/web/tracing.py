"""Spans of requests and answers for OpenTelemetry, off unless settings say where they go; without anybody's words."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.types import Answer
from assistant.web.bounded import ANSWERERS, METHODS, STAGES, STATES, TOTAL, one_of
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

    from assistant.settings import Settings

PATH = "/v1/traces"  # Source: the OTLP specification, "OTLP/HTTP Request"
PATIENCE = 3  # seconds for one batch: so long the end of the server waits for a collector that does not answer
MILLISECOND = 1_000_000  # nanoseconds


def set_up_tracing(settings: "Settings") -> "Tracing | None":
    """Return what sends spans to the OTLP endpoint of settings in batches; None if there is none.

    Raises:
        UserError: if the endpoint is no address, or the extra is not installed.
    """
    if not settings.otlp_endpoint:
        return None
    address = _address(settings.otlp_endpoint)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise UserError(
            "FOOTNOTE_OTLP_ENDPOINT is set and OpenTelemetry is not installed; "
            "run `pip install 'footnote[otel]'`, or leave the setting out."
        ) from error
    return Tracing(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=PATIENCE)))


class Tracing:
    """Makes spans; their names and attributes are a few words that are known beforehand, and numbers.

    What an error says is no part of a span: it may quote a question.
    """

    def __init__(self, processor: "SpanProcessor") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        service = Resource.create({"service.name": "footnote", "service.version": version("footnote")})
        self._provider = TracerProvider(resource=service, shutdown_on_exit=False)  # a provider of our own, not global
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("footnote")

    @contextmanager
    def request(self, method: str) -> Iterator[Callable[[str, int], None]]:
        """Time a request; to be told its route, a template without ids, and its status as soon as they are known.

        Answers that are written meanwhile, by this task or one it begins, belong to it.
        """
        from opentelemetry.trace import SpanKind, StatusCode

        with self._tracer.start_as_current_span(
            "footnote.request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            span.set_attribute("http.request.method", one_of(method, METHODS))

            def ended(route: str, status: int) -> None:
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            try:
                yield ended
            except Exception:
                span.set_status(StatusCode.ERROR)
                raise

    def answered(self, answer: Answer) -> None:
        """Make the span of an answer that has just been finished, and one inside it for each stage.

        The stages stand one after another, each as long as it took in all; writing and verifying take turns in truth.
        """
        from opentelemetry.trace import set_span_in_context

        timings = dict(answer.timings_ms)
        end = time.time_ns()
        start = end - int(timings.pop(TOTAL, 0.0) * MILLISECOND)
        span = self._tracer.start_span("footnote.answer", start_time=start)
        span.set_attributes(
            {
                "footnote.state": one_of(answer.state, STATES),
                "footnote.answerer": one_of(answer.answerer, ANSWERERS),
                "footnote.passages": answer.searched.passages,
                "footnote.claims": len(answer.claims),
                "footnote.citations": len(answer.citations),
                "footnote.tokens.read": answer.usage.prompt_tokens,
                "footnote.tokens.written": answer.usage.completion_tokens,
            }
        )
        inside, begin = set_span_in_context(span), start
        for stage, milliseconds in timings.items():
            part = self._tracer.start_span(f"footnote.answer.{one_of(stage, STAGES)}", context=inside, start_time=begin)
            begin += int(milliseconds * MILLISECOND)
            part.end(begin)
        span.end(end)

    def failed(self, seconds: float) -> None:
        """Make the span of an answer that an error of ours ended after so many seconds."""
        from opentelemetry.trace import StatusCode

        end = time.time_ns()
        span = self._tracer.start_span("footnote.answer", start_time=end - int(seconds * 1000 * MILLISECOND))
        span.set_status(StatusCode.ERROR)
        span.end(end)

    def close(self) -> None:
        """Send what is not sent yet, and no more; it waits for the collector, so not on the event loop."""
        self._provider.shutdown()


def _address(endpoint: str) -> str:
    """Return where spans are posted: the endpoint, with PATH after it if it has not.

    Raises:
        UserError: if it is no address.
    """
    try:
        parts = urlsplit(endpoint)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        known = None
    if not known:
        raise UserError("FOOTNOTE_OTLP_ENDPOINT is no address of a collector; write one like http://localhost:4318.")
    return endpoint if parts.path.endswith(PATH) else parts._replace(path=parts.path.rstrip("/") + PATH).geturl()
