"""A small application that has nothing but the ways in and out, as the door lets requests reach it."""

from urllib.parse import urlsplit

from fastapi import FastAPI, Request

from assistant.settings import Settings
from assistant.web.sessions import Sessions
from assistant.web.sign_in import add_sign_in

SECRET = "a secret that nobody else could guess"
REQUEST_ID = "0123456789abcdef"


class Door:
    """Numbers a request and says where the application is served, as the server's own door does."""

    def __init__(self, app, root_path):
        self.app, self.root_path = app, root_path

    async def __call__(self, scope, receive, send):
        numbered = {**scope, "request_id": REQUEST_ID}
        if self.root_path:
            numbered["root_path"] = self.root_path
        await self.app(numbered, receive, send)


def entrance(root_path="", find_key=lambda key: None, **given):
    """Return the application, its sessions, and the list of what the audit heard."""
    settings = Settings(_env_file=None, secret=SECRET, **given)
    sessions, heard = Sessions(SECRET, settings.session_hours), []
    app = FastAPI()
    add_sign_in(
        app, settings, sessions, find_key=find_key, note=lambda event, **details: heard.append((event, details))
    )

    @app.get("/")
    @app.get("/within")
    def whoami(request: Request):
        found = sessions.person(request)
        return {"user": found and found[0].user, "path": urlsplit(str(request.url)).path}

    return Door(app, root_path), sessions, heard
