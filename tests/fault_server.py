"""A chat server on 127.0.0.1 that misbehaves in every way that was seen of real ones; the path says which."""

import json
import socket
import socketserver
import struct
import threading
from contextlib import contextmanager

SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"
SAID = "It was said in Berlin. It was sa"  # a sentence, and a part of another


def event(text, finish=None, **fields):
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({"choices": [choice], **fields})


def _data(fields):
    base = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps(base | fields).encode() + b"\n\n"


def _whole(status, kind, body, *headers):
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _error(status, message, *headers):
    return _whole(status, "application/json", json.dumps({"error": {"message": message}}).encode(), *headers)


def _piece(content):
    return b"%x\r\n%s\r\n" % (len(content), content)


def _torn(content, size):
    """Cut bytes anywhere, in the middle of a letter, too."""
    return b"".join(_piece(content[at : at + size]) for at in range(0, len(content), size))


# What is sent; then the connection is closed. A number waits that many times for the client to leave before going on,
# None for as long as it stays, RESET breaks the connection off.
RESET = object()
FAULTS = {
    "429": [_error("429 Too Many Requests", "slow down", "Retry-After: 0")],
    "429 for an hour": [_error("429 Too Many Requests", "slow down", "Retry-After: 3600")],
    "500": [_whole("500 Internal Server Error", "text/plain", b"boom sk-secret")],
    "401": [_error("401 Unauthorized", "Incorrect API key provided: sk-secret")],
    "no answer": [None],
    "comments": [SSE, *[b": keep-alive\n\n", 1] * 1000],
    "dripping header": [bit for byte in SSE[:40] for bit in (bytes([byte]), 1)] + [None],
    "dropped": [CHUNKED, _piece(event(SAID))],
    "closed early": [SSE, event(SAID)],
    "reset": [CHUNKED, _piece(event(SAID)), 1, RESET],
    "bad JSON": [SSE, event(SAID), b'data: {"choices": [{"del\n\n', event(" after"), DONE],
    "error event": [SSE, event(SAID), b'data: {"error": {"message": "engine died, sk-secret", "code": 500}}\n\n'],
    "no choices": [SSE, _data({"choices": []}), event(SAID, "stop"), DONE],
    "null delta": [SSE, _data({"choices": [{"index": 0, "delta": None, "finish_reason": None}]}), event(SAID), DONE],
    "HTML": [_whole("200 OK", "text/html", b"<html>login sk-secret</html>")],
    "bad UTF-8": [SSE, event(SAID), b'data: {"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}\n\n', DONE],
    "torn UTF-8": [
        CHUNKED,
        _torn(event("Zoë said “ï” in Berlin.", "stop").replace(b"\\u00eb", "ë".encode()) + DONE, 5),
        b"0\r\n\r\n",
    ],
    "empty": [SSE, event("", "stop"), DONE],
    "length": [SSE, event(SAID, "length"), DONE],
    "filtered": [SSE, event("", "content_filter"), DONE],
    "endless": [SSE, *[event("It was said in Berlin. " * 20)] * 5000],
    "redirect": [_whole("302 Found", "text/plain", b"", "Location: http://127.0.0.1:9/v1/chat/completions")],
    "no stream": [
        _whole(
            "200 OK",
            "application/json",
            b'{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": '
            b'[{"index": 0, "message": {"role": "assistant", "content": null}, "finish_reason": "stop"}]}',
        )
    ],
    "CRLF": [SSE, event(SAID, "stop").replace(b"\n", b"\r\n"), DONE],
    "no [DONE]": [SSE, event(SAID, "stop")],
}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        fault = self._path().split("/")[1].replace("_", " ")
        self.server.asked[fault] = self.server.asked.get(fault, 0) + 1
        try:
            for step in FAULTS[fault]:
                if isinstance(step, bytes):
                    self.request.sendall(step)
                elif step is RESET:
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif self._left(step):
                    return
        except OSError:
            self.server.left.add(fault)

    def _path(self):
        """Read the request to its end; return the path it asks for."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.request.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        ]
        while len(body) < lengths[0]:
            body += self.request.recv(65536)
        return head.split()[1].decode()

    def _left(self, times):
        """Wait for the client to hang up, so many times 50 ms or for as long as the server runs."""
        self.request.settimeout(0.05)
        while not self.server.closing.is_set() and times != 0:
            times = None if times is None else times - 1
            try:
                if not self.request.recv(1):
                    self.server.left.add("")
                    return True
            except TimeoutError:
                continue
        return self.server.closing.is_set()


class FaultServer(socketserver.ThreadingTCPServer):
    """`asked` counts the requests of each fault."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked, self.left, self.closing = {}, set(), threading.Event()

    def base_url(self, fault):
        return f"http://127.0.0.1:{self.server_address[1]}/{fault.replace(' ', '_')}"


@contextmanager
def faults():
    with FaultServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
