"""The door: what is decided before a request reaches the application, against everything a stranger can send."""

import pytest
from entering import FORM, JSON, LISTED, PROXY, STRANGER, Building, Sender, code_of, knock, told
from hypothesis import given
from hypothesis import strategies as st

from assistant.web.identity import plain_address
from assistant.web.rates import sender
from assistant.web.routes import BODY
from vectorstore.types import Filters

NOTHING = (404, "not_found", "There is nothing here.")


@pytest.fixture(scope="module")
def building(tmp_path_factory):
    return Building(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def key(building):
    return building.key("page", "ask", "read")


# Nothing is done before it is known who asks (API-04)


class Untouched:
    """Stands where something works; whoever touches it fails."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was used before anybody signed in")


LARGE = (b'{"question": "' + b"x" * 65_536, *(b"x" * 65_536 for _ in range(150)), b'"}')


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/ask", JSON),
        ("/api/conversations", JSON),
        ("/api/conversations/none/exchanges", JSON),
        ("/api/search", JSON),
        ("/api/feedback", JSON),
        ("/api/embed/tokens", JSON),
        ("/mcp", JSON),
        ("/v1/chat/completions", JSON),
        ("/gradio_api/queue/join", JSON),
        ("/api/documents", "multipart/form-data; boundary=x"),
    ],
)
@pytest.mark.parametrize("credential", [None, "fn_" + "x" * 43, "fe_" + "x" * 80])
def test_nothing_is_read_or_touched_for_somebody_unknown(tmp_path, building, path, kind, credential):
    app = building.app("key")
    building.assistant.retriever, kept = Untouched(), building.assistant.retriever
    answerer, building.assistant.answerer = building.assistant.answerer, Untouched()
    try:
        headers = {"content-type": kind} | ({"authorization": f"Bearer {credential}"} if credential else {})
        found = knock(app, "POST", path, headers, body=LARGE)
    finally:
        building.assistant.retriever, building.assistant.answerer = kept, answerer
    assert (found.status, found.received) == (401, 0)
    assert not (building.folder / "conversations.db").exists()
    assert not (building.folder / "feedback.db").exists()


def test_a_body_that_says_it_is_too_long_is_not_read_and_one_that_is_no_longer_than_allowed(building, key):
    app = building.app("key")
    said = {**key.headers, "content-type": JSON, "content-length": str(BODY + 1)}
    found = knock(app, "POST", "/api/ask", said, body=LARGE)
    assert (found.status, found.json()["code"], found.received) == (413, "content_too_large", 0)
    unsaid = {**key.headers, "content-type": JSON, "transfer-encoding": "chunked"}
    found = knock(app, "POST", "/api/ask", unsaid, body=LARGE)
    assert found.status == 413
    assert found.received <= BODY // 65_536 + 2


@pytest.mark.parametrize("length", ["-1", "1e3", "+5", "0x10", "²", "", " ", "1, 1"])
def test_a_length_that_is_no_number_is_refused(building, key, length):
    headers = {**key.headers, "content-type": JSON, "content-length": length}
    found = knock(building.app("key"), "POST", "/api/ask", headers)
    assert (found.status, found.received) == (413, 0)


@pytest.mark.parametrize("kind", ["text/plain", FORM, "multipart/form-data", "", "application/json-patch+json"])
def test_a_body_of_another_kind_is_not_read(building, key, kind):
    headers = {**key.headers, "content-type": kind}
    found = knock(building.app("key"), "POST", "/api/ask", headers, body=(b'{"question": "quote NATO"}',))
    assert (found.status, found.received) == (415, 0)


# host, then identity, then scope, then rate, then body: each wrong thing hides all that come after it
WRONG = [
    ("host", (400, "unknown_host")),
    ("origin", (403, "foreign_origin")),
    ("identity", (401, "bad_credential")),
    ("scope", (403, "not_allowed")),
    ("rate", (429, "too_many_requests")),
    ("length", (413, "content_too_large")),
    ("kind", (415, "unsupported_media_type")),
]


@pytest.mark.parametrize("first", range(len(WRONG)))
def test_what_is_wrong_is_told_in_this_order(tmp_path, first):
    building = Building(tmp_path, requests_per_minute=1)
    good, unfit = building.key("good", "ask", "read"), building.key("unfit", "metrics")
    app = building.app("key")
    assert knock(app, "GET", "/api/me", good.headers).status == 200  # and that was its share of the minute
    wrong = {name for name, _ in WRONG[first:]}
    credential = {"authorization": f"Bearer fn_{'x' * 43}"} if "identity" in wrong else unfit.headers
    headers = {
        "host": "evil.example" if "host" in wrong else "127.0.0.1:7860",
        "origin": "https://evil.example" if "origin" in wrong else "http://127.0.0.1:7860",
        **(credential if "scope" in wrong else good.headers),
        "content-length": str(BODY + 1) if "length" in wrong else "0",
        "content-type": "text/plain" if "kind" in wrong else JSON,
    }
    if "rate" not in wrong:  # another share
        headers |= building.key("other", "ask", "read").headers
    found = knock(app, "POST", "/api/search", headers, host=False)
    assert (found.status, found.json()["code"]) == WRONG[first][1]
    assert found.received == 0


# Hosts (HDR-03)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1:7860@evil.example",
        "127.0.0.1:7860@evil",
        "localhost@evil.example",
        "user:password@127.0.0.1:7860",
        "localhost:7860:80",
        "localhost:",
        "localhost:http",
        "localhost:999999",
        "localhost.",
        "localhost.evil.example",
        "[::1]evil.example",
        "[::1]:7860.evil.example",
        "[::1",
        "::1",
        "[::ffff:127.0.0.1]",
        "127.0.0.1/evil",
        "127.0.0.1?x",
        "127.0.0.1#x",
        "127.0.0.1\\evil",
        "localhost evil.example",
        "localhost,evil.example",
        "127.1",
        "2130706433",
        "0.0.0.0",
        "ｌocalhost",
        "",
    ],
)
def test_no_other_name_is_answered_however_it_is_written(building, host):
    found = knock(building.app("none"), "GET", "/healthz", {"host": host}, host=False)
    assert (found.status, found.json()["code"]) == (400, "unknown_host")


def test_no_host_and_two_hosts_are_refused(building):
    app = building.app("none")
    assert knock(app, "GET", "/healthz", host=False).status == 400
    for other in ("127.0.0.1:7860", "evil.example"):
        assert knock(app, "GET", "/healthz", {"host": other}).status == 400


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost:7860", "127.0.0.1:1", "[::1]", "[::1]:65535"])
def test_the_names_of_this_machine_are_answered_on_any_port_in_any_case(building, host):
    assert knock(building.app("none"), "GET", "/healthz", {"host": host}, host=False).status == 200


def test_the_names_of_the_settings_are_answered_and_no_name_below_them(tmp_path):
    app = Building(tmp_path, hosts=("Docs.Corp.example",)).app("key")
    for host, status in {
        "docs.corp.example": 200,
        "DOCS.corp.example:443": 200,
        "x.docs.corp.example": 400,
        "docs.corp.example.": 400,
        "corp.example": 400,
        "docs-corp-example": 400,
    }.items():
        assert knock(app, "GET", "/healthz", {"host": host}, host=False).status == status, host


def test_no_header_of_a_stranger_reaches_an_address_that_we_make(tmp_path):
    building = Building(tmp_path, path="/assistant", hosts=("docs.corp.example",))
    key = building.key("one", "ask")
    forged = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "javascript",
        "x-forwarded-prefix": "/evil",
        "forwarded": "host=evil.example",
        "x-original-url": "//evil.example",
        "x-gradio-server": "https://evil.example",
    }
    for path in ("/assistant/", "/assistant/config", "/assistant/theme.css", "/assistant/manifest.json"):
        found = knock(building.app("key"), "GET", path, {**key.headers, **forged})
        assert found.status == 200
        assert b"evil" not in found.body
        assert "evil" not in str(found.headers)


# Pages of other sites (HDR-01, HDR-02)

OURS = "http://127.0.0.1:7860"
FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:7861"},
    {"origin": "http://127.0.0.1"},
    {"origin": "http://localhost:7860"},
    {"origin": "ftp://127.0.0.1:7860"},
    {"origin": "chrome-extension://127.0.0.1:7860"},
    {"origin": "127.0.0.1:7860"},
    {"origin": "https://evil.example://127.0.0.1:7860"},
    {"origin": f"{OURS}/"},
    {"origin": LISTED},  # a page that may embed us brings a token, or is as foreign as others
    {"origin": LISTED, "authorization": "Basic eA=="},
    {"origin": LISTED, "authorization": "Bearer nothing of ours"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": OURS, "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("sign_in", ["none", "key"])
def test_no_page_of_another_site_changes_anything_in_somebodys_name(building, key, headers, sign_in):
    signed_in = building.signed_in_with("page").headers
    app = building.app(sign_in)
    for method, path in [
        ("POST", "/api/ask"),
        ("POST", "/gradio_api/queue/join"),
        ("DELETE", "/api/me"),
        ("DELETE", "/api/conversations/none"),
        ("POST", "/api/conversations/none/stop"),
        ("POST", "/sign-in"),
        ("POST", "/sign-out"),
    ]:
        found = knock(app, method, path, {**signed_in, "content-type": JSON, **headers})
        assert (found.status, found.json()["code"]) == (403, "foreign_origin"), path
        assert "access-control-allow-origin" not in found.headers


@pytest.mark.parametrize("headers", [{"origin": OURS}, {"origin": OURS, "sec-fetch-site": "same-origin"}, {}], ids=str)
def test_our_own_page_and_programs_ask(building, key, headers):
    asking = {**key.headers, "content-type": JSON, **headers}
    found = knock(building.app("key"), "POST", "/api/ask", asking, body=(b'{"question": "quote NATO"}',))
    assert found.status == 200


def test_behind_a_proxy_that_ends_tls_our_page_is_ours_whether_or_not_the_proxy_says_so(building, key):
    app = building.app("key")
    for scheme, origin, status in [
        ("http", "https://127.0.0.1:7860", 422),
        ("https", "https://127.0.0.1:7860", 422),
        ("http", "http://127.0.0.1:7860", 422),
        ("https", "http://127.0.0.1:7860", 403),  # what came without TLS may be anybody's
    ]:
        headers = {**key.headers, "content-type": JSON, "origin": origin}
        assert knock(app, "POST", "/api/ask", headers, scheme=scheme, body=(b"{}",)).status == status


def test_a_page_of_a_listed_origin_asks_with_a_token_and_reads_the_answer(building, key):
    asking = {**building.embedded("page", "anna").headers, "content-type": JSON, "origin": LISTED}
    asking["sec-fetch-site"] = "cross-site"
    found = knock(building.app("key"), "POST", "/api/ask", asking, body=(b'{"question": "quote NATO"}',))
    assert (found.status, found.headers["access-control-allow-origin"]) == (200, LISTED)
    assert "access-control-allow-credentials" not in found.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", OURS, "https://intranet.example.evil.example"])
def test_a_browser_that_asks_first_is_told_of_listed_origins_only(building, origin):
    headers = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for path in ("/api/ask", "/gradio_api/queue/join", "/config"):
        found = knock(building.app("key"), "OPTIONS", path, {**headers, "origin": origin})
        assert found.status == 400
        assert "access-control-allow-origin" not in found.headers
        found = knock(building.app("key"), "OPTIONS", path, {**headers, "origin": LISTED})
        assert (found.status, found.headers["access-control-allow-origin"]) == (200, LISTED)
        assert "access-control-allow-credentials" not in found.headers


def test_an_options_request_that_no_browser_sends_reaches_nothing(building):
    for headers in ({}, {"origin": LISTED}, {"access-control-request-method": "POST"}):
        assert knock(building.app("key"), "OPTIONS", "/api/ask", headers).status == 405
        assert told(knock(building.app("key"), "OPTIONS", "/nowhere", headers)) == NOTHING


# Proxies and whom they name


@pytest.mark.parametrize("address", [PROXY, f"::ffff:{PROXY}", "::ffff:a01:203"])
def test_a_listed_proxy_is_believed_however_its_address_is_written(building, address):
    found = knock(building.app("proxy"), "GET", "/api/me", building.proxied("anna").headers, address=address)
    assert found.json()["user"] == "user:anna"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", STRANGER, "10.2.0.1", f"::ffff:{STRANGER}", "::1", "::10.1.2.3", "fe80::1%eth0", ""],
)
def test_nobody_else_names_a_person(building, address):
    headers = building.proxied("eva", "bosses").headers
    found = knock(building.app("proxy"), "GET", "/api/me", headers, address=address)
    assert (found.status, found.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize(
    "headers",
    [
        [("x-forwarded-user", "anna"), ("x-forwarded-user", "eva")],
        [("x-forwarded-user", "anna"), ("x-forwarded-user", "anna")],
        [("x-forwarded-user", "anna"), ("x-forwarded-user", "")],
        [("x-forwarded-user", "anna"), ("x-forwarded-groups", "bosses"), ("x-forwarded-groups", "readers")],
        [("x-forwarded-user", "")],
        [("x-forwarded-user", "  ")],
        [("x-forwarded-user", "x" * 201)],
        [("x-forwarded-user", "x" * 10_000)],
        [("x-forwarded-user", "an\tna")],
        [("x-forwarded-user", "an\x00na")],
        [("x-forwarded-user", "an\u200bna")],
        [("x-forwarded-user", "\u2003anna")],
        [("x-forwarded-user", "an\u202ena")],
        [("x-forwarded-user", b"jos\xe9")],
        [("x-forwarded-user", b"an\xed\xa0\x80na")],
        [("x-forwarded-user", "anna"), ("x-forwarded-groups", b"caf\xe9,bosses")],
        [("x_forwarded_user", "anna")],
        [("remote-user", "anna")],
    ],
    ids=lambda headers: ascii(headers)[:60],
)
def test_a_name_that_is_none_or_two_lets_nobody_in(building, headers):
    found = knock(building.app("proxy"), "GET", "/api/me", headers, address=PROXY)
    assert found.status == 401
    assert found.json()["code"] in ("not_signed_in", "bad_credential")


@pytest.mark.parametrize("name", ["anna", "Ганна", "O’Brien, Zoë", "x:y", "key:all", "local", "embed:page:anna"])
def test_a_person_named_by_a_proxy_is_a_user_and_nobody_else(building, name):
    found = knock(building.app("proxy"), "GET", "/api/me", building.proxied(name).headers, address=PROXY)
    assert (found.status, found.json()["user"], found.json()["scopes"]) == (200, f"user:{name}", ["ask", "read"])


def test_a_name_with_a_colon_has_a_history_of_its_own_that_can_be_forgotten(tmp_path):
    building = Building(tmp_path)
    for name in ("x:y", "x", "y"):
        client = building.client(building.proxied(name))
        with client:
            client.post("/api/conversations", json={"question": f"quote {name}"}).raise_for_status()
    titles = {
        name: [one["title"] for one in building.client(building.proxied(name)).get("/api/conversations").json()]
        for name in ("x:y", "x", "y")
    }
    assert titles == {name: [f"quote {name}"] for name in titles}
    admin = building.client(building.proxied("eva", "bosses"))
    assert admin.delete("/api/users/user:x:y").json()["conversations"] == 1
    assert len(building.client(building.proxied("x")).get("/api/conversations").json()) == 1


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host", "x-forwarded-user", "via"],
)
def test_where_nobody_signs_in_a_forwarded_request_is_nobodys(building, header):
    found = knock(building.app("none"), "GET", "/api/me", {header: "1"})
    assert (found.status, found.json()["code"]) == (403, "no_sign_in")


def test_a_cookie_of_a_session_is_nothing_where_people_do_not_sign_in_here(building, key):
    cookie = building.signed_in("eva", "ask", "admin").headers
    assert knock(building.app("proxy"), "GET", "/api/me", cookie).status == 401
    assert knock(building.app("none"), "GET", "/api/me", cookie).json()["user"] == "local"


# Sessions


def test_a_session_is_found_among_whatever_cookies_there_are(building, key):
    good = building.signed_in_with("page").headers["cookie"]
    app = building.app("key")
    for cookie in (
        f"a=b; {good}; c=d",
        f'q="x;y"; {good}',
        f"footnote_session=somebody-elses; {good}",
        f"{good}; footnote_session=somebody-elses",
        f"footnote_language=de;{good};",
        f"=; ;;; {good}",
    ):
        assert knock(app, "GET", "/api/me", {"cookie": cookie}).json()["user"] == "key:page", cookie
    assert knock(app, "GET", "/api/me", [("cookie", "a=b"), ("cookie", good)]).json()["user"] == "key:page"


def test_a_session_of_a_key_may_what_the_key_may_now(tmp_path):
    building = Building(tmp_path)
    building.key("one", "ask")
    client = building.client(building.signed_in_with("one"))
    assert client.get("/api/me").json()["scopes"] == ["ask"]
    with building.keys._database.writing() as connection:
        connection.execute("UPDATE keys SET scopes = '[\"metrics\"]'")
    assert code_of(client.get("/api/me")) == (403, "not_allowed")


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/healthz\n",
        "/healthz/",
        "//healthz",
        "/healthz;x",
        "/HEALTHZ",
        "/healthz\x00",
        "/./healthz",
        "/x/../healthz",
        "/api/conversations\n",
        "/gradio_api/queue/data\n",
        "/gradio_api//queue/data",
        "/gradio_api/queue/data/",
        "/config/",
        "/assistantx",
        "http://127.0.0.1/healthz",
        "*",
        "",
    ],
    ids=ascii,
)
def test_a_path_that_is_written_otherwise_leads_nowhere(building, path):
    assert told(knock(building.app("none"), "GET", path)) == NOTHING


@pytest.mark.parametrize("folder", ["/footnote", "/assets", "/static"])
@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "..%2f..%2fetc/passwd", "/etc/passwd", "..\\..\\x", "..", ".", "x\x00", "//evil"]
)
def test_no_file_is_read_beside_the_folders_of_the_page(building, folder, path):
    assert knock(building.app("key"), "GET", f"{folder}/{path}").status in (403, 404, 405)


@pytest.mark.parametrize("method", ["get", "Get", "post", "TRACE", "CONNECT", "PUT", "PROPFIND", "HEADER", ""])
def test_a_method_that_a_path_does_not_take_is_refused_in_whatever_case(building, key, method):
    found = knock(building.app("key"), method, "/api/me", key.headers)
    assert (found.status, found.json()["code"]) == (405, "method_not_allowed")


def test_head_asks_who_one_is_as_get_does(building, key):
    for path in ("/", "/api/me", "/api/openapi.json", "/metrics"):
        assert knock(building.app("key"), "HEAD", path).status == 401
    assert knock(building.app("key"), "HEAD", "/metrics", key.headers).status == 403
    assert knock(building.app("key"), "HEAD", "/", key.headers).status == 200


@pytest.fixture(scope="module")
def below(tmp_path_factory):
    """A server below /assistant, which a proxy takes off or leaves on."""
    return Building(tmp_path_factory.mktemp("below"), path="/assistant")


@pytest.mark.parametrize("path", ["/assistant/healthz", "/healthz"])
def test_below_a_path_a_request_is_served_whether_or_not_the_proxy_takes_it_off(below, path):
    assert knock(below.app("key"), "GET", path).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "path",
    [
        "/assistantx",
        "/assistantx/healthz",
        "/assistant//healthz",
        "/assistant/assistant/healthz",
        "/assistant/../healthz",
        "/assistant;/healthz",
        "/Assistant/healthz",
        "/x/assistant/healthz",
        "/assistant/healthz\n",
    ],
    ids=ascii,
)
def test_below_a_path_what_only_looks_like_it_leads_nowhere(below, path):
    assert told(knock(below.app("key"), "GET", path)) == NOTHING


def test_below_a_path_signing_in_leads_back_below_it(below):
    key = below.keys.add("one", ["ask"])
    client = below.client(Sender())
    sent = client.get("/assistant/?c=abc", headers={"accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/assistant/sign-in?next=/%3Fc%3Dabc")
    form = client.get(sent.headers["location"])
    assert 'action="/assistant/sign-in"' in form.text
    done = client.post("/assistant/sign-in", data={"key": key, "next": "/?c=abc"})
    assert (done.status_code, done.headers["location"]) == (303, "/assistant/?c=abc")
    assert "Path=/assistant/" in done.headers["set-cookie"]
    assert client.get("/assistant/config").json()["root"].endswith("127.0.0.1:7860/assistant")


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "/%2F%2Fevil.example", "/..//evil.example"])
def test_signing_in_leads_to_no_other_site(building, path):
    found = knock(building.app("key"), "GET", path, {"accept": "text/html"})
    assert "location" not in found.headers or found.headers["location"].startswith("/sign-in")
    assert found.status in (303, 404)


def test_where_there_is_no_page_to_sign_in_nobody_is_sent_to_one(building):
    assert knock(building.app("proxy"), "GET", "/", {"accept": "text/html"}).status == 401


# How often (API-17)


def test_a_person_has_one_share_whatever_address_they_send_from(tmp_path):
    building = Building(tmp_path, requests_per_minute=30)
    key = building.key("one", "ask")
    app = building.app("key")
    for number in range(30):
        assert knock(app, "GET", "/api/me", {**key.headers, "x-forwarded-for": f"203.0.113.{number}"}).status == 200
    for number in range(50):
        headers = {**key.headers, "x-forwarded-for": f"198.51.100.{number}", "x-real-ip": f"198.51.100.{number}"}
        found = knock(app, "GET", "/api/me", headers, address=f"127.0.0.{number + 1}")
        assert (found.status, found.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(found.headers["retry-after"]) <= 60
    assert knock(app, "GET", "/api/me", building.key("other", "ask").headers).status == 200


def trying(app, number, address="127.0.0.1", **forwarded):
    headers = {"content-type": FORM, **forwarded}
    body = (f"key=fn_{number:043}".encode(),)
    return knock(app, "POST", "/sign-in", headers, body=body, address=address).status


def test_tries_to_sign_in_are_few_and_a_forged_address_makes_them_no_more(tmp_path):
    app = Building(tmp_path).app("key")
    assert {trying(app, number) for number in range(20)} == {401}
    for number in range(50):
        assert trying(app, number, **{"x-forwarded-for": f"203.0.113.{number}"}) == 429
    assert trying(app, 1, address="127.0.0.2") == 401


def test_tries_behind_a_listed_proxy_are_counted_for_each_address_that_it_tells(tmp_path):
    app = Building(tmp_path).app("key")
    for number in range(25):
        told_by = {"x-forwarded-for": f"1.2.3.4, 203.0.113.{number}"}
        assert trying(app, number, address=f"::ffff:{PROXY}", **told_by) == 401
    for number in range(20):  # what stands before the address that the proxy has added is anybody's
        trying(app, number, address=PROXY, **{"x-forwarded-for": f"1.2.3.{number}, 203.0.113.99"})
    assert trying(app, 1, address=PROXY, **{"x-forwarded-for": "9.9.9.9, 203.0.113.99"}) == 429


def test_all_addresses_of_one_machine_are_one(tmp_path):
    app = Building(tmp_path).app("key")
    assert {trying(app, number, address=f"2001:db8:1:2::{number:x}") for number in range(20)} == {401}
    assert trying(app, 1, address="2001:db8:1:2:ffff::1") == 429
    assert trying(app, 1, address="2001:db8:1:3::1") == 401


@given(st.text(max_size=60) | st.ip_addresses().map(str))
def test_whatever_an_address_is_it_is_counted_as_something_and_only_once(address):
    assert sender(sender(address).partition("/")[0]).partition("/")[0] == sender(address).partition("/")[0]
    assert plain_address(plain_address(address)) == plain_address(address)


# Tokens with filters: they hold on every way to ask


def test_the_filters_of_a_token_hold_on_every_way_to_ask(tmp_path):
    building = Building(tmp_path)
    building.key("page", "ask", "read")
    held = Filters(outlets=("Northline Wire",))
    with building.client(building.embedded("page", "anna", filters=held)) as client:
        for wished, filters in [({}, ["Northline Wire"]), ({"outlets": ["northline wire"]}, ["northline wire"])]:
            answer = client.post("/api/ask", json={"question": "quote Zelensky", "filters": wished}).json()
            assert answer["searched"]["filters"]["outlets"] == filters
            begun = client.post("/api/conversations", json={"question": "quote Zelensky", "filters": wished}).json()
            heard = client.get(f"/{begun['live']}").text
            assert "ended" in heard
            kept = client.get(f"/api/conversations/{begun['conversation']}").json()
            assert kept["exchanges"][0]["answer"]["searched"]["filters"]["outlets"] == filters
        for path in ("/api/ask", "/api/conversations"):
            other = client.post(
                path, json={"question": "quote Zelensky", "filters": {"outlets": ["The Harbour Review"]}}
            )
            assert code_of(other) == (422, "user_error")
        assert client.get("/api/library").json()["outlets"] == ["Northline Wire"]


# Headers (HDR-04)


def test_whatever_is_answered_carries_the_headers_and_no_name_of_a_program(building, key):
    app = building.app("key")
    for method, path, headers in [
        ("GET", "/", key.headers),
        ("GET", "/", {}),
        ("GET", "/nowhere", {}),
        ("POST", "/api/ask", {}),
        ("GET", "/healthz", {"host": "evil.example"}),
        ("GET", "/footnote/style/page.css", {}),
    ]:
        found = knock(app, method, path, headers, host="host" not in headers)
        policy = found.headers["content-security-policy"]
        for rule in (
            "default-src 'self'",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "frame-ancestors 'self'",
        ):
            assert rule in policy
        assert LISTED not in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert "server" not in found.headers


def test_what_is_one_persons_is_kept_in_no_cache(building, key):
    for path in ("/", "/config", "/api/me", "/api/conversations", "/api/library"):
        assert knock(building.app("key"), "GET", path, key.headers).headers["cache-control"] == "no-store"
