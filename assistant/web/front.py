"""The HTML of the page before Gradio's script has drawn anything: it names nothing that is not ours."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's template tells previews of links that this is Gradio, with a picture at another host; it names a manifest at
# the root of the host, and no icon, so that a browser looks for one there: behind a proxy, that is somebody else's.
_FOREIGN = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*|<link rel="manifest"[^>]*>')
_ICON = b'<link rel="icon" href="footnote/logo">'


class Front:
    """Serves Gradio's application, and of its page only what is ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the page is held until it is whole, and nothing else is."""
        if scope["type"] != "http" or scope["inner_path"] != "/":
            await self._app(scope, receive, send)
            return
        begun: Message = {}
        page = b""

        async def hold(message: Message) -> None:
            nonlocal begun, page
            match message["type"]:
                case "http.response.start":
                    begun = message
                case "http.response.body":
                    page += message.get("body", b"")
                    if not message.get("more_body"):
                        page = ours(page)
                        headers = MutableHeaders(scope=begun)
                        del headers["content-length"]
                        if page:  # HEAD has none
                            headers["content-length"] = str(len(page))
                        await send(begun)
                        await send({"type": "http.response.body", "body": page})
                case _:
                    await send(message)

        await self._app(scope, receive, hold)


def ours(page: bytes) -> bytes:
    """Return Gradio's page without what it says of Gradio, and with our icon."""
    return _FOREIGN.sub(b"", page).replace(b"<head>", b"<head>" + _ICON, 1)
