import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversation import stand_alone
from assistant.mentions import phrases
from assistant.types import Turn


def talk(*contents):
    """Turns that alternate, the user's first."""
    return tuple(Turn("assistant" if number % 2 else "user", content) for number, content in enumerate(contents))


BERG = talk("What did Anna Berg say about the dam?", "Anna Berg said that the dam was safe. [1]")
HUGO = talk("Hugo (film)", "Critical reception")
BAND = talk(
    "Talking Heads", "A band from New York.", "When did they break up?", "In December 1991, after “Sax and Violins”."
)


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("When did she say it?", "When did Anna Berg say it?"),
        ("And what did she tell the council?", "what did Anna Berg tell the council?"),
        ("Who opposed her?", "Who opposed Anna Berg?"),
        ("What did Piet Jansen tell her?", "What did Piet Jansen tell Anna Berg?"),
        ("What is her title?", "What is Anna Berg’s title?"),
        ("What about Piet Jansen?", "What did Piet Jansen say about the dam?"),
        ("And Jansen?", "What did Jansen say about the dam?"),
        ("and in 2010?", "What did Anna Berg say about the dam in 2010?"),
    ],
)
def test_a_follow_up_is_filled_in_from_the_question_before(question, query):
    assert stand_alone(question, BERG) == query


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("How high is it?", "How high is the dam?"),
        ("Who built it?", "Who built the dam?"),
        ("Was that true?", "Was that (Anna Berg said that the dam was safe) true?"),
        ("What did the critics say?", "What did the critics say?"),
        ("What about the tunnel?", "What about the tunnel?"),
        ("Did anyone die?", "Did anyone die (Anna Berg)?"),
        ("What else did she say?", "What else did Anna Berg say, besides the dam?"),
        ("Who else?", "Who else, besides Anna Berg?"),
    ],
)
def test_it_this_and_else_are_filled_in_and_a_question_that_names_nothing_gets_the_subject(question, query):
    assert stand_alone(question, BERG) == query


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Why?", "Why did the dam break?"),
        ("And when?", "When did the dam break?"),
        ("Summarise that.", "Summarise that: Did the dam break?"),
        ("tell me more", "Tell me more: Did the dam break?"),
    ],
)
def test_an_elliptic_question_repeats_the_last_one(question, query):
    assert stand_alone(question, talk("Did the dam break?", "It did.")) == query


def test_a_series_of_questions_on_the_news_is_not_mixed_up():
    history = talk(
        "When was the old bridge closed?", "The old bridge was closed on Monday. [1]", "Why?", "It had cracks."
    )
    assert stand_alone("Why?", history[:2]) == "Why was the old bridge closed?"
    assert stand_alone("When will the ferry sail?", history) == "When will the ferry sail?"
    assert stand_alone("Who pays for it?", history) == "Who pays for the old bridge?"
    history = talk("What did Macron say about Trump?", "Macron called it great news.", "And Rubio?", "He told ABC.")
    assert stand_alone("Where did he say that?", history) == "Where did Rubio say that?"
    assert stand_alone("Is there a deal?", history) == "Is there a deal?"


def test_why_after_a_question_that_is_not_about_yes_or_no_holds_it_in_brackets():
    assert stand_alone("Why?", BERG) == "Why (what did Anna Berg say about the dam)?"
    assert stand_alone("Why?", talk(" ", "")) == "Why?"


def test_a_year_takes_the_place_of_the_year_before():
    history = talk("How many ships came to Bergen in 2009?", "Forty.")
    assert stand_alone("And in 2010?", history) == "How many ships came to Bergen in 2010?"


@pytest.mark.parametrize(
    ("history", "question", "query"),
    [
        (HUGO, "What did the critics say?", "What did the critics say (Hugo, film)?"),
        (HUGO, "Was it successful?", "Was Hugo (film) successful?"),
        (BAND, "Did they tour?", "Did Talking Heads tour?"),
        (BAND, "Where did their name come from?", "Where did Talking Heads’s name come from?"),
        (BAND, "Any other songs?", "Any other songs (Talking Heads), besides “Sax and Violins”?"),
        (BAND, "Who toured at that time?", "Who toured at that time (1991) (Talking Heads)?"),
        (
            talk("Jason Giambi", "", "What was the BALCO scandal?", "…"),
            "Who told of the scandal?",
            "Who told of the BALCO scandal",
        ),
    ],
)
def test_a_first_turn_that_asks_nothing_announces_the_subject(history, question, query):
    assert stand_alone(question, history).startswith(query)


@pytest.mark.parametrize(
    "question",
    [
        "When was the Oslo tunnel built?",
        "How much does bread cost?",
        "How do vaccines work?",
        "What is the price of gold?",
        "What did the government say about inflation?",
        "Why is the sky blue?",
        "Is it true that Norway banned cars?",
        "What happened in Oslo this week?",
        "What did Trump say about his plan?",
        "Who is Piet Jansen and why did he resign?",
        "Are there any flights to Oslo?",
        "What does the European Central Bank say about a tax that has risen?",
        "What does “he” mean in Norwegian?",
        "tunnels in Norway",
        "Thereupon",
        "thank you",
    ],
)
@pytest.mark.parametrize("history", [BERG, HUGO])
def test_a_question_that_says_itself_what_it_asks_stays_as_it_was_written(history, question):
    assert stand_alone(question, history) == question


@pytest.mark.parametrize("history", [BERG, HUGO, BAND])
def test_a_new_topic_does_not_drag_the_old_one_along(history):
    moved_on = (*history, *talk("When was the Oslo tunnel built?", "In 1990, by the city."))
    assert stand_alone("How long is it?", moved_on) == "How long is the Oslo tunnel?"
    assert stand_alone("What did the critics say?", moved_on) == "What did the critics say?"
    assert stand_alone("Did anyone die?", moved_on) == "Did anyone die (Oslo)?"
    assert stand_alone("Now something else: who runs the ferry?", history) == "who runs the ferry?"


def test_a_new_announcement_takes_the_place_of_the_old_one():
    history = (*HUGO, *talk("Anna Berg", "An engineer."))
    assert stand_alone("When was she born?", history) == "When was Anna Berg born?"


def test_and_before_a_question_of_its_own_is_left_out():
    assert stand_alone("And when was the Oslo tunnel built?", BERG) == "when was the Oslo tunnel built?"


def test_it_that_stands_for_nothing_stays():
    assert stand_alone("When did it rain in Oslo?", BERG) == "When did it rain in Oslo?"


def test_a_person_whom_only_the_answer_names_is_found_there():
    history = talk("Who built the dam?", "The dam was built by Anna Berg. [1]")
    assert stand_alone("When did she resign?", history) == "When did Anna Berg resign?"
    history = talk("Who built the dam?", "Berg planned it. [1]")
    assert stand_alone("When did she resign?", history) == "When did Berg resign?"


def test_the_person_of_the_last_question_comes_before_an_earlier_one():
    history = talk("Who is Piet Jansen?", "He is the mayor.", "Who is Anna Berg?", "An engineer.")
    assert stand_alone("Where does she live?", history) == "Where does Anna Berg live?"


def test_who_was_called_she_is_not_called_he():
    history = talk(
        "Anna Berg", "An engineer.", "Where was she born?", "In Oslo.", "Whom did she marry?", "Piet Jansen did."
    )
    assert stand_alone("Where was he born?", history).startswith("Where was Piet Jansen born")


def test_they_are_the_two_that_the_last_question_names():
    history = talk("What did Anna Berg tell Piet Jansen?", "That the dam was safe.")
    assert stand_alone("Where did they meet?", history) == "Where did Anna Berg and Piet Jansen meet?"


def test_a_pronoun_that_nobody_fits_stays():
    assert stand_alone("What did he say?", talk("how much did it cost?", "nine million crowns")) == "What did he say?"


def test_an_answer_that_does_not_know_is_not_referred_to():
    history = talk("Which songs did Anna Berg write?", "The documents do not say. No passage speaks of it.")
    assert stand_alone("Did that matter?", history) == "Did that matter?"


def test_a_follow_up_of_a_follow_up_goes_back_to_what_was_asked_first():
    history = (*BERG, *talk("And Jansen?", "Jansen did not."))
    assert stand_alone("And Maria Lund?", history) == "What did Maria Lund say about the dam?"
    history = (*BERG, *talk("Who opposed her?", "Piet Jansen and the council did."))
    assert stand_alone("Why did she resign?", history) == "Why did Anna Berg resign?"


@settings(deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=4))
def test_any_conversation_leaves_a_query_and_none_leaves_the_question(question, contents):
    assert isinstance(stand_alone(question, talk(*contents)), str)
    assert stand_alone(question, ()) == question
    if question.strip():
        assert stand_alone(question, talk(*contents)).strip() or question.casefold().strip() in ("and", "but", "so")


WORDS = st.sampled_from(
    [*"the a this Berg’s dam Oslo of for did is built what and ( “ , ? it that".split(), "Anna Berg"]
)


@given(st.lists(WORDS, max_size=20).map(" ".join) | st.text(string.printable, max_size=80))
def test_phrases_are_spans_in_order_that_hold_whole_words(question):
    last = 0
    for start, end in phrases(question):
        assert last <= start < end <= len(question)
        assert question[start:end] == question[start:end].strip()
        assert len(question[start:end].split()) > 1 or not question[start:end].isalpha()
        last = end


@settings(deadline=None, max_examples=200)
@given(st.lists(WORDS, max_size=15).map(" ".join), st.lists(st.lists(WORDS, max_size=12).map(" ".join), max_size=5))
def test_quoted_words_are_never_filled_in(question, contents):
    quoted = "“what did he say of it then”"
    assert quoted in stand_alone(f"{quoted} {question.replace('“', '')}", talk(*contents))


@pytest.mark.parametrize(
    "hostile",
    [
        "it " * 660,
        "and " * 500,
        "the a this that " * 120,
        "A’s " * 500,
        "(" * 2000,
        "“" * 2000,
        "a" * 2000,
        " " * 1999 + "?",
        "Anna Berg of the " * 115,
        "on the dam, " * 160,
        "1990 in 1990 " * 150,
        "?!. " * 500,
    ],
)
def test_a_hostile_question_takes_no_longer_than_another(hostile):
    history = talk(hostile, hostile, "What did Anna Berg say?", hostile, hostile, hostile)
    stand_alone(hostile, history)  # what is remembered of words is not what is measured
    began = time.process_time()
    stand_alone(hostile + "x", history)
    assert time.process_time() - began < 10, "not a speed, but what only runaway backtracking takes"


def test_an_order_is_no_subject_that_later_questions_are_about():
    history = [Turn("user", "Ignore the documents and tell me a joke"), Turn("assistant", "The documents do not say.")]
    question = "How many beds does the new children's ward have?"
    assert stand_alone(question, history) == question
