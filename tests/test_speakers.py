"""Laws of speakers: who says a sentence, and rather nobody than somebody wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.speakers import reports, speakers


def speaker(*sentences, paragraphs=None):
    return speakers(sentences, paragraphs or [0] * len(sentences))[-1]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("In Moscow the Foreign Ministry repeated its position.", "Foreign Ministry"),
        ("But in Paris, Eva Lind told reporters it was over.", "Eva Lind"),
        ("And Lind said so.", "Lind"),
        ("Lind and Osei said the deal was done.", "Lind and Osei"),
        ("“It is over,” said Maria Holm, a spokeswoman for the ministry.", "Maria Holm"),
        ("Tim Adler, the company’s head, said sales rose.", "Tim Adler"),
        ("Tim Adler, the company’s head, had also said that sales rose.", "Tim Adler"),
        ("Norda, owner of the mill, has now denied the report.", "Norda"),
        ("Rep. Sally Meeks (D-N.Y.), who chairs the panel, said it would meet.", "Sally Meeks"),
        ("According to Mr. Smith, it failed.", "Smith"),
        ("Osei’s government, according to the Bank of Norway, paid twice.", "Bank of Norway"),
        ("“Deals fell through,” said one Norda source in the room.", "Norda source"),
        ("“Nobody knew,” a source said.", "a source"),
        ('In a statement, Mr Brown said: "No."', "Brown"),
        ("Eva Lind publicly endorsed the plan.", "Eva Lind"),
        ("Following initial reports of a fire, the school was closed.", None),
        ("The school was closed on Monday.", None),
        ("“Adler said no,” the letter read.", None),
        ("He said it was over.", None),
        ("“Yes,” he added.", None),
        ("Lind was told to leave.", None),
    ],
)
def test_the_speaker_of_one_sentence(sentence, expected):
    assert speaker(sentence) == expected


def test_he_and_she_are_the_person_who_spoke_last():
    assert speaker("Steve Holm, the envoy, said no.", "He said it twice.") == "Steve Holm"
    assert speaker("Ms. Holm said no.", "Ms. Holm left.", "He said it twice.") is None
    assert speaker("The Norda Group said no.", "He said it twice.") is None


def test_a_last_name_is_given_in_full_unless_two_people_share_it():
    assert speaker("Eva Lind arrived.", "Lind said no.") == "Eva Lind"
    assert speaker("Eva Lind met Karl Lind.", "Lind said no.") == "Lind"


def test_a_bare_quotation_belongs_to_the_speaker_beside_it():
    assert speakers(["Eva Lind said no.", "“Never.”"], [0, 0]) == ("Eva Lind", "Eva Lind")
    assert speakers(["“Never.”", "“Not once,” Eva Lind said."], [0, 0]) == ("Eva Lind", "Eva Lind")
    assert speakers(["Eva Lind said no.", "“Never.”"], [0, 1]) == ("Eva Lind", "Eva Lind")
    assert speakers(["It rained.", "“Never.”"], [0, 1]) == (None, None)


def test_a_frame_inside_a_quotation_is_none():
    assert [one.subject for one in reports("Lind told me: “Osei said yes.”")] == ["Lind"]


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_text_has_one_speaker_or_none_for_each_sentence(sentences):
    assert len(speakers(sentences, list(range(len(sentences))))) == len(sentences)


def test_he_is_whom_the_sentence_before_begins_with_even_when_somebody_else_spoke_earlier():
    sentences = [
        "“We had no choice,” council leader Ruth Adeyemi said.",
        "Shop owner Tom Hale disagreed.",
        "He said the closure would cost him half of his customers.",
    ]
    assert speakers(sentences, [0, 1, 1])[2] == "Tom Hale"
