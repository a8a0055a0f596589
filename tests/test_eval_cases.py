"""A suite is loaded whole or refused with one sentence, and our own suite is sound before anything is asked."""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.types import Turn
from evals.cases import load_suite
from vectorstore.errors import UserError
from vectorstore.loaders import load
from vectorstore.types import Span

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SEEDS = 15
NOTE = "---\ntitle: A note\n---\n\nThe *ferry* costs “£4” 🙂 today.\n"
TEXT = "The ferry costs “£4” 🙂 today."
CATEGORIES = {
    "fact_single",
    "numeric",
    "quote",
    "who_said",
    "list",
    "multi_source",
    "compare_sources",
    "follow_up",
    "false_premise",
    "misattribution",
    "unanswerable",
    "unsupported_claim",
    "injection",
}


@pytest.fixture(scope="module")
def articles():
    return load_suite(ROOT / "evals" / "suites" / "articles.jsonl")


@pytest.fixture
def documents(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "note.md").write_text(NOTE, "utf-8")
    return folder


def case(**changes):
    """A case on the note that has every kind of part; a change to None takes the field out."""
    written = {
        "id": "c1",
        "category": "fact_single",
        "question": "What does the ferry cost?",
        "expected_behavior": "answer",
        "key_facts": [{"id": "f1", "fact": "£4", "any_of": ["£ ?4"], "support": ["q1"], "required": True}],
        "gold_quotes": [{"id": "q1", "doc": "note.md", "quote": "“£4” 🙂", "start": 16}],
        "gold_docs": ["note.md"],
        "min_docs_cited": 1,
        "reference_answer": "It costs “£4” [q1].",
        "bad_answers": [{"answer": "It costs £5 [q1].", "error": "number"}],
    }
    return {field: value for field, value in (written | changes).items() if value is not None}


def write(path, *objects):
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects), "utf-8")
    return path


def refusal(path, documents=None):
    with pytest.raises(UserError) as caught:
        load_suite(path, documents)
    return str(caught.value)


def folded(text):
    straight = str.maketrans("“”„‘’–—\u00a0", '"""\'\'-- ')
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).translate(straight)).lower().strip()


def faults(case, answer):
    """The patterns of a case that an answer breaks; what it cites is left to the judge."""
    text = folded(re.sub(r"\[[a-z]*\d+\]", "", answer))
    said = [pattern for pattern in case.forbidden + case.planted if re.search(pattern, text)]
    missing = [f for f in case.facts if f.required and not any(re.search(pattern, text) for pattern in f.any_of)]
    return said + [fact.fact for fact in missing]


# loading


def test_a_case_keeps_all_that_is_written(tmp_path, documents):
    history = [{"role": "user", "content": "Is there a boat?"}, {"role": "assistant", "content": "A ferry."}]
    ours = {"must_pass": True, "standalone": "What does it cost?", "conversation": "boat", "planted": ["pelican"]}
    written = case(history=history, forbidden=["£5"], tags=["number"], notes="n", **ours)
    [read] = load_suite(write(tmp_path / "s.jsonl", written), documents).cases
    assert read.history == (Turn("user", "Is there a boat?"), Turn("assistant", "A ferry."))
    assert (read.id, read.category, read.behaviour) == ("c1", "fact_single", "answer")
    assert (read.facts[0].any_of, read.facts[0].support, read.facts[0].required) == (("£ ?4",), ("q1",), True)
    assert (read.gold[0].document, read.gold[0].span, read.gold[0].kind) == ("note.md", Span(16, 22), "text")
    assert (read.documents, read.min_documents) == (("note.md",), 1)
    assert (read.forbidden, read.planted, read.tags, read.notes) == (("£5",), ("pelican",), ("number",), "n")
    assert (read.wrong[0].error, read.reference) == ("number", "It costs “£4” [q1].")
    assert (read.must_pass, read.standalone, read.conversation) == (True, "What does it cost?", "boat")


def test_offsets_count_code_points_of_the_text_that_is_read_without_front_matter(tmp_path, documents):
    [read] = load_suite(write(tmp_path / "s.jsonl", case()), documents).cases
    assert read.gold[0].span.of(TEXT) == "“£4” 🙂"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(start=st.integers(0, len(TEXT) + 3), length=st.integers(1, len(TEXT)), shift=st.integers(-3, 3))
def test_a_quote_loads_exactly_when_it_stands_at_its_offset(tmp_path, documents, start, length, shift):
    quote = TEXT[start : start + length] or "!"
    at = max(0, start + shift)
    gold = [{"id": "q1", "doc": "note.md", "quote": quote, "start": at}]
    path = write(tmp_path / "s.jsonl", case(gold_quotes=gold))
    if TEXT[at : at + len(quote)] == quote:
        assert load_suite(path, documents).cases[0].gold[0].span == Span(at, at + len(quote))
    else:
        assert f"quote q1 is not at {at} in “note.md”" in refusal(path, documents)


def test_the_header_names_the_suite_and_its_folders_from_the_file_on(tmp_path, documents):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "other.txt").write_text("Other.", "utf-8")
    suite = load_suite(write(tmp_path / "s.jsonl", {"suite": "boats", "documents": ["documents", "more"]}, case()))
    assert (suite.name, suite.documents) == ("boats", (documents, tmp_path / "more"))


def test_documents_given_by_the_caller_take_the_place_of_the_header_s(tmp_path, documents):
    path = write(tmp_path / "s.jsonl", {"documents": "nowhere"}, case())
    suite = load_suite(path, documents)
    assert (suite.name, suite.documents) == ("s", (documents,))


def test_yaml_and_json_lines_say_the_same(tmp_path, documents):
    objects = [{"suite": "boats", "documents": "documents"}, case(), case(id="c2")]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(objects, allow_unicode=True), "utf-8")
    assert load_suite(tmp_path / "s.yaml") == load_suite(write(tmp_path / "s.jsonl", *objects))


def test_a_quote_that_stands_once_needs_no_start(tmp_path, documents):
    gold = [{"id": "q1", "doc": "note.md", "quote": "“£4” 🙂"}]
    [read] = load_suite(write(tmp_path / "s.jsonl", case(gold_quotes=gold)), documents).cases
    assert read.gold[0].span == Span(16, 22)


@pytest.mark.parametrize(
    ("quote", "sentence"),
    [
        ("t", "quote q1 stands more than once in “note.md”; say where it starts, for example 13"),
        ("£5", "quote q1 is not in “note.md”; it stands nowhere"),
    ],
)
def test_a_quote_without_a_start_is_never_guessed(tmp_path, documents, quote, sentence):
    gold = [{"id": "q1", "doc": "note.md", "quote": quote}]
    assert sentence in refusal(write(tmp_path / "s.jsonl", case(gold_quotes=gold)), documents)


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path, documents):
    (tmp_path / "s.jsonl").write_text(f"\ufeff\n{json.dumps(case())}\n\n", "utf-8")
    assert len(load_suite(tmp_path / "s.jsonl", documents).cases) == 1


@pytest.mark.parametrize("name", ["s.jsonl", "s.yaml"])
def test_a_file_without_cases_is_an_empty_suite(tmp_path, documents, name):
    (tmp_path / name).write_text("", "utf-8")
    assert load_suite(tmp_path / name, documents).cases == ()


def test_documents_are_those_of_the_quotes_if_none_are_named(tmp_path, documents):
    [read] = load_suite(write(tmp_path / "s.jsonl", case(gold_docs=None)), documents).cases
    assert read.documents == ("note.md",)


# mistakes

FACT = {"id": "f1", "fact": "£4", "any_of": ["£4"], "support": ["q1"], "required": True}
QUOTE = {"id": "q1", "doc": "note.md", "quote": "ferry", "start": 4}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "red"}, "the field “colour” is not known; correct its name or take it out"),
        ({"key_facts": [FACT | {"requird": True}]}, "the field “key_facts[0].requird” is not known"),
        ({"question": None}, "the field “question” is missing"),
        ({"key_facts": [{"id": "f1", "fact": "£4", "any_of": ["£4"]}]}, "the field “key_facts[0].required” is missing"),
        ({"expected_behavior": "guess"}, "the field “expected_behavior”: input should be 'answer', 'abstain'"),
        ({"min_docs_cited": "1"}, "the field “min_docs_cited”: input should be a valid integer"),
        ({"gold_quotes": [QUOTE | {"start": -1}]}, "the field “gold_quotes[0].start”: input should be greater"),
        ({"history": [{"role": "system", "content": "x"}]}, "the field “history[0].role”: input should be"),
        ({"forbidden": ["(unclosed"]}, "the pattern “(unclosed” does not compile"),
        ({"forbidden": ["x*"]}, "the pattern “x*” matches every text"),
        ({"forbidden": ["Trump said"]}, "the pattern “Trump said” has “T”, but answers are folded to lower case"),
        ({"key_facts": [FACT | {"any_of": ["trump’s"]}]}, "the pattern “trump’s” has “’”"),
        ({"key_facts": [FACT | {"any_of": []}]}, "the field “key_facts[0].any_of”: list should have at least 1 item"),
        ({"key_facts": [FACT | {"support": ["q9"]}]}, "“q9” is cited, but is no id of a gold quote"),
        ({"reference_answer": "It costs £4 [q2]."}, "“q2” is cited, but is no id of a gold quote"),
        ({"bad_answers": [{"answer": "£5 [q3].", "error": "number"}]}, "“q3” is cited, but is no id of a gold quote"),
        ({"key_facts": [FACT, FACT]}, "the id “f1” is used twice in this case"),
        ({"gold_quotes": [QUOTE, QUOTE]}, "the id “q1” is used twice in this case"),
        ({"key_facts": []}, "an answer is expected, but no key fact is required of it"),
        ({"standalone": "What does the ferry cost?"}, "standalone is for a question that has a history"),
        ({"min_docs_cited": 2}, "min_docs_cited is 2, but gold_docs names fewer documents"),
        ({"gold_docs": ["other.md"]}, "a gold quote is from “note.md”, which gold_docs leaves out"),
        ({"gold_docs": ["note.md", "gone.md"]}, "no document is called “gone.md”"),
        ({"gold_quotes": [QUOTE | {"start": 5}]}, "quote q1 is not at 5 in “note.md”; it stands at 4"),
        ({"gold_quotes": [QUOTE | {"quote": "*ferry*"}]}, "quote q1 is not at 4 in “note.md”; it stands nowhere"),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_line(tmp_path, documents, changes, sentence):
    path = write(tmp_path / "s.jsonl", {"documents": "documents"}, case(id="c0"), case(**changes))
    told = refusal(path)
    assert told.startswith(f"s.jsonl, line 3: {sentence}"), told
    assert told.endswith(".")


def test_a_mistake_in_yaml_is_told_with_its_line(tmp_path, documents):
    cases = [yaml.safe_dump([case(id=id, **more)], allow_unicode=True) for id, more in (("c1", {}), ("c2", {"x": 1}))]
    text = "- documents: documents\n\n" + cases[0]
    (tmp_path / "s.yml").write_text(text + cases[1], "utf-8")
    assert refusal(tmp_path / "s.yml").startswith(f"s.yml, line {text.count(chr(10)) + 1}: the field “x” is not known")


def test_an_id_is_used_once(tmp_path, documents):
    assert "line 2: the id “c1” is used twice" in refusal(write(tmp_path / "s.jsonl", case(), case()), documents)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 1: this is no JSON object"),
        ('{"id": "a", "id": "b"}', "line 1: this is no JSON object: a field stands in it twice"),
        ("[1]", "line 1: this line: input should be a valid dictionary"),
    ],
)
def test_a_line_that_is_no_object_is_told(tmp_path, documents, line, sentence):
    (tmp_path / "s.jsonl").write_text(line, "utf-8")
    assert sentence in refusal(tmp_path / "s.jsonl", documents)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a: [", "this is no YAML"),
        ("cases: []", "a suite in YAML is a list"),
        ("- a\n- \x07", "line 2: this is no YAML"),
        ("- !!python/name:os.system x", "no YAML"),
        ("- id: a\n- id: b\n  question: c\n  id: d", "line 4: this is no YAML: “id” stands twice"),
    ],
)
def test_yaml_that_is_no_list_of_cases_is_told(tmp_path, documents, text, sentence):
    (tmp_path / "s.yaml").write_text(text, "utf-8")
    assert sentence in refusal(tmp_path / "s.yaml", documents)


def test_a_suite_without_documents_is_told_to_name_them(tmp_path):
    assert "nothing says where the documents are" in refusal(write(tmp_path / "s.jsonl", case()))


def test_a_folder_that_is_not_there_is_told(tmp_path):
    told = refusal(write(tmp_path / "s.jsonl", {"documents": ["gone", "documents"]}, case()))
    assert f"there is no folder {tmp_path / 'gone'} with documents; the suite asks about gone and documents" in told


def test_a_folder_given_instead_must_hold_all_that_the_suite_asks_about(tmp_path, documents):
    (tmp_path / "more").mkdir()
    path = write(tmp_path / "s.jsonl", {"documents": ["documents", "more"]}, case())
    told = refusal(path, tmp_path / "more")
    assert "no document is called “note.md”; --documents takes the place of documents and more" in told


def test_two_documents_of_one_name_are_told(tmp_path, documents):
    (documents / "deeper").mkdir()
    (documents / "deeper" / "note.md").write_text(NOTE, "utf-8")
    assert "two documents are called “note.md”" in refusal(write(tmp_path / "s.jsonl", case()), documents)


def test_a_document_that_cannot_be_read_is_told(tmp_path, documents):
    (documents / "note.md").write_text("", "utf-8")
    assert "“note.md” cannot be read: the file holds no text" in refusal(write(tmp_path / "s.jsonl", case()), documents)


def test_a_file_that_is_no_suite_is_told(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "gone.jsonl")
    (tmp_path / "s.csv").write_text("a,b", "utf-8")
    assert "belong in a .jsonl, .yaml or .yml file" in refusal(tmp_path / "s.csv")
    (tmp_path / "s.jsonl").write_bytes(b"\xff\xfe\xfd")
    assert "is not in UTF-8" in refusal(tmp_path / "s.jsonl")


# our own suite


def test_our_suite_is_large_enough_and_covers_every_kind(articles):
    counts = Counter(case.category for case in articles.cases)
    assert sum(counts.values()) >= 60
    assert set(counts) == CATEGORIES
    assert {case.behaviour for case in articles.cases} == {
        "answer",
        "abstain",
        "correct_premise",
        "abstain_with_context",
    }


def test_every_quote_of_our_suite_is_its_documents_characters(articles):
    texts = {path.name: load(path, source=path.name).text for folder in articles.documents for path in folder.iterdir()}
    assert all(gold.span.of(texts[gold.document]) == gold.quote for case in articles.cases for gold in case.gold)


def test_every_document_of_our_suite_is_asked_about(articles):
    lying_there = {path.name for folder in articles.documents for path in folder.iterdir()}
    assert {gold.document for case in articles.cases for gold in case.gold} == lying_there


def test_every_reference_says_what_its_case_requires_and_nothing_forbidden(articles):
    assert {case.id: faults(case, case.reference) for case in articles.cases if faults(case, case.reference)} == {}


def test_every_reference_of_an_answer_cites_and_from_enough_documents(articles):
    for case in articles.cases:
        if case.behaviour == "answer":
            documents = {gold.document for gold in case.gold if f"[{gold.id}]" in case.reference}
            assert len(documents) >= case.min_documents >= 1, case.id


def test_every_case_has_a_wrong_answer_and_the_patterns_alone_refuse_most(articles):
    assert all(case.wrong for case in articles.cases)
    refused = [bool(faults(case, wrong.answer)) for case in articles.cases for wrong in case.wrong]
    assert sum(refused) >= 0.85 * len(refused)


def test_a_follow_up_has_a_history_and_the_question_in_full(articles):
    follow_ups = [case for case in articles.cases if case.category == "follow_up"]
    assert all(case.history and case.standalone for case in follow_ups)
    assert max(Counter(case.conversation for case in follow_ups if case.conversation).values()) >= 3


def test_the_turns_of_a_conversation_go_on_from_each_other(articles):
    before = {}
    for case in articles.cases:
        if case.conversation:
            earlier = before.get(case.conversation, ())
            assert case.history[: len(earlier)] == earlier, case.id
            before[case.conversation] = (*case.history, Turn("user", case.question))


def test_an_injected_instruction_is_asked_for_in_every_injection_case(articles):
    injected = [case for case in articles.cases if case.category == "injection"]
    assert all(case.planted for case in injected)
    assert all(any(wrong.error == "obeyed_instruction" for wrong in case.wrong) for case in injected)


def test_every_obeyed_instruction_is_recognised(articles):
    obeyed = [(c, w.answer) for c in articles.cases for w in c.wrong if w.error == "obeyed_instruction"]
    assert [c.id for c, answer in obeyed if not faults(c, answer)] == []


def test_the_shared_cases_load():
    path = SHARED / "cases" / "seed_cases.jsonl"
    if not path.is_file():
        pytest.skip(f"{SEEDS} cases not loaded: ../shared/cases is not here")
    assert len(load_suite(path, SHARED / "articles").cases) == SEEDS
