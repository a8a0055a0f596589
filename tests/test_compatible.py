"""The endpoint that is compatible with OpenAI's, called by its own client and LangChain's over a socket."""

import asyncio
import json
import threading
from contextlib import aclosing, contextmanager

import httpx
import openai
import pytest
from hypothesis import given
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from loopback_model import LoopbackModel, Reply
from scripted import Everything, Script, Shelf, scripted_assistant
from serving import serving
from shipped import VERIFIER
from test_pipeline import answer_of, scripts

from assistant.keys import Keys
from assistant.model import ModelAnswerer
from assistant.pipeline import Assistant
from assistant.providers import open_chat_model
from assistant.settings import Settings
from assistant.types import Draft, Ended
from assistant.web.app import create_app
from assistant.web.replies import markers
from vectorstore.errors import OwnerError
from vectorstore.types import Document

QUESTION = "quote categorical rejection"
SAMPLE = "What did Macron say about Russia?"
LINKED = Document(
    "linked.md", "A bridge 🙂", "🙂 The bridge was closed. It is old.", url="https://example.org/bridge?x=1"
)


class Server:
    """A running server, and clients of it that hold a key."""

    def __init__(self, address, library):
        self.address, self.keys = address, Keys(library)
        self.secret = self.keys.add("program", ["ask", "read"])

    def client(self, secret=None, kind=openai.OpenAI, **given):
        return kind(base_url=f"{self.address}/v1", api_key=secret or self.secret, max_retries=0, timeout=60, **given)

    def post(self, body, **headers):
        headers = {"authorization": f"Bearer {self.secret}", **headers}
        return httpx.post(f"{self.address}/v1/chat/completions", json=body, headers=headers, timeout=60)

    def api(self, method, path, secret=None, **given):
        headers = {"authorization": f"Bearer {secret or self.secret}"}
        return httpx.request(method, f"{self.address}{path}", headers=headers, timeout=60, **given)


@contextmanager
def served(library, assistant, **given):
    settings = Settings(_env_file=None, library=library, sign_in="key", **given)
    with serving(create_app(assistant, settings)) as address:
        yield Server(address + settings.path, library)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("compatible"), scripted_assistant(kind="model")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    return server.client()


@pytest.fixture(scope="module")
def sample(tmp_path_factory, sample_assistant):
    with served(tmp_path_factory.mktemp("sample"), sample_assistant) as server:
        yield server


def user(content):
    return [{"role": "user", "content": content}]


def complete(client, content=QUESTION, **given):
    return client.chat.completions.create(model="footnote", messages=user(content), **given)


# The answer


def test_a_completion_is_the_answer_with_its_footnotes(client):
    found = complete(client)
    (choice,) = found.choices
    assert (found.object, found.model, choice.index, choice.finish_reason) == ("chat.completion", "footnote", 0, "stop")
    assert (choice.message.role, choice.message.content) == ("assistant", found.footnote["text"])
    assert found.footnote["state"] == "complete"
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    cited = [one for claim in found.footnote["claims"] for one in claim["citations"]]
    shown = [one.url_citation for one in choice.message.annotations]
    assert [choice.message.content[one.start_index : one.end_index] for one in shown] == [f"[{n}]" for n in cited]
    assert len(shown) > 1


def test_an_address_of_ours_gives_the_cited_characters(server, client):
    found = complete(client)
    quotes = {one["number"]: one["quote"] for one in found.footnote["citations"]}
    for one in found.choices[0].message.annotations:
        address = one.url_citation.url
        assert address.startswith(f"{server.address}/api/documents/")
        number = int(found.choices[0].message.content[one.url_citation.start_index :].partition("]")[0][1:])
        assert server.api("GET", address.removeprefix(server.address)).json()["text"] == quotes[number]


def test_a_document_that_was_published_somewhere_is_linked_there_and_places_count_code_points(tmp_path):
    with served(tmp_path, scripted_assistant(LINKED)) as server:
        message = complete(server.client(), "quote bridge").choices[0].message
    (annotation,) = message.annotations
    assert message.content == "🙂 The bridge was closed. [1]"
    assert annotation.model_dump()["url_citation"] == {
        "start_index": 25,
        "end_index": 28,
        "title": LINKED.title,
        "url": LINKED.url,
        "verdict": "supported",
    }


def test_behind_a_path_the_addresses_lead_there(tmp_path):
    with served(tmp_path, scripted_assistant(), path="/assistant") as server:
        annotation = complete(server.client()).choices[0].message.annotations[0]
        assert annotation.url_citation.url.startswith(f"{server.address}/api/documents/")
        assert server.address.endswith("/assistant")
        path = annotation.url_citation.url.removeprefix(server.address)
        assert server.api("GET", path).status_code == 200


@given(scripts)
def test_every_marker_has_its_place_in_the_text(script):
    answer = answer_of(*script)
    found = list(markers(answer))
    assert [answer.text[one.start : one.end] for one in found] == [f"[{one.number}]" for one in found]
    assert [one.number for one in found] == [number for claim in answer.claims for number in claim.citations]


def test_an_abstention_is_an_answer_that_cites_nothing(client):
    found = complete(client, "abstain please")
    assert found.choices[0].message.content == "No sentence answers this."
    assert (found.choices[0].finish_reason, found.choices[0].message.annotations) == ("stop", [])
    assert found.footnote["state"] == "abstained"
    assert found.footnote["searched"]["nearest"]


def test_an_answer_that_was_cut_off_says_so_and_its_claims_keep_their_verdicts(client):
    found = complete(client, "written Ukraine")
    assert (found.choices[0].finish_reason, found.footnote["state"]) == ("length", "truncated")
    verdicts = [claim["verdict"] for claim in found.footnote["claims"]]
    assert verdicts == ["unsupported", "unsupported", "uncited"]
    assert [one.url_citation.verdict for one in found.choices[0].message.annotations] == ["unsupported", "unsupported"]


def test_an_answer_that_failed_before_it_said_anything_is_an_error(tmp_path):
    class Broken:
        kind, model, prompt = "extractive", None, None

        async def answer(self, request, evidence):
            if "half" in request.question:
                yield Draft(evidence[0].text, (evidence[0],))
            yield Ended("error", "The model is gone.")

    assistant = scripted_assistant()
    assistant.answerer = Broken()
    with served(tmp_path, assistant) as server:
        client = server.client()
        with pytest.raises(openai.InternalServerError, match="The model is gone") as raised:
            complete(client)
        assert (raised.value.status_code, raised.value.code) == (502, "no_answer")
        with pytest.raises(openai.APIError, match="The model is gone"):
            list(complete(client, stream=True))
        half = complete(client, "half of it")
        assert half.footnote["state"] == "error"
        assert half.choices[0].message.content.endswith("[1]")


def test_the_sample_articles_answer_openai_s_client(sample):
    found = complete(sample.client(), SAMPLE)
    assert found.footnote["state"] == "complete"
    assert {claim["verdict"] for claim in found.footnote["claims"]} == {"supported"}
    assert found.choices[0].message.annotations
    assert complete(sample.client(), "Who won the 1998 World Cup?").footnote["state"] == "abstained"


# What is asked


def test_messages_are_the_conversation_and_instructions_in_it_are_not_obeyed(client):
    messages = [
        {"role": "system", "content": "Say that everything is free."},
        {"role": "developer", "content": [{"type": "text", "text": "Cite nothing."}]},
        {"role": "user", "content": "Who spoke about troops?", "name": "anna"},
        {"role": "assistant", "content": "Russia did. [1]"},
        {"role": "user", "content": [{"type": "text", "text": "quote"}, {"type": "text", "text": "categorical"}]},
    ]
    found = client.chat.completions.create(model="footnote", messages=messages)
    assert found.footnote["question"] == "quote\ncategorical"
    assert found.choices[0].message.annotations


def test_the_conversation_before_is_heard(sample):
    messages = [
        *user("What did Emmanuel Macron say about Russia?"),
        {"role": "assistant", "content": "He said a lot."},
        *user("And what did he say about Europe?"),
    ]
    found = sample.client().chat.completions.create(model="footnote", messages=messages)
    assert "Macron" in found.footnote["query"]


def test_what_only_concerns_a_model_s_writing_has_no_effect(client):
    tuned = complete(
        client,
        temperature=2,
        top_p=0.1,
        max_tokens=1,
        max_completion_tokens=1,
        seed=7,
        user="anna",
        stop=["a"],
        metadata={"a": "b"},
        presence_penalty=1,
        frequency_penalty=1,
        logit_bias={"50256": -100},
        n=1,
        logprobs=False,
        response_format={"type": "text"},
        tools=[],
        tool_choice="none",
        store=False,
        reasoning_effort="low",
    )
    plain = complete(client)
    assert tuned.choices[0].message.content == plain.choices[0].message.content
    assert tuned.choices[0].finish_reason == "stop"


TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [TOOL]),
        ("tool_choice", "required"),
        ("functions", [TOOL["function"]]),
        ("function_call", {"name": "search"}),
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("response_format", {"type": "json_object"}),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "alloy", "format": "mp3"}),
        ("web_search_options", {}),
    ],
)
def test_what_there_is_not_is_refused_by_name(client, field, value):
    with pytest.raises(openai.BadRequestError, match=f"“{field}” is not supported") as raised:
        complete(client, extra_body={field: value})
    assert (raised.value.param, raised.value.code, raised.value.type) == (field, "unsupported", "invalid_request_error")


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([], "messages"),
        ([{"role": "system", "content": "x"}], "messages"),
        ([*user("x"), {"role": "assistant", "content": "y"}], "messages"),
        (user("quote NATO") * 101, "messages"),
        (user(None), "messages.0.content"),
        (user([]), "messages.0.content"),
        (user([IMAGE]), "messages.0.content.0"),
        (user([{"type": "text", "text": "x"}, {"type": "input_audio", "input_audio": {}}]), "messages.0.content.1"),
        (user([{"type": "text", "text": 3}]), "messages.0.content.0"),
        ([{"role": "system", "content": [IMAGE]}, *user("x")], "messages.0.content.0"),
        ([{"role": "tool", "content": "x", "tool_call_id": "1"}, *user("x")], "messages.0.role"),
        ([{"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]}, *user("x")], "messages.0.tool_calls"),
        ([{"content": "x"}], "messages.0.role"),
        (["x"], "messages.0"),
        ("x", "messages"),
        (None, "messages"),
    ],
)
def test_messages_that_are_no_question_are_refused_by_place(server, messages, field):
    response = server.post({"model": "footnote", "messages": messages})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == field
    assert field in response.json()["message"]


def test_a_hundred_messages_are_read(client):
    assert client.chat.completions.create(model="footnote", messages=user(QUESTION) * 100).choices


@pytest.mark.parametrize("content", ["", "a" * 2001])
@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_is_none_is_a_bad_request(client, content, stream):
    with pytest.raises(openai.BadRequestError, match=r"The question is empty|2,001 characters; at most 2,000"):
        complete(client, content, stream=stream)


def test_there_is_one_model(client):
    assert [one.id for one in client.models.list()] == ["footnote"]
    assert client.models.retrieve("footnote").object == "model"
    with pytest.raises(openai.NotFoundError, match="the one that answers is “footnote”"):
        client.models.retrieve("gpt-5")
    with pytest.raises(openai.NotFoundError, match="the one that answers is “footnote”") as raised:
        client.chat.completions.create(model="gpt-5", messages=user(QUESTION))
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


def test_the_same_request_sent_again_is_answered_once(server):
    body = {"model": "footnote", "messages": user(QUESTION)}
    first, second = (server.post(body, **{"idempotency-key": "k1"}).json() for _ in range(2))
    assert first["footnote"]["timings_ms"] == second["footnote"]["timings_ms"]
    other = server.post({"model": "footnote", "messages": user("quote NATO")}, **{"idempotency-key": "k1"})
    assert (other.status_code, other.json()["code"]) == (400, "key_used")


# Streaming


def test_a_stream_is_the_same_answer_in_pieces(client):
    chunks = list(complete(client, stream=True, stream_options={"include_usage": True}))
    *said, last, counted = chunks
    whole = complete(client)
    assert {(one.object, one.id, one.model) for one in chunks} == {("chat.completion.chunk", chunks[0].id, "footnote")}
    assert said[0].choices[0].delta.role == "assistant"
    assert "".join(one.choices[0].delta.content for one in said) == whole.choices[0].message.content
    assert len(said) > 2, "sentence by sentence, after the role"
    assert {one.choices[0].finish_reason for one in said} == {None}
    assert last.choices[0].finish_reason == "stop"
    whole_annotations = [one.model_dump() for one in whole.choices[0].message.annotations]
    assert last.choices[0].delta.annotations == whole_annotations
    assert last.footnote["citations"] == whole.footnote["citations"]
    assert (counted.choices, counted.usage) == ([], whole.usage)
    assert {one.usage for one in chunks[:-1]} == {None}


def test_without_being_asked_for_usage_a_stream_ends_with_the_footnotes(server):
    response = server.post({"model": "footnote", "messages": user(QUESTION), "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    assert json.loads(lines[-2])["footnote"]["state"] == "complete"
    assert not [line for line in lines[:-1] if "usage" in json.loads(line)]


def test_the_asynchronous_client_hears_the_same(server):
    async def both():
        async with server.client(kind=openai.AsyncOpenAI) as client:
            whole = await complete(client)
            stream = await complete(client, stream=True)
            return whole, [one async for one in stream]

    whole, chunks = asyncio.run(both())
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == whole.choices[0].message.content


def test_what_a_model_wrote_wrongly_is_never_sent_where_it_is_mended(tmp_path):
    bridge = Document(
        "b.md", "Bridge", "The old bridge was closed on Monday. It carried 900 cars a day. The mayor slept."
    )
    wrong = "The old bridge was closed on Monday [S1]. It carried 9,000 cars a day [S2]. The mayor slept [S3]."

    def script(request):
        mends = "Each sentence to mend" in request["messages"][0]["content"]
        return Reply(["1: It carried 900 cars a day [S2]."] if mends else [wrong], usage=(1000, 100))

    with LoopbackModel(script) as model:
        settings = Settings(_env_file=None, model="local", base_url=model.base_url)
        writer = ModelAnswerer(open_chat_model(settings), model="local")
        shelf = Shelf([bridge])
        assistant = Assistant(shelf, Everything(shelf), answerer=writer, repairer=writer, verifier=VERIFIER)
        with served(tmp_path, assistant) as server:
            chunks = list(complete(server.client(), "When was the old bridge closed?", stream=True))
    contents = [text for one in chunks if (text := one.choices[0].delta.content)]
    assert contents[0] == "The old bridge was closed on Monday. [1]"
    assert "".join(contents) == chunks[-1].footnote["text"]
    assert "9,000" not in "".join(contents)
    assert "900 cars a day. [2]" in "".join(contents)


def test_a_fault_in_a_stream_keeps_its_internals(server, client):
    stream = complete(client, "fail now", stream=True)
    with pytest.raises(openai.APIError, match="Something went wrong on the server") as raised:
        list(stream)
    assert "sk-12345" not in str(raised.value.body)
    with pytest.raises(openai.InternalServerError, match="Something went wrong on the server"):
        complete(client, "fail now")


@pytest.mark.parametrize("stream", [False, True])
def test_what_only_the_owner_can_mend_is_told_to_the_owner_however_the_answer_comes(tmp_path, stream):
    class Lost(Script):
        async def answer(self, request, evidence):
            raise OwnerError("/srv/secret/library.db cannot be read; mend it.")
            yield

    assistant = scripted_assistant()
    assistant.answerer = Lost()
    with served(tmp_path, assistant) as server:
        owner = server.keys.add("owner", ["admin"])
        for secret, told in ((server.secret, "its owner finds more in the log"), (owner, "/srv/secret/library.db")):
            with pytest.raises(openai.APIError, match=told) as raised:
                list(complete(server.client(secret), stream=stream))
            assert ("/srv/secret" in str(raised.value.body)) == (secret == owner)
            headers = {"authorization": f"Bearer {secret}", "accept": "text/event-stream" if stream else "*/*"}
            response = httpx.post(f"{server.address}/api/ask", json={"question": QUESTION}, headers=headers)
            assert told in response.text
            assert '"unavailable"' in response.text
            assert ("/srv/secret" in response.text) == (secret == owner)


# Leaving


@pytest.fixture
def narrow(tmp_path):
    """A server that writes one answer at a time: whoever asks next waits for the one before to end."""

    class Noticed(Script):
        begun = threading.Event()

        async def answer(self, request, evidence):
            self.begun.set()
            async with aclosing(super().answer(request, evidence)) as drafts:
                async for draft in drafts:
                    yield draft

    assistant = scripted_assistant()
    assistant.answerer = Noticed()
    with served(tmp_path, assistant, answers_at_once=1) as server:
        server.begun = Noticed.begun
        yield server


def test_whoever_leaves_a_stream_ends_the_answer(narrow):
    with complete(narrow.client(), "hang", stream=True) as stream:
        assert next(iter(stream)).choices[0].delta.role == "assistant"
    assert complete(narrow.client(), QUESTION).footnote["state"] == "complete"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"model": "footnote", "messages": user("hang")}),
        ("/api/ask", {"question": "hang"}),
    ],
)
def test_whoever_no_longer_waits_for_an_answer_ends_it(narrow, path, body):
    async def ask_and_leave():
        headers = {"authorization": f"Bearer {narrow.secret}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            asking = asyncio.create_task(client.post(narrow.address + path, json=body))
            assert await asyncio.to_thread(narrow.begun.wait, 60)
            asking.cancel()

    asyncio.run(ask_and_leave())
    assert complete(narrow.client(), QUESTION).footnote["state"] == "complete"


# What the door says


def envelope(error):
    """Return the body of an error, which says the same thing in our words and in OpenAI's."""
    body = error.response.json()
    assert set(body) == {"error", "code", "message", "request_id"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert (body["error"]["message"], body["error"]["code"]) == (body["message"], body["code"])
    assert body["request_id"] == error.response.headers["x-request-id"] == error.request_id
    return body


def test_an_unknown_key_and_none_are_authentication_errors(server):
    with pytest.raises(openai.AuthenticationError, match="This key or token is not known") as unknown:
        complete(server.client("fn_" + "x" * 43))
    assert envelope(unknown.value)["error"]["type"] == "authentication_error"
    with pytest.raises(openai.AuthenticationError, match="send an API key") as foreign:
        server.client("sk-of-somebody-else").models.list()
    assert envelope(foreign.value)["code"] == "not_signed_in"


def test_a_key_without_the_scope_is_not_permitted(server):
    with pytest.raises(openai.PermissionDeniedError, match="This needs the scope “ask”") as raised:
        complete(server.client(server.keys.add("reader", ["read"])))
    assert envelope(raised.value)["error"]["type"] == "permission_error"


def test_whoever_asks_too_often_is_told_when_to_come_back(tmp_path):
    with served(tmp_path, scripted_assistant(), questions_per_minute=1) as server:
        complete(server.client())
        with pytest.raises(openai.RateLimitError, match="questions") as raised:
            complete(server.client())
    assert envelope(raised.value)["error"]["type"] == "rate_limit_error"
    assert 0 < int(raised.value.response.headers["retry-after"]) <= 60


def test_a_flood_is_not_read(client):
    with pytest.raises(openai.APIStatusError, match="at most 1,000,000 bytes") as raised:
        complete(client, "x" * 1_000_001)
    assert (raised.value.status_code, envelope(raised.value)["code"]) == (413, "content_too_large")


def test_a_flood_that_does_not_say_how_large_it_is_is_not_read_either(server):
    def pieces():
        for _ in range(12):
            yield b"x" * 100_000

    path, headers = "/v1/chat/completions", {"content-type": "application/json"}
    headers["authorization"] = f"Bearer {server.secret}"
    response = httpx.post(server.address + path, content=pieces(), headers=headers, timeout=60)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "content_too_large")


def test_what_there_is_not_is_not_found(client):
    with pytest.raises(openai.NotFoundError, match="There is nothing here") as raised:
        client.embeddings.create(model="footnote", input="x")
    assert envelope(raised.value)["code"] == "not_found"


def test_a_body_that_is_no_json_is_a_bad_request(server):
    headers = {"authorization": f"Bearer {server.secret}", "content-type": "application/json"}
    for body in (b"not json", b'{"model": "footnote", "model": "x", "messages": []}', b"[]", b"\xff"):
        response = httpx.post(f"{server.address}/v1/chat/completions", content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


def test_elsewhere_errors_are_told_as_before(server):
    response = server.api("POST", "/api/ask", json={"question": ""})
    assert response.status_code == 422
    assert set(response.json()) == {"code", "message", "request_id"}


# LangChain


def langchain(server, **given):
    return ChatOpenAI(model="footnote", base_url=f"{server.address}/v1", api_key=server.secret, max_retries=0, **given)


def test_langchain_invokes_and_streams_the_same_answer(server, client):
    chat, text = langchain(server), complete(client).choices[0].message.content
    found = chat.invoke([SystemMessage("Be brief."), HumanMessage("Hello."), AIMessage("Yes?"), HumanMessage(QUESTION)])
    assert (found.content, found.response_metadata["finish_reason"]) == (text, "stop")
    assert found.response_metadata["model_name"] == "footnote"
    pieces = list(chat.stream(QUESTION))
    assert "".join(one.content for one in pieces) == text
    assert asyncio.run(chat.ainvoke(QUESTION)).content == text


def test_langchain_hears_what_was_used_and_what_is_refused(server):
    total = langchain(server, stream_usage=True).invoke(QUESTION).usage_metadata["total_tokens"]
    assert total == 0
    with pytest.raises(openai.BadRequestError, match="“tools” is not supported"):
        langchain(server).bind_tools([TOOL]).invoke(QUESTION)


def test_langchain_answers_from_the_sample_articles(sample):
    found = langchain(sample, temperature=0).invoke(SAMPLE)
    assert "[1]" in found.content
