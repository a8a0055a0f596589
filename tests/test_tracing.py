import asyncio
import contextvars
import gzip
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from scripted import scripted_assistant

from assistant.settings import Settings
from assistant.types import Answer, Searched, Usage
from assistant.web.tracing import Tracing, set_up_tracing
from vectorstore.errors import UserError
from vectorstore.types import Filters

CANARY = "who-earns-what"
MILLISECOND = 1_000_000


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter):
    tracing = Tracing(SimpleSpanProcessor(exporter))
    yield tracing
    tracing.close()


def an_answer(**changed):
    given = {
        "state": "complete",
        "question": CANARY,
        "query": CANARY,
        "text": CANARY,
        "claims": (),
        "citations": (),
        "searched": Searched(CANARY, Filters(outlets=(CANARY,)), 20),
        "answerer": "model",
        "model": CANARY,
        "usage": Usage(100, 20, None),
        "timings_ms": (("retrieve", 40.0), ("read", 5.0), ("answer", 2000.0), ("verify", 60.0), ("total", 2105.0)),
    }
    return Answer(**given | changed)


def settings(endpoint):
    return Settings(_env_file=None, otlp_endpoint=endpoint)


def test_nothing_is_traced_unless_settings_say_where_to():
    assert set_up_tracing(settings(None)) is None


def test_a_request_is_a_span_with_its_method_route_and_status(tracing, exporter):
    with tracing.request("POST") as ended:
        ended("/api/ask", 200)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("footnote.request", SpanKind.SERVER)
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "http.route": "/api/ask",
        "http.response.status_code": 200,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.resource.attributes["service.name"] == "footnote"


def test_a_request_that_fails_is_an_error_and_its_words_are_not_told(tracing, exporter):
    with pytest.raises(RuntimeError), tracing.request("GET"):
        raise RuntimeError(CANARY)
    with tracing.request("GET") as ended:
        ended("/api/ask", 500)
    spans = exporter.get_finished_spans()
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR] * 2
    assert CANARY not in "".join(span.to_json() for span in spans)


def test_an_answer_is_a_span_inside_its_request_with_a_span_for_each_stage(tracing, exporter):
    with tracing.request("POST"):
        tracing.answered(an_answer())
    *stages, whole, request = exporter.get_finished_spans()
    assert whole.name == "footnote.answer"
    assert whole.parent.span_id == request.context.span_id
    assert (whole.end_time - whole.start_time) == 2105 * MILLISECOND
    assert [stage.name for stage in stages] == [
        "footnote.answer.retrieve",
        "footnote.answer.read",
        "footnote.answer.answer",
        "footnote.answer.verify",
    ]
    assert {stage.parent.span_id for stage in stages} == {whole.context.span_id}
    assert [(stage.end_time - stage.start_time) // MILLISECOND for stage in stages] == [40, 5, 2000, 60]
    assert stages[0].start_time == whole.start_time
    assert all(stage.end_time == after.start_time for stage, after in pairwise(stages))
    assert stages[-1].end_time == whole.end_time
    assert whole.attributes["footnote.state"] == "complete"
    assert whole.attributes["footnote.tokens.read"] == 100


def test_an_answer_written_by_a_task_that_a_request_began_belongs_to_that_request(tracing, exporter):
    async def serve():
        with tracing.request("POST"):
            writing = asyncio.create_task(write())
        await writing

    async def write():
        await asyncio.sleep(0)  # until the request has ended
        tracing.answered(an_answer(timings_ms=()))

    asyncio.run(serve())
    request, answer = exporter.get_finished_spans()
    assert (request.name, answer.parent.span_id) == ("footnote.request", request.context.span_id)


def test_an_answer_that_failed_is_an_error(tracing, exporter):
    contextvars.Context().run(tracing.failed, 1.5)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.parent, span.status.status_code) == ("footnote.answer", None, StatusCode.ERROR)
    assert span.end_time - span.start_time == 1500 * MILLISECOND


def test_no_word_of_an_answer_or_a_request_is_in_a_span(tracing, exporter):
    hostile = an_answer(state=CANARY, answerer=CANARY, timings_ms=((CANARY, 1.0), ("total", 1.0)), notice=CANARY)
    with tracing.request(CANARY) as ended:
        tracing.answered(hostile)
        tracing.answered(scripted_assistant().ask("quote categorical rejection"))
        ended("/api/ask", 200)
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert CANARY not in told
    assert "categorical" not in told
    assert '"http.request.method": "other"' in told


@pytest.mark.parametrize("module", ["opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk.trace"])
def test_a_missing_extra_is_told_with_what_to_install(monkeypatch, module):
    for name in [name for name in sys.modules if name.startswith(module)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)  # as Python notes that there is none
    with pytest.raises(UserError, match=r"pip install 'footnote\[otel\]'"):
        set_up_tracing(settings("http://127.0.0.1:4318"))


@pytest.mark.parametrize("endpoint", ["localhost:4318", "ftp://collector", "http://", "http://[", "http://a:port"])
def test_an_endpoint_that_is_no_address_is_told(endpoint):
    with pytest.raises(UserError, match="http://localhost:4318"):
        set_up_tracing(settings(endpoint))


@pytest.fixture
def collector():
    """A real server that keeps what is posted to it."""
    posts = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            posts.append((self.path, gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", posts
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("given", "posted"), [("", "/v1/traces"), ("/v1/traces", "/v1/traces"), ("/otlp/", "/otlp/v1/traces")]
)
def test_spans_are_posted_in_one_batch_to_the_collector(collector, given, posted):
    address, posts = collector
    tracing = set_up_tracing(settings(address + given))
    with tracing.request("POST") as ended:
        tracing.answered(an_answer())
        ended("/api/ask", 200)
    tracing.close()
    ((path, body),) = posts
    assert path == posted
    assert CANARY.encode() not in body
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    (scope,) = resource.scope_spans
    assert sorted(span.name for span in scope.spans) == [
        "footnote.answer",
        "footnote.answer.answer",
        "footnote.answer.read",
        "footnote.answer.retrieve",
        "footnote.answer.verify",
        "footnote.request",
    ]
    assert {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}[
        "service.name"
    ] == "footnote"


def test_a_collector_that_is_gone_breaks_nothing():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
    tracing = set_up_tracing(settings(address))
    with tracing.request("GET") as ended:
        ended("/healthz", 200)
    tracing.close()
