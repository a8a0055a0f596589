"""Laws of the verifier: what it must reject, what it must accept, and what never changes its mind."""

import datetime
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import VERIFIER

from assistant.reading import evidence_of
from assistant.rules import is_contained
from assistant.support import calibration
from assistant.types import Evidence, Judgement
from vectorstore.sentences import split_sentences
from vectorstore.text import normalise
from vectorstore.types import Document, Sentence, Span


def cited(text: str, title: str = "") -> tuple[Evidence, ...]:
    document = Document("news/a.txt", title, normalise(text), published=datetime.date(2025, 3, 4))
    return evidence_of(document, split_sentences(document))


def judge(claim: str, source: str) -> Judgement:
    return VERIFIER.judge(claim, cited(source))


RUDOLF = "Finance Minister Anna Rudolf said on Tuesday that the state would not sell its 20% stake in Norda for $6bn."
PORT = (
    "Dock workers in Hamburg ended their strike on 12 March after the port’s owner, Elbhafen, offered a rise of 4.5%."
)
LEE = "“We will not be rushed into a decision,” Susan Lee, head of the regulator, told reporters in Geneva."
PLANT = "The company may close its plant in Leeds, which employs more than 900 people, if talks with the union fail."
BID = "Carlow bought Denham for £310m in 2003 and sold it to Estrella two years later."
VOTE = "Senators rejected the bill by 54 votes to 41, and President Marta Osei welcomed the result."
COUNT = "Three soldiers and eleven civilians were wounded when the bridge collapsed near Osijek."
TALKS = "Norway has denied that it asked Sweden to postpone the talks."
RATE = "The central bank raised its main rate from 2% to 2.5% in January, the first increase in four years."

WRONG = [
    (
        "polarity",
        "Finance Minister Anna Rudolf said on Tuesday that the state would sell its 20% stake in Norda for $6bn.",
        RUDOLF,
    ),
    ("polarity", "The state will sell its stake in Norda.", RUDOLF),
    ("number", "Anna Rudolf said the state would not sell its 25% stake in Norda.", RUDOLF),
    ("number", "The state would not sell its 20% stake in Norda for $6m.", RUDOLF),
    ("number", "The state would not sell its 20% stake in Norda for €6bn.", RUDOLF),
    ("name", "Finance Minister Anna Rudolf said the state would not sell its stake in Telko.", RUDOLF),
    ("speaker", "Peter Holm said that the state would not sell its 20% stake in Norda.", RUDOLF),
    ("date", "Anna Rudolf said on Friday that the state would not sell its stake in Norda.", RUDOLF),
    ("date", "Dock workers in Hamburg ended their strike on 12 April.", PORT),
    ("number", "Dock workers in Hamburg ended their strike on 14 March.", PORT),
    ("number", "The port’s owner, Elbhafen, offered a rise of 5.4%.", PORT),
    ("name", "Dock workers in Rotterdam ended their strike after the port’s owner offered a rise.", PORT),
    (
        "direction",
        "Dock workers in Hamburg began their strike on 12 March after the port’s owner, Elbhafen, offered a rise.",
        PORT,
    ),
    ("quotation", "“We will be rushed into a decision,” Susan Lee told reporters in Geneva.", LEE),
    ("quotation", "Susan Lee said: “We will never be rushed into a decision.”", LEE),
    ("speaker", "“We will not be rushed into a decision,” Tom Adler told reporters in Geneva.", LEE),
    ("modality", "The company will close its plant in Leeds.", PLANT),
    ("modality", "The company closes its plant in Leeds, which employs more than 900 people.", PLANT),
    ("number", "The company may close its plant in Leeds, which employs fewer than 900 people.", PLANT),
    ("number", "The company may close its plant in Leeds, which employs more than 9,000 people.", PLANT),
    ("modality", "The company has closed its plant in Leeds, which employs more than 900 people.", PLANT),
    ("swap", "Denham bought Carlow for £310m in 2003 and sold it to Estrella two years later.", BID),
    ("swap", "Carlow bought Denham for £310m in 2003 and sold it to Denham two years later.", BID),
    ("number", "Carlow bought Denham for £310m in 2005.", BID),
    ("unit", "Carlow bought Denham for $310m in 2003.", BID),
    ("polarity", "Senators approved the bill by 54 votes to 41.", VOTE),
    ("swap", "Senators rejected the bill by 41 votes to 54.", VOTE),
    (
        "polarity",
        "Senators did not reject the bill by 54 votes to 41, and President Marta Osei welcomed the result.",
        VOTE,
    ),
    ("swap", "Eleven soldiers and three civilians were wounded when the bridge collapsed near Osijek.", COUNT),
    ("polarity", "Norway asked Sweden to postpone the talks.", TALKS),
    ("swap", "Sweden has denied that it asked Norway to postpone the talks.", TALKS),
    ("swap", "The central bank raised its main rate from 2.5% to 2% in January.", RATE),
    ("direction", "The central bank lowered its main rate from 2% to 2.5% in January.", RATE),
]

TRUE = [
    ("Anna Rudolf said the state would not sell its stake in Norda.", RUDOLF),
    ("Mrs Rudolf said on Tuesday that the state would not sell its stake in Norda for $6 billion.", RUDOLF),
    ("The state would not sell its 20% stake in Norda, according to Anna Rudolf.", RUDOLF),
    ("The strike of dock workers in Hamburg ended on March 12.", PORT),
    ("Elbhafen, the port’s owner, offered a rise of 4.5 percent.", PORT),
    ("Dock workers ended their strike after Elbhafen offered a 4.5% rise.", PORT),
    ("Susan Lee, who heads the regulator, said: “We will not be rushed into a decision.”", LEE),
    ("“We will not be rushed into a decision,” Ms. Lee told reporters.", LEE),
    ("The company may close its plant in Leeds if talks with the union fail.", PLANT),
    ("The plant in Leeds, which may close, employs over 900 people.", PLANT),
    ("Yes, the company may close its plant in Leeds.", PLANT),
    ("One article says the company may close its plant in Leeds if talks with the union fail.", PLANT),
    ("In 2003 Carlow bought Denham for £310 million.", BID),
    ("Denham was bought by Carlow for £310m in 2003.", BID),
    ("Denham was sold to Estrella two years later.", BID),
    ("The bill was rejected by 54 votes to 41.", VOTE),
    ("No, senators rejected the bill.", VOTE),
    ("President Osei welcomed the result.", VOTE),
    ("Eleven civilians and three soldiers were wounded when the bridge collapsed.", COUNT),
    ("11 civilians were wounded when the bridge near Osijek collapsed.", COUNT),
    ("Norway denied asking Sweden to postpone the talks.", TALKS),
    ("Norway has not asked Sweden to postpone the talks, it says.", TALKS),
    ("In January the central bank raised its main rate to 2.5%.", RATE),
    ("It was the first increase in the central bank’s main rate in four years.", RATE),
    ("The United States rejected the offer.", "The U.S. rejected the offer on Monday, officials said."),
    (
        "The ministry called the nearly four-year war a mistake.",
        "The ministry called the war, nearly four years old, a mistake.",
    ),
    ("Both articles say the offer was rejected.", "The offer was rejected on Monday."),
    ("It did not: the state would not sell its stake in Norda.", RUDOLF),
    ("No, they don’t; dock workers in Hamburg ended their strike on 12 March.", PORT),
    ("Another report says, naming no source, that the bill was rejected by 54 votes to 41.", VOTE),
    ("The offer was rejected by the French.", "France rejected the offer."),
]


@pytest.mark.parametrize(("kind", "claim", "source"), WRONG)
def test_a_claim_that_changes_what_the_source_says_is_not_supported(kind, claim, source):
    assert judge(claim, source).verdict != "supported", kind


@pytest.mark.parametrize(("claim", "source"), TRUE)
def test_a_claim_that_says_the_same_in_other_words_is_supported(claim, source):
    judgement = judge(claim, source)
    assert judgement.verdict == "supported", judgement


CONTAINED = [
    ("The offer was too low.", "Ms Lee said the offer was too low, and left.", True),
    ("The offer was $6 billion.", "On Monday, the offer was $6bn.", True),
    ("The offer was too low.", "She denied that the offer was too low.", False),
    ("The plant will close.", "If the talks fail, the plant will close.", False),
    ("The plant will close.", "The plant will close if the talks fail.", False),
    ("The offer was low.", "The offer was too low.", False),
    ("It was low.", "It was low.", False),  # three words are a phrase
]


@pytest.mark.parametrize(("claim", "source", "stands"), CONTAINED)
def test_words_that_stand_in_a_sentence_are_its_words_unless_it_takes_them_back(claim, source, stands):
    assert is_contained(claim, cited(source)) is stands
    if stands:
        assert judge(claim, source).reasons == ("contained: a cited sentence says it in these words",)


def test_a_name_that_a_passage_without_a_title_does_not_hold_is_a_doubt_and_elsewhere_a_fault():
    claim, source = "The company sold the plant in Leeds to Norda.", "The company sold the plant in Leeds to a rival."
    ((bare,),), ((titled,),) = (VERIFIER.examine(claim, cited(source, title)) for title in ("", "A plant is sold"))
    assert (bare.doubts, bare.broken) == (("name: Norda is not in the cited text",), ())
    assert titled.broken == ("name: Norda is not in the cited text",)
    ((named,),) = VERIFIER.examine(claim, cited(source, title="Norda grows"))
    assert (named.doubts, named.broken) == ((), ())


SENTENCES = [RUDOLF, PORT, LEE, PLANT, BID, VOTE, COUNT, TALKS, RATE,
    "He said he would “never, ever” do it again.",
    "It could not be learned whether Mr. Osei’s deputy had reportedly been told.",
    "No.",
    "“Nothing is decided”",
    "Shares fell 3%, although sales rose by a third.",
]  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_cited_sentence_itself_is_supported(sentence):
    assert judge(sentence, sentence).verdict == "supported"


@given(st.text(min_size=1, max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_text_that_cites_itself_is_supported(text):
    text = normalise(text).strip() or "x"
    document = Document("a.txt", "", text)
    evidence = Evidence("S1", document, Sentence(document.id, 0, Span(0, len(text)), 0), None, 1.0)
    assert VERIFIER.judge(text, [evidence]).verdict == "supported"


@given(st.text(max_size=80), st.text(min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_claim_gets_the_same_judgement_twice_and_a_score_that_fits_the_verdict(claim, source):
    document = Document("a.txt", "", source)
    evidence = [Evidence("S1", document, Sentence(document.id, 0, Span(0, len(source)), 0), None, 1.0)]
    first, second = VERIFIER.judge(claim, evidence), VERIFIER.judge(claim, evidence)
    assert first == second
    assert first.score is not None
    assert (first.verdict == "supported") == (first.score >= calibration().supported)
    assert (first.verdict == "unsupported") == (first.score < calibration().partly)


@given(st.sampled_from([one for one in SENTENCES if re.search(r"\d", one)]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_digit_is_always_rejected(sentence, data):
    place = data.draw(st.sampled_from([match.start() for match in re.finditer(r"\d", sentence)]))
    digit = data.draw(st.sampled_from([one for one in "123456789" if one != sentence[place]]))
    claim = sentence[:place] + digit + sentence[place + 1 :]
    assert judge(claim, sentence).verdict == "unsupported", claim


@pytest.mark.parametrize("sentence", [one for one in SENTENCES if re.search(r"\bnot ", one)])
def test_a_dropped_not_is_never_supported(sentence):
    assert judge(re.sub(r"\bnot ", "", sentence, count=1), sentence).verdict != "supported"


@given(
    st.sampled_from(re.findall(r"\w+", "We will not be rushed into a decision")),
    st.sampled_from(["they", "soon", "ever"]),
)
@settings(max_examples=30, deadline=None)
def test_a_changed_word_inside_quotation_marks_is_rejected(word, other):
    claim = re.sub(rf"\b{word}\b", other, LEE, count=1)
    assert judge(claim, LEE).verdict == "unsupported"


def test_words_scattered_over_a_long_passage_do_not_support_a_claim():
    filler = "The weather was mild and nobody complained about the service at the hotel. " * 6
    passage = f"The minister opened a school. {filler} A dam broke. {filler} The river flooded the valley in spring."
    assert judge("The minister opened the dam at the hotel in spring.", passage).verdict != "supported"


def test_what_both_documents_say_must_stand_in_both():
    one = Document("a.txt", "", "The ministry accepted the offer on Monday.")
    other = Document("b.txt", "", "The ministry rejected the offer on Monday.")
    evidence = [*evidence_of(one, split_sentences(one)), *evidence_of(other, split_sentences(other))]
    assert VERIFIER.judge("Both articles say the ministry accepted the offer.", evidence).verdict != "supported"
    assert VERIFIER.judge("The ministry accepted the offer on Monday.", evidence[:1]).verdict == "supported"


def test_a_claim_without_evidence_is_not_for_the_verifier():
    with pytest.raises(ValueError, match="at least one"):
        VERIFIER.judge("Anything.", [])
