"""The JSON contract: there and back, nothing is lost."""

import datetime
import json
from dataclasses import replace

import pytest
from drawn import FILTERS, answers, documents, shown
from hypothesis import given

from assistant.contract import (
    answer_json,
    citation_json,
    document_json,
    filters_json,
    read_answer,
    read_document,
    read_filters,
)
from assistant.types import Answer, Citation, Searched
from vectorstore.types import Document, Filters, Landmark, Span

NOTE = Document(
    source="notes/leave.md",
    title="Leave",
    text="Leave\n\nEvery employee has 28 days 👩‍👩‍👧 of leave.",
    published=datetime.date(2025, 8, 18),
    outlet="Handbook",
    author="A. Writer",
    url="https://handbook.example/leave",
    landmarks=(Landmark("heading", "Leave", Span(0, 5)),),
)
CITED = Citation(1, NOTE, Span(7, 38), speaker="The employer")
ANSWER = Answer(
    state="complete",
    question="How many?",
    query="How many?",
    text="28 [1]",
    claims=(),
    citations=(CITED,),
    searched=Searched("How many?", Filters(), 1),
    answerer="extractive",
)


@given(answers())
def test_every_answer_comes_back_equal_from_its_json_and_the_documents_it_shows(answer):
    held = {one.document.hash: one.document for one in shown(answer)}
    back = read_answer(answer_json(answer), held)
    assert back == answer
    assert [one.quote for one in shown(back)] == [one.quote for one in shown(answer)]


@given(documents())
def test_every_document_comes_back_equal_and_with_the_same_hash(document):
    back = read_document(document_json(document))
    assert back == document
    assert (back.id, back.hash) == (document.id, document.hash)


@given(FILTERS)
def test_filters_come_back_equal(filters):
    assert read_filters(filters_json(filters)) == filters


def test_the_contract_is_json_and_comes_back_from_its_text():
    assert read_answer(json.loads(json.dumps(answer_json(ANSWER))), {NOTE.hash: NOTE}) == ANSWER
    assert read_document(json.loads(json.dumps(document_json(NOTE)))) == NOTE


def test_a_citation_names_the_very_text_that_was_cited():
    fields = citation_json(CITED)
    assert (fields["document_id"], fields["document_hash"]) == (NOTE.id, NOTE.hash)
    changed = replace(NOTE, text=NOTE.text.replace("28", "30"))
    later = citation_json(replace(CITED, document=changed))
    assert later["document_id"] == fields["document_id"]
    assert later["document_hash"] != fields["document_hash"]


def test_of_two_files_with_the_same_content_the_cited_one_is_named():
    copy = replace(NOTE, source="notes/copy.md")
    both = replace(ANSWER, citations=(CITED, Citation(2, copy, CITED.span)))
    assert copy.hash == NOTE.hash
    assert read_answer(answer_json(both), {NOTE.hash: NOTE}) == both


def test_a_document_that_does_not_hold_the_quote_is_not_taken_for_the_cited_one():
    changed = replace(NOTE, text=NOTE.text.replace("28", "30"))
    with pytest.raises(ValueError, match=r"notes/leave\.md does not hold what was cited at 7"):
        read_answer(answer_json(ANSWER), {NOTE.hash: changed})


def test_an_answer_without_its_documents_is_not_read():
    with pytest.raises(KeyError):
        read_answer(answer_json(ANSWER), {})
