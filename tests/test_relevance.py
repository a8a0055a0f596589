from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import JUDGES
from stand_ins import WordEmbedder

from assistant.question import parts
from assistant.reading import evidence_of
from assistant.relevance import READ, Reader, answers_kind, holds_phrases, says
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Landmark, Span

BRIDGE = Document(
    "bridge.md",
    "The bridge at Halden",
    "Cost of the bridge\n\nAnna Berg built the bridge in 1931. It cost nine million crowns. The ferry was sold. "
    "“The bridge is a gift,” Piet Jansen said.",
    landmarks=(Landmark("heading", "Cost of the bridge", Span(0, 18)),),
)
EVIDENCE = evidence_of(BRIDGE, split_sentences(BRIDGE))


def reader(evidence=EVIDENCE, question="", rare=()):
    """A reader for which every word stands in nine of ten passages, but for the rare, which stand in none."""
    return Reader(
        evidence,
        question,
        judges=JUDGES,
        embedder=WordEmbedder(),
        frequency=lambda words: {word: 0 if word in rare else 9 for word in words},
        passages=10,
    )


def read(question, **how):
    """What a reader says of each sentence, by the sentence's first words."""
    (part,) = parts(question)
    return {one.evidence.text[:12]: one for one in reader(question=question, **how).read(part)}


def test_a_sentence_with_every_word_is_covered_and_one_with_none_is_not():
    found = read("Who built the bridge?")
    assert found["Anna Berg bu"].coverage == 1
    assert found["The ferry wa"].coverage == 0


def test_what_stands_around_a_sentence_is_context_and_not_coverage():
    cost = read("How much did the Halden bridge cost?")["It cost nine"]
    assert 0 < cost.coverage < 1
    assert cost.context == pytest.approx(1 - cost.coverage)


def test_a_rare_word_weighs_more_than_a_common_one():
    plain = read("Who sold the bridge?")["The ferry wa"].coverage
    assert read("Who sold the bridge?", rare=("sold",))["The ferry wa"].coverage > plain
    assert read("Who sold the bridge?", rare=("bridg",))["The ferry wa"].coverage < plain


def test_a_heading_is_context_for_what_follows_and_never_read_itself():
    found = read("What was the cost of the bridge?")
    assert "Cost of the " not in found
    assert len(found) == len(EVIDENCE) - 1


def test_a_name_counts_where_it_stands_in_the_sentence_or_around_it():
    found = read("When did Anna Berg build it?")
    assert found["Anna Berg bu"].names == ("Anna Berg",)
    assert found["It cost nine"].names == ("Anna Berg",)
    assert found["“The bridge "].names == ()


def test_who_says_a_sentence_is_compared_with_who_is_wanted():
    found = read("What did Jansen say about the bridge?")
    assert [start for start, one in found.items() if one.says] == ["“The bridge "]


@pytest.mark.parametrize(
    ("speaker", "wanted", "same"),
    [
        ("Piet Jansen", "Jansen", True),
        ("Piet Jansen", "Anna Berg", False),
        ("Russian Foreign Ministry", "Russia", True),
        ("Ukrainian officials", "the Ukrainian officials", True),
        ("Anna Berg", "the", False),
    ],
)
def test_a_speaker_is_the_wanted_one_by_name_or_description(speaker, wanted, same):
    assert says(speaker, wanted) is same


@pytest.mark.parametrize(
    ("question", "yes", "no"),
    [
        ("How many people came?", "Nine hundred came.", "Many people came."),
        ("How long did it last?", "It lasted three weeks.", "It lasted 90 pages."),
        ("When did it open?", "It opened on Monday.", "It opened at last."),
        ("When did it open?", "It opened in 1931.", "It opened with 193 guests."),
        ("Why did it fall?", "It fell because of the flood.", "It fell."),
        ("Who built it?", "It was built by Anna Berg.", "It was built by nobody."),
        ("Who saw Anna Berg?", "Jansen and Piet Lund saw Anna Berg.", "Everybody saw Anna Berg."),
        ("Where is it?", "It is in Halden.", "It is gone."),
        ("What exactly did Berg say?", "“It holds,” Berg said.", "Berg said that it holds."),
    ],
)
def test_an_answer_holds_something_of_the_kind_asked_for(question, yes, no):
    (part,) = parts(question)
    assert answers_kind(part.kind, yes, part)
    assert not answers_kind(part.kind, no, part)


def test_a_phrase_is_held_whatever_its_marks_dashes_and_case():
    text = "She said: “It’s a gift – really ‘a  gift’.”"
    assert holds_phrases(text, ("It's a gift - really", "A GIFT"))
    assert not holds_phrases(text, ("It's a gift", "a burden"))


def test_the_best_come_first():
    found = reader().read(parts("Who built the bridge in Halden?")[0])
    assert [one.logit for one in found] == sorted((one.logit for one in found), reverse=True)


def test_of_many_passages_only_the_best_found_are_read():
    bridge = [replace(one, relevance=0.9) for one in EVIDENCE]
    others = []
    for number in range(READ + 5):
        document = Document(f"{number}.md", "Weather", f"Report {number} is about the weather.")
        others += [replace(one, relevance=0.1) for one in evidence_of(document, split_sentences(document))]
    found = reader((*others, *bridge)).read(parts("Who built the bridge?")[0])
    assert len({one.evidence.document.id for one in found}) == READ
    assert {one.evidence.document.id for one in found} >= {BRIDGE.id}


def test_a_sentence_that_answers_is_read_above_its_neighbours():
    found = reader(question="Who built the bridge?").read(parts("Who built the bridge?")[0])
    assert found[0].evidence.text.startswith("Anna Berg built")
    assert found[0].read == max(one.read for one in found)


def test_nothing_to_read_is_no_error():
    assert reader(()).read(parts("Who?")[0]) == []


words = st.lists(
    st.sampled_from("the bridge Halden Anna Berg cost 1931 fell who “ ” said . ? \n\n é 🙂".split(" ")), max_size=30
)


@settings(max_examples=60, deadline=None)
@given(words.map(" ".join), words.map(" ".join))
def test_every_measure_of_wording_is_a_share(text, question):
    document = Document("any.md", "Any", text)
    evidence = evidence_of(document, split_sentences(document))
    for part in parts(question):
        found = reader(evidence, question).read(part)
        assert len({one.evidence.id for one in found}) == len(found)
        for one in found:
            assert one.evidence in evidence
            assert 0 <= one.coverage <= 1.000001
            assert 0 <= one.context <= 1.000001
            assert one.coverage + one.context <= 1.000001
            assert one.answers in (0.0, 1.0)
            assert set(one.names) <= set(part.names)
