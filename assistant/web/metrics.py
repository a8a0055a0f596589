"""What an operator's monitoring reads: answers, verdicts, times, requests and the index, in Prometheus' format."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from assistant.types import Answer
from assistant.web.bounded import ANSWERERS, METHODS, OTHER, STAGES, STATES, TOTAL, VERDICTS, one_of

if TYPE_CHECKING:
    from vectorstore.library import Library

# Seconds: an extractive answer takes hundredths, a written one may take the two minutes that a model has.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The figures of one application; several in one process do not share any.

    A label is one of a few words that are known beforehand, and "other" stands for all else, so there is no way for a
    question, a document or a name into the figures, and no number of requests makes them grow.
    """

    def __init__(self, routes: Collection[str] = (), refusals: Collection[str] = ()) -> None:
        """Count requests by these routes, templates without ids, and refusals by these codes."""
        self._routes, self._refusal_codes = frozenset(routes), frozenset(refusals)
        self._registry = CollectorRegistry()

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"footnote_{name}", told, labels, registry=self._registry)

        def seconds(name: str, told: str, *labels: str) -> Histogram:
            return Histogram(f"footnote_{name}", told, labels, registry=self._registry, buckets=BUCKETS)

        def gauge(name: str, told: str) -> Gauge:
            return Gauge(f"footnote_{name}", told, registry=self._registry)

        self._answers = counter("answers", "Answers, by how they ended and who wrote them", "state", "answerer")
        self._failures = counter("answer_failures", "Questions that an error of ours left without an answer")
        self._claims = counter("claims", "Sentences of answers, by verdict", "verdict")
        self._answer_seconds = seconds("answer_duration_seconds", "Seconds until an answer was finished")
        self._stage_seconds = seconds("answer_stage_duration_seconds", "Seconds of an answer, by stage", "stage")
        self._tokens = counter("model_tokens", "Tokens that models read and wrote", "direction")
        self._dollars = counter("model_cost_dollars", "US dollars that they cost, where the prices are set")
        self._unpriced = counter("model_unpriced_answers", "Answers whose tokens are not in the cost: no price is set")
        self._requests = counter("http_requests", "Requests", "method", "route", "status")
        self._request_seconds = seconds("http_request_duration_seconds", "Seconds of a request", "method", "route")
        self._refusals = counter("refusals", "Requests that were turned away, by the code they were told", "code")
        self._under_way = gauge("answers_under_way", "Answers that are being written")
        self._waiting = gauge("answers_waiting", "Questions that wait until one is finished")
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Make the figures that will come, because an alarm cannot tell a missing figure from one that is 0."""
        for state in STATES:
            for answerer in ANSWERERS:
                self._answers.labels(state, answerer)
        for verdict in VERDICTS:
            self._claims.labels(verdict)
        for direction in ("read", "written"):
            self._tokens.labels(direction)
        for code in self._refusal_codes:
            self._refusals.labels(code)

    def watch_answers(self, *, under_way: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Ask these, whenever the figures are read, how many answers are being written and how many wait."""
        self._under_way.set_function(under_way)
        self._waiting.set_function(waiting)

    def watch_library(self, library: "Library") -> None:
        """Look at this library whenever the figures are read; once for each Metrics."""
        self._registry.register(_Index(library))

    def answered(self, answer: Answer) -> None:
        """Count one finished answer."""
        self._answers.labels(one_of(answer.state, STATES), one_of(answer.answerer, ANSWERERS)).inc()
        for claim in answer.claims:
            self._claims.labels(one_of(claim.judgement.verdict, VERDICTS)).inc()
        for stage, milliseconds in answer.timings_ms:
            if stage == TOTAL:
                self._answer_seconds.observe(milliseconds / 1000)
            else:
                self._stage_seconds.labels(one_of(stage, STAGES)).observe(milliseconds / 1000)
        usage = answer.usage  # as a provider counted: a negative number would raise here
        self._tokens.labels("read").inc(max(0, usage.prompt_tokens))
        self._tokens.labels("written").inc(max(0, usage.completion_tokens))
        if usage.cost_usd is not None:
            self._dollars.inc(max(0.0, usage.cost_usd))
        elif usage.prompt_tokens or usage.completion_tokens:
            self._unpriced.inc()

    def failed(self) -> None:
        """Count one question that an error of ours left without an answer."""
        self._failures.inc()

    def requested(self, method: str, route: str, *, status: int, seconds: float) -> None:
        """Count one request and how long it took."""
        method, route = one_of(method, METHODS), one_of(route, self._routes)
        told = str(status) if 100 <= status <= 599 else OTHER
        self._requests.labels(method, route, told).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def refused(self, code: str) -> None:
        """Count one request that was turned away."""
        self._refusals.labels(one_of(code, self._refusal_codes)).inc()

    def render(self) -> tuple[bytes, str]:
        """Return all figures and the type of their content; the library is read, so not on the event loop."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _Index(Collector):
    """What the library holds at the moment somebody asks."""

    def __init__(self, library: "Library") -> None:
        self._library = library

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that the library is not read when this is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the size of the index; if the library cannot be read, only that it cannot."""
        try:
            manifest = self._library.manifest()
            built = self._built()
        except (sqlite3.Error, OSError):
            yield _gauge("readable", "Whether the library can be read", 0)
            return
        yield _gauge("readable", "Whether the library can be read", 1)
        yield _gauge("documents", "Documents in the library", manifest.documents)
        yield _gauge("passages", "Passages in the library", manifest.passages)
        yield _gauge("revision", "How often the library has been changed", manifest.revision)
        if built is not None:
            yield _gauge("built_timestamp_seconds", "When the vector index was built, in Unix time", built)

    def _built(self) -> float | None:
        """Return when the index of this moment was built: its oldest file, for opening it touches the others."""
        directory = self._library.index_directory()
        if directory is None:
            return None
        return min((path.stat().st_mtime for path in directory.rglob("*") if path.is_file()), default=None)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"footnote_index_{name}", told, value)
