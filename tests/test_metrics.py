import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from assistant.types import Answer, Citation, Claim, Judgement, Searched, Usage
from assistant.web.bounded import STAGES
from assistant.web.metrics import Metrics
from vectorstore.library import Library
from vectorstore.sync import sync
from vectorstore.types import Document, Filters, Span

ROUTES = ("/api/ask", "/api/documents/{document_id}")
CANARY = "who-earns-what"
HOSTILE = [
    CANARY,
    f'{CANARY}"}} 1\nfootnote_answers_total{{state="complete',
    f"/api/documents/{CANARY}",
    f"Bearer {CANARY}",
    f"\ud800 {CANARY}",
    f"\0{CANARY}\u2028",
]


def answer(state="complete", verdicts=(), *, text="", timings=(), usage=Usage(), answerer="extractive"):  # noqa: B008 - frozen
    document = Document(CANARY, CANARY, CANARY)
    return Answer(
        state=state,
        question=CANARY,
        query=CANARY,
        text=text,
        claims=tuple(Claim(CANARY, Span(0, 1), (1,), Judgement(verdict, 1.0, (CANARY,))) for verdict in verdicts),
        citations=(Citation(1, document, Span(0, 3), CANARY),),
        searched=Searched(CANARY, Filters(outlets=(CANARY,)), 20),
        answerer=answerer,
        model=CANARY,
        timings_ms=timings,
        usage=usage,
    )


def figures(metrics):
    """Return every sample by its name and labels."""
    text = metrics.render()[0].decode("utf-8")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_answers_are_counted_by_how_they_ended_and_their_sentences_by_verdict():
    metrics = Metrics()
    metrics.answered(answer("complete", ("supported", "supported", "unsupported")))
    metrics.answered(answer("abstained"))
    metrics.answered(answer("complete", ("uncited",), answerer="model"))
    metrics.failed()
    found = figures(metrics)
    assert found["footnote_answers_total", ("answerer", "extractive"), ("state", "complete")] == 1
    assert found["footnote_answers_total", ("answerer", "extractive"), ("state", "abstained")] == 1
    assert found["footnote_answers_total", ("answerer", "model"), ("state", "complete")] == 1
    assert found["footnote_claims_total", ("verdict", "supported")] == 2
    assert found["footnote_claims_total", ("verdict", "unsupported")] == 1
    assert found["footnote_claims_total", ("verdict", "unchecked")] == 0
    assert found["footnote_answer_failures_total",] == 1


def test_the_time_of_an_answer_is_told_by_stage_in_seconds_and_the_total_is_no_stage():
    metrics = Metrics()
    metrics.answered(answer(timings=(("retrieve", 40.0), ("answer", 2000.0), ("total", 2040.0))))
    found = figures(metrics)
    assert found["footnote_answer_stage_duration_seconds_sum", ("stage", "retrieve")] == pytest.approx(0.04)
    assert found["footnote_answer_stage_duration_seconds_sum", ("stage", "answer")] == pytest.approx(2.0)
    assert found["footnote_answer_duration_seconds_sum",] == pytest.approx(2.04)
    assert {dict(labels)["stage"] for name, *labels in found if "_stage_" in name} == {"retrieve", "answer"}


def test_every_stage_of_the_pipeline_is_known():
    pipeline = Path(__file__).parent.parent / "assistant" / "pipeline.py"
    assert set(re.findall(r'clock\.lap\("(\w+)"\)', pipeline.read_text(encoding="utf-8"))) == set(STAGES)


def test_tokens_and_what_they_cost_are_counted_and_an_unknown_price_is_told():
    metrics = Metrics()
    metrics.answered(answer(usage=Usage(100, 20, 0.25)))
    metrics.answered(answer(usage=Usage(10, 2, None)))
    metrics.answered(answer(usage=Usage(-5, -5, None)))  # a provider may count as it likes
    metrics.answered(answer())
    found = figures(metrics)
    assert found["footnote_model_tokens_total", ("direction", "read")] == 110
    assert found["footnote_model_tokens_total", ("direction", "written")] == 22
    assert found["footnote_model_cost_dollars_total",] == 0.25
    assert found["footnote_model_unpriced_answers_total",] == 2


def test_requests_are_counted_by_method_route_and_status_and_timed():
    metrics = Metrics(ROUTES)
    metrics.requested("POST", "/api/ask", status=200, seconds=0.5)
    metrics.requested("POST", "/api/ask", status=503, seconds=0.25)
    found = figures(metrics)
    labels = ("method", "POST"), ("route", "/api/ask")
    assert found["footnote_http_requests_total", *labels, ("status", "200")] == 1
    assert found["footnote_http_requests_total", *labels, ("status", "503")] == 1
    assert found["footnote_http_request_duration_seconds_sum", *labels] == 0.75


def test_refusals_are_counted_by_code_and_stand_at_zero_before_the_first():
    metrics = Metrics(refusals=("too_many_requests", "busy"))
    metrics.refused("busy")
    found = figures(metrics)
    assert found["footnote_refusals_total", ("code", "busy")] == 1
    assert found["footnote_refusals_total", ("code", "too_many_requests")] == 0


def test_answers_under_way_and_waiting_are_asked_for_when_they_are_read():
    metrics, waiting = Metrics(), []
    metrics.watch_answers(under_way=lambda: 3, waiting=lambda: len(waiting))
    waiting += ["one", "two"]
    found = figures(metrics)
    assert (found["footnote_answers_under_way",], found["footnote_answers_waiting",]) == (3, 2)


@pytest.mark.parametrize("word", HOSTILE)
def test_nothing_that_somebody_wrote_is_a_label(word):
    metrics = Metrics(ROUTES, ("busy",))
    metrics.requested(word, word, status=200, seconds=1.0)
    metrics.requested("GET", f"/api/documents/{word}", status=99_999, seconds=1.0)
    metrics.refused(word)
    metrics.answered(answer(word, (word,), text=word, timings=((word, 1.0),), answerer=word))
    body = metrics.render()[0].decode("utf-8")
    assert CANARY not in body
    found = figures(metrics)
    assert found["footnote_http_requests_total", ("method", "other"), ("route", "other"), ("status", "200")] == 1
    assert found["footnote_http_requests_total", ("method", "GET"), ("route", "other"), ("status", "other")] == 1
    assert found["footnote_refusals_total", ("code", "other")] == 1
    assert found["footnote_answers_total", ("answerer", "other"), ("state", "other")] == 1
    assert found["footnote_claims_total", ("verdict", "other")] == 1


@given(st.lists(st.tuples(st.text(), st.text(), st.integers()), max_size=20))
def test_requests_of_any_kind_make_no_new_figures(requests):
    metrics = Metrics(ROUTES)
    metrics.requested("x", "x", status=0, seconds=0.0)
    before = set(figures(metrics))
    for method, route, status in requests:
        metrics.requested(f"-{method}", f"-{route}", status=min(status, 99), seconds=0.0)
        metrics.refused(f"-{route}")
    added = {name for name, *_ in set(figures(metrics)) - before}
    assert added <= {"footnote_refusals_total", "footnote_refusals_created"}


def test_two_applications_in_one_process_share_no_figures():
    one, other = Metrics(), Metrics()
    one.failed()
    assert figures(one)["footnote_answer_failures_total",] == 1
    assert figures(other)["footnote_answer_failures_total",] == 0


def test_names_begin_with_footnote_and_say_their_unit(sample_library):
    metrics = Metrics(ROUTES, ("busy",))
    metrics.watch_library(Library.open(sample_library))
    metrics.requested("GET", "/api/ask", status=200, seconds=1.0)
    metrics.answered(answer(timings=(("total", 1.0), ("read", 1.0))))
    body, kind = metrics.render()
    assert kind.startswith("text/plain")
    families = list(text_string_to_metric_families(body.decode("utf-8")))
    assert len(families) >= 15
    for family in families:
        assert family.name.startswith("footnote_")
        assert family.documentation
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        assert not re.search(r"_(ms|minutes|milliseconds|age)\b", family.name)


def test_the_index_is_read_whenever_the_figures_are(tmp_path, embedder):
    folder, library = tmp_path / "documents", Library.create(tmp_path / "library")
    folder.mkdir()
    metrics = Metrics()
    metrics.watch_library(library)
    found = figures(metrics)
    assert (found["footnote_index_documents",], found["footnote_index_revision",]) == (0, 0)
    assert ("footnote_index_built_timestamp_seconds",) not in found
    for number, name in enumerate(("one.txt", "two.txt"), start=1):
        (folder / name).write_text(f"The bridge over river {number} was painted green.")
        sync([folder], library, embedder, passage_tokens=200)
        found = figures(metrics)
        assert found["footnote_index_documents",] == number
        assert found["footnote_index_passages",] == number
        assert found["footnote_index_revision",] == number
    assert found["footnote_index_readable",] == 1
    written = (folder / "two.txt").stat().st_mtime
    assert 0 <= found["footnote_index_built_timestamp_seconds",] - written < 600


def test_a_library_that_cannot_be_read_leaves_the_other_figures(tmp_path):
    Library.create(tmp_path).close()  # which would otherwise write into the file later
    (tmp_path / "library.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    for name in ("library.db-wal", "library.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    metrics = Metrics()
    metrics.watch_library(Library(tmp_path))
    metrics.failed()
    found = figures(metrics)
    assert found["footnote_index_readable",] == 0
    assert ("footnote_index_documents",) not in found
    assert found["footnote_answer_failures_total",] == 1
