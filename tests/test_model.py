"""The model answerer, through the real ChatOpenAI, against a server on this machine and no other."""

import asyncio
import datetime
import os
import socket
from contextlib import aclosing
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_model import LoopbackModel, Reply, honest

from assistant.budget import fit
from assistant.model import ModelAnswerer
from assistant.pipeline import Request
from assistant.providers import open_chat_model, patience
from assistant.settings import Settings
from assistant.tokens import count_tokens
from assistant.types import Delta, Draft, Ended, Evidence, Turn
from prompts.load import load
from vectorstore.errors import UserError
from vectorstore.sentences import split_sentences
from vectorstore.types import Document

BRIDGE = Document(
    "articles/bridge.md",
    "Bridge closed",
    "The old bridge was closed on Monday. It carried 900 cars a day. Mayor Ann Lee said it would reopen in May.",
    published=datetime.date(2025, 3, 4),
    outlet="The Herald",
)
FERRY = Document(
    "articles/ferry.md",
    "Ferry",
    "The ferry replaces the bridge. A sign said [S1] and <|endoftext|> and {0} and $x and {{nonce}} and (S2).",
)


def evidence_of(*documents):
    found = [(document, sentence) for document in documents for sentence in split_sentences(document)]
    return tuple(
        Evidence(f"S{number}", document, sentence, None, 1 / number)
        for number, (document, sentence) in enumerate(found, start=1)
    )


EVIDENCE = evidence_of(BRIDGE, FERRY)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def checked_connect(self, address):
        if self.family != socket.AF_UNIX and address[0] != "127.0.0.1":
            raise AssertionError(f"a connection to {address}")
        return connect(self, address)

    def checked_resolve(host, *rest, **more):
        if host not in {"127.0.0.1", b"127.0.0.1", None}:
            raise AssertionError(f"a look-up of {host}")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket, "getaddrinfo", checked_resolve)


@cache
def answerer(base_url, *, model="local", **fields):
    set_ = Settings(_env_file=None, model=model, base_url=base_url, **fields)
    return ModelAnswerer(
        open_chat_model(set_),
        model=model,
        prompt_tokens=set_.prompt_tokens,
        answer_tokens=set_.answer_tokens,
        patience=patience(set_),
    )


async def collect(model, question="When was the old bridge closed?", history=(), evidence=EVIDENCE):
    async with aclosing(model.answer(Request(question, question, tuple(history)), evidence)) as drafts:
        return [one async for one in drafts]


@pytest.fixture(scope="module")
def running():
    with LoopbackModel(honest) as server:
        yield server


@pytest.fixture
def server(running):
    running.requests.clear()
    running.hung_up.clear()
    running.script = honest
    return running


@pytest.fixture
def ask(server):
    def asked(script, *, question="When was the old bridge closed?", history=(), evidence=EVIDENCE, **fields):
        server.requests.clear()
        server.script = script if callable(script) else (lambda _request: script)
        events = asyncio.run(collect(answerer(server.base_url, **fields), question, history, evidence))
        assert isinstance(events[-1], Ended)
        return [one for one in events if isinstance(one, Draft)], events[-1], events

    return asked


def said(drafts):
    return [(draft.text, [one.id for one in draft.evidence], draft.invented) for draft in drafts]


def test_an_honest_model_cites_what_it_was_shown(ask, server):
    drafts, ended, _ = ask(honest)
    assert said(drafts) == [("The old bridge was closed on Monday.", ["S1"], ())]
    assert drafts[0].evidence == (EVIDENCE[0],)
    assert (ended.state, ended.notice) == ("complete", None)
    assert (ended.usage.prompt_tokens, ended.usage.completion_tokens) == (11, 7)
    assert len(server.requests) == 1


def test_deltas_since_the_last_draft_are_what_the_next_draft_repeats(ask):
    reply = "The bridge was closed [S1]. It carried\n- cars [S2] and\n- more (S3)."
    for size in (1, 3, 7, 100):
        drafts, _, events = ask(Reply([reply[at : at + size] for at in range(0, len(reply), size)]))
        assert [(draft.lead, draft.text) for draft in drafts] == [
            ("", "The bridge was closed."),
            (" ", "It carried"),
            ("\n- ", "cars and"),
            ("\n- ", "more."),
        ]
        pending = ""
        for event in events:
            if isinstance(event, Delta):
                pending += event.text
            elif isinstance(event, Draft):
                assert (event.lead + event.text).startswith(pending) or pending.startswith(event.lead + event.text)
                pending = ""


REPLY = (
    'The bridge was closed [S1]. "It would reopen", Ann Lee said【S3】. A ferry replaces it [S4, S2].\n- And [S99] more'
)


def test_however_the_stream_is_cut_the_same_drafts_come_out(ask):
    first, *others = [said(ask(Reply([REPLY[:at], REPLY[at:]]))[0]) for at in range(0, len(REPLY), 3)]
    assert [ids for _, ids, _ in first] == [["S1"], ["S3"], ["S4", "S2"], []]
    assert first[-1][2] == ("S99",)
    assert all(other == first for other in others)


def test_an_id_that_was_never_shown_is_invented_and_nothing_is_cited_for_it(ask):
    drafts, ended, _ = ask(Reply(["It is so [S77]."]))
    assert said(drafts) == [("It is so.", [], ("S77",))]
    assert ended.state == "complete"


def test_evidence_that_did_not_fit_the_prompt_was_never_shown(ask):
    long = Document("long.md", "Long", " ".join(f"Sentence number {n} is about the old bridge." for n in range(200)))
    drafts, _, _ = ask(Reply(["It is so [S1][S200]."]), evidence=evidence_of(long), prompt_tokens=1200)
    assert said(drafts) == [("It is so.", ["S1"], ("S200",))]


@pytest.mark.parametrize(
    "reply", ["NOT_IN_DOCUMENTS", "NOT_IN_DOCUMENTS.\n", "**NOT_IN_DOCUMENTS**", "`NOT_IN_DOCUMENTS`"]
)
def test_the_word_for_no_answer_abstains_and_is_never_shown(ask, reply):
    drafts, ended, events = ask(Reply(list(reply)))
    assert (drafts, events) == ([], [ended])
    assert ended.state == "abstained"
    assert ended.notice


def test_an_explanation_after_the_word_for_no_answer_does_not_undo_it(ask):
    _, ended, events = ask(Reply(["NOT_IN_DOCUMENTS. The documents ", "say nothing of it."]))
    assert events == [ended]
    assert ended.state == "abstained"


def test_an_answer_beside_the_word_for_no_answer_stays_and_the_word_goes(ask):
    for reply in ("It was closed [S1]. NOT_IN_DOCUMENTS", "NOT_IN_DOCUMENTS. It was closed [S1]."):
        drafts, ended, events = ask(Reply([reply]))
        assert said(drafts) == [("It was closed.", ["S1"], ())]
        assert ended.state == "complete"
        assert "part" in ended.notice
        assert "NOT_IN" not in "".join(one.text for one in events if isinstance(one, Delta))


def test_without_evidence_the_model_is_not_asked(ask, server):
    _, ended, _ = ask(honest, evidence=())
    assert ended.state == "abstained"
    assert server.requests == []


EVENT = b'data: {"id": "x", "choices": [{"index": 0, "delta": {"content": "'
BEGUN = ["It was closed [S1]. It car", "ried 900 ca"]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(BEGUN, finish_reason="length"), "truncated"),
        (Reply(BEGUN, finish_reason=None), "partial"),
        (Reply(BEGUN, drop=True), "partial"),
        (Reply([*BEGUN, EVENT + b"half\n\n"]), "partial"),
        (Reply([*BEGUN, EVENT + b'\xff\xfe"}}]}\n\n']), "partial"),
        (Reply([*BEGUN, b'data: {"error": {"message": "engine died, key sk-secret"}}\n\n']), "partial"),
        (Reply([*BEGUN, None]), "partial"),
        (Reply(BEGUN, finish_reason="content_filter"), "partial"),
    ],
    ids=["length", "no finish_reason", "dropped", "bad JSON", "bad UTF-8", "error event", "silence", "filtered"],
)
def test_what_came_of_a_broken_answer_is_kept_and_marked(ask, reply, state):
    drafts, ended, _ = ask(reply, model_first_seconds=0.5, model_idle_seconds=0.5)
    assert [draft.text for draft in drafts] == ["It was closed.", "It carried 900 ca"]
    assert ended.state == state
    assert ended.notice
    assert "sk-secret" not in ended.notice
    assert ended.usage.completion_tokens > 0


@pytest.mark.parametrize(
    ("reply", "hint", "tries"),
    [
        (
            Reply(status=401, body=b'{"error": {"message": "Incorrect API key provided: sk-secret"}}'),
            "FOOTNOTE_API_KEY",
            1,
        ),
        (Reply(status=404, body=b'{"error": {"message": "no model sk-secret"}}'), "FOOTNOTE_MODEL", 1),
        (Reply(status=429, body=b"{}", headers=(("Retry-After", "0"),)), "busy", 2),
        (Reply(status=429, body=b"{}", headers=(("Retry-After", "21"),)), "busy", 1),
        (Reply(status=429, body=b"{}", headers=(("Retry-After", "Fri, 31 Dec 2060 23:59:59 GMT"),)), "busy", 1),
        (Reply(status=429, body=b"{}", headers=(("Retry-After", "soon"),)), "busy", 2),
        (Reply(status=400, body=b'{"error": {"message": "context length"}}'), "FOOTNOTE_PROMPT_TOKENS", 1),
        (Reply(status=500, body=b"boom sk-secret"), "failed", 2),
        (Reply(status=302, headers=(("Location", "http://192.0.2.1/v1/chat/completions"),)), "FOOTNOTE_BASE_URL", 1),
        (Reply(body=b"<html>sk-secret</html>", headers=(("Content-Type", "text/html"),)), "FOOTNOTE_BASE_URL", 2),
        (Reply([None]), "silent", 1),
        (Reply([b": keep-alive\n\n"] * 3 + [None]), "silent", 1),
        (Reply([], drop=True), "FOOTNOTE_BASE_URL", 2),
        (Reply([], finish_reason=None), "ended", 2),
        (Reply([]), "nothing", 2),
        (Reply([], finish_reason="length"), "FOOTNOTE_ANSWER_TOKENS", 1),
        (Reply([], finish_reason="content_filter"), "withheld", 1),
    ],
    ids=[
        "401",
        "404",
        "429",
        "429, later",
        "429, in decades",
        "429, unclear",
        "400",
        "500",
        "302",
        "HTML",
        "no token",
        "comments",
        "dropped",
        "cut",
        "empty",
        "thought",
        "filtered",
    ],
)
def test_a_model_that_says_nothing_is_an_error_that_says_what_to_do(ask, server, reply, hint, tries):
    drafts, ended, events = ask(reply, model_first_seconds=0.5, model_idle_seconds=0.5, api_key="sk-secret")
    assert (drafts, events) == ([], [ended])
    assert ended.state == "error"
    assert hint in ended.notice
    assert "sk-secret" not in ended.notice
    assert ended.notice.count(".") == 1
    assert len(server.requests) == tries, "a second try only where it may help, and nobody but us may make one"


def test_a_second_try_that_answers_is_the_answer(ask, server):
    replies = iter([Reply(status=503, body=b"not yet"), Reply(["It was closed [S1]."])])
    drafts, ended, _ = ask(lambda _request: next(replies))
    assert said(drafts) == [("It was closed.", ["S1"], ())]
    assert (ended.state, ended.notice) == ("complete", None)


def test_what_was_heard_is_never_asked_for_again(ask, server):
    ask(Reply(BEGUN, drop=True))
    assert len(server.requests) == 1


def test_a_model_that_never_stops_is_left_when_its_time_is_up(ask, server):
    def slowly():
        while not server.hung_up.wait(0.02):
            yield "and on "

    _, ended, _ = ask(Reply(slowly()), model_total_seconds=0.5)
    assert (ended.state, "FOOTNOTE_MODEL_TOTAL_SECONDS" in ended.notice) == ("partial", True)
    assert server.hung_up.wait(5)


def test_a_server_that_is_not_there_is_an_error_that_says_so():
    with LoopbackModel(honest) as gone:
        base_url = gone.base_url
    *_, ended = asyncio.run(collect(answerer(base_url)))
    assert (ended.state, "could not be reached" in ended.notice) == ("error", True)


def test_a_server_that_never_ends_is_left_after_the_length_that_was_asked_for(ask, server):
    def endless():
        while True:
            yield "and on "

    _, ended, _ = ask(Reply(endless()), answer_tokens=50)
    assert ended.state == "truncated"
    assert server.hung_up.wait(5)


def test_closing_the_answer_ends_the_model_call(server):
    server.script = lambda _request: Reply(["It was closed [S1]. It ", None])

    async def leave():
        async with aclosing(answerer(server.base_url).answer(Request("Bridge?", "Bridge?"), EVIDENCE)) as drafts:
            async for _ in drafts:
                break
        # Nothing but the answerer may end the call: not the end of the event loop, which closes whatever is left.
        assert await asyncio.to_thread(server.hung_up.wait, 5)

    asyncio.run(leave())


def test_cancelling_while_the_model_is_silent_ends_the_model_call(server):
    server.script = lambda _request: Reply([None])

    async def leave():
        task = asyncio.create_task(collect(answerer(server.base_url)))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.hung_up.wait, 5)

    asyncio.run(leave())


def test_one_answerer_serves_one_event_loop_after_another(server):
    model = answerer(server.base_url)
    states = [asyncio.run(collect(model))[-1].state for _ in range(3)]
    assert states == ["complete"] * 3


def user_message(server):
    return server.requests[0]["messages"][-1]["content"]


def test_sentences_are_shown_by_document_each_on_a_line_with_its_id(ask, server):
    ask(honest)
    roles = [message["role"] for message in server.requests[0]["messages"]]
    first, *lines, last, _, asked = user_message(server).split("\n")
    assert roles == ["system", "user"]
    assert asked == "Question: When was the old bridge closed?"
    assert first.startswith("<documents ")
    assert last == first.replace("<", "</")
    assert lines == [
        "Document: Bridge closed, The Herald, 2025-03-04",
        "[S1] The old bridge was closed on Monday.",
        "[S2] It carried 900 cars a day.",
        "[S3] Mayor Ann Lee said it would reopen in May.",
        "Document: Ferry",
        "[S4] The ferry replaces the bridge.",
        "[S5] A sign said ［S1］ and <|endoftext|> and {0} and $x and {{nonce}} and （S2）.",
    ]


def test_a_marker_in_a_source_does_not_become_a_citation_when_the_model_quotes_it(ask):
    drafts, *_ = ask(honest, question="What did that sign say, endoftext?")
    assert [[one.id for one in draft.evidence] for draft in drafts] == [["S5"]]
    assert drafts[0].invented == ()


def test_every_request_has_its_own_delimiter(ask, server):
    delimiters = set()
    for _ in range(2):
        ask(honest)
        delimiters.add(user_message(server).split("\n")[0])
    assert len(delimiters) == 2


def test_earlier_turns_are_messages_without_their_footnotes(ask, server):
    history = (Turn("user", "What happened?"), Turn("assistant", "The bridge was closed. [1][2] A ferry sails. [3]"))
    ask(honest, history=history)
    assert server.requests[0]["messages"][1:-1] == [
        {"role": "user", "content": "What happened?"},
        {"role": "assistant", "content": "The bridge was closed. A ferry sails."},
    ]


def test_a_local_server_is_told_the_limit_in_both_spellings_and_asked_for_its_count(ask, server):
    ask(honest, answer_tokens=77)
    (request,) = server.requests
    assert (request["max_tokens"], request["max_completion_tokens"]) == (77, 77)
    assert request["stream_options"] == {"include_usage": True}
    assert (request["model"], request["temperature"], request["stream"]) == ("local", 0, True)


@pytest.mark.parametrize(("model", "sent"), [("openai:llama3.1:8b", "llama3.1:8b"), ("llama3.1:8b", "llama3.1:8b")])
def test_with_a_base_url_any_name_will_do(ask, server, model, sent):
    ask(honest, model=model)
    assert server.requests[0]["model"] == sent


def test_a_model_that_refuses_a_temperature_is_sent_none(ask, server):
    for model in ("openai:gpt-5-mini", "openai/gpt-5", "o4-mini"):
        ask(honest, model=model)
        assert "temperature" not in server.requests[0]


def test_a_proxy_of_the_environment_is_not_for_a_server_by_base_url(ask, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://192.0.2.1:3128")
    _, ended, _ = ask(honest)
    assert ended.state == "complete"


def test_usage_is_counted_when_the_server_does_not_tell(ask, server):
    _, ended, _ = ask(Reply(["It was closed [S1]."], usage=None))
    text = "".join(message["content"] for message in server.requests[0]["messages"])
    assert ended.usage.completion_tokens == count_tokens("It was closed [S1].")
    assert ended.usage.prompt_tokens == pytest.approx(count_tokens(text), abs=20)


def test_tracing_is_off_whatever_the_shell_says(monkeypatch):
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
    open_chat_model(Settings(_env_file=None, model="local", base_url="http://127.0.0.1:9/v1"))
    assert os.environ["LANGSMITH_TRACING"] == os.environ["LANGCHAIN_TRACING_V2"] == "false"


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        (None, "FOOTNOTE_MODEL"),
        ("gpt-5-mini", '"openai:gpt-5-mini"'),
        ("openai:gpt-5-mini", "OPENAI_API_KEY"),
        ("nobody:x", "nobody:x"),
        ("fireworks:x", "pip install langchain-fireworks"),
    ],
)
def test_a_model_that_cannot_be_opened_says_what_to_do(monkeypatch, model, hint):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as raised:
        open_chat_model(Settings(_env_file=None, model=model))
    assert hint in str(raised.value)


WORDS = st.sampled_from(
    ["bridge", "closed", "<|endoftext|>", "[S1]", "😀😀", "文字", "{{nonce}}", "a" * 300, "Said so.", "\n"]
)
DOCUMENTS = st.lists(st.lists(WORDS, min_size=1, max_size=60).map(" ".join).filter(str.strip), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    texts=DOCUMENTS,
    tokens=st.integers(500, 3000),
    turns=st.lists(st.text(max_size=300), max_size=4),
    question=st.text(max_size=200),
)
def test_a_prompt_never_exceeds_its_budget(texts, tokens, turns, question):
    documents = [Document(f"{number}.md", text[:150], text) for number, text in enumerate(texts)]
    history = tuple(Turn("user" if index % 2 == 0 else "assistant", text) for index, text in enumerate(turns))
    evidence = evidence_of(*documents)
    fitted = fit(load("answer"), Request(question, question, history), evidence, tokens=tokens, count=count_tokens)
    if fitted is not None:
        assert sum(count_tokens(text) for _, text in fitted.messages) <= fitted.tokens <= tokens
        assert set(fitted.shown) <= set(evidence)
        assert all(f"[{one.id}] " in fitted.messages[-1][1] for one in fitted.shown)


def test_one_document_does_not_crowd_out_the_others():
    long = Document("long.md", "Long", " ".join(f"Sentence number {n} is about the old bridge." for n in range(400)))
    evidence = evidence_of(long, BRIDGE)
    fitted = fit(load("answer"), Request("Bridge?", "Bridge?"), evidence, tokens=2000, count=count_tokens)
    shown = [one.document.source for one in fitted.shown]
    assert shown.count("articles/bridge.md") == 3
    assert shown.count("long.md") > 20, "what nobody else needs is not left empty"
    assert fitted.shown[0] == evidence[0], "the most relevant come first"


def test_a_question_that_leaves_no_room_is_an_error_and_nothing_is_sent(ask, server):
    _, ended, _ = ask(honest, question="Why? " * 400, prompt_tokens=500)
    assert (ended.state, server.requests) == ("error", [])
    assert "FOOTNOTE_PROMPT_TOKENS" in ended.notice
