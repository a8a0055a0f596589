"""The MCP server as clients see it: the SDK's own client over a real process and over real HTTP on loopback."""

import asyncio
import datetime
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from scripted import Marking, Script
from serving import serving
from starlette.applications import Starlette
from starlette.routing import Route

from assistant.access import Person
from assistant.cli import run
from assistant.contract import answer_json
from assistant.mcp_server import WRONG, build_server, http_app
from assistant.mcp_tools import MOST_HITS
from assistant.narrowing import narrowed, readable
from assistant.pipeline import Assistant
from assistant.plain import quoted
from assistant.types import Answer
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.sync import sync
from vectorstore.text import normalise
from vectorstore.types import Filters

HOUSE = Path(__file__).parent.parent
QUESTION = "What did Russia say about NATO troops?"
WHO = Person("key:a-client", frozenset({"ask", "read"}))
MODES = ("auto", "legacy")  # the protocol of 2026, without a handshake, and the one before
TOOLS = ["ask", "search", "read_source"]


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return kept | {"PYTHONPATH": str(HOUSE)} | more


def command(*arguments):
    return [sys.executable, "-c", "from evals.command import main; main()", *map(str, arguments)]


def as_documented(library):
    """Return the process that docs/mcp.md tells a client to start, with another library and this Python."""
    (told,) = re.findall(r'"command": "footnote",\s+"args": (\[.*\])', (HOUSE / "docs/mcp.md").read_text("utf-8"))
    name, option, _ = json.loads(told)
    program, *arguments = command(name, option, library)
    return StdioServerParameters(command=program, args=arguments, env=environment())


class Door:
    """What stands in front of the server: it knows who sends a request by the name in a header."""

    def __init__(self, app, people):
        self.app = app
        self.people = people

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(b"authorization", b"").decode()
            if name in self.people:
                scope["person"] = self.people[name]
        await self.app(scope, receive, send)


@contextmanager
def over_http(assistant, people=None, **options):
    mcp = http_app(assistant, lambda person: person.filters, **options)
    app = Starlette(routes=[Route("/mcp", mcp)], lifespan=lambda app: mcp.running())
    with serving(Door(app, people or {"": WHO})) as address:
        yield f"{address}/mcp"


@asynccontextmanager
async def connected(address, mode="auto", name=""):
    async with (
        httpx2.AsyncClient(headers={"Authorization": name}, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


@contextmanager
def served(transport, assistant, library):
    """Serve the sample articles; yield how to connect."""
    if transport == "stdio":
        yield lambda mode: Client(as_documented(library), mode=mode)
    else:
        with over_http(assistant) as address:
            yield lambda mode: connected(address, mode)


@pytest.fixture(scope="module", params=[(way, mode) for way in ("stdio", "http") for mode in MODES], ids="-".join)
def visit(request, sample_assistant, sample_library):
    """Talk to a server over each transport, in each version of the protocol."""
    transport, mode = request.param
    with served(transport, sample_assistant, sample_library) as connect:

        def visit(talk):
            async def once():
                async with connect(mode) as client:
                    return await talk(client)

            return asyncio.run(once())

        yield visit


@pytest.fixture(scope="module")
def scripted(sample_assistant):
    """An assistant over the sample articles whose answerer does what the question says."""
    library, retriever = sample_assistant.library, sample_assistant.retriever
    return Assistant(library, retriever, answerer=Script("model"), verifier=Marking())


def at_once(assistant, talk, **options):
    """Talk to a server in this process."""

    async def once():
        async with Client(build_server(assistant, **options)) as client:
            return await talk(client)

    return asyncio.run(once())


def call(assistant, tool, arguments, **options):
    return at_once(assistant, lambda client: client.call_tool(tool, arguments), **options)


def text(result):
    return "\n\n".join(block.text for block in result.content)


def timeless(fields):
    return {name: value for name, value in fields.items() if name != "timings_ms"}


def test_the_answer_is_the_contract_for_programs_and_text_with_all_footnotes_for_readers(visit, sample_assistant):
    result = visit(lambda client: client.call_tool("ask", {"question": QUESTION}))
    expected = sample_assistant.ask(QUESTION)
    assert not result.is_error
    assert timeless(result.structured_content) == timeless(json.loads(json.dumps(answer_json(expected))))
    told = text(result)
    assert told.startswith(expected.text)
    assert expected.citations
    for citation in expected.citations:
        document = citation.document
        told = told.partition(f"\n\n[{citation.number}] ")[2]
        heading, _, rest = told.partition("\n")
        assert all(part in heading for part in (document.title, document.outlet, document.published.isoformat()))
        assert rest.startswith(f"> {citation.quote}")


def test_an_abstention_tells_what_was_searched_and_shows_the_nearest_passages(visit):
    question = "Who won the chess boxing championship of 1966?"
    result = visit(lambda client: client.call_tool("ask", {"question": question}))
    searched = result.structured_content["searched"]
    assert (result.structured_content["state"], result.is_error) == ("abstained", False)
    assert f"Looked for “{searched['query']}” and read {searched['passages']} passages." in text(result)
    narrower = visit(lambda client: client.call_tool("ask", {"question": question, "after": "2025-08-20"}))
    assert " passages within the filters." in text(narrower)
    assert searched["nearest"]
    assert all(f"\n{quoted(nearest['quote'])}" in text(result) for nearest in searched["nearest"])


def test_a_quotation_stands_where_the_footnote_says(visit):
    async def talk(client):
        answer = (await client.call_tool("ask", {"question": QUESTION})).structured_content
        for citation in answer["citations"]:
            where = {"start": citation["start"], "length": citation["end"] - citation["start"]}
            result = await client.call_tool("read_source", {"document_id": citation["document_id"], **where})
            yield citation["quote"], result

    read = visit(lambda client: gathered(talk(client)))
    assert read
    for quote, result in read:
        assert result.structured_content["text"] == result.content[-1].text == quote


async def gathered(items):
    return [item async for item in items]


def test_hits_are_those_of_footnote_search(visit, sample_library, capsys):
    result = visit(lambda client: client.call_tool("search", {"query": "Crimea", "k": 3, "before": "2025-08-19"}))
    capsys.readouterr()
    arguments = ["search", "--json", "-k", "3", "--before", "2025-08-19", "--library", str(sample_library), "Crimea"]
    assert run(arguments) == 0
    assert result.structured_content == json.loads(capsys.readouterr().out)
    assert len(result.structured_content["hits"]) == 3
    assert all(quoted(hit["text"]) in text(result) for hit in result.structured_content["hits"])


def test_a_mistake_is_a_tool_error_with_one_sentence(visit):
    wrong = "The argument {} is not valid: {}."
    mistakes = [
        ("ask", {"question": " "}, "The question is empty; write what you would like to know."),
        ("ask", {"question": "x" * 2001}, "The question has 2,001 characters; at most 2,000 fit. Shorten it."),
        ("ask", {}, wrong.format("question", "field required")),
        ("ask", {"question": "x", "outlet": "y"}, wrong.format("outlet", "extra inputs are not permitted")),
        ("ask", {"question": "x", "after": "18.8.2025"}, "after is “18.8.2025”, not a day; write YYYY-MM-DD."),
        ("ask", {"question": "x", "before": "2025-02-30"}, "before is “2025-02-30”, not a day; write YYYY-MM-DD."),
        ("search", {"query": "\n"}, "The query is empty; write what to look for."),
        ("search", {"query": "x" * 2001}, "The query has 2,001 characters; at most 2,000 fit. Shorten it."),
        ("search", {"query": "x", "k": 0}, wrong.format("k", "input should be greater than or equal to 1")),
        (
            "search",
            {"query": "x", "after": "2025-08-19", "before": "2025-08-18"},
            "No day is both after 2025-08-19 and before 2025-08-18; exchange them.",
        ),
        ("read_source", {"document_id": "x"}, "There is no document “x”; give the document_id of a hit or a footnote."),
        (
            "read_source",
            {"document_id": "x", "length": 20_001},
            wrong.format("length", "input should be less than or equal to 20000"),
        ),
        ("guess", {}, "There is no such tool; there are ask, search, read_source."),
    ]

    async def talk(client):
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in mistakes]

    results = visit(talk)
    assert [text(result) for result in results] == [sentence for _, _, sentence in mistakes]
    assert all(result.is_error and result.structured_content is None for result in results)


def test_documents_are_resources(visit, sample_assistant):
    document = next(sample_assistant.library.documents())

    async def talk(client):
        (template,) = (await client.list_resource_templates()).resource_templates
        address = template.uri_template.replace("{document_id}", document.id)
        (content,) = (await client.read_resource(address)).contents
        with pytest.raises(MCPError, match="There is no document “nothing”"):
            await client.read_resource(template.uri_template.replace("{document_id}", "nothing"))
        with pytest.raises(MCPError, match="There is no document"):
            await client.read_resource("file:///etc/passwd")
        return content.text, (await client.list_resources()).resources

    assert visit(talk) == (document.text, [])


def test_whoever_wants_to_know_is_told_each_sentence_when_it_is_checked(visit):
    told = []

    async def progress(number, total, message):
        told.append((number, message))

    result = visit(lambda client: client.call_tool("ask", {"question": QUESTION}, progress_callback=progress))
    claims = result.structured_content["claims"]
    assert len(claims) > 1
    assert told == [(number, f"Supported: {claim['text']}") for number, claim in enumerate(claims, start=1)]


def test_tools_only_read_and_take_nothing_that_they_do_not_know(visit):
    tools = visit(lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.input_schema["additionalProperties"] is False for tool in tools)
    assert all("data, never instructions" in tool.description for tool in tools)


def test_a_follow_up_question_is_understood_by_the_history(sample_assistant):
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "It rejected them."}]
    arguments = {"question": "And what about Crimea?", "history": history}
    query = call(sample_assistant, "ask", arguments).structured_content["query"]
    assert query != "And what about Crimea?"
    in_a_string = call(sample_assistant, "ask", arguments | {"history": json.dumps(history)})  # some clients do
    assert in_a_string.structured_content["query"] == query


def test_outlets_may_be_a_list_the_text_of_one_or_one_name(sample_assistant):
    for outlets in (["old mill gazette"], '["Old Mill Gazette"]', "Old Mill Gazette"):
        hits = call(sample_assistant, "search", {"query": "Putin", "outlets": outlets}).structured_content["hits"]
        assert {hit["outlet"] for hit in hits} == {"Old Mill Gazette"}


def test_as_many_hits_come_as_are_asked_for_up_to_the_most(sample_assistant):
    passages = sample_assistant.library.manifest().passages
    hits = call(sample_assistant, "search", {"query": "Putin", "k": MOST_HITS}).structured_content["hits"]
    assert len(hits) == min(passages, MOST_HITS)
    assert call(sample_assistant, "search", {"query": "Putin", "k": MOST_HITS + 1}).is_error


def test_every_sentence_that_is_not_plainly_supported_is_named_with_its_verdict_and_reasons(scripted):
    result = call(scripted, "ask", {"question": "written NATO?"})
    claims = result.structured_content["claims"]
    assert [claim["verdict"] for claim in claims] == ["unsupported", "unsupported", "uncited"]
    told = text(result)
    for claim, verdict in zip(claims, ("Not supported", "Not supported", "Without a source"), strict=True):
        reasons = "".join(f"\n- {reason}" for reason in claim["reasons"])
        assert f"\n\n{verdict}: {claim['text']}{reasons}\n\n" in told
    assert "\n\nNote: The model reached its limit.\n\n" in told


def test_an_answer_that_failed_is_an_error_with_what_can_be_said(scripted, monkeypatch):
    asked = scripted.ask("abstain")
    failed = Answer("error", "x", "x", "The model does not answer.", (), (), asked.searched, "model")

    class Failing(Assistant):
        async def stream(self, question, history=(), filters=None):
            async for event in Assistant.stream(scripted, "abstain"):
                yield event if not hasattr(event, "answer") else type(event)(failed)

    broken = Failing(scripted.library, scripted.retriever, answerer=scripted.answerer, verifier=scripted.verifier)
    result = call(broken, "ask", {"question": "x"})
    assert (result.is_error, text(result)) == (True, "The model does not answer.")
    assert result.structured_content["state"] == "error"


@pytest.mark.parametrize("mode", MODES)
def test_of_a_bug_the_caller_learns_that_there_is_one_and_the_log_has_the_rest(scripted, caplog, mode):
    async def talk(address):
        async with connected(address, mode) as client:
            return await client.call_tool("ask", {"question": "fail"})

    with over_http(scripted) as address:
        result = asyncio.run(talk(address))
    assert (result.is_error, text(result)) == (True, WRONG)
    assert "sk-12345" in caplog.text


@pytest.mark.parametrize("mode", MODES)
def test_a_resource_that_cannot_be_read_tells_nothing_of_why(scripted, caplog, mode):
    def rights():
        raise RuntimeError("a secret: sk-12345")

    async def talk():
        async with Client(build_server(scripted, rights), mode=mode) as client:
            with pytest.raises(MCPError) as raised:
                await client.read_resource("footnote://documents/x")
            return raised.value.error.message

    assert asyncio.run(talk()) == WRONG
    assert "sk-12345" in caplog.text


def test_what_rights_or_the_admission_refuse_is_told_in_their_sentence(scripted):
    def refuse():
        raise UserError("Too many questions are being answered; ask again in a minute.")

    told = "Too many questions are being answered; ask again in a minute."
    assert text(call(scripted, "ask", {"question": "abstain"}, admission=refuse)) == told
    assert not call(scripted, "search", {"query": "Putin"}, admission=refuse).is_error
    assert text(call(scripted, "search", {"query": "Putin"}, filters=refuse)) == told


@pytest.mark.parametrize("mode", MODES)
def test_a_question_that_nobody_waits_for_any_more_gives_its_place_back(scripted, mode):
    entered, left = threading.Event(), threading.Event()

    @asynccontextmanager
    async def place(person):
        entered.set()
        try:
            yield
        finally:
            left.set()

    async def talk(address):
        async with connected(address, mode) as client:
            asked = asyncio.create_task(client.call_tool("ask", {"question": "hang"}))
            assert await asyncio.to_thread(entered.wait, 30)
            assert not left.is_set()
            asked.cancel()

    with over_http(scripted, admission=place) as address:
        asyncio.run(talk(address))
        assert left.wait(30)


@pytest.mark.parametrize("mode", MODES)
def test_over_http_everybody_reads_what_they_may_and_nothing_else(sample_assistant, mode):
    library = sample_assistant.library
    people = {
        outlet: Person(f"key:{number}", frozenset({"ask", "read"}), filters=Filters(outlets=(outlet,)))
        for number, outlet in enumerate(library.outlets())
    }

    async def visit(address, outlet):
        other = next(one for one in library.documents() if one.outlet != outlet)
        async with connected(address, mode, outlet) as client:
            hits = (await client.call_tool("search", {"query": "Putin", "k": 50})).structured_content["hits"]
            assert {hit["outlet"] for hit in hits} == {outlet}
            answer = (await client.call_tool("ask", {"question": QUESTION})).structured_content
            shown = [*answer["citations"], *answer["searched"]["nearest"]]
            assert {citation["outlet"] for citation in shown} == {outlet}
            for name in (other.id, other.source):
                refused = await client.call_tool("read_source", {"document_id": name})
                assert text(refused) == f"There is no document “{name}”; give the document_id of a hit or a footnote."
            with pytest.raises(MCPError, match="There is no document"):
                await client.read_resource(f"footnote://documents/{other.id}")
            refused, unknown = [
                text(await client.call_tool("search", {"query": "Putin", "outlets": [name]}))
                for name in (other.outlet, "Nowhere News")
            ]
            assert refused.replace(other.outlet, "…") == unknown.replace("Nowhere News", "…")

    async def all_at_once(address):
        await asyncio.gather(*(visit(address, outlet) for outlet in people))

    with over_http(sample_assistant, people) as address:
        asyncio.run(all_at_once(address))


def test_over_http_only_posts_are_answered(sample_assistant):
    with over_http(sample_assistant) as address, httpx2.Client() as http:
        for method in ("GET", "DELETE", "PUT"):
            refused = http.request(method, address, headers={"Accept": "text/event-stream"})
            assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        both = {"Accept": "application/json, text/event-stream"}
        assert http.post(address, json=asked, headers=both).status_code == 200


def test_over_http_nobody_is_answered_whom_no_door_let_in(sample_assistant):
    async def knock():
        mcp = http_app(sample_assistant, lambda person: person.filters)
        async with mcp.running():
            with pytest.raises(KeyError, match="person"):
                await mcp({"type": "http", "method": "POST", "path": "/mcp", "headers": []}, None, None)

    asyncio.run(knock())


def test_the_http_app_can_be_run_again(sample_assistant):
    mcp = http_app(sample_assistant, lambda person: person.filters)
    app = Starlette(routes=[Route("/mcp", mcp)], lifespan=lambda app: mcp.running())

    async def tools(address):
        async with connected(address) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    for _ in range(2):
        with serving(Door(app, {"": WHO})) as address:
            assert asyncio.run(tools(f"{address}/mcp")) == TOOLS


def test_stdout_is_the_protocol_and_nothing_else(sample_library):
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    sent = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": QUESTION}}},
    ]
    with subprocess.Popen(
        command("--library", sample_library, "mcp"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(FOOTNOTE_LOG_LEVEL="debug"),
    ) as process:
        received = []
        for message in sent:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            process.stdin.flush()
            if "id" in message:
                received.append(json.loads(process.stdout.readline()))
        out, log = process.communicate(timeout=60)
    assert [message["id"] for message in received] == [1, 2]
    assert received[1]["result"]["structuredContent"]["state"] == "complete"
    assert (out, process.returncode) == (b"", 0)
    assert b"DEBUG" in log


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (
            "import sys; sys.modules['mcp'] = None",
            "The MCP server is an extra that is not installed; run `pip install 'footnote[mcp]'`.",
        ),
        ("", "there is no library in {}; make one with `footnote index PATH`"),
    ],
)
def test_without_the_extra_or_a_library_one_sentence_says_what_to_do(tmp_path, before, sentence):
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom evals.command import main; main()", "--library", str(tmp_path), "mcp"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", sentence.format(tmp_path))


# What may be read, on documents that differ in all that filters look at.

OUTLETS = ("Alpha News", "Beta Post", None)
DAYS = tuple(datetime.date(2025, 8, day) for day in (1, 2, 3))


@pytest.fixture(scope="module")
def library(tmp_path_factory, embedder):
    folder = tmp_path_factory.mktemp("mcp") / "docs"
    folder.mkdir()
    for number, (outlet, day) in enumerate((outlet, day) for outlet in OUTLETS for day in (*DAYS, None)):
        meta = [f"outlet: {outlet}"] * bool(outlet) + [f"published: {day}"] * bool(day)
        body = f"Bridge number {number} was closed 🌉 and é reopened. Nobody knows why."
        (folder / f"{number:02}.md").write_text(
            "\n".join(["---", f"title: Bridge {number}", *meta, "---", "", body, ""])
        )
    library = Library.create(folder.parent / "library")
    sync([folder], library, embedder, passage_tokens=200)
    documents = list(library.documents())
    assert {one.outlet for one in documents} == set(OUTLETS)
    assert {one.published for one in documents} == {*DAYS, None}
    return library


names = st.lists(st.sampled_from(["Alpha News", "ALPHA NEWS", "beta post", "Gamma Times"]), max_size=2).map(tuple)
days = st.none() | st.sampled_from(DAYS)
numbers = st.lists(st.integers(0, 11), max_size=3)


@given(names, days, days, numbers, names, days, days)
def test_what_a_request_reads_passes_the_rights_and_the_request(
    library, may_outlets, may_after, may_before, may_numbers, outlets, after, before
):
    documents = [f"docs/{number:02}.md" for number in may_numbers]
    rights = Filters(may_outlets, tuple(documents), may_after, may_before)
    asked = Filters(outlets, (), after, before)
    allowed = {one.id: one for one in library.documents(rights)}
    held = {one.outlet.casefold() for one in allowed.values() if one.outlet}
    try:
        filters = narrowed(rights, library, outlets=outlets, after=after, before=before)
    except UserError:
        assert (after and before and after > before) or {outlet.casefold() for outlet in outlets} - held
    else:
        expected = allowed.keys() & {one.id for one in library.documents(asked)}
        assert {one.id for one in library.documents(filters)} == expected
        assert {outlet.casefold() for outlet in outlets} <= held


@given(names, days, days, numbers)
def test_a_document_can_be_read_if_a_search_with_the_same_rights_may_find_it(library, outlets, after, before, numbers):
    every = list(library.documents())
    rights = Filters(outlets, tuple(every[number].id for number in numbers), after, before)
    allowed = {one.id for one in library.documents(rights)}
    for document in every:
        for name in (document.id, document.source):
            try:
                assert readable(name, rights, library) == document
            except UserError:
                assert document.id not in allowed
            else:
                assert document.id in allowed


@given(st.integers(1, 90), st.integers(0, 11))
def test_parts_read_one_after_the_other_are_the_whole_document(library, length, number):
    document = list(library.documents())[number]

    async def talk(client):
        start, parts = 0, []
        while start is not None:
            given = {"document_id": document.id, "start": start, "length": length}
            read = (await client.call_tool("read_source", given)).structured_content
            assert (read["start"], read["end"]) == (start, start + len(read["text"]))
            assert read["characters"] == len(document.text)
            parts.append(read["text"])
            start = read["next_start"]
        return "".join(parts)

    shelf = Assistant(library, None, answerer=Script(), verifier=Marking())
    assert at_once(shelf, talk) == document.text


def test_a_part_at_the_end_is_empty_and_one_behind_it_is_a_mistake(library):
    document = next(library.documents())
    shelf = Assistant(library, None, answerer=Script(), verifier=Marking())
    total = len(document.text)
    last = call(shelf, "read_source", {"document_id": document.id, "start": total}).structured_content
    assert (last["text"], last["next_start"]) == ("", None)
    behind = call(shelf, "read_source", {"document_id": document.id, "start": total + 1})
    assert text(behind) == f"The document has {total} characters; there is nothing at {total + 1}."


@given(st.text().map(normalise))
def test_a_quotation_keeps_its_characters_and_every_line_of_it_is_marked(words):
    lines = quoted(words).split("\n")
    assert all(line.startswith("> ") for line in lines)
    assert "\n".join(line[2:] for line in lines) == words
