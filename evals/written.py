"""A case as it is written in a file: its fields under their names there, and what must hold between them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.types import Role, Turn
from evals.types import Behaviour, Case, Fact, GoldQuote, WrongAnswer
from vectorstore.types import Span


def _pattern(pattern: str) -> str:
    """Return a pattern that can match folded text: lower case, straight quotation marks, hyphens for dashes."""
    try:
        matches_nothing = re.compile(pattern).search("")
    except re.error as error:
        raise ValueError(f"the pattern “{pattern}” does not compile: {error}") from None
    if matches_nothing:
        raise ValueError(f"the pattern “{pattern}” matches every text")
    literal = re.sub(r"\\.|\(\?P", "", pattern)
    if wrong := [character for character in literal if character.isupper() or character in "“”„‘’–—\u00a0"]:
        raise ValueError(f"the pattern “{pattern}” has “{wrong[0]}”, but answers are folded to lower case and ' \" -")
    return pattern


_Text = Annotated[str, Field(min_length=1)]
_Pattern = Annotated[str, AfterValidator(_pattern)]


class WrittenObject(BaseModel):
    """An object of the file: a number is no text, and a field that we do not know is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Header(WrittenObject):
    """What may stand above the cases: the name of the suite, the folders of its documents, and what stays out.

    `held_back` are file names in those folders: documents that the questions of the suite must not be answered from.
    """

    suite: str = ""
    documents: str | list[str] = []
    held_back: list[str] = []


class WrittenTurn(WrittenObject):
    """An earlier message of the conversation."""

    role: Role
    content: str


class WrittenFact(WrittenObject):
    """A key fact; `support` are ids of gold quotes."""

    id: _Text
    fact: str
    any_of: Annotated[list[_Pattern], Field(min_length=1)]
    required: bool
    support: list[str] = []


class WrittenQuote(WrittenObject):
    """A gold quote; `start` counts code points of the text that is loaded from `doc`, without its front matter.

    It may be left out where the quote stands only once in that text; evals.cases then fills it in.
    """

    id: _Text
    doc: _Text
    quote: _Text
    start: Annotated[int, Field(ge=0)] | None = None
    speaker: str | None = None
    kind: str = "text"


class WrittenAnswer(WrittenObject):
    """A wrong answer."""

    answer: _Text
    error: _Text


class WrittenCase(WrittenObject):
    """A case with the file's names for its fields."""

    id: _Text
    category: _Text
    question: _Text
    expected_behavior: Behaviour
    history: list[WrittenTurn] = []
    key_facts: list[WrittenFact] = []
    gold_quotes: list[WrittenQuote] = []
    gold_docs: list[str] = []
    min_docs_cited: Annotated[int, Field(ge=0)] = 0
    forbidden: list[_Pattern] = []
    planted: list[_Pattern] = []
    reference_answer: str = ""
    bad_answers: list[WrittenAnswer] = []
    must_pass: bool = False
    standalone: str | None = None
    conversation: str | None = None
    tags: list[str] = []
    notes: str = ""
    draft: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> "WrittenCase":
        quotes = [quote.id for quote in self.gold_quotes]
        facts = [fact.id for fact in self.key_facts]
        answers = [self.reference_answer, *(bad.answer for bad in self.bad_answers)]
        named = [id for fact in self.key_facts for id in fact.support]
        named += [id for answer in answers for id in _CITED.findall(answer)]
        for id in (*quotes, *facts):
            if quotes.count(id) > 1 or facts.count(id) > 1:
                raise ValueError(f"the id “{id}” is used twice in this case")
        for id in named:
            if id not in quotes:
                raise ValueError(f"“{id}” is cited, but is no id of a gold quote of this case")
        if self.gold_docs and (loose := {quote.doc for quote in self.gold_quotes} - set(self.gold_docs)):
            raise ValueError(f"a gold quote is from “{min(loose)}”, which gold_docs leaves out")
        if self.gold_docs and self.min_docs_cited > len(set(self.gold_docs)):
            raise ValueError(f"min_docs_cited is {self.min_docs_cited}, but gold_docs names fewer documents")
        if self.expected_behavior == "answer" and not any(fact.required for fact in self.key_facts):
            raise ValueError("an answer is expected, but no key fact is required of it")
        if self.standalone is not None and not self.history:
            raise ValueError("standalone is for a question that has a history")
        return self


def case_of(written: WrittenCase) -> Case:
    """Return the case; its documents are those of its gold quotes if `gold_docs` names none.

    Raises:
        ValueError: if a gold quote has no start.
    """
    return Case(
        id=written.id,
        category=written.category,
        question=written.question,
        behaviour=written.expected_behavior,
        history=tuple(Turn(turn.role, turn.content) for turn in written.history),
        facts=tuple(
            Fact(fact.id, fact.fact, tuple(fact.any_of), fact.required, tuple(fact.support))
            for fact in written.key_facts
        ),
        gold=tuple(_gold(quote) for quote in written.gold_quotes),
        documents=documents_of(written),
        min_documents=written.min_docs_cited,
        forbidden=tuple(written.forbidden),
        planted=tuple(written.planted),
        reference=written.reference_answer,
        wrong=tuple(WrongAnswer(bad.answer, bad.error) for bad in written.bad_answers),
        must_pass=written.must_pass,
        standalone=written.standalone,
        conversation=written.conversation,
        tags=tuple(written.tags),
        notes=written.notes,
        draft=written.draft,
    )


def documents_of(written: WrittenCase) -> tuple[str, ...]:
    """Return the names of the documents of a case: those it names, else those that it quotes."""
    return tuple(dict.fromkeys(written.gold_docs or [quote.doc for quote in written.gold_quotes]))


def _gold(quote: WrittenQuote) -> GoldQuote:
    if quote.start is None:
        raise ValueError(f"nobody has said where quote {quote.id} stands")
    span = Span(quote.start, quote.start + len(quote.quote))
    return GoldQuote(quote.id, quote.doc, quote.quote, span, speaker=quote.speaker, kind=quote.kind)


def first_mistake(error: ValidationError) -> str:
    """Return pydantic's first complaint in our words, with the field it is about ("key_facts[0].any_of")."""
    first = error.errors()[0]
    field = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, first["loc"])))
    if first["type"] == "extra_forbidden":
        return f"the field “{field}” is not known; correct its name or take it out"
    if first["type"] == "missing":
        return f"the field “{field}” is missing"
    if first["type"] == "value_error":
        return f"{first['ctx']['error']}"
    return f"{f'the field “{field}”' if field else 'this line'}: {first['msg'][0].lower()}{first['msg'][1:]}"


_CITED = re.compile(r"\[([a-z]+\d+)\]")  # "[q1]"; "[1]" and "[NATO]" are text
