"""Embed tokens: for whom they stand, for how long, and that nobody else can make one."""

import datetime
import json
from hashlib import sha384

import pytest
from drawn import FILTERS, TEXT
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from assistant.access import Person
from assistant.contract import filters_json, read_filters
from assistant.embed_tokens import LONGEST, EmbedTokens
from assistant.keys import Keys
from vectorstore.errors import UserError
from vectorstore.types import Filters

SECRET = "0123456789abcdef" * 4
NOW = datetime.datetime(2025, 8, 18, 9, 30, tzinfo=datetime.UTC)
EVERYWHERE = Filters()
USERS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=200)


def signer_at(time):
    """Return a signer whose clock stands still."""

    class Signer(TimestampSigner):
        def get_timestamp(self):
            return int(time.timestamp())

    return Signer


def tokens_at(time, keys, *, minutes=15.0, secret=SECRET):
    return EmbedTokens(secret, keys, minutes, signer=signer_at(time))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys that no test revokes."""
    keys = Keys(tmp_path_factory.mktemp("keys"))
    keys.add("intranet", ["ask", "read"], ["editors", "staff"])
    keys.add("root", ["admin"])
    keys.add("reader", ["read", "write", "metrics"])
    return keys


@pytest.fixture(scope="module")
def tokens(keys):
    return EmbedTokens(SECRET, keys, 15)


@pytest.fixture(scope="module")
def token(tokens, keys):
    return tokens.mint(keys.named("intranet"), "Ann", ["editors"], Filters(outlets=("Lund Post",)))[0]


def test_a_token_stands_for_the_user_with_the_groups_and_filters_and_may_only_ask(tokens, token):
    assert tokens.person(token) == Person(
        "embed:intranet:Ann",
        frozenset({"ask"}),
        frozenset({"editors"}),
        "embed",
        Filters(outlets=("Lund Post",)),
    )


@example(user="Ann", groups=set(), filters=Filters(documents=("caf\udce9.md",), outlets=("a\0b",)))
@given(user=USERS, groups=st.sets(st.sampled_from(["editors", "staff", "everybody"])), filters=FILTERS)
def test_what_is_minted_comes_back(tokens, keys, user, groups, filters):
    as_sent = read_filters(json.loads(json.dumps(filters_json(filters))))  # JSON joins what were two surrogates
    token, _ = tokens.mint(keys.named("intranet"), user, groups, as_sent)
    person = tokens.person(token)
    assert person.filters == as_sent
    assert person.groups == groups - {"everybody"}
    assert person.user.startswith("embed:intranet:")
    again, _ = tokens.mint(keys.named("intranet"), person.user.removeprefix("embed:intranet:"), groups, as_sent)
    assert tokens.person(again) == person


@given(place=st.floats(0, 1, exclude_max=True), other=st.sampled_from("Aa0-_.=") | st.characters(exclude_categories=()))
def test_a_token_with_any_other_character_stands_for_nobody(tokens, token, place, other):
    position = int(place * len(token))
    if other != token[position]:
        assert tokens.person(token[:position] + other + token[position + 1 :]) is None
    assert tokens.person(token[:position] + token[position + 1 :]) is None
    assert tokens.person(token[:position] + other + token[position:]) is None


def test_no_two_tokens_are_the_same_one_written_in_another_way(tokens, token):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + last for last in alphabet if last != token[-1]]  # spare bits of base64
    others += [f"{token}=", f"{token}\n", f" {token}", f"{token}!!!!", token.replace("-", "+").replace("_", "/") + "!"]
    assert tokens.person(token)
    assert [other for other in others if tokens.person(other)] == []


@given(presented=TEXT | TEXT.map("fe_{}".format) | st.from_regex(r"fe_[A-Za-z0-9_.-]{0,80}", fullmatch=True))
def test_whatever_else_is_presented_stands_for_nobody(tokens, presented):
    assert tokens.person(presented) is None


@pytest.mark.parametrize("presented", ["fe_" + "a" * 10**6, "fe_." + "." * 5000, "fe_a." + "a" * 5000 + ".a", "fe_"])
def test_a_long_or_empty_one_stands_for_nobody(tokens, presented):
    assert tokens.person(presented) is None


@pytest.mark.parametrize(("minutes", "seconds"), [(15.0, 900), (0.5, 30), (0.001, 1), (1440, 86400)])
def test_a_token_is_good_until_it_ends_and_no_longer(keys, minutes, seconds):
    token, ends = tokens_at(NOW, keys, minutes=minutes).mint(keys.named("intranet"), "Ann", (), EVERYWHERE)
    assert ends == NOW + datetime.timedelta(seconds=seconds)
    second = datetime.timedelta(seconds=1)
    assert tokens_at(NOW, keys, minutes=minutes).person(token)
    assert tokens_at(ends, keys, minutes=minutes).person(token)
    assert tokens_at(ends + second, keys, minutes=minutes).person(token) is None
    assert tokens_at(NOW - second, keys, minutes=minutes).person(token) is None  # not before it was made


def test_another_secret_or_salt_signs_nothing_for_us(tokens, token, keys):
    assert EmbedTokens("x" * 64, keys, 15).person(token) is None
    payload = {"key": "intranet", "user": "Ann", "groups": [], "filters": {}}
    kwargs = {"key_derivation": "hmac", "digest_method": sha384}
    signed = {
        salt: "fe_" + URLSafeTimedSerializer(SECRET, salt=salt, signer_kwargs=kwargs).dumps(payload)
        for salt in ("footnote embed", "footnote session")
    }
    assert tokens.person(signed["footnote embed"]).user == "embed:intranet:Ann"
    assert tokens.person(signed["footnote session"]) is None


def test_a_token_is_no_key_and_a_key_no_token(tmp_path):
    keys = Keys(tmp_path)
    secret = keys.add("ci", ["ask"])
    tokens = EmbedTokens(SECRET, keys, 15)
    token, _ = tokens.mint(keys.named("ci"), "Ann", (), EVERYWHERE)
    bare, body = token.removeprefix("fe_"), secret.removeprefix("fn_")
    assert [keys.find(one) for one in (token, bare, f"fn_{bare}")] == [None] * 3
    assert [tokens.person(one) for one in (secret, body, f"fe_{body}", bare)] == [None] * 4


def test_a_token_ends_with_its_key(tmp_path):
    keys = Keys(tmp_path)
    keys.add("ci", ["ask"])
    keys.add("other", ["ask"])
    tokens = EmbedTokens(SECRET, keys, 15)
    token, _ = tokens.mint(keys.named("ci"), "Ann", (), EVERYWHERE)
    other, _ = tokens.mint(keys.named("other"), "Ann", (), EVERYWHERE)
    keys.revoke("ci")
    assert tokens.person(token) is None
    assert tokens.person(other).user == "embed:other:Ann"
    assert EmbedTokens(SECRET, Keys(tmp_path / "elsewhere"), 15).person(other) is None


def test_a_token_has_no_right_that_its_key_has_lost(tmp_path, keys, tokens):
    """The same name in another library, as after a restored back-up, has fewer rights."""
    token, _ = tokens.mint(keys.named("intranet"), "Ann", ["editors", "staff"], EVERYWHERE)
    fewer = Keys(tmp_path / "fewer")
    fewer.add("intranet", ["ask"], ["staff", "board"])
    assert EmbedTokens(SECRET, fewer, 15).person(token).groups == {"staff"}
    deaf = Keys(tmp_path / "deaf")
    deaf.add("intranet", ["read"], ["editors", "staff"])
    assert EmbedTokens(SECRET, deaf, 15).person(token) is None


def test_only_a_key_that_may_ask_can_mint(tokens, keys):
    with pytest.raises(UserError, match="The key 'reader' has not the scope ask"):
        tokens.mint(keys.named("reader"), "Ann", (), EVERYWHERE)


def test_a_token_of_an_admin_may_only_ask(tokens, keys):
    person = tokens.person(tokens.mint(keys.named("root"), "Ann", (), EVERYWHERE)[0])
    assert person.may("ask")
    assert not person.may("admin")
    assert not person.may("read")


@pytest.mark.parametrize("name", ["intranet", "root"])
def test_a_key_gives_no_group_that_it_is_not_in(tokens, keys, name):
    with pytest.raises(UserError, match=f"The key '{name}' is not in the group 'board'"):
        tokens.mint(keys.named(name), "Ann", ["board"], EVERYWHERE)


@pytest.mark.parametrize(
    "user", ["", " ", "Ann\n", "An\0n", "An\u200bn", "An\u202en", "Ann ", "\ud800", "a" * 201, "e\u0301" * 150]
)
def test_a_user_whose_name_cannot_be_seen_is_refused(tokens, keys, user):
    with pytest.raises(UserError, match="cannot name a user; write 1 to 200 characters on one line"):
        tokens.mint(keys.named("intranet"), user, (), EVERYWHERE)


def test_a_user_is_the_same_however_the_name_is_composed(tokens, keys):
    people = {
        tokens.person(tokens.mint(keys.named("intranet"), name, (), EVERYWHERE)[0]).user
        for name in ("Zoë", "Zoe\u0308")
    }
    assert people == {"embed:intranet:Zoë"}


def test_no_user_of_one_key_is_taken_for_a_user_of_another(tmp_path):
    keys = Keys(tmp_path)
    for name in ("a", "a-b"):
        keys.add(name, ["ask"])
    tokens = EmbedTokens(SECRET, keys, 15)
    users = [
        tokens.person(tokens.mint(keys.named(name), user, (), EVERYWHERE)[0]).user
        for name, user in (("a", "b:c"), ("a-b", "c"), ("a", "b"), ("a", "embed:a-b:c"))
    ]
    assert len(set(users)) == 4


def test_a_token_that_fits_into_no_header_is_refused(tokens, keys):
    documents = tuple(sha384(str(number).encode()).hexdigest() for number in range(200))
    with pytest.raises(UserError, match="characters, and 6,000 fit into a header; name fewer groups or documents"):
        tokens.mint(keys.named("intranet"), "Ann", (), Filters(documents=documents))
    token, _ = tokens.mint(keys.named("intranet"), "Ann", (), Filters(documents=documents[:50]))
    assert len(token) < LONGEST
    assert tokens.person(token).filters.documents == documents[:50]
