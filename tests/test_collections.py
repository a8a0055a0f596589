"""Collections: how their file is read, who may read and write what, and that nothing unreadable reaches anybody."""

import datetime
import functools
import json
import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import Everything, Marking, Shelf
from stand_ins import WordEmbedder

from assistant import examples as made_examples
from assistant import suggestions as made_suggestions
from assistant.access import LOCAL, SCOPES, Person
from assistant.check import check_text
from assistant.contract import answer_json, filters_json, read_answer
from assistant.history import History
from assistant.holdings import Collections
from assistant.pipeline import Assistant
from assistant.reading import recalled
from assistant.settings import Settings
from assistant.types import Citation, Dispute, Draft, Ended, Turn, Usage
from vectorstore.errors import UserError
from vectorstore.library import Library
from vectorstore.retrieve import Retriever
from vectorstore.sync import sync
from vectorstore.types import Document, Filters, Readable, Span
from vectorstore.writer import writing

FILE = """
newsroom:
  documents: ["news/*", "wire/*"]
  read: [everybody]
  write: [editors]
personnel:
  documents: ["hr/*", "news/staff-*"]
  read: [hr, board]
  write: [hr]
closed:
  documents: ["board/*"]
"""
suggestions = functools.partial(made_suggestions.suggestions, patience=math.inf)
examples = functools.partial(made_examples.examples, patience=math.inf)


def person(*groups, scopes=("ask", "read", "write")):
    return Person("user:anna", frozenset(scopes), frozenset(groups))


def collections(tmp_path, text=FILE, uploads="uploads"):
    path = tmp_path / "collections.yaml"
    path.write_text(text, encoding="utf-8")
    return Collections.read(Settings(_env_file=None, library=tmp_path / ".footnote", uploads=uploads, collections=path))


@pytest.fixture
def team(tmp_path):
    return collections(tmp_path)


# Who reads what

SOURCES = (
    "news/rain.md",
    "news/deep/er.md",
    "news/staff-party.md",
    "wire/1.md",
    "hr/pay.md",
    "board/plan.md",
    "other/x.md",
    "uploads/x.md",
    "uploads/newsroom/x.md",
    "uploads/personnel/deep/x.md",
    "uploads/closed/x.md",
    "uploads/newsroom.md",
)


def read_by(team, who):
    readable = team.readable(who)
    return {source for source in SOURCES if readable is None or readable.holds(source)}


@pytest.mark.parametrize(
    ("groups", "readable"),
    [
        ((), {"news/rain.md", "news/deep/er.md", "wire/1.md", "uploads/newsroom/x.md"}),
        (("editors",), {"news/rain.md", "news/deep/er.md", "wire/1.md", "uploads/newsroom/x.md"}),
        (
            ("board",),
            {
                *("news/rain.md", "news/deep/er.md", "wire/1.md", "uploads/newsroom/x.md"),
                *("news/staff-party.md", "hr/pay.md", "uploads/personnel/deep/x.md"),
            },
        ),
    ],
)
def test_a_document_is_read_by_those_who_may_read_all_collections_that_hold_it(team, groups, readable):
    assert read_by(team, person(*groups)) == readable


def test_admins_read_everything_and_alone_what_no_collection_holds_or_nobody_reads(team):
    admin = person(scopes=("admin",))
    for everything in (admin, LOCAL):
        assert team.readable(everything) is None
    everybody_else = read_by(team, person("editors", "hr", "board"))
    assert set(SOURCES) - everybody_else == {
        "board/plan.md", "other/x.md", "uploads/x.md", "uploads/closed/x.md", "uploads/newsroom.md",
    }  # fmt: skip


def test_without_a_file_everybody_reads_everything_and_writes_with_the_scope_alone(tmp_path):
    nothing = Collections.read(Settings(_env_file=None, library=tmp_path / ".footnote"))
    assert nothing.readable(person()) is None
    assert nothing.may_write(person(), None)
    assert not nothing.may_write(person(scopes=("ask", "read")), None)
    assert not nothing.may_write(LOCAL, "newsroom")
    assert (nothing.names(LOCAL), nothing.of("uploads/newsroom/x.md")) == ((), None)


@pytest.mark.parametrize("scope", SCOPES)
def test_only_the_scope_admin_opens_what_a_group_does_not(team, scope):
    assert (team.readable(person(scopes=(scope,))) is None) == (scope == "admin")
    assert team.may_write(person(scopes=(scope,)), "personnel") == (scope == "admin")


# Who writes what


@pytest.mark.parametrize(
    ("who", "names"),
    [
        (person(), ()),
        (person("editors"), ("newsroom",)),
        (person("hr", "editors"), ("newsroom", "personnel")),
        (person("board"), ()),
        (person("editors", scopes=("ask", "read")), ()),
        (person(scopes=("admin",)), ("newsroom", "personnel", "closed")),
    ],
)
def test_one_hands_in_to_collections_whose_groups_write_and_only_with_the_scope(team, who, names):
    assert team.names(who) == names
    for name in ("newsroom", "personnel", "closed", "nothing"):
        assert team.may_write(who, name) == (name in names)


def test_what_belongs_to_no_collection_is_for_admins_to_write(team):
    assert not team.may_write(person("editors", "hr"), None)
    assert team.may_write(LOCAL, None)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("uploads/newsroom/x.md", "newsroom"),
        ("uploads/personnel/deep/x.md", "personnel"),
        ("uploads/x.md", None),
        ("uploads/newsroom", None),
        ("uploads/nothing/x.md", None),
        ("newsroom/x.md", None),
        ("newsroom/newsroom/x.md", None),
        ("news/x.md", None),
    ],
)
def test_a_source_tells_to_which_collection_a_document_was_handed_in(team, source, name):
    assert team.of(source) == name


def test_the_folder_of_uploads_goes_by_its_real_name_and_stands_for_itself_in_a_pattern(tmp_path):
    (tmp_path / "box [a]*").mkdir()
    (tmp_path / "uploads").symlink_to("box [a]*")
    team = collections(tmp_path)
    assert team.of("box [a]*/newsroom/x.md") == "newsroom"
    assert team.readable(person()).holds("box [a]*/newsroom/x.md")
    assert not team.readable(person()).holds("box a/newsroom/x.md")
    assert not team.readable(person()).holds("uploads/newsroom/x.md")


def test_without_uploads_a_collection_holds_its_documents_only(tmp_path):
    team = collections(tmp_path, uploads=None)
    assert team.readable(person()).within == ("news/*", "wire/*")
    assert team.of("uploads/newsroom/x.md") is None


# The file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "collections.yaml holds no collections; write the name of each"),
        ("[a, b]", "holds no collections"),
        ("newsroom: [", "collections.yaml, line 1 is not YAML"),
        ("a:\n  read: *everybody", "line 2 is not YAML"),
        ("a:\n  read: [x]\na:\n  read: [y]", "line 3 is not YAML: “a” stands twice"),
        ("a:\n  read: [x]\n  read: [y]", "line 3 is not YAML: “read” stands twice"),
        ("a: 2025-13-01", "not YAML in UTF-8"),
        ("a: \x00", "not YAML in UTF-8"),
        ("[" * 5000, "not YAML in UTF-8"),
        ("Newsroom:\n  read: [x]", "“Newsroom” cannot be the name of a collection; use at most 50 of a–z"),
        ("../etc:\n  read: [x]", "“../etc” cannot be the name"),
        ('"a\\nb":\n  read: [x]', "cannot be the name"),
        ('"a\\n":\n  read: [x]', "cannot be the name"),
        ("-a:\n  read: [x]", "cannot be the name"),
        (f"{'a' * 51}:\n  read: [x]", "cannot be the name"),
        ("no:\n  read: [x]", "cannot be the name"),
        ("2025:\n  read: [x]", "cannot be the name"),
        ("a: everybody", "“a” is no collection; write its documents, read and write under its name"),
        ("a:", "“a” is no collection"),
        ("a:\n  raed: [x]", "“a”, raed is not known; a collection has documents, read and write"),
        ("a:\n  documents: news/*", '“a”, documents is not a list of patterns; write it like ["news/*", "wire/*"]'),
        ("a:\n  documents: []", "“a”, documents is not a list of patterns"),
        ("a:\n  documents: ['news/*', ' ']", "“a”, documents[1] is not a list of patterns"),
        ("a:\n  read: everybody", '“a”, read is not a list of groups; write it like ["editors"]'),
        ("a:\n  read: [x, '']", "“a”, read[1] is not a list of groups"),
        ("a:\n  read: []", "“a”, read is not a list of groups; write it like"),
        ("a:\n  write:", "“a”, write is not a list of groups"),
        ("a:\n  write: [yes]", "“a”, write[0] is not a list of groups"),
        ("a:\n  write: {x: y}", "“a”, write is not a list of groups"),
    ],
)
def test_a_mistake_in_the_file_is_a_sentence_with_its_place_and_what_to_do(tmp_path, text, told):
    with pytest.raises(UserError) as raised:
        collections(tmp_path, text)
    assert told in str(raised.value)
    assert str(tmp_path / "collections.yaml") in str(raised.value)
    assert "\n" not in str(raised.value).strip() or "not YAML" in str(raised.value)


def test_a_file_that_is_not_there_is_a_mistake_and_not_a_library_open_to_all(tmp_path):
    settings = Settings(_env_file=None, library=tmp_path, collections=tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read"):
        Collections.read(settings)


# What a pattern means

NASTY = (
    *("a", "A", "b", "ab", "aB/c", "a/b", "a/b/c.md", "[a]", "[", "]", "^", "!", "!a", "-", "a-b", "*", "?", "a*b"),
    *(
        "é",
        "e\u0301",
        "İ",
        "i",
        "ß",
        "SS",
        "👩‍👩‍👧",
        "a b",
        " a",
        "a\nb",
        "%",
        "a_b",
        "\\",
        "a\\b",
        "'; DROP",
        "news/ü.md",
    ),
)
PATTERNS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.sampled_from("abcA*?[]^!-/\\ é👩"), max_size=6),
    st.text(max_size=3),
)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    """A library with a document for each nasty source."""
    library = Library.create(tmp_path_factory.mktemp("nasty") / "library")
    with writing(library) as writer:
        for source in NASTY:
            document = Document(source, "Title", "A text.")
            writer.put(document, path=source.encode(), file_hash=b"", sentences=(), passages=())
    return library


@given(st.lists(PATTERNS, max_size=3).map(tuple), st.lists(PATTERNS, max_size=3).map(tuple))
@example(("*",), ("[^a]",))
@example(("*",), ("[!a]",))
@example(("[]a]", "[^]]"), ())
@example(("[a-", "[", "a["), ("[]",))
@example(("*",) * 2000, ())
def test_holds_says_of_each_document_what_a_search_says(nasty, within, without):
    readable = Readable(within, without)
    found = [document.source for document in nasty.documents(Filters(readable=readable))]
    assert found == sorted(filter(readable.holds, NASTY), key=str.encode)


@pytest.mark.parametrize(
    ("pattern", "source", "fits"),
    [
        ("news/*", "news/deep/er.md", True),
        ("news/*", "news/", True),
        ("news/*", "News/a.md", False),
        ("news/*", "other/news/a.md", False),
        ("news/?.md", "news/ab.md", False),
        ("news/[ab].md", "news/b.md", True),
        ("news/[^ab].md", "news/b.md", False),
        ("news/[!ab].md", "news/b.md", True),  # "!" is a character like others here
        ("news/[ab.md", "news/[ab.md", False),
        ("news/[[]ab.md", "news/[ab.md", True),
        ("É*", "é.md", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_a_pattern_is_a_glob_of_sqlite(pattern, source, fits):
    assert Readable((pattern,)).holds(source) is fits
    assert Readable(("*",), (pattern,)).holds(source) is not fits


def test_a_right_counts_as_a_filter_even_when_it_lets_nothing_through():
    assert Filters(readable=Readable(()))
    assert not Readable(()).holds("a")


# Everything that a library says

TEXTS = {
    "news/rain.md": ("Rain", "Lund Post", "2025-01-02", "It rained in Lund for nine days. The dam held."),
    "news/staff-party.md": ("Party", "Lund Post", "2025-05-05", "The staff of Lund danced in the rain for nine days."),
    "hr/pay.md": ("Pay", "Personnel", "2025-03-04", "Anna Berg earns a secret sum. It rained in Lund for nine days."),
    "hr/plan.md": ("Plan", "Personnel", "2024-01-01", "The dam in Lund will be sold. Nobody knows of the rain."),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A library of four documents on disk, with its vector index, and a search."""
    place = tmp_path_factory.mktemp("real")
    for source, (title, outlet, day, text) in TEXTS.items():
        path = place / source
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\ntitle: {title}\noutlet: {outlet}\ndate: {day}\n---\n{text}", encoding="utf-8")
    library = Library.create(place / "library")
    sync([place / "news", place / "hr"], library, WordEmbedder(), passage_tokens=40)
    return library, Retriever(library, WordEmbedder())


RIGHTS = [
    (Readable(("news/*",)), {"news/rain.md", "news/staff-party.md"}),
    (Readable(("news/*",), ("news/staff-*",)), {"news/rain.md"}),
    (Readable(("*",), ("hr/*",)), {"news/rain.md", "news/staff-party.md"}),
    (Readable(("hr/pa*",)), {"hr/pay.md"}),
    (Readable(()), set()),
    (Readable(("HR/*",)), set()),
    (None, set(TEXTS)),
]


@pytest.mark.parametrize(("readable", "expected"), RIGHTS)
def test_whatever_a_library_is_asked_it_tells_of_readable_documents_only(real, readable, expected):
    library, retriever = real
    filters = Filters(readable=readable)
    assert {document.source for document in library.documents(filters)} == expected
    for query in ("rain in Lund", "Anna Berg", "secret sum dam staff", "qqq"):
        assert {hit.document.source for hit in retriever.search(query, k=20, filters=filters)} == expected
    assert {brief.source for brief in library.briefs("", limit=9, filters=filters)} == expected
    assert [brief.title for brief in library.briefs("pay", limit=9, filters=filters)] == (
        ["Pay"] if "hr/pay.md" in expected else []
    )
    outlets = tuple(sorted({TEXTS[source][1] for source in expected}))
    assert library.outlets(filters) == outlets
    found = library.overview(filters)
    days = sorted(datetime.date.fromisoformat(TEXTS[source][2]) for source in expected)
    assert (found.documents, found.passages, found.undated) == (len(expected), len(expected), 0)
    assert (found.oldest, found.newest, found.outlets) == (*((days[0], days[-1]) if days else (None, None)), outlets)


def test_a_right_and_a_wish_must_both_hold(real):
    library, retriever = real
    filters = Filters(outlets=("Lund Post",), documents=("hr/pay.md", "news/rain.md"), readable=Readable(("*",)))
    for wished in (filters, replace(filters, readable=Readable(("news/*",)))):
        assert [hit.document.source for hit in retriever.search("rain", filters=wished)] == ["news/rain.md"]
        assert [brief.source for brief in library.briefs("", limit=9, filters=wished)] == ["news/rain.md"]
        assert library.overview(wished).documents == 1
    assert retriever.search("rain", filters=replace(filters, readable=Readable(("hr/*",)))) == ()


def test_a_document_in_brief_has_the_id_of_the_document(real):
    library, _ = real
    assert {brief.id: brief.source for brief in library.briefs("", limit=9)} == {
        document.id: document.source for document in library.documents()
    }


# Everything that is made of a library

OPEN = Document(
    "news/open.md",
    "Open",
    "Anna Berg said that Lisbon would build an airport. “Lisbon needs it,” Anna Berg said. "
    "Piet Jansen said that Lisbon could wait. Porto has no harbour.",
)
SECRET = Document(
    "hr/secret.md",
    "Secret",
    "Maria Lund said that Lisbon would never build an airport. “Lisbon is bankrupt,” Maria Lund said. "
    "Maria Lund said that Porto was next. Lisbon is a city.",
)
RIGHT = Readable(("news/*",))
MINE = Filters(readable=RIGHT)


class Quoting:
    """An answerer that quotes the sentences of whom the question names, else all; it remembers what it was asked."""

    kind = "extractive"
    model = prompt = None

    async def answer(self, request, evidence):
        self.request = request
        topic = request.query.rstrip("?.").split()[-1]
        named = [one for one in evidence if one.speaker and one.speaker in request.query and topic in one.text]
        for number, one in enumerate(named or evidence):
            yield Draft(one.text, (one,), " " if number else "")
        yield Ended() if evidence else Ended("abstained", "No sentence answers this.")


class Disputing:
    """A comparer that finds that all documents say something else."""

    def compare(self, cited, found):
        others = [one for one in found if one not in cited]
        about = " against ".join(one.text for one in (*cited, *found))
        return [Dispute((*cited, *others), about, tuple(Draft(one.text, (one,), " ") for one in others))]


class Repeating:
    """A rewriter that repeats all that it was shown."""

    async def rewrite(self, question, history, by_rule):
        return " ".join(turn.content for turn in history) + " " + question, Usage()


def assistant_of(*documents):
    shelf = Shelf(documents or (OPEN, SECRET))
    return Assistant(
        shelf,
        Everything(shelf),
        answerer=Quoting(),
        verifier=Marking(),
        comparer=Disputing(),
        longest_question=10_000,
    )


def shown(answer):
    """Return all that a reader of an answer can see, as one text."""
    return json.dumps(answer_json(answer), ensure_ascii=False)


def is_hidden(text):
    return not any(word in text for word in ("Maria", "Lund", "bankrupt", "Secret", "hr/secret.md", "never"))


def test_what_is_unreadable_is_no_part_of_an_answer_its_nearest_passages_or_its_disagreements():
    assistant = assistant_of()
    before = assistant.ask("What happened?")
    answer = assistant.ask("What happened?", filters=MINE)
    assert not is_hidden(shown(before))
    assert before.disagreements
    assert is_hidden(shown(answer))
    assert answer.disagreements
    assert {one.document for one in (*answer.citations, *answer.searched.nearest)} == {OPEN}
    nothing = assistant.ask("What happened?", filters=Filters(readable=Readable(())))
    assert (nothing.state, nothing.searched.nearest, nothing.citations) == ("abstained", (), ())


def talk_about(*documents):
    """Return a conversation whose last answer quotes each sentence of these documents."""
    answer = assistant_of(*documents).ask("What happened?")
    return answer, (Turn("user", "What happened?"), Turn("assistant", answer.text, answer.citations))


def test_what_the_last_answer_cited_is_not_read_again_once_it_is_unreadable():
    _, history = talk_about(OPEN, SECRET)
    assistant = assistant_of()
    assistant.retriever.search = lambda *_, **__: ()
    answer = assistant.ask("Summarise that.", history, MINE)
    assert {one.document for one in answer.citations} == {OPEN}
    assert is_hidden(shown(answer))
    assert not is_hidden(shown(assistant.ask("Summarise that.", history)))
    _, history = talk_about(SECRET)
    assert assistant.ask("Summarise that.", history, MINE).citations == ()


@pytest.mark.parametrize("question", ["Summarise that.", "And what did she say about Porto?", "Why?", "Who else?"])
@pytest.mark.parametrize("documents", [(OPEN, SECRET), (SECRET, OPEN), (SECRET,)])
def test_neither_the_query_nor_a_model_is_told_what_an_earlier_answer_said_of_it(question, documents):
    _, history = talk_about(*documents)
    assistant = assistant_of()
    for rewriter in (None, Repeating()):
        assistant.rewriter = rewriter
        answer = assistant.ask(question, history, MINE)
        assert is_hidden(shown(answer))
        request = assistant.answerer.request
        assert is_hidden(str([(turn.content, [one.quote for one in turn.citations]) for turn in request.history]))
        assert not is_hidden(shown(assistant.ask(question, history)))


def test_a_footnote_that_may_not_be_read_any_more_still_keeps_its_number_to_itself():
    answer, history = talk_about(SECRET)
    again = assistant_of().ask("What happened?", history, MINE)
    assert min(one.number for one in again.citations) > max(one.number for one in answer.citations)


def test_of_a_conversation_one_recalls_all_that_is_readable_and_the_questions_as_they_were():
    _, history = talk_about(OPEN, SECRET)
    assert recalled(history, None) == history
    assert recalled(history, Readable(("*",))) == history
    question, answer = recalled(history, RIGHT)
    assert question == history[0]
    assert answer.content == " ".join(one.quote for one in answer.citations)
    assert {one.document for one in answer.citations} == {OPEN}
    assert recalled(history, Readable(())) == history[:1]
    uncited = (*history, Turn("user", "Maria Lund?"), Turn("assistant", "The documents do not say."))
    assert recalled(uncited, Readable(()))[1:] == uncited[2:]
    carried = Turn("user", "Why?", (Citation(1, SECRET, Span(0, 5)), Citation(2, OPEN, Span(0, 4))))
    assert recalled((carried,), RIGHT) == (Turn("user", "Why?", carried.citations[1:]),)


def quoting_assistant(*documents):
    assistant = assistant_of(*documents)
    assistant.comparer = None
    return assistant


def test_no_question_is_suggested_from_what_is_unreadable():
    assistant = quoting_assistant()
    for question in ("What did Piet Jansen say about Lisbon?", "What happened?"):
        answer = replace(assistant.ask(question), citations=())
        # By what an answer cites, and by what came nearest.
        for old in (answer, replace(answer, citations=answer.searched.nearest)):
            assert "Maria Lund" in " ".join(suggestions(assistant, old, [question], readable=None))
            found = suggestions(assistant, old, [question], readable=RIGHT)
            assert found
            assert is_hidden(" ".join(found))
            assert suggestions(assistant, old, [question], readable=Readable(())) == ()


def test_a_question_is_kept_only_if_readable_documents_answer_it():
    assistant = quoting_assistant()
    answer = assistant.ask("What did Piet Jansen say about Lisbon?")
    assistant.retriever.search = functools.partial(_noted, assistant.retriever.search, asked := [])
    for make in (
        functools.partial(suggestions, assistant, answer, [], readable=RIGHT),
        functools.partial(examples, assistant, filters=MINE),
    ):
        asked.clear()
        assert make()
        assert {filters.readable for filters in asked} == {RIGHT}


def test_where_nobody_tries_them_questions_are_made_from_readable_documents_all_the_same():
    assistant = quoting_assistant()
    answer = replace(assistant.ask("What happened?"), citations=())
    assistant.answerer.kind = "model"  # and no fallback
    for make in (
        lambda readable: suggestions(assistant, answer, [], readable=readable),
        lambda readable: examples(assistant, filters=Filters(readable=readable)),
    ):
        assert "Maria Lund" in " ".join(make(None))
        assert make(RIGHT)
        assert is_hidden(" ".join(make(RIGHT)))


def _noted(search, asked, query, *, k, filters):
    asked.append(filters)
    return search(query, k=k, filters=filters)


def test_suggestions_are_made_under_the_wishes_of_the_answer_too():
    assistant = quoting_assistant(replace(OPEN, outlet="The Wire"), SECRET)
    answer = replace(assistant.ask("What happened?"), citations=())
    for filters in (Filters(outlets=("the wire",)), Filters(documents=(OPEN.id,)), Filters(documents=(OPEN.source,))):
        narrowed = replace(answer, searched=replace(answer.searched, filters=filters))
        found = " ".join(suggestions(assistant, narrowed, [], readable=None))
        assert is_hidden(found)
        assert "Anna Berg" in found


def test_examples_are_made_from_readable_documents_only():
    assistant = quoting_assistant()
    assert not is_hidden(" ".join(examples(assistant)))
    found = examples(assistant, filters=MINE)
    assert found
    assert is_hidden(" ".join(found))
    assert examples(assistant, filters=Filters(readable=Readable(()))) == ()


def test_a_text_is_checked_against_readable_documents_only():
    assistant = assistant_of()
    (checked,) = check_text("Lisbon is bankrupt.", assistant, MINE)
    assert {one.document for one in checked.citations} == {OPEN}
    (nothing,) = check_text("Lisbon is bankrupt.", assistant, Filters(readable=Readable(())))
    assert nothing.citations == ()


QUESTIONS = ("What did Russia say about NATO troops?", "Where did Trump and Putin meet?")


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_real_assistant_says_nothing_from_what_is_unreadable(sample_assistant, question):
    first = sample_assistant.ask(question)
    hidden = first.citations[0].document
    readable = Readable(("*",), (hidden.source,))
    history = (Turn("user", question), Turn("assistant", first.text, first.citations))
    answers = [
        sample_assistant.ask(question, filters=Filters(readable=readable)),
        sample_assistant.ask("Summarise that.", history, Filters(readable=readable)),
        *(
            sample_assistant.ask(suggested, filters=Filters(readable=readable))
            for suggested in suggestions(sample_assistant, first, [question], readable=readable)
        ),
    ]
    for answer in answers:
        assert hidden not in {one.document for one in (*answer.citations, *answer.searched.nearest)}
        assert not any(citation.quote in shown(answer) for citation in first.citations if citation.document == hidden)


# What is seen and kept of a right


def test_a_right_is_shown_to_nobody_and_kept_nowhere(tmp_path):
    filters = Filters(outlets=("The Wire",), readable=RIGHT)
    assert filters_json(filters) == {"outlets": ["The Wire"]}
    assert filters_json(MINE) == {}
    answer = assistant_of().ask("What happened?", filters=filters)
    assert answer.searched.filters == Filters(outlets=("The Wire",))
    assert read_answer(answer_json(answer), {OPEN.hash: OPEN}) == answer
    history = History(tmp_path)
    begun = history.begin("local", "What happened?", filters)
    history.finish(begun, answer)
    (kept,) = history.exchanges("local", begun.conversation)
    assert kept.filters == kept.answer.searched.filters == Filters(outlets=("The Wire",))
