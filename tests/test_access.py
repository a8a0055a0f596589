"""Who may do what: every route of the server, everybody who may call it, and what becomes of it, in one table."""

import re

import pytest
from entering import FORM, JSON, Building, Sender, code_of, knock, told
from starlette.routing import Mount

from assistant.access import SCOPES
from assistant.web.routes import ROUTES, Route, find_route
from assistant.web.sessions import COOKIE

# What each route asks for. "open" is for anybody; one scope, or several at once, for those who have them.
TABLE = """
GET     /footnote/{path:path}                                                  open
GET     /assets/{path:path}                                                    open
GET     /static/{path:path}                                                    open
GET     /theme.css                                                             open
GET     /favicon.ico                                                           open
GET     /manifest.json                                                         open
GET     /healthz                                                               open
GET     /readyz                                                                open
GET     /sign-in                                                               open
POST    /sign-in                                                               open
GET     /sign-in/callback                                                      open
POST    /sign-out                                                              open
GET     /embed                                                                 open
GET     /embed.js                                                              open
POST    /api/embed/tokens                                                      ask
GET     /api/me                                                                ask
DELETE  /api/me                                                                ask
GET     /                                                                      ask
GET     /config                                                                ask
GET     /gradio_api/startup-events                                             ask
POST    /gradio_api/queue/join                                                 ask
GET     /gradio_api/queue/data                                                 ask
GET     /gradio_api/heartbeat/{session}                                        ask
POST    /api/ask                                                               ask
POST    /v1/chat/completions                                                   ask
GET     /v1/models                                                             ask
GET     /v1/models/{model}                                                     ask
POST    /api/feedback                                                          ask
GET     /api/conversations                                                     ask
POST    /api/conversations                                                     ask
GET     /api/conversations/{conversation}                                      ask
PATCH   /api/conversations/{conversation}                                      ask
DELETE  /api/conversations/{conversation}                                      ask
GET     /api/conversations/{conversation}/export                               ask
POST    /api/conversations/{conversation}/stop                                 ask
POST    /api/conversations/{conversation}/exchanges                            ask
GET     /api/conversations/{conversation}/exchanges/{number}/live              ask
GET     /api/conversations/{conversation}/exchanges/{number}/next              ask
POST    /api/conversations/{conversation}/exchanges/{number}/feedback          ask
GET     /api/conversations/{conversation}/exchanges/{number}/{kind}/{source}   ask
GET     /api/library                                                           ask
GET     /api/openapi.json                                                      ask
POST    /api/search                                                            read
GET     /api/documents                                                         read
GET     /api/documents/{document}                                              read
POST    /api/documents                                                         write
DELETE  /api/documents/{document}                                              write
POST    /mcp                                                                   ask+read
GET     /metrics                                                               metrics
DELETE  /api/users/{user:path}                                                 admin
"""
EXPECTED = {
    (method, path): () if needs == "open" else tuple(needs.split("+"))
    for method, path, needs in map(str.split, TABLE.strip().splitlines())
}

# What everybody has, and how those are turned away who have not said who they are, or not well.
ALL = frozenset(SCOPES)
HAVE = {
    "nobody": "not_signed_in",
    **{f"key:{scope}": frozenset({scope}) for scope in SCOPES if scope != "admin"},
    "key:admin": ALL,
    "key:all": ALL,
    "key:revoked": "bad_credential",
    "embed": frozenset({"ask"}),
    "embed:all": frozenset({"ask"}),
    "embed:revoked": "bad_credential",
    "session:key": frozenset({"ask", "read"}),
    "session:revoked": "not_signed_in",
    "session:plain": frozenset({"ask", "read"}),
    "session:writer": frozenset({"ask", "read", "write"}),
    "session:admin": ALL,
    "proxy:plain": frozenset({"ask", "read"}),
    "proxy:writer": frozenset({"ask", "read", "write"}),
    "proxy:admin": ALL,
    "proxy:unlisted": "not_signed_in",
    "proxy:nobody": "not_signed_in",
    "local": ALL,
    "local:forwarded": "no_sign_in",
}
NOTHING = (404, "not_found", "There is nothing here.")
STATUS = {"not_signed_in": 401, "bad_credential": 401, "no_sign_in": 403, "not_allowed": 403}


HEARTBEAT = "/gradio_api/heartbeat/{session}"


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    return Building(tmp_path_factory.mktemp("access"))


@pytest.fixture(scope="module")
def everybody(building):
    return building.everybody()


def example(path):
    """Return an address of a route; what it names does not exist."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: "1" if found[1] in ("number", "source") else "none", path)


def send(client, route):
    """Send the smallest request that a route takes; what it asks about does not exist, and its body is empty."""
    files = {"file": ("x.exe", b"x")} if route.body == "file" else None
    kinds = {"json": JSON, "form": FORM}
    headers = {"content-type": kinds[route.body]} if route.body in kinds else {}
    content = b"{}" if route.body == "json" else None
    return client.request(route.method, example(route.path), headers=headers, content=content, files=files)


def test_the_table_of_routes_is_this_one():
    assert {(route.method, route.path): route.scopes for route in ROUTES} == EXPECTED


def test_the_senders_are_these(everybody):
    assert set(everybody) - {"asking"} == set(HAVE)


@pytest.mark.parametrize("name", HAVE)
def test_everybody_is_let_in_where_they_have_every_scope_and_nowhere_else(building, everybody, name):
    has = HAVE[name]
    with building.client(everybody[name]) as client:
        for route in ROUTES:
            if route.path == HEARTBEAT:
                continue  # it never ends, which this client waits for
            refused = code_of(send(client, route))
            if not route.scopes:
                expected = None
            elif isinstance(has, str):
                expected = has
            else:
                expected = None if has >= set(route.scopes) else "not_allowed"
            if expected:
                assert refused == (STATUS[expected], expected), (route, refused)
            else:
                assert refused not in {(status, code) for code, status in STATUS.items()}, (route, refused)


@pytest.mark.parametrize("name", HAVE)
def test_the_heartbeat_of_a_page_beats_for_those_who_may_ask(building, everybody, name):
    sender = everybody[name]
    path = f"/gradio_api/heartbeat/page-of-{name.replace(':', '-')}"
    found = knock(building.app(sender.sign_in), "GET", path, sender.headers, address=sender.address)
    has = HAVE[name]
    assert (found.status == 200) == (not isinstance(has, str) and "ask" in has)


# Nothing is served beside the table


def served(routes, below=""):
    """Yield the method and path of every route of an application, also of those that are mounted on it."""
    for route in routes:
        if isinstance(route, Mount):
            inner = getattr(route.app, "routes", None)
            if inner is None:
                yield "GET", f"{below}{route.path}/{{path:path}}"  # files
            else:
                yield from served(inner, below + route.path)
        elif hasattr(route, "path"):
            for method in route.methods or {"POST"}:  # /mcp is an application of its own, which takes POST
                yield method, below + route.path
        else:  # what FastAPI keeps of a router that was included
            yield from served(route.original_router.routes, below + route.include_context.prefix)


def beside_the_table(routes):
    """Return the routes of an application that find_route does not know; HEAD is a GET without its body."""
    return sorted(
        (method, path)
        for method, path in set(served(routes))
        if not isinstance(find_route(method, example(path)), Route) and method != "HEAD"
    )


def ours(app):
    return [route for route in app.routes if not (isinstance(route, Mount) and route.path == "")]


@pytest.mark.parametrize("sign_in", ["none", "key", "proxy", "oidc"])
def test_every_route_of_ours_is_in_the_table(building, sign_in):
    assert beside_the_table(ours(building.app(sign_in))) == []


def test_a_route_that_is_not_in_the_table_is_found_by_this_test_and_not_served(tmp_path):
    app = Building(tmp_path).app("none")

    @app.get("/api/secrets")
    def secrets():
        return "everything"

    assert beside_the_table(ours(app)) == [("GET", "/api/secrets")]
    assert told(knock(app, "GET", "/api/secrets")) == NOTHING


def test_what_else_gradio_serves_stays_behind_the_door(building):
    app = building.app("none")
    beside = beside_the_table(app.routes)
    assert ("POST", "/gradio_api/upload") in beside
    assert ("GET", "/gradio_api/file={path_or_url:path}") in beside
    assert len(beside) > 50
    for method, path in beside:
        found = knock(app, method, example(path), {"content-type": JSON})
        assert told(found) == NOTHING or found.status == 405, (method, path, found)


@pytest.mark.parametrize("sign_in", ["none", "key", "proxy", "oidc"])
def test_where_a_route_is_open_but_not_built_in_there_is_nothing(building, sign_in):
    """An open route that no application serves must not fall through to a page of Gradio's."""
    app = building.app(sign_in)
    for route in ROUTES:
        if not route.scopes and (route.method, route.path) not in set(served(app.routes)):
            assert knock(app, route.method, example(route.path), {"content-type": FORM}).status in (404, 405), route


# Every way to send a credential is the same way (API-03)


@pytest.mark.parametrize(
    "placed",
    [
        lambda key: ({"x-api-key": key}, ""),
        lambda key: ({"api-key": key}, ""),
        lambda key: ({"authorization": f"Basic {key}"}, ""),
        lambda key: ({"authorization": key}, ""),
        lambda key: ({"proxy-authorization": f"Bearer {key}"}, ""),
        lambda key: ({"cookie": f"{COOKIE}={key}"}, ""),
        lambda key: ({"cookie": f"authorization=Bearer {key}; api_key={key}; access-token={key}"}, ""),
    ],
)
def test_a_key_is_good_in_its_own_header_only(building, everybody, placed):
    key = everybody["key:all"].headers["authorization"].removeprefix("Bearer ")
    headers, query = placed(key)
    assert code_of(building.client(Sender(headers=headers)).get(f"/api/me{query}")) == (401, "not_signed_in")


@pytest.mark.parametrize("name", ["api_key", "key", "token", "access_token", "authorization"])
@pytest.mark.parametrize("kind", ["key:all", "embed", "key:revoked"])
def test_a_credential_in_an_address_is_refused_also_beside_a_good_one_and_never_logged(
    building, everybody, name, kind, caplog
):
    caplog.set_level("DEBUG")
    secret = everybody[kind].headers["authorization"].removeprefix("Bearer ")
    written = [secret, "".join(f"%{ord(one):02x}" for one in secret)]
    for client in (building.client(Sender()), building.client(everybody["key:all"])):
        for one in written:
            assert code_of(client.get(f"/api/me?{name}={one}")) == (400, "credential_in_address")
            assert code_of(client.get(f"/healthz?{name}={one}")) == (400, "credential_in_address")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("assistant", "footnote"))]
    assert not [line for line in ours if secret in line or written[1] in line]
    assert secret not in str([vars(one) for one in caplog.records if one.name.startswith("footnote")])


def test_words_that_only_look_like_the_beginning_of_a_key_can_be_searched_for(building, everybody):
    client = building.client(everybody["key:all"])
    for words in ("cafe_noir", "fn_key", "safe_mode fn_"):
        assert client.get("/api/conversations", params={"search": words}).status_code == 200


@pytest.mark.parametrize("kind", ["key:ask", "session:key", "embed"])
def test_a_key_that_is_revoked_ends_every_way_in_that_came_of_it(tmp_path, kind):
    building = Building(tmp_path)
    ways = {"key:ask": building.key("one", "ask"), "session:key": building.signed_in_with("one")}
    ways["embed"] = building.embedded("one", "anna")
    client = building.client(ways[kind])
    assert client.get("/api/me").status_code == 200
    building.keys.revoke("one")
    assert client.get("/api/me").status_code == 401


def test_no_way_in_of_one_person_has_a_larger_share_than_another(tmp_path):
    building = Building(tmp_path, requests_per_minute=3)
    ways = building.key("one", "ask"), building.signed_in_with("one")
    statuses = [building.client(sender).get("/api/me").status_code for _ in range(2) for sender in ways]
    assert statuses == [200, 200, 200, 429]


def test_an_embed_token_becomes_nothing_more(building, everybody):
    for name in ("embed", "embed:all"):
        client = building.client(everybody[name])
        minting = client.post("/api/embed/tokens", json={"user": "mallory"})
        assert code_of(minting) == (403, "not_allowed")
        token = everybody[name].headers["authorization"].removeprefix("Bearer ")
        with_form = client.post("/sign-in", data={"key": token})
        assert "set-cookie" not in with_form.headers
        as_session = building.client(Sender(headers={"cookie": f"{COOKIE}={token}"}))
        assert code_of(as_session.get("/api/me")) == (401, "not_signed_in")
        for prefix in ("fn_", ""):
            changed = Sender(headers={"authorization": f"Bearer {prefix}{token.removeprefix('fe_')}"})
            assert building.client(changed).get("/api/me").status_code == 401


def test_a_session_is_no_bearer_token_and_makes_no_embed_token(building, everybody):
    sealed = everybody["session:key"].headers["cookie"].removeprefix(f"{COOKIE}=")
    for prefix in ("", "fn_", "fe_"):
        sender = Sender(headers={"authorization": f"Bearer {prefix}{sealed}"})
        assert building.client(sender).get("/api/me").status_code == 401
    minting = building.client(everybody["session:key"]).post("/api/embed/tokens", json={"user": "mallory"})
    assert code_of(minting) == (403, "not_allowed")
