"""A real server on a free loopback port for as long as a block lasts."""

import threading
from contextlib import contextmanager

import uvicorn

from assistant.web.serving import configured


@contextmanager
def serving(app, connection=None):
    config = configured(app)
    config.http = connection or config.http
    config.host, config.port, config.timeout_graceful_shutdown = "127.0.0.1", 0, 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
            if not thread.is_alive():
                raise RuntimeError("the server ended before it began to listen")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
