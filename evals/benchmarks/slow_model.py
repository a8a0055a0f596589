"""An OpenAI-compatible chat server on loopback that takes its time: python -m evals.benchmarks.slow_model PORT.

It is silent for FIRST seconds and then writes for WRITING seconds, a token of about four characters at a time: three
of the shown sentences, each with its id. It speaks no more of HTTP than its one client needs, so that it takes little
of the machine that is measured.
"""

import asyncio
import json
import re
import sys
from collections.abc import Sequence

FIRST = 0.3
WRITING = 2.0
TOKEN = 4  # characters
SENTENCES = 3

_SHOWN = re.compile(r"^\[(?P<id>S[0-9]+)\] (?:\(spoken by [^)]*\) )?(?P<text>.+)$", re.MULTILINE)
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


async def serve(port: int) -> None:
    """Answer on a port of this machine until the process is ended."""
    server = await asyncio.start_server(_answer, "127.0.0.1", port, backlog=1000)
    async with server:
        await server.serve_forever()


def written(prompt: str) -> str:
    """Return an answer to a prompt: the first sentences that share two words with its question."""
    question = set(re.findall(r"\w{4,}", prompt.rpartition("Question:")[2].lower()))
    found = [
        one for one in _SHOWN.finditer(prompt) if len(question & set(re.findall(r"\w{4,}", one["text"].lower()))) > 1
    ]
    return " ".join(f"{one['text'].rstrip('.')} [{one['id']}]." for one in found[:SENTENCES]) or "NOT_IN_DOCUMENTS"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        request = json.loads(await reader.readexactly(int(length[1]) if length else 0))
        writer.write(_HEAD)
        await asyncio.sleep(FIRST)
        reply = written(request["messages"][-1]["content"])
        tokens = [reply[start : start + TOKEN] for start in range(0, len(reply), TOKEN)]
        await _write(writer, tokens)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client left
    finally:
        writer.close()


async def _write(writer: asyncio.StreamWriter, tokens: Sequence[str]) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    for number, token in enumerate(tokens):
        await asyncio.sleep(max(0.0, began + WRITING * number / len(tokens) - clock()))
        writer.write(_event(choices=[{"index": 0, "delta": {"content": token}, "finish_reason": None}]))
        await writer.drain()
    writer.write(_event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    usage = {"prompt_tokens": 1000, "completion_tokens": len(tokens), "total_tokens": 1000 + len(tokens)}
    writer.write(_event(choices=[], usage=usage) + b"data: [DONE]\n\n")
    await writer.drain()


def _event(**fields: object) -> bytes:
    event = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "slow", **fields}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
