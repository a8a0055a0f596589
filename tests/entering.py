"""Everybody who may send a request to the server, each with what they sign in with, for tests of who may do what."""

import asyncio
import json
from dataclasses import dataclass, field

from scripted import scripted_assistant
from starlette.testclient import TestClient

from assistant.access import SCOPES, Person
from assistant.embed_tokens import EmbedTokens
from assistant.keys import Keys, person_of
from assistant.settings import Settings
from assistant.web.app import create_app
from assistant.web.sessions import COOKIE, Sessions
from vectorstore.types import Filters

SECRET = "a secret that nobody else could guess"
PROXY, STRANGER = "10.1.2.3", "10.9.9.9"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
LISTED = "https://intranet.example"


@dataclass(frozen=True)
class Sender:
    """Who sends requests: how people sign in on their server, where they sit, and what they send."""

    sign_in: str = "key"
    headers: dict = field(default_factory=dict)
    address: str = "127.0.0.1"


class Building:
    """Servers with every way in, over one library; each person's credentials are good at all that take them."""

    def __init__(self, folder, *documents, uploads=None, assistant=None, **settings):
        self.folder = folder
        self.assistant = assistant or scripted_assistant(*documents)
        self.uploads = uploads
        self.settings = settings
        self.keys = Keys(folder)
        self.tokens = EmbedTokens(SECRET, self.keys, 15)
        self.sessions = Sessions(SECRET, 12)
        self._apps = {}

    def app(self, sign_in):
        if sign_in not in self._apps:
            self._apps[sign_in] = create_app(self.assistant, self.set(sign_in), (), self.uploads)
        return self._apps[sign_in]

    def set(self, sign_in):
        # Of a provider only the address is needed, as long as nobody begins to sign in there.
        provider = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "footnote", "oidc_client_secret": "s"}
        given = {
            "library": self.folder,
            "secret": SECRET,
            "proxies": ("10.1.0.0/16",),
            "origins": (LISTED,),
            "admins": ("bosses",),
            "writers": ("editors",),
            "requests_per_minute": 100_000,
            "questions_per_minute": 100_000,
            **(provider if sign_in == "oidc" else {}),
            **self.settings,
        }
        return Settings(_env_file=None, sign_in=sign_in, **given)

    def client(self, sender, **more):
        """Return a client that sends what sender does with every request; it follows no redirect."""
        return TestClient(
            self.app(sender.sign_in),
            base_url="http://127.0.0.1:7860",
            headers=dict(sender.headers),
            client=(sender.address, 50_000),
            raise_server_exceptions=False,
            follow_redirects=False,
            **more,
        )

    def key(self, name, *scopes, groups=()):
        """Return who sends a new key."""
        return Sender(headers={"authorization": f"Bearer {self.keys.add(name, scopes, groups)}"})

    def embedded(self, key, user, groups=(), filters=None):
        """Return who sends a token that was made with a key."""
        token, _ = self.tokens.mint(self.keys.named(key), user, groups, filters or Filters())
        return Sender(headers={"authorization": f"Bearer {token}"})

    def signed_in(self, name, *scopes, groups=(), sign_in="oidc"):
        """Return who has signed in at a provider."""
        person = Person(f"user:{name}", frozenset(scopes), frozenset(groups), "session")
        return Sender(sign_in, {"cookie": f"{COOKIE}={self.sessions.seal(person)}"})

    def signed_in_with(self, key):
        """Return who has signed in with a key."""
        person = person_of(self.keys.named(key))
        return Sender(headers={"cookie": f"{COOKIE}={self.sessions.seal(person, key)}"})

    def proxied(self, name, groups="", address=PROXY):
        """Return whom a proxy names."""
        headers = {"x-forwarded-user": name, "x-forwarded-groups": groups, "x-forwarded-for": "203.0.113.7"}
        return Sender("proxy", headers, address)

    def everybody(self):
        """Return all kinds of senders by what they are called in tables."""
        keys = {f"key:{scope}": self.key(f"only-{scope}", scope) for scope in SCOPES}
        every = self.key("all", *SCOPES)
        asking = self.key("page", "ask", "read")
        revoked, of_revoked = self.key("revoked", *SCOPES), self.signed_in_with("revoked")
        token_of_revoked = self.embedded("revoked", "anna")
        self.keys.revoke("revoked")
        return {
            "nobody": Sender(),
            **keys,
            "key:all": every,
            "key:revoked": revoked,
            "embed": self.embedded("page", "anna"),
            "embed:all": self.embedded("all", "anna"),
            "embed:revoked": token_of_revoked,
            "session:key": self.signed_in_with("page"),
            "session:revoked": of_revoked,
            "session:plain": self.signed_in("anna", "ask", "read"),
            "session:writer": self.signed_in("carla", "ask", "read", "write"),
            "session:admin": self.signed_in("eva", "ask", "read", "write", "admin"),
            "proxy:plain": self.proxied("anna"),
            "proxy:writer": self.proxied("carla", "editors"),
            "proxy:admin": self.proxied("eva", "bosses, others"),
            "proxy:unlisted": self.proxied("eva", "bosses", address=STRANGER),
            "proxy:nobody": Sender("proxy", address=PROXY),
            "local": Sender("none"),
            "local:forwarded": Sender("none", {"x-forwarded-for": "203.0.113.7"}),
            "asking": asking,
        }


def code_of(response):
    """Return the status of a response and the code of its error, if it is one of ours."""
    is_json = response.headers.get("content-type") == JSON
    return response.status_code, is_json and isinstance(body := response.json(), dict) and body.get("code")


def told(response):
    """Return what a refusal says, without the number of its request."""
    body = response.json()
    return getattr(response, "status_code", None) or response.status, body.get("code"), body.get("message")


@dataclass
class Knocked:
    """What came of one request: how it was answered, and how often its body was asked for."""

    status: int = 0
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    received: int = 0

    def json(self):
        return json.loads(self.body)


def knock(app, method, path, headers=(), *, query=b"", body=(b"",), address="127.0.0.1", scheme="http", host=True):
    """Send one request past every client, which would mend it; of a stream hear the beginning, then leave."""
    return asyncio.run(knocking(app, method, path, headers, query, body, address, scheme, host))


async def knocking(app, method, path, headers, query, body, address, scheme, host):
    found, pieces, left = Knocked(), list(body), asyncio.Event()

    async def receive():
        found.received += 1
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            found.status = message["status"]
            found.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        found.body += message.get("body", b"")
        if found.body and found.headers.get("content-type", "").startswith("text/event-stream"):
            left.set()

    sent = [
        *([("host", "127.0.0.1:7860")] if host else []),
        *(headers.items() if isinstance(headers, dict) else headers),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "root_path": "",
        "scheme": scheme,
        "server": ("127.0.0.1", 7860),
        "client": (address, 50_000),
        "headers": [(_bytes(name).lower(), _bytes(value)) for name, value in sent],
        "state": {},
    }
    called = asyncio.create_task(app(scope, receive, send))
    leaving = asyncio.create_task(left.wait())
    await asyncio.wait({called, leaving}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    called.cancel()
    leaving.cancel()
    await asyncio.gather(called, leaving, return_exceptions=True)
    return found


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")
