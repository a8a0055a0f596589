"""Laws of signing in with a key and out again: who gets in, where they are taken, and what the page is like."""

from urllib.parse import urljoin, urlsplit

import pytest
from browsing import NARROW, NEEDS_CHROMIUM, WIDE, violations
from entrance import REQUEST_ID, entrance
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from serving import serving

from assistant.access import Person
from assistant.settings import Settings
from assistant.web.app import STATIC
from assistant.web.roles import person_of
from assistant.web.sign_in import LONGEST_KEY, local_path, way_in
from assistant.web.words import LANGUAGES, words_for
from vectorstore.errors import UserError
from vectorstore.types import Filters

KEY = "fn_a-key-of-a-colleague"
COLLEAGUE = Person("key:wiki", frozenset({"ask", "read"}), frozenset({"staff"}), "key", Filters(outlets=("Wire",)))

AWAY = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https:evil.example", "https://evil.example", "https:/evil.example", "javascript:alert(1)", "evil.example", "",
    "%0d%0aSet-Cookie: a=b", "/%0d%0aSet-Cookie: a=b", "/\r\nSet-Cookie: a=b", "/\t/evil.example", "\t//evil.example",
    " //evil.example", "/\x00/evil.example", "/%2f/evil.example", "/%2F%2Fevil.example", "/%252f/evil.example",
    "/%5cevil.example", "/%09/evil.example", "/\u2028/evil.example", "/../evil", "/a/../../evil", "/%2e%2e/evil",
    "/./evil", "/.%2e/evil", "/\ud800", "/\u202eelpmaxe.live", "@evil.example", "/" + "a" * 500, "?next=/", "#",
]  # fmt: skip


def found(key):
    return COLLEAGUE if key == KEY else None


@pytest.fixture
def door():
    app, sessions, heard = entrance(sign_in="key", find_key=found)
    return TestClient(app, follow_redirects=False), sessions, heard


def sign_in(client, key=KEY, **fields):
    return client.post("/sign-in", data={"key": key, **fields})


def test_a_good_key_makes_a_session_that_remembers_the_key_by_name_and_its_filters(door):
    client, sessions, heard = door
    response = sign_in(client, next="/within?a=b")
    assert (response.status_code, response.headers["location"]) == (303, "/within?a=b")
    person, key = sessions.open(client.cookies["footnote_session"])
    assert key == "wiki"
    assert person == Person("key:wiki", COLLEAGUE.scopes, COLLEAGUE.groups, "session", COLLEAGUE.filters)
    assert client.get("/within").json()["user"] == "key:wiki"
    assert heard == [("signed_in", {"user": "key:wiki", "request_id": REQUEST_ID, "address": "testclient"})]


def test_a_key_with_white_space_around_it_was_copied_and_is_good(door):
    assert sign_in(door[0], key=f" {KEY}\n").status_code == 303


@pytest.mark.parametrize("key", ["", " ", "wrong", KEY[:-1], KEY + "\0", "x" * (LONGEST_KEY + 1), "<script>", "'\"&"])
def test_another_key_is_refused_in_words_and_never_shown_again(door, key):
    client, _, heard = door
    response = sign_in(client, key=key, next="/within")
    assert response.status_code == 401
    assert '<p role="alert" id="fault">This API key is not known' in response.text
    assert 'name="next" type="hidden" value="/within"' in response.text
    assert "set-cookie" not in response.headers
    assert not key.strip() or key not in response.text.replace("<style>", "")
    assert heard == [("sign_in_refused", {"user": None, "request_id": REQUEST_ID, "address": "testclient"})]


def test_a_form_without_fields_is_a_wrong_key(door):
    assert door[0].post("/sign-in").status_code == 401


def test_a_key_that_is_too_long_is_not_looked_for():
    asked = []
    client = TestClient(entrance(sign_in="key", find_key=asked.append)[0])
    sign_in(client, key="x" * (LONGEST_KEY + 1))
    sign_in(client, key="x" * LONGEST_KEY)
    assert [len(key) for key in asked] == [LONGEST_KEY]


def test_signing_out_deletes_the_session_and_says_so(door):
    client, _, heard = door
    sign_in(client)
    response = client.post("/sign-out")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in?signed-out")
    assert "footnote_session" not in client.cookies
    assert heard[1:] == [("signed_out", {"user": "key:wiki", "request_id": REQUEST_ID, "address": "testclient"})]
    page = client.get(response.headers["location"])
    assert page.status_code == 200
    assert '<p role="status">You are signed out here.</p>' in page.text
    assert "signed out" not in client.get("/sign-in").text


def test_who_was_not_signed_in_can_sign_out_and_nothing_is_noted(door):
    client, _, heard = door
    assert client.post("/sign-out").status_code == 303
    assert heard == []


def test_no_link_signs_anybody_out(door):
    assert door[0].get("/sign-out").status_code == 405


@pytest.mark.parametrize("kind", ["none", "proxy"])
def test_where_nobody_signs_in_here_there_is_no_way_to(kind):
    client = TestClient(entrance(sign_in=kind)[0])
    assert [client.get("/sign-in").status_code, client.post("/sign-out").status_code] == [404, 404]


@pytest.mark.parametrize("wanted", AWAY)
def test_a_way_that_may_lead_elsewhere_leads_home(door, wanted):
    client, *_ = door
    assert local_path(wanted) == "/"
    if "\ud800" not in wanted:  # which no browser can send
        assert sign_in(client, next=wanted).headers["location"] == "/"
        assert 'value="/"' in client.get("/sign-in", params={"next": wanted}).text


@pytest.mark.parametrize(
    "wanted",
    ["/", "/within", "/?conversation=1&q=a%20b", "/a//b", "/?q=//x", "/?at=12:30", "/ß?q=ї", "/a.b/..c", "/?up=/../x"],
)
def test_a_path_of_ours_is_kept(wanted):
    assert local_path(wanted) == wanted


@given(wanted=st.text() | st.text("/\\:.%25fFcCeE0dDaA@?#\t\n x").map(lambda text: "/" + text))
@example("/%2f/evil.example")
def test_whatever_is_wanted_is_a_path_of_this_host_as_browsers_read_it(wanted):
    local = local_path(wanted)
    assert local in (wanted, "/")
    assert local.startswith("/")
    as_read = "".join(local.replace("\\", "/").split())  # Source: WHATWG URL, the states of its parser
    joined = urlsplit(urljoin("https://here.example/sign-in", as_read))
    assert (joined.scheme, joined.netloc) == ("https", "here.example")
    assert local_path(local) == local


@given(wanted=st.text(), root=st.sampled_from(["", "/assistant"]))
def test_the_way_in_carries_a_local_path_and_nothing_else(wanted, root):
    parts = urlsplit(way_in(root, wanted))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", f"{root}/sign-in", "")
    client = TestClient(entrance(sign_in="key", find_key=found)[0])
    shown = client.get(f"/sign-in?{parts.query}").text
    assert (local_path(wanted) == "/") == ('type="hidden" value="/">' in shown)


def test_everything_stays_below_the_path_that_a_proxy_serves_it_under():
    app, _, _ = entrance(root_path="/assistant", sign_in="key", find_key=found)
    client = TestClient(app, base_url="https://here.example", follow_redirects=False)
    page = client.get("/assistant/sign-in?next=/within")
    assert '<form method="post" action="/assistant/sign-in">' in page.text
    response = client.post("/assistant/sign-in", data={"key": KEY, "next": "/within"})
    assert response.headers["location"] == "/assistant/within"
    assert "Path=/assistant/;" in response.headers["set-cookie"]
    assert "Secure" in response.headers["set-cookie"]
    assert client.get("/assistant/within").json()["user"] == "key:wiki"
    assert client.get("/elsewhere").status_code == 404
    assert client.post("/assistant/sign-out").headers["location"] == "/assistant/sign-in?signed-out"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_readers_language(language):
    client = TestClient(entrance(sign_in="key")[0], headers={"accept-language": language})
    words, page = words_for(language), sign_in(client, key="wrong").text
    assert f'<html lang="{language}">' in page
    for key in ("sign_in.do", "sign_in.key", "sign_in.wrong_key"):
        assert words(key) in page
    assert words("sign_in.signed_out") in client.get("/sign-in?signed-out").text


def test_the_language_that_was_chosen_or_set_goes_before_the_browsers():
    client = TestClient(entrance(sign_in="key")[0], headers={"accept-language": "de"})
    assert 'lang="uk"' in client.get("/sign-in", headers={"cookie": "footnote_language=uk"}).text
    fixed = TestClient(entrance(sign_in="key", language="fr")[0], headers={"accept-language": "de"})
    assert 'lang="fr"' in fixed.get("/sign-in").text


def test_the_page_wears_the_houses_title_logo_and_colour_and_trusts_none_of_them(tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
    app, _, _ = entrance(sign_in="key", title="Wire & <b>Sons</b>", accent="#00f", logo=logo)
    page = TestClient(app).get("/sign-in").text
    assert '<h1 dir="auto">Wire &amp; &lt;b&gt;Sons&lt;/b&gt;</h1>' in page
    assert "<title>Sign in · Wire &amp; " in page
    assert ":root{--note:#0000ff}@media(prefers-color-scheme:dark){:root{--note:#" in page
    assert '<img alt="" src="data:image/svg+xml;base64,' in page


def test_the_page_keeps_no_copy_shows_in_no_frame_and_lets_nothing_run(door):
    headers = door[0].get("/sign-in").headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert sign_in(door[0]).headers["cache-control"] == "no-store"


def test_the_colours_are_those_of_the_chat_page():
    def palettes(name, dark):
        light, _, rest = (STATIC / "style" / name).read_text(encoding="utf-8").partition(dark)
        for part in (light.partition(":root {")[2], rest):
            pairs = (line.strip().split(": ") for line in part.partition("}")[0].splitlines() if " --" in line)
            yield dict(pair for pair in pairs if len(pair) == 2)

    whole = list(palettes("page.css", ":root:has(body.dark)"))
    ours = list(palettes("sign_in.css", "@media (prefers-color-scheme: dark)"))
    assert [len(one) for one in ours] == [7, 7]
    assert all(one.items() <= all_.items() for one, all_ in zip(ours, whole, strict=True))


def test_a_provider_that_is_not_set_up_is_told_before_the_server_starts():
    for told, said in (
        ({}, "needs FOOTNOTE_OIDC_ISSUER and FOOTNOTE_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "https://id.example"}, "set both"),
        ({"oidc_issuer": "http://id.example", "oidc_client_id": "us"}, "begins with https://"),
        ({"oidc_issuer": "https://", "oidc_client_id": "us"}, "begins with https://"),
        ({"oidc_issuer": "https://id.example", "oidc_client_id": "us", "oidc_scopes": "email"}, "add openid"),
    ):
        with pytest.raises(UserError, match=said):
            entrance(sign_in="oidc", **told)


# Roles


def settings(**given):
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize(
    ("writers", "admins", "groups", "scopes"),
    [
        ("", "", ["staff"], {"ask", "read"}),
        ("editors", "chiefs", ["staff"], {"ask", "read"}),
        ("editors,others", "chiefs", ["staff", "editors"], {"ask", "read", "write"}),
        ("everybody", "chiefs", [], {"ask", "read", "write"}),
        ("editors", "chiefs", ["chiefs"], {"ask", "read", "admin"}),
        ("editors", "Chiefs", ["chiefs"], {"ask", "read"}),
    ],
)
def test_groups_decide_what_somebody_may_do(writers, admins, groups, scopes):
    person = person_of(settings(writers=writers, admins=admins), "ann", groups)
    assert person == Person("user:ann", frozenset(scopes), frozenset(groups), "session")
    assert person_of(settings(), "ann", groups, way="proxy").way == "proxy"


@given(name=st.text())
@example("local")
@example("key:wiki")
@example(" ")
@example("ann\n")
@example("\ud800")
@example("a" * 201)
def test_no_name_is_taken_for_another_kind_of_user_and_none_breaks_a_line(name):
    if name.isprintable() and name.strip() and len(name) <= 200:
        assert person_of(settings(), name, []).user == f"user:{name}"
    else:
        with pytest.raises(UserError, match="is no name to sign in with") as refused:
            person_of(settings(), name, [])
        assert str(refused.value).isprintable()


# The page in a real browser


@NEEDS_CHROMIUM
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_sign_in_without_a_script_and_with_the_keyboard_alone(chromium, viewport, scheme):
    app, _, heard = entrance(sign_in="key", find_key=found, title="Wire & Sons", accent="#ffcc00")
    origins = []
    with serving(app) as address:
        context = chromium.new_context(viewport=viewport, color_scheme=scheme)
        page = context.new_page()
        noise = []
        page.on("console", lambda one: noise.append(one.text))
        page.on("request", lambda one: origins.append(one.all_headers().get("origin")) if one.method == "POST" else 0)
        page.goto(f"{address}/sign-in?next=/within")
        faults = violations(page)
        assert page.evaluate("document.activeElement.id") == "key"
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        faults += violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        heard_by_console = [one for one in noise if "401" not in one]
        page.get_by_label("API key").fill(KEY)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/within")
        context.close()
    assert faults == []
    assert wide <= viewport["width"]
    assert paper == {"light": "rgb(251, 249, 244)", "dark": "rgb(23, 21, 18)"}[scheme]
    assert origins == [address, address]  # "null" would be taken for another site
    assert [event for event, _ in heard] == ["sign_in_refused", "signed_in"]
    assert heard_by_console == []


@NEEDS_CHROMIUM
def test_chromium_reads_every_way_home_as_ours(chromium):
    page = chromium.new_page()
    hosts = page.evaluate(
        "wanted => wanted.map(one => new URL(one, 'https://here.example/sign-in').host)",
        [local_path(one) for one in AWAY if "\ud800" not in one],
    )
    page.close()
    assert set(hosts) == {"here.example"}
