"""Laws of a session: what was sealed comes out, nothing else does, and its cookie is no other site's business."""

import random
import time

import pytest
from fastapi import Response
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from assistant.access import SCOPES, Person
from assistant.web.sessions import COOKIE, FITS, LONGEST, SALT, Sessions, serializer
from vectorstore.errors import UserError
from vectorstore.types import Filters

SECRET = "a secret that nobody else could guess"
SESSIONS = Sessions(SECRET, 12)
SOMEBODY = Person("user:ann", frozenset({"ask", "read"}), frozenset({"staff"}), "session")

PEOPLE = st.builds(
    Person,
    user=st.text(max_size=50),
    scopes=st.frozensets(st.sampled_from(SCOPES)),
    groups=st.frozensets(st.text(max_size=20), max_size=5),
    way=st.sampled_from(["session", "key", "proxy"]),
    filters=st.builds(
        Filters, outlets=st.lists(st.text(max_size=9), max_size=3).map(tuple), after=st.none() | st.dates()
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


def request(scheme="https", root_path="", cookies=()):
    headers = [(b"host", b"here.example"), *((b"cookie", cookie.encode("latin-1")) for cookie in cookies)]
    return Request(
        {
            "type": "http", "method": "GET", "scheme": scheme, "server": ("here.example", 443), "path": root_path + "/",
            "root_path": root_path, "query_string": b"", "headers": headers,
        }
    )  # fmt: skip


def cookie_of(act, **told):
    """Return the name with its value, and the other parts in small letters."""
    response = Response()
    act(response, request(**told))
    (header,) = response.headers.getlist("set-cookie")
    pair, *parts = header.split("; ")
    return pair, {part.lower() for part in parts}


@given(person=PEOPLE, key=st.none() | st.text(max_size=20))
def test_what_was_sealed_comes_out_again(person, key):
    assert SESSIONS.open(SESSIONS.seal(person, key)) == (person, key)


@given(place=st.integers(0, 10_000), other=st.sampled_from("abcXYZ019-_."))
def test_a_cookie_with_one_other_character_opens_nothing_else(place, other):
    cookie = SESSIONS.seal(SOMEBODY)
    place %= len(cookie)
    forged = cookie[:place] + other + cookie[place + 1 :]
    # The last character carries two bits that mean nothing, so a few others in its place are the same cookie.
    assert SESSIONS.open(forged) in ([(SOMEBODY, None)] if forged == cookie else [None, (SOMEBODY, None)])
    if place < len(cookie) - 1 and forged != cookie:
        assert SESSIONS.open(forged) is None


@given(cookie=st.text())
@example("")
@example("\ud800")
@example("..")
@example("\0" * 10)
def test_what_a_stranger_writes_opens_nothing(cookie):
    assert SESSIONS.open(cookie) is None


def test_the_cookie_of_another_secret_or_another_purpose_opens_nothing():
    assert Sessions(SECRET + "!", 12).open(SESSIONS.seal(SOMEBODY)) is None
    fields = serializer(SECRET, SALT).loads(SESSIONS.seal(SOMEBODY))
    assert SESSIONS.open(serializer(SECRET, SALT).dumps(fields)) == (SOMEBODY, None)
    assert SESSIONS.open(serializer(SECRET, "footnote sign-in").dumps(fields)) is None


@given(fields=JSON)
def test_fields_of_another_version_open_nothing_though_we_signed_them(fields):
    assert SESSIONS.open(serializer(SECRET, SALT).dumps(fields)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", 1), ("key", 1), ("way", "window"), ("scopes", ["everything"]), ("scopes", 7), ("groups", [1]),
        ("groups", None), ("filters", []), ("filters", {"after": "soon"}),
    ],
)  # fmt: skip
def test_a_field_of_another_kind_opens_nothing_though_we_signed_it(field, value):
    fields = serializer(SECRET, SALT).loads(SESSIONS.seal(SOMEBODY))
    assert SESSIONS.open(serializer(SECRET, SALT).dumps({**fields, field: value})) is None


@pytest.mark.parametrize(("hours", "holds"), [(0.0, True), (11.99, True), (12.01, False), (9000.0, False)])
def test_a_session_ends_with_its_hours(monkeypatch, hours, holds):
    now = time.time()
    cookie = SESSIONS.seal(SOMEBODY)
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    assert (SESSIONS.open(cookie) is not None) == holds


def test_a_session_from_the_future_opens_nothing(monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    cookie = SESSIONS.seal(SOMEBODY)
    monkeypatch.undo()
    assert SESSIONS.open(cookie) is None


@pytest.mark.parametrize("letters", [range(33, 127), range(0x410, 0x450)], ids=["latin", "cyrillic"])
def test_twenty_long_groups_and_a_long_name_fit_in_a_cookie_that_browsers_keep(letters):
    chosen = random.Random(7)
    names = ["".join(chr(one) for one in chosen.choices(letters, k=100)) for _ in range(22)]
    person = Person("user:" + names[0] + names[1], frozenset(SCOPES), frozenset(names[2:]), "session")
    pair, _ = cookie_of(lambda response, request: SESSIONS.set(response, request, SESSIONS.seal(person)))
    assert len(pair) < 4096
    assert SESSIONS.open(pair.partition("=")[2]) == (person, None)


@given(count=st.integers(0, 200), length=st.integers(1, 100), seed=st.integers())
def test_more_groups_fit_or_are_refused_in_words(count, length, seed):
    chosen = random.Random(seed)
    groups = frozenset("".join(chr(chosen.randrange(33, 0x3000)) for _ in range(length)) for _ in range(count))
    person = Person("user:ann", frozenset({"ask"}), groups)
    if count * length < 500:
        assert len(SESSIONS.seal(person)) <= FITS
    elif count * length > 5000:
        with pytest.raises(UserError, match=rf"Somebody with {len(groups)} groups cannot .* send only the groups"):
            SESSIONS.seal(person)


def test_a_cookie_that_is_longer_than_any_of_ours_is_not_looked_at():
    huge = serializer(SECRET, SALT).dumps(
        {**serializer(SECRET, SALT).loads(SESSIONS.seal(SOMEBODY)), "more": random.Random(7).randbytes(9000).hex()}
    )
    assert len(huge) > LONGEST
    assert SESSIONS.open(huge) is None


def test_a_cookie_is_hidden_from_scripts_and_from_other_sites_and_is_kept_for_its_hours():
    pair, parts = cookie_of(lambda response, request: SESSIONS.set(response, request, "sealed"))
    assert pair == f"{COOKIE}=sealed"
    assert parts == {"httponly", "max-age=43200", "path=/", "samesite=lax", "secure"}


def test_a_cookie_goes_to_the_path_of_the_application_and_over_http_where_there_is_no_https():
    _, parts = cookie_of(
        lambda response, request: SESSIONS.set(response, request, "sealed"), scheme="http", root_path="/assistant"
    )
    assert parts == {"httponly", "max-age=43200", "path=/assistant/", "samesite=lax"}


def test_a_cookie_is_deleted_where_it_was_set():
    pair, parts = cookie_of(SESSIONS.clear, root_path="/assistant")
    assert pair in (f"{COOKIE}=", f'{COOKIE}=""')
    assert {"max-age=0", "path=/assistant/"} <= parts


def test_a_request_without_our_cookie_is_nobodys():
    assert SESSIONS.person(request()) is None
    assert SESSIONS.person(request(cookies=["other=1; footnote_session=", "footnote_session"])) is None


def test_the_cookie_of_another_server_on_the_same_host_does_not_hide_ours():
    ours, theirs = SESSIONS.seal(SOMEBODY), Sessions(SECRET + "!", 12).seal(SOMEBODY)
    for header in (f"a=b; {COOKIE}={ours}; {COOKIE}={theirs}", f"{COOKIE}={theirs}; {COOKIE}={ours}"):
        assert SESSIONS.person(request(cookies=[header])) == (SOMEBODY, None)


@given(header=st.text(st.characters(codec="latin-1")))
def test_no_cookie_header_of_a_stranger_fails(header):
    assert SESSIONS.person(request(cookies=[header])) is None
