"""What the answerer without a model quotes, with the real embedder, from small documents and the sample articles."""

import re

import pytest

from assistant.extractive import LONGEST
from vectorstore.types import Document

DAM = Document(
    "dam.md",
    "A crack in the Halden dam",
    "Engineers found a crack in the Halden dam on Tuesday. Anna Berg, the engineer in charge, said that the dam was "
    "safe. “The Halden dam will stand for a hundred years,” she told the council.\n\n"
    "The mayor, Piet Jansen, rejected this. “Nobody in Halden believes in the dam any more,” Jansen said.\n\n"
    "The dam was built in 1931. It cost nine million crowns.",
)
WIRE = Document(
    "wire.md",
    "Dam cracked",
    "On Tuesday engineers found a crack in the dam at Halden. The mayor has asked for help.",
)
ON_THE_SAMPLES = (
    "What did Russia say about NATO troops?",
    "How did Macron respond to Trump’s whisper?",
    "What did Witkoff say about Article 5?",
    "Do the articles agree on what Putin accepted in Alaska?",
    "How soon might Putin and Zelensky meet, and who says so?",
    "When did Russia annex Crimea?",
)


def said(answer):
    """The claims of an answer without its footnotes; fails if there is none, and says why."""
    assert answer.claims, answer.text
    return [claim.text for claim in answer.claims]


def why_not(answer):
    """Why an answer abstained; fails if it did not."""
    assert (answer.state, answer.claims, answer.citations) == ("abstained", (), ()), answer.text
    opening, _, reason = answer.text.partition(". ")
    assert opening == "The documents do not say"
    return reason


@pytest.fixture(scope="module", params=ON_THE_SAMPLES)
def sample_answer(request, sample_assistant):
    return sample_assistant.ask(request.param)


def test_a_claim_is_a_whole_sentence_of_each_document_it_cites_first(sample_answer, sample_assistant):
    for claim in sample_answer.claims:
        cited = next(one for one in sample_answer.citations if one.number == claim.citations[0])
        assert claim.text in (cited.quote, f"{cited.speaker}: {cited.quote}")
        spans = {sentence.span for sentence in sample_assistant.library.sentences(cited.document.id)}
        assert cited.span in spans


def test_every_claim_is_cited_and_stands(sample_answer):
    assert sample_answer.state == "complete"
    for claim in sample_answer.claims:
        assert claim.citations
        assert claim.judgement.verdict == "supported", claim


def test_an_answer_has_one_to_five_sentences_and_none_twice(sample_answer):
    assert 1 <= len(sample_answer.claims) <= LONGEST == 5
    assert len(set(said(sample_answer))) == len(sample_answer.claims)


def test_the_sentences_of_a_document_stand_together_and_in_its_order(sample_answer):
    first = {number: claim for claim in sample_answer.claims for number in claim.citations[:1]}
    places = [
        (one.document.id, one.span) for number in first for one in sample_answer.citations if one.number == number
    ]
    documents = list(dict.fromkeys(document for document, _ in places))
    assert places == sorted(places, key=lambda place: (documents.index(place[0]), place[1]))


def test_the_same_question_gets_the_same_answer(sample_answer, sample_assistant):
    again = sample_assistant.ask(sample_answer.question)
    assert (again.text, again.claims, again.citations) == (
        sample_answer.text,
        sample_answer.claims,
        sample_answer.citations,
    )


def test_a_sentence_that_begins_with_a_pronoun_brings_the_one_before(ask):
    visit = Document(
        "visit.md", "A visit", "Anna Berg came by ferry. She told the council that the Halden dam was safe. It rained."
    )
    answer = ask("What was the council told about the Halden dam?", visit)
    assert said(answer) == ["Anna Berg came by ferry.", "She told the council that the Halden dam was safe."]


def test_sentences_brought_along_never_make_an_answer_longer_than_five(ask):
    told = {
        "Oslo": "was perfectly safe",
        "Lisbon": "had been painted green by her grandfather",
        "Porto": "would cost nine million crowns",
        "Riga": "attracted tourists and geese",
    }
    visits = [
        Document(f"{place}.md", place, f"Dr. Anna Berg came to {place}. She said that the dam at Halden {what}.")
        for place, what in told.items()
    ]
    answer = ask("What did Anna Berg say about the dam at Halden?", *visits)
    assert len(said(answer)) == LONGEST
    assert sum(" came to " in one for one in said(answer)) == 1


def test_it_that_stands_for_nothing_brings_nothing(ask):
    ferry = Document(
        "ferry.md",
        "The ferry",
        "Anna Berg painted the town hall. It is not clear when the ferry to Oslo will sail again.",
    )
    answer = ask("When will the ferry to Oslo sail again?", ferry)
    assert said(answer) == ["It is not clear when the ferry to Oslo will sail again."]


def test_a_bare_quotation_gets_the_name_of_who_says_it(ask):
    speech = Document(
        "speech.md",
        "A speech in Halden",
        "“We know too late,” said Mayor Piet Jansen. “The dam at Halden is older than all of us. Still it stands.”",
    )
    answer = ask("What did Jansen say about the age of the dam at Halden?", speech)
    assert "Piet Jansen: “The dam at Halden is older than all of us. Still it stands.”" in said(answer)
    assert [claim.judgement.verdict for claim in answer.claims] == ["supported"] * len(answer.claims)


def test_what_two_documents_say_alike_is_one_claim_with_two_footnotes(ask):
    answer = ask("What did engineers find in the Halden dam?", DAM, WIRE)
    assert len(said(answer)) == 1
    assert {one.document.source for one in answer.citations} == {"dam.md", "wire.md"}
    assert re.search(r"\[1\]\[2\]$", answer.text)


def test_who_said_what_is_answered_with_the_words_of_that_person(ask):
    for question, speaker in [
        ("What did Anna Berg say about the dam?", "Anna Berg"),
        ("What did Piet Jansen say about the dam?", "Piet Jansen"),
        ("How did Jansen respond?", "Piet Jansen"),
    ]:
        answer = ask(question, DAM, WIRE)
        assert answer.claims, question
        assert {one.speaker for one in answer.citations} == {speaker}


def test_what_somebody_warned_of_is_the_sentence_in_which_they_warn(ask):
    council = Document(
        "council.md",
        "Council",
        "Anna Berg said that she was glad to be in Halden. Anna Berg warned that rain was coming.",
    )
    assert said(ask("What did Anna Berg warn of?", council)) == ["Anna Berg warned that rain was coming."]


def test_the_words_themselves_come_where_they_follow_what_is_told_of_them(ask):
    answer = ask("What did Anna Berg say about the dam?", DAM, WIRE)
    assert said(answer)[-1] == "“The Halden dam will stand for a hundred years,” she told the council."


def test_exact_words_are_quoted_to_their_end(ask):
    speech = Document(
        "speech.md",
        "A speech in Halden",
        "“The dam will hold,” Mayor Piet Jansen said. “It has held for ninety years.”\n\nIt rained.",
    )
    for order in ("word for word", "letter by letter", "verbatim"):
        answer = ask(f"Give me Jansen’s words about the dam, {order}.", speech)
        assert said(answer)[-1] == "Piet Jansen: “It has held for ninety years.”"
    assert said(ask("What did Jansen say about the dam?", speech))[0] == "“The dam will hold,” Mayor Piet Jansen said."


def test_who_did_it_may_be_nobody_with_a_name(ask):
    assert said(ask("Who found a crack in the Halden dam?", DAM)) == [
        "Engineers found a crack in the Halden dam on Tuesday."
    ]


def test_a_second_part_that_nothing_answers_is_told_beside_the_answer_to_the_first(ask):
    answer = ask("When was the dam built and who painted the Oslo tunnel?", DAM, WIRE)
    assert said(answer) == ["The dam was built in 1931."]
    assert answer.notice == "The documents do not say: who painted the Oslo tunnel?"


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What did Maria Lund say about the dam?", "reports a statement by Maria Lund"),
        ("What did the Vatican say about the dam?", "reports a statement by the Vatican"),
        ("When was the dam at Oslo built?", "mentions Oslo"),
        ("Did Lund and Halden quarrel about the Oslo tunnel?", "mentions Lund and Oslo"),
        ("Who said “it will hold”?", "holds the words “it will hold”"),
        ("How many fish live in the lake?", "answers it"),
        ("What did Anna Berg say about the price of bread?", "answers it"),
        ("Is there any evidence that the dam is safe?", "is no evidence"),
    ],
)
def test_it_abstains_and_says_what_is_missing(ask, question, reason):
    assert reason in why_not(ask(question, DAM, WIRE))


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What did the Pope say about the war?", "statement by the Pope"),
        ("What did Meloni say about Ukraine?", "statement by Meloni"),
        ("What is the capital of Australia?", "mentions Australia"),
        ("Who said “peace in our time”?", "holds the words “peace in our time”"),
        ("How many soldiers have died in the war?", "answers it"),
    ],
)
def test_it_abstains_on_what_the_sample_articles_leave_out(sample_assistant, question, reason):
    answer = sample_assistant.ask(question)
    assert reason in why_not(answer)
    assert answer.searched.nearest


def test_without_a_passage_there_is_no_answer(ask):
    assert "No passage was found" in why_not(ask("When was the dam built?"))


def test_who_leads_a_firm_is_not_answered_with_what_the_firm_bought(ask):
    ferry = Document(
        "f.md", "Ferries", "The operator, Blue Line, has ordered two electric ferries. The first comes in March."
    )
    assert ask("Who leads Blue Line?", ferry).state == "abstained"
    led = Document("l.md", "Ferries", "Blue Line, led by Iris Dahl, has ordered two electric ferries.")
    assert "Iris Dahl" in ask("Who leads Blue Line?", led).text


def test_the_title_of_a_short_note_is_no_answer(ask):
    note = Document("ferry.txt", "The ferry to Brel", "The ferry to Brel\n\nIt carries 412 passengers, said Ida Holm.")
    answer = ask("How many passengers does the ferry to Brel carry?", note)
    assert [claim.text for claim in answer.claims] == ["It carries 412 passengers, said Ida Holm."]
