"""Laws of signing in at an OpenID provider: a real one on loopback signs people in, and a forger never does."""

import hmac
import json
import logging
import re
import socket
import time
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from entrance import REQUEST_ID, entrance
from fastapi.testclient import TestClient
from forging import CLIENT, CLIENT_SECRET, broken, forging, new_key
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet
from serving import serving

from assistant.web import oidc
from assistant.web.discovery import Discovered, is_safe
from assistant.web.id_token import SignInRefused, groups_in, name_in, verified

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the provider uses what its own library will drop
    pytest.mark.filterwarnings("ignore:JWS algorithm .none.*"),  # the forger signs with it on purpose
]
REFUSED, UNREACHABLE = "You could not be signed in.", "The service that signs people in does not answer"
KEY, OTHER_KEY, NEXT_KEY = new_key("one"), new_key("one"), new_key("two")


@pytest.fixture(scope="module")
def provider():
    """Yield the address of a real provider that knows Ann and Bob."""
    from oidc_provider_mock import User, run_server_in_thread

    people = [
        User(sub="ann", claims={"groups": ["staff", "editors"], "email": "ann@here.example"}),
        User(sub="bob", claims={"groups": "staff, chiefs", "preferred_username": "bob.b"}),
    ]
    with run_server_in_thread(require_nonce=True, user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def forger():
    with forging(KEY) as forger:
        yield forger


def oidc_entrance(issuer, **given):
    return entrance(
        **{
            "sign_in": "oidc", "oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": CLIENT_SECRET,
            "writers": "editors", "admins": "chiefs", **given,
        }
    )  # fmt: skip


@pytest.fixture
def door(forger):
    app, sessions, heard = oidc_entrance(forger.issuer)
    return TestClient(app, follow_redirects=False), sessions, heard


def agree(browser, address, person):
    """Follow the way in to the provider's form, and send it as a person would."""
    form = browser.get(address)
    assert form.status_code == 200, form.text
    return browser.post(form.url, data={"sub": person})


# With a real provider


@pytest.mark.parametrize("root_path", ["", "/assistant"])
def test_somebody_signs_in_at_the_provider_and_is_taken_to_where_they_wanted_to_be(provider, root_path):
    app, sessions, heard = oidc_entrance(provider, root_path=root_path)
    with serving(app) as address, httpx.Client(follow_redirects=True) as browser:
        arrived = agree(browser, f"{address}{root_path}/sign-in?next=/within", "ann")
        assert arrived.json() == {"user": "user:ann", "path": f"{root_path}/within"}
        person, key = sessions.open(browser.cookies["footnote_session"])
        assert (person.scopes, person.groups, person.way, key) == (
            {"ask", "read", "write"}, {"staff", "editors"}, "session", None,
        )  # fmt: skip
        assert "footnote_sign_in" not in browser.cookies
        assert {one.path for one in browser.cookies.jar if one.name == "footnote_session"} == {f"{root_path}/"}
        assert [(event, told["user"], told["address"]) for event, told in heard] == [
            ("signed_in", "user:ann", "127.0.0.1")
        ]

        left = browser.post(f"{address}{root_path}/sign-out")
        assert left.status_code == 200
        assert "You are signed out here." in left.text
        assert f'href="{root_path}/sign-in"' in left.text
        assert browser.get(f"{address}{root_path}/within").json()["user"] is None
        assert heard[1][0] == "signed_out"


def test_another_claim_may_name_the_person(provider):
    app, sessions, _ = oidc_entrance(provider, oidc_user_claim="preferred_username")
    with serving(app) as address, httpx.Client(follow_redirects=True) as browser:
        assert agree(browser, f"{address}/sign-in", "bob").json()["user"] == "user:bob.b"
        person, _ = sessions.open(browser.cookies["footnote_session"])
        assert person.groups == {"staff", "chiefs"}
        assert person.may("admin")


def test_who_says_no_at_the_provider_is_not_signed_in(provider):
    app, _, heard = oidc_entrance(provider)
    with serving(app) as address, httpx.Client(follow_redirects=True) as browser:
        form = browser.get(f"{address}/sign-in")
        denied = browser.post(form.url, data={"action": "deny"}, follow_redirects=False)
        state = parse_qs(urlsplit(str(form.url)).query)["state"][0]  # which this provider leaves out of a refusal
        refused = browser.get(f"{denied.headers['location']}&state={state}")
    assert refused.status_code == 401
    assert REFUSED in refused.text
    assert [event for event, _ in heard] == ["sign_in_refused"]


# With a forger


def test_the_forgers_provider_is_believed_when_it_forges_nothing(forger, door):
    client, sessions, _ = door
    response = forger.sign_in(client)
    assert (response.status_code, response.headers["location"]) == (303, "/within")
    person, _ = sessions.open(client.cookies["footnote_session"])
    assert (person.user, person.groups) == ("user:ann", {"staff"})


def test_we_ask_for_a_code_with_a_proof_key_and_redeem_it_with_our_secret(forger, door):
    client, *_ = door
    forger.sign_in(client)
    assert forger.sent["response_type"] == "code"
    assert forger.sent["code_challenge_method"] == "S256"
    assert forger.sent["scope"] == "openid profile email"
    assert forger.sent["client_id"] == CLIENT
    assert forger.sent["redirect_uri"] == forger.redeemed["redirect_uri"] == "http://testserver/sign-in/callback"
    assert 43 <= len(forger.redeemed["code_verifier"]) <= 128  # Source: RFC 7636, section 4.1
    assert forger.redeemed["authorization"].startswith("Basic ")
    assert len({forger.sent["state"], forger.nonce, forger.redeemed["code_verifier"]}) == 3


def test_no_two_sign_ins_have_a_state_a_nonce_or_a_challenge_in_common(forger, door):
    told = []
    for _ in range(3):
        forger.begin(door[0])
        told += [forger.sent["state"], forger.nonce, forger.challenge]
    assert len(set(told)) == 9


def test_the_secret_goes_into_the_body_where_the_provider_wants_it_there(forger, door):
    forger.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    assert forger.sign_in(door[0]).status_code == 303
    assert forger.redeemed["client_secret"] == CLIENT_SECRET
    assert forger.redeemed["authorization"] is None


def test_a_client_without_a_secret_is_protected_by_its_proof_key(forger):
    client = TestClient(oidc_entrance(forger.issuer, oidc_client_secret=None)[0], follow_redirects=False)
    assert forger.sign_in(client).status_code == 303
    assert forger.redeemed["authorization"] is None
    assert "client_secret" not in forger.redeemed


def test_the_way_back_has_the_host_the_scheme_and_the_path_that_the_browser_sees(forger):
    app, _, _ = oidc_entrance(forger.issuer, root_path="/assistant")
    client = TestClient(app, base_url="https://here.example:8443", follow_redirects=False)
    forger.begin(client, path="/assistant/sign-in")
    assert forger.sent["redirect_uri"] == "https://here.example:8443/assistant/sign-in/callback"


def test_the_cookie_of_an_attempt_is_short_lived_hidden_and_sent_to_the_way_in_alone(forger, door):
    header = door[0].get("/sign-in").headers["set-cookie"].lower()
    for part in ("max-age=600", "path=/sign-in", "httponly", "samesite=lax"):
        assert part in header.split("; ")


NOW = int(time.time())
FORGED = {
    "for another client": {"aud": "another"},
    "for nobody": {"aud": None},
    "for nobody in a list": {"aud": []},
    "for another client, and we presented it": {"aud": "another", "azp": CLIENT},
    "for us and another, presented by nobody": {"aud": [CLIENT, "another"]},
    "for us and another, presented by the other": {"aud": [CLIENT, "another"], "azp": "another"},
    "for us, presented by another": {"azp": "another"},
    "of another issuer": {"iss": "https://evil.example"},
    "of the issuer with a slash more": {"iss": "http://127.0.0.1:1/"},
    "of no issuer": {"iss": None},
    "of a list of issuers": {"iss": ["https://evil.example"]},
    "with another nonce": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "with an empty nonce": {"nonce": ""},
    "expired": {"exp": NOW - 120},
    "never expiring": {"exp": None},
    "expiring in words": {"exp": "tomorrow"},
    "issued tomorrow": {"iat": NOW + 86_400},
    "issued never": {"iat": None},
    "not good before tomorrow": {"nbf": NOW + 86_400},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
    "of an empty name": {"sub": ""},
    "of a name in two lines": {"sub": "ann\nroot"},
    "of a name as long as a book": {"sub": "a" * 5000},
    "with the hash of another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "with groups that are no names": {"groups": [{"name": "chiefs"}]},
    "with groups that are a number": {"groups": 7},
    "with more groups than a cookie holds": {"groups": [f"{number:030x}-{number:x}" for number in range(3000)]},
}


def encoded(fields):
    return urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


def assert_refused(response, heard):
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    said = re.sub("<style>.*?</style>", "", response.text, flags=re.S)
    assert f'<p role="alert">{REFUSED}' in said
    assert f"Number of this request: {REQUEST_ID}" in said
    assert not re.search(r"error|token|joserfc|authlib|claim|nonce|issuer|127\.0\.0\.1|Traceback", said, re.I)
    assert "footnote_session" not in response.headers.get("set-cookie", "")
    assert [(event, told["user"]) for event, told in heard] == [("sign_in_refused", None)]


@pytest.mark.parametrize("claims", FORGED.values(), ids=FORGED)
def test_a_forged_id_token_signs_nobody_in(forger, door, claims, caplog):
    forger.claims = claims
    with caplog.at_level(logging.WARNING, "assistant"):
        assert_refused(forger.sign_in(door[0]), door[2])
    (line,) = caplog.messages
    assert line.startswith(f"sign-in {REQUEST_ID} failed: ")
    assert line.isprintable()


ALLOWED = [
    {"exp": NOW - 30},
    {"iat": NOW + 30, "exp": NOW + 90},
    {"aud": [CLIENT]},
    {"aud": [CLIENT, "another"], "azp": CLIENT},
    {"azp": CLIENT},
    {"groups": None},
]


@pytest.mark.parametrize("claims", ALLOWED)
def test_what_the_standard_allows_is_no_forgery(forger, door, claims):
    now = int(time.time())
    forger.claims = {name: now + value - NOW if name in ("exp", "iat") else value for name, value in claims.items()}
    assert forger.sign_in(door[0]).status_code == 303


def test_an_unsigned_token_signs_nobody_in_though_the_provider_says_that_it_would(forger, door):
    forger.header = {"alg": "none"}
    assert_refused(forger.sign_in(door[0]), door[2])
    assert forger.id_token().endswith(".")


@pytest.mark.parametrize("known", [CLIENT_SECRET.encode(), KEY.as_pem(private=False)], ids=["secret", "public key"])
def test_a_token_signed_with_what_others_know_signs_nobody_in(forger, door, known):
    state = forger.begin(door[0])
    signed = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(forger.default_claims())}"
    signature = urlsafe_b64encode(hmac.digest(known, signed.encode(), "sha256")).decode().rstrip("=")
    forger.answers["token"] = {"token_type": "Bearer", "id_token": f"{signed}.{signature}"}
    assert_refused(door[0].get("/sign-in/callback", params={"code": "good", "state": state}), door[2])


def test_a_token_signed_by_another_key_of_the_same_name_signs_nobody_in(forger, door):
    forger.key = OTHER_KEY
    assert_refused(forger.sign_in(door[0]), door[2])


def test_a_token_that_brings_its_own_key_signs_nobody_in(forger, door):
    forger.key = NEXT_KEY
    forger.header = {"jwk": NEXT_KEY.as_dict(private=False), "jku": f"{forger.issuer}/evil"}
    assert_refused(forger.sign_in(door[0]), door[2])


def test_a_new_key_of_the_provider_is_fetched_when_a_token_names_it(forger, door):
    client, *_ = door
    assert forger.sign_in(client).status_code == 303
    assert forger.sign_in(client).status_code == 303
    assert forger.asked == ["jwks"]
    forger.key = forger.published = NEXT_KEY
    assert forger.sign_in(client).status_code == 303
    assert forger.asked == ["jwks", "jwks"]


@pytest.mark.parametrize("id_token", [None, 7, "", "a.b.c", "....", ["a"], "é.é.é", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_signs_nobody_in(forger, door, id_token):
    forger.answers["token"] = {"access_token": "let me in", "token_type": "Bearer", "id_token": id_token}
    assert_refused(forger.sign_in(door[0]), door[2])


@given(token=st.text() | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
def test_no_text_passes_for_a_token(token):
    with pytest.raises(SignInRefused):
        verified(token, KeySet([KEY]), issuer="i", client_id="c", nonce="n", access_token=None)


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=2)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), ANYTHING),
    claims=st.dictionaries(st.sampled_from(["iss", "aud", "exp", "iat", "nonce", "azp", "sub", "at_hash"]), ANYTHING),
)
def test_no_header_and_no_claims_of_a_stranger_fail_in_another_way(header, claims):
    token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    with pytest.raises(SignInRefused):
        verified(token, KeySet([KEY]), issuer="i", client_id="c", nonce="n", access_token="a")
    token = encoded(header) + token[token.index(".") :]
    with pytest.raises(SignInRefused):
        verified(token, KeySet([KEY]), issuer="i", client_id="c", nonce="n", access_token="a")


# The browser that comes back


def test_a_browser_that_began_no_sign_in_ends_none(forger, door):
    state = forger.begin(door[0])
    door[0].cookies.clear()
    assert_refused(door[0].get("/sign-in/callback", params={"code": "good", "state": state}), door[2])


@pytest.mark.parametrize("state", [None, "", "another", "ї", "\0"])
def test_a_state_of_another_browser_ends_no_sign_in(forger, door, state):
    forger.begin(door[0])
    told = {"code": "good"} if state is None else {"code": "good", "state": state}
    assert_refused(door[0].get("/sign-in/callback", params=told), door[2])
    assert forger.redeemed is None


@pytest.mark.parametrize("cookie", ["", "forged", "a.b.c", "é"])
def test_a_forged_attempt_ends_no_sign_in(forger, door, cookie):
    state = forger.begin(door[0])
    door[0].cookies.clear()
    headers = [(b"cookie", f"footnote_sign_in={cookie}".encode("latin-1"))]
    response = door[0].get("/sign-in/callback", params={"code": "good", "state": state}, headers=headers)
    assert_refused(response, door[2])


def test_an_attempt_is_no_session_and_a_session_no_attempt(forger, door):
    client, sessions, _ = door
    state = forger.begin(client)
    assert sessions.open(client.cookies["footnote_sign_in"]) is None
    forger.sign_in(client)
    session = client.cookies["footnote_session"]
    client.cookies.clear()
    client.cookies.set("footnote_sign_in", session)
    assert client.get("/sign-in/callback", params={"code": "good", "state": state}).status_code == 401


def test_an_attempt_is_good_for_ten_minutes(forger, door, monkeypatch):
    state, now = forger.begin(door[0]), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 602)
    assert_refused(door[0].get("/sign-in/callback", params={"code": "good", "state": state}), door[2])


def test_an_attempt_ends_with_its_first_answer(forger, door):
    client, _, heard = door
    state = forger.begin(client)
    told = {"code": "good", "state": state}
    assert client.get("/sign-in/callback", params=told).status_code == 303
    heard.clear()
    assert_refused(client.get("/sign-in/callback", params=told), heard)


def test_the_page_of_a_refusal_leads_back_to_what_was_wanted(forger, door):
    state = forger.begin(door[0], wanted="/within?a=b&c")
    refused = door[0].get("/sign-in/callback", params={"error": "access_denied", "state": state})
    assert_refused(refused, door[2])
    assert 'href="/sign-in?next=/within%3Fa%3Db%26c"' in refused.text


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/%2f/evil.example"])
def test_nobody_is_taken_elsewhere_after_signing_in(forger, door, wanted):
    assert forger.sign_in(door[0], wanted).headers["location"] == "/"


# The provider that fails


def assert_unreachable(response, heard):
    assert response.status_code == 502
    assert UNREACHABLE in response.text
    assert f"Number of this request: {REQUEST_ID}" in response.text
    assert "127.0.0.1" not in response.text
    assert heard == []


def test_a_provider_that_is_not_there_is_told_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    app, _, heard = oidc_entrance(f"http://127.0.0.1:{port}")
    assert_unreachable(TestClient(app).get("/sign-in"), heard)


def test_a_provider_that_is_silent_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(oidc, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # it takes the connection, and nobody answers
        app, _, heard = oidc_entrance(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert_unreachable(TestClient(app).get("/sign-in"), heard)


NONSENSE = {
    "a page": broken("<title>Log in</title>"),
    "nothing": broken(""),
    "an error": broken("{}", 500),
    "nothing there": broken("no", 404),
    "another address": broken("", 302),
    "a list": broken("[]", media_type="application/json"),
    "a number": broken("7", media_type="application/json"),
    "torn JSON": broken(b'{"a": "\xff', media_type="application/json"),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("about", ["discovery", "jwks", "token"])
def test_a_provider_that_talks_nonsense_is_told_in_a_sentence(forger, door, about, answer):
    client, _, heard = door
    forger.answers[about] = answer
    assert_unreachable(client.get("/sign-in") if about == "discovery" else forger.sign_in(client), heard)
    forger.answers.clear()
    assert forger.sign_in(client).status_code == 303  # and forgotten as soon as it makes sense again


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
    ],
)
def test_a_discovery_document_of_another_or_with_unsafe_addresses_is_not_believed(forger, door, told):
    forger.discovery = told
    assert_unreachable(door[0].get("/sign-in"), door[2])


def test_a_slash_at_the_end_of_the_issuer_is_no_difference(forger):
    client = TestClient(oidc_entrance(forger.issuer + "/")[0], follow_redirects=False)
    assert forger.sign_in(client).status_code == 303


def test_a_code_that_the_provider_does_not_take_signs_nobody_in(forger, door):
    state = forger.begin(door[0])
    forger.challenge = "of another verifier"
    assert_refused(door[0].get("/sign-in/callback", params={"code": "good", "state": state}), door[2])


def test_what_the_provider_says_of_itself_is_asked_again_after_an_hour(forger, door, monkeypatch):
    client, *_ = door
    assert forger.sign_in(client).status_code == 303
    forger.discovery = {"authorization_endpoint": f"{forger.issuer}/elsewhere"}
    assert "/authorize?" in client.get("/sign-in").headers["location"]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3601)
    assert "/elsewhere?" in client.get("/sign-in").headers["location"]


# Claims and addresses


@pytest.mark.parametrize(
    ("told", "groups"),
    [
        (["staff", "chiefs"], {"staff", "chiefs"}), ("staff chiefs", {"staff", "chiefs"}), ("staff", {"staff"}),
        (" staff,  chiefs,", {"staff", "chiefs"}), ("", set()), ([], set()), ([""], set()), (["a b"], {"a b"}),
    ],
)  # fmt: skip
def test_groups_are_a_list_or_a_string(told, groups):
    assert groups_in({"roles": told}, "roles") == groups
    assert groups_in({}, "roles") == set()


def test_an_address_of_mail_names_somebody_only_if_it_was_verified():
    assert name_in({"email": "ann@here.example", "email_verified": True}, "email") == "ann@here.example"
    assert name_in({"email": "ann@here.example"}, "email") == "ann@here.example"
    for verified_ in (False, "false", None):
        with pytest.raises(SignInRefused, match="has not verified"):
            name_in({"email": "boss@here.example", "email_verified": verified_}, "email")


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example/realm", True), ("http://localhost:8080", True), ("http://127.0.0.1", True),
        ("http://[::1]:80/", True), ("http://id.example", False), ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False), ("https://", False), ("", False), ("//id.example", False),
        ("ftp://localhost", False), ("http://10.0.0.1", False), ("https:id.example", False), ("http://[", False),
    ],
)  # fmt: skip
def test_an_address_is_safe_if_nobody_can_listen_on_the_way(address, safe):
    assert is_safe(address) == safe


@pytest.mark.parametrize(
    ("ways", "way"),
    [
        (None, "client_secret_basic"), (["client_secret_basic", "client_secret_post"], "client_secret_basic"),
        (["client_secret_post"], "client_secret_post"), (["private_key_jwt"], "client_secret_basic"),
    ],
)  # fmt: skip
def test_a_secret_is_told_as_the_provider_asks(ways, way):
    told = dict.fromkeys(["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"], "https://id.example")
    if ways is not None:
        told["token_endpoint_auth_methods_supported"] = ways
    assert Discovered.model_validate(told).takes_secret_by == way
