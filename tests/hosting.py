"""A page of another site, on a loopback server of its own that answers what a test tells it to."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Site(dict):
    """What is answered, by path: a text, or a function of the request that returns status, headers and text."""

    port = 0

    def origin(self, name="localhost"):
        return f"http://{name}:{self.port}"


@contextmanager
def hosting():
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = site.get(urlsplit(self.path).path, lambda _: (404, {}, ""))
            status, headers, text = answer(self) if callable(answer) else (200, {}, answer)
            self.send_response(status)
            for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
