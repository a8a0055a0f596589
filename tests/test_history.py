"""Conversations that are kept: what comes back after a reload and a restart, to whom, and what goes."""

import datetime
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import FILTERS, TEXT, answers, shown
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import history
from assistant.history import History
from assistant.types import Answer, Citation, Claim, Judgement, Searched
from vectorstore.errors import UserError
from vectorstore.types import Document, Filters, Landmark, Span

HOUSE = Path(__file__).parent.parent
EVERYWHERE = Filters()
LEAVE = Document("leave.md", "Leave", "Leave\n\nEvery employee has 28 days 👩‍👩‍👧 of paid leave.", landmarks=(
    Landmark("heading", "Leave", Span(0, 5)),
))  # fmt: skip
DRESS = Document("dress.md", "Dress", "Nobody wears a tie on Fridays.", datetime.date(2025, 8, 18), "Handbook")


def answered(question, *documents, text="They have 28 days [1]."):
    """Return an answer that cites a sentence of each document, and shows the last as nearest too."""
    cited = tuple(
        Citation(number, document, Span(0, len(document.text)), "The employer")
        for number, document in enumerate(documents, start=1)
    )
    claim = Claim(text, Span(0, len(text)), tuple(one.number for one in cited), Judgement("supported", 0.9, ("ok",)))
    return Answer("complete", question, question, text, (claim,), cited, Searched(question, EVERYWHERE, 3, cited[-1:]),
                  "model", model="a:b", timings_ms=(("total", 1.5),))  # fmt: skip


def ask(store, user, question, *documents, text="They have 28 days [1].", **place):
    """Ask and answer; return where it was kept."""
    begun = store.begin(user, question, EVERYWHERE, **place)
    assert store.finish(begun, answered(question, *documents, text=text))
    return begun


def held_documents(store):
    with store._database.reading() as connection:
        return {hash for (hash,) in connection.execute("SELECT hash FROM documents")}


@pytest.fixture
def store(tmp_path):
    return History(tmp_path)


def test_nothing_is_made_before_the_first_question(store, tmp_path):
    assert store.conversations("ann") == ()
    assert store.conversations("ann", "leave") == ()
    assert store.forget("ann") == 0
    assert store.expire(datetime.datetime.now(datetime.UTC)) == 0
    with pytest.raises(UserError, match="no such conversation"):
        store.begin("ann", "And then?", EVERYWHERE, conversation="0" * 32)
    assert list(tmp_path.iterdir()) == []


def test_a_question_is_kept_before_it_is_answered(store, tmp_path):
    filters = Filters(outlets=("Handbook",), after=datetime.date(2025, 1, 1))
    begun = store.begin("ann", "  How many days?\n", filters)
    assert begun.number == 1
    (one,) = History(tmp_path).exchanges("ann", begun.conversation)
    assert (one.number, one.question, one.filters) == (1, "  How many days?\n", filters)
    assert (one.answer, one.error, one.next) == (None, None, None)
    assert datetime.datetime.now(datetime.UTC) - one.asked < datetime.timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["\ud800 alone", "two \ud83d\ude00 that are no pair", "a\0b", "e\u0301\r\n\u2028"], ids=ascii
)
def test_characters_that_sqlite_or_json_in_ascii_would_change_survive(store, text):
    begun = store.begin(text, text, Filters(documents=(text,)))
    given = answered(text, Document("a.txt", text, text), text=text)
    assert store.finish(begun, given)
    assert store.suggest(begun, [text])
    (one,) = store.exchanges(text, begun.conversation)
    assert (one.question, one.filters.documents, one.answer, one.next) == (text, (text,), given, (text,))


@settings(deadline=None, max_examples=60)
@given(answers(), TEXT, FILTERS, TEXT, st.lists(TEXT, max_size=3))
def test_what_is_kept_comes_back_character_by_character(tmp_path_factory, answer, question, filters, user, following):
    library = tmp_path_factory.mktemp("library")
    begun = History(library).begin(user, question, filters)
    assert History(library).finish(begun, answer)
    assert History(library).suggest(begun, following)
    (one,) = History(library).exchanges(user, begun.conversation)
    assert one.answer == answer
    assert [(each.number, each.quote) for each in shown(one.answer)] == [(e.number, e.quote) for e in shown(answer)]
    assert (one.question, one.filters, one.next) == (question, filters, tuple(following))
    assert [each.user for each in History(library).conversations(user)] == [user]


@given(sentence=TEXT)
@settings(deadline=None, max_examples=20)
def test_the_sentence_of_a_failure_comes_back(tmp_path_factory, sentence):
    store = History(tmp_path_factory.mktemp("library"))
    begun = store.begin("ann", "How many?", EVERYWHERE)
    assert store.fail(begun, sentence)
    (one,) = store.exchanges("ann", begun.conversation)
    assert (one.answer, one.error) == (None, sentence)


def test_another_process_reads_the_same_numbers_and_characters(store, tmp_path):
    begun = ask(store, "ann", "How many days?", LEAVE, DRESS)
    program = (
        "import sys; from pathlib import Path; from assistant.history import History\n"
        "(one,) = History(Path(sys.argv[1])).exchanges('ann', sys.argv[2])\n"
        "for each in one.answer.citations: print(each.number, ascii(each.quote), each.document.hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), begun.conversation],
        capture_output=True, text=True, cwd=HOUSE, check=True, env=os.environ | {"PYTHONPATH": str(HOUSE)},
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{n} {one.text!a} {one.hash}" for n, one in ((1, LEAVE), (2, DRESS))]


def test_a_cited_document_stays_as_it_was_cited_when_its_file_changes(store):
    changed = replace(LEAVE, text=LEAVE.text.replace("28", "30"))
    first = ask(store, "ann", "How many days?", LEAVE)
    ask(store, "ann", "How many days now?", changed, conversation=first.conversation)
    before, after = store.exchanges("ann", first.conversation)
    assert before.answer.citations[0].document == LEAVE
    assert after.answer.citations[0].document == changed
    assert before.answer.citations[0].document.place(10) == "Leave"


def test_a_document_is_kept_once_however_often_it_is_cited(store):
    first = ask(store, "ann", "How many days?", LEAVE, LEAVE)
    ask(store, "ann", "Really?", LEAVE, DRESS, conversation=first.conversation)
    ask(store, "bob", "How many days?", LEAVE)
    assert held_documents(store) == {LEAVE.hash, DRESS.hash}


def test_what_a_reader_has_seen_stays_when_it_ends_a_second_time(store):
    begun = ask(store, "ann", "How many days?", LEAVE)
    (before,) = store.exchanges("ann", begun.conversation)
    assert not store.fail(begun, "The model failed.")
    assert not store.finish(begun, answered("Other", DRESS))
    assert store.exchanges("ann", begun.conversation) == (before,)
    assert held_documents(store) == {LEAVE.hash}


def test_questions_to_go_on_with_come_after_the_answer(store):
    begun = ask(store, "ann", "How many days?", LEAVE)
    assert store.suggest(begun, ["Who has them?", "Since when?"])
    (one,) = store.exchanges("ann", begun.conversation)
    assert one.next == ("Who has them?", "Since when?")


def test_a_conversation_goes_on_in_order(store):
    first = store.begin("ann", "One?", EVERYWHERE)
    numbers = [store.begin("ann", f"{n}?", EVERYWHERE, conversation=first.conversation).number for n in range(2, 13)]
    assert numbers == list(range(2, 13))
    kept = store.exchanges("ann", first.conversation)
    assert [one.number for one in kept] == list(range(1, 13))
    assert kept[10].question == "11?"


def test_conversations_are_listed_with_the_one_last_written_in_first(store):
    a, b, c = (store.begin("ann", f"{name}?", EVERYWHERE) for name in "abc")
    assert [one.title for one in store.conversations("ann")] == ["c?", "b?", "a?"]
    store.begin("ann", "More?", EVERYWHERE, conversation=a.conversation)
    assert [one.title for one in store.conversations("ann")] == ["a?", "c?", "b?"]
    store.finish(b, answered("b?", LEAVE))
    assert [one.title for one in store.conversations("ann")] == ["b?", "a?", "c?"]
    store.rename("ann", c.conversation, "Third")
    assert [one.title for one in store.conversations("ann")] == ["b?", "a?", "Third"]


def test_the_title_is_the_first_question_cut_at_a_word(store):
    begun = store.begin("ann", "How many days of leave\n does " + "an employee of the house " * 5, EVERYWHERE)
    title = store.conversation("ann", begun.conversation).title
    assert title == "How many days of leave does an employee of the house an employee of the house…"
    assert store.conversation("ann", store.begin("ann", " \0\ud800 ", EVERYWHERE).conversation).title == "\ufffd"
    assert store.conversation("ann", store.begin("ann", " \0 ", EVERYWHERE).conversation).title == "…"


def test_a_conversation_can_be_renamed(store):
    begun = store.begin("ann", "How many?", EVERYWHERE)
    before = store.conversation("ann", begun.conversation)
    store.rename("ann", begun.conversation, "  Leave:\n all of it 👩‍👩‍👧 ")
    assert store.conversation("ann", begun.conversation) == replace(before, title="Leave: all of it 👩‍👩‍👧")
    store.rename("ann", begun.conversation, "x" * 200)


@pytest.mark.parametrize("title", ["", " \n\0", "x" * 201])
def test_a_title_that_is_none_changes_nothing(store, title):
    begun = store.begin("ann", "How many?", EVERYWHERE)
    with pytest.raises(UserError, match="1 to 200 characters"):
        store.rename("ann", begun.conversation, title)
    assert store.conversation("ann", begun.conversation).title == "How many?"


def test_an_edited_question_takes_the_place_of_its_exchange_and_of_all_after_it(store):
    first = ask(store, "ann", "One?", LEAVE)
    place = {"conversation": first.conversation}
    ask(store, "ann", "Two?", DRESS, **place)
    ask(store, "ann", "Three?", LEAVE, DRESS, **place)
    edited = ask(store, "ann", "Two, please?", LEAVE, replaces=2, **place)
    assert edited.number == 2
    assert [one.question for one in store.exchanges("ann", first.conversation)] == ["One?", "Two, please?"]
    assert held_documents(store) == {LEAVE.hash}
    assert store.begin("ann", "Three?", EVERYWHERE, **place).number == 3


def test_an_answer_that_comes_late_is_not_put_under_the_question_that_took_its_number(store):
    old = store.begin("ann", "How many?", EVERYWHERE)
    new = store.begin("ann", "How many?", EVERYWHERE, conversation=old.conversation, replaces=1)
    assert (old.conversation, old.number) == (new.conversation, new.number)
    assert not store.finish(old, answered("How many?", DRESS))
    assert not store.fail(old, "The model failed.")
    assert not store.suggest(old, ["Who?"])
    (one,) = store.exchanges("ann", new.conversation)
    assert (one.answer, one.error, one.next) == (None, None, None)
    assert held_documents(store) == set()
    assert store.finish(new, answered("How many?", LEAVE))


def test_an_answer_that_comes_after_its_conversation_is_gone_is_not_kept(store):
    begun = store.begin("ann", "How many?", EVERYWHERE)
    store.delete("ann", begun.conversation)
    assert not store.finish(begun, answered("How many?", LEAVE))
    assert held_documents(store) == set()


def test_the_title_follows_an_edited_first_question_unless_somebody_gave_one(store):
    one, two = (store.begin("ann", "How manny?", EVERYWHERE) for _ in range(2))
    store.rename("ann", two.conversation, "Leave")
    for each in (one, two):
        store.begin("ann", "How many?", EVERYWHERE, conversation=each.conversation, replaces=1)
    assert store.conversation("ann", one.conversation).title == "How many?"
    assert store.conversation("ann", two.conversation).title == "Leave"
    assert store.conversations("ann", "manny") == ()


@pytest.mark.parametrize("number", [-1, 0, 3, 10**30])
def test_a_question_that_is_not_there_cannot_be_replaced(store, number):
    first = ask(store, "ann", "One?", LEAVE)
    store.begin("ann", "Two?", EVERYWHERE, conversation=first.conversation)
    before = store.exchanges("ann", first.conversation)
    with pytest.raises(UserError, match="has no question"):
        store.begin("ann", "More?", EVERYWHERE, conversation=first.conversation, replaces=number)
    with pytest.raises(UserError, match="has no question"):
        store.begin("ann", "More?", EVERYWHERE, replaces=number)
    assert store.exchanges("ann", first.conversation) == before
    assert len(store.conversations("ann")) == 1


CALLS = {
    "begin": lambda store, user, id: store.begin(user, "More?", EVERYWHERE, conversation=id),
    "replace": lambda store, user, id: store.begin(user, "More?", EVERYWHERE, conversation=id, replaces=1),
    "conversation": lambda store, user, id: store.conversation(user, id),
    "exchanges": lambda store, user, id: store.exchanges(user, id),
    "rename": lambda store, user, id: store.rename(user, id, "Mine"),
    "delete": lambda store, user, id: store.delete(user, id),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_another_user_sees_and_changes_nothing_and_does_not_even_learn_that_it_is_there(store, call):
    hers = ask(store, "ann", "How many?", LEAVE)
    before = store.conversations("ann"), store.exchanges("ann", hers.conversation)
    sentences = set()
    for user, id in (("bob", hers.conversation), ("Ann", hers.conversation), ("ann", "0" * 32), ("ann", "\ud800\0")):
        with pytest.raises(UserError) as told:
            call(store, user, id)
        sentences.add(str(told.value))
    assert len(sentences) == 1
    assert (store.conversations("ann"), store.exchanges("ann", hers.conversation)) == before


def test_another_user_lists_finds_and_forgets_only_what_is_theirs(store):
    hers = ask(store, "ann", "How many?", LEAVE)
    assert store.conversations("bob") == store.conversations("bob", "many") == ()
    assert store.forget("bob") == 0
    assert len(store.exchanges("ann", hers.conversation)) == 1


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("київ", True),
        ("КИЇВ", True),
        ("КИ\u0406\u0308В", True),
        ("київ ї", True),
        ("киів", False),
        ("strasse", True),
        ("STRASSE", True),
        ("Straße ΟΔΌΣ", True),
        ("οδός", True),
        ("garten titel", True),
        ("garten nirgends", False),
        ("100%", True),
        ("100_", False),
        ("1%", False),
        ('"', False),
        ("OR", False),
        ("titel OR nirgends", False),
        ("tit*", False),
        ("a'; DROP TABLE", False),
        ("  ", True),
        ("\ud800", False),
        ("\0titel", True),
    ],
)
def test_a_search_finds_literal_words_in_whatever_case(store, search, found):
    begun = ask(
        store, "ann", "Яка площа КИЇВА?", LEAVE, text="In der STRASSE, ὁδὸς ΟΔΌΣ, steht zu 100% ein Garten [1]."
    )
    ask(store, "ann", "Zebra?", DRESS, text="Zebra.")
    store.rename("ann", begun.conversation, "Mein Titel")
    ids = {one.id for one in store.conversations("ann", search)}
    assert (begun.conversation in ids) == found


def test_a_search_that_is_too_long_is_one_sentence(store):
    with pytest.raises(UserError, match="at most 200 characters"):
        store.conversations("ann", "x" * 201)


def test_deleting_removes_the_documents_that_nothing_shows_any_more(store):
    one = ask(store, "ann", "How many?", LEAVE, DRESS)
    two = ask(store, "bob", "How many?", LEAVE)
    store.delete("ann", one.conversation)
    assert store.conversations("ann") == ()
    assert held_documents(store) == {LEAVE.hash}
    (left,) = store.exchanges("bob", two.conversation)
    assert left.answer.citations[0].document == LEAVE


def test_forgetting_a_user_removes_all_that_is_theirs_and_leaves_no_character_in_the_file(store):
    secret = replace(DRESS, text="Xylophon.")
    for number in range(3):
        ask(store, "ann", f"Where is the Quokka {number}?", secret)
    ask(store, "bob", "How many?", LEAVE)
    assert store.forget("ann") == 3
    assert store.conversations("ann") == ()
    assert len(store.conversations("bob")) == 1
    assert held_documents(store) == {LEAVE.hash}
    written = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert [word for word in (b"Xylophon", b"Quokka", b"quokka", b'"ann"') if word in written] == []


def test_conversations_in_which_nothing_was_written_since_then_expire_with_what_only_they_cite(store):
    secret = replace(DRESS, text="Xylophon.")
    ask(store, "ann", "Where is the Quokka?", secret, LEAVE)
    old = ask(store, "bob", "And the Numbat?", secret)
    going_on = ask(store, "bob", "How many?", LEAVE)
    moment = datetime.datetime.now(datetime.UTC)
    ask(store, "bob", "And now?", DRESS, conversation=going_on.conversation)
    assert store.expire(moment - datetime.timedelta(days=1)) == 0
    elsewhere = datetime.timezone(datetime.timedelta(hours=-9))
    assert store.expire(moment.astimezone(elsewhere)) == 2
    assert store.expire(moment) == 0
    assert store.conversations("ann") == ()
    assert [one.id for one in store.conversations("bob")] == [going_on.conversation]
    assert len(store.exchanges("bob", going_on.conversation)) == 2
    assert held_documents(store) == {LEAVE.hash, DRESS.hash}
    assert not store.finish(old, answered("And the Numbat?", secret))
    written = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert [word for word in (b"Xylophon", b"Quokka", b"Numbat", b'"ann"') if word in written] == []


def test_a_conversation_that_was_written_in_at_that_very_moment_stays(store):
    begun = store.begin("ann", "How many?", EVERYWHERE)
    updated = store.conversation("ann", begun.conversation).updated
    assert store.expire(updated) == 0
    assert store.expire(updated + datetime.timedelta(microseconds=1)) == 1


def test_a_moment_without_a_time_zone_expires_nothing(store):
    ask(store, "ann", "How many?", LEAVE)
    with pytest.raises(ValueError, match="without its time zone"):
        store.expire(datetime.datetime(2999, 1, 1))
    assert len(store.conversations("ann")) == 1


def test_a_flood_ends_in_a_sentence_and_changes_nothing(store, monkeypatch):
    monkeypatch.setattr(history, "MOST", 1)
    monkeypatch.setattr(history, "MOST_EXCHANGES", 2)
    begun = store.begin("ann", "How many?", EVERYWHERE)
    with pytest.raises(UserError, match="1 conversations of yours are kept"):
        store.begin("ann", "And?", EVERYWHERE)
    store.begin("bob", "How many?", EVERYWHERE)
    store.begin("ann", "And?", EVERYWHERE, conversation=begun.conversation)
    with pytest.raises(UserError, match="has 2 questions"):
        store.begin("ann", "And?", EVERYWHERE, conversation=begun.conversation)
    with pytest.raises(UserError, match="at most 20,000 fit"):
        store.begin("ann", "x" * 20_001, EVERYWHERE, conversation=begun.conversation)
    assert store.begin("ann", "Or?", EVERYWHERE, conversation=begun.conversation, replaces=2).number == 2


def test_threads_that_ask_at_once_lose_nothing_and_share_no_number(tmp_path):
    first = History(tmp_path).begin("ann", "One?", EVERYWHERE)

    def go_on(mine):
        for number in range(8):
            begun = ask(History(tmp_path), "ann", f"{mine} {number}?", LEAVE, conversation=first.conversation)
            begun_by[mine].append(begun.number)

    begun_by = {"a": [], "b": []}
    threads = [threading.Thread(target=go_on, args=(mine,)) for mine in begun_by]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun_by["a"] + begun_by["b"]) == list(range(2, 18))
    kept = History(tmp_path).exchanges("ann", first.conversation)
    assert {one.number: one.question.split()[0] for one in kept[1:]} == {
        number: mine for mine, numbers in begun_by.items() for number in numbers
    }
    assert all(one.answer for one in kept[1:])


def test_a_damaged_file_is_one_sentence_or_the_very_characters_that_were_cited(tmp_path):
    store = History(tmp_path)
    begun = ask(store, "ann", "How many?", replace(LEAVE, text=LEAVE.text * 400), DRESS)
    quotes = [one.quote for one in shown(store.exchanges("ann", begun.conversation)[0].answer)]
    whole = store.path.read_bytes()
    told = set()
    for page in range(0, len(whole), 4096):
        for junk in (b"\xff" * 4096, b"junk" * 1024, bytes(4096)):
            store.path.write_bytes(whole[:page] + junk + whole[page + 4096 :])
            for call in (*CALLS.values(), lambda store, user, _: store.conversations(user, "many")):
                try:
                    call(store, "ann", begun.conversation)
                    kept = store.exchanges("ann", begun.conversation)
                    assert [one.quote for each in kept if each.answer for one in shown(each.answer)] in (quotes, [])
                except UserError as error:
                    told.add(str(error))
    assert told
    assert [sentence for sentence in told if "\n" in sentence] == []
