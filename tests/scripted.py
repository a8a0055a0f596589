"""An assistant for tests of the page: the real pipeline over real documents, with a scripted search and answerer."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from assistant.pipeline import Assistant
from assistant.types import Delta, Draft, Ended, Judgement
from vectorstore.catalogue import Brief, Overview
from vectorstore.loaders import load
from vectorstore.sentences import split_sentences
from vectorstore.types import Document, Filters, Hit, Passage, Span, Why

ARTICLES = Path(__file__).parent.parent / "articles"
HOSTILE = Document(
    source="evil/<img src=//evil.example/source.png>.html",
    title="<img src=//evil.example/title.png onerror=window.pwned=1> ![t](//evil.example/t.png)",
    outlet="<script>window.pwned=1</script>",
    text=(
        "<script>window.pwned=1</script> <img src=//evil.example/x onerror=window.pwned=1> said the attacker. "
        "![x](https://evil.example/leak.png) and [click](javascript:window.pwned=1) are only words. "
        "\u202etfel ot thgir\u202c stays inside. <form action=//evil.example><input type=image></form>"
        "![y](/gradio_api/file=https://evil.example/proxied.png) <style>@import '//evil.example/s.css'</style>"
    ),
)


ALL = Filters()


def passes(document, filters):
    """Return whether a document passes filters, as vectorstore.rows asks SQLite."""
    outlets = [outlet.casefold() for outlet in filters.outlets]
    return (
        (not outlets or (document.outlet or "").casefold() in outlets)
        and (not filters.documents or bool({document.id, document.source} & set(filters.documents)))
        and (not filters.after or bool(document.published and document.published >= filters.after))
        and (not filters.before or bool(document.published and document.published <= filters.before))
        and (not filters.readable or filters.readable.holds(document.source))
    )


@dataclass
class Manifest:
    documents: int
    passages: int
    revision: int = 1


class Shelf:
    """Documents in memory, with the methods of Library that answering and the page need."""

    def __init__(self, documents):
        self.all = {document.id: document for document in documents}

    def documents(self, filters=ALL):
        return (document for document in self.all.values() if passes(document, filters))

    def find(self, source_or_id):
        return self.all.get(source_or_id)

    def sentences(self, document_id):
        return split_sentences(self.all[document_id])

    def reading(self):
        return nullcontext()

    def copies(self, ids, filters=ALL):
        return {}

    def manifest(self):
        return Manifest(len(self.all), len(self.all))

    def index_directory(self):
        return None  # there are no vectors

    def outlets(self, filters=ALL):
        return tuple(sorted({document.outlet for document in self.documents(filters) if document.outlet}))

    def overview(self, filters=ALL):
        held = list(self.documents(filters))
        days = sorted(document.published for document in held if document.published)
        oldest, newest = (days[0], days[-1]) if days else (None, None)
        return Overview(len(held), len(held), self.outlets(filters), oldest, newest, len(held) - len(days))

    def briefs(self, words, *, limit, filters=ALL):
        held = sorted(self.documents(filters), key=lambda document: document.title)
        parts = words.casefold().split()
        found = [one for one in held if all(part in f"{one.title} {one.source}".casefold() for part in parts)]
        return tuple(Brief(one.source, one.title, one.outlet, one.published) for one in found[:limit])


class Everything:
    """A search that finds every document, whole, in order: all that may be read, whatever a person wishes for."""

    def __init__(self, shelf):
        self.shelf = shelf

    def search(self, query, *, k=10, filters=ALL):
        hits = []
        for document in self.shelf.documents(Filters(readable=filters.readable)):
            sentences = self.shelf.sentences(document.id)
            passage = Passage(document.id, Span(sentences[0].span.start, sentences[-1].span.end), sentences)
            hits.append(Hit(passage, document, 1.0, Why(1.0, 1.0, 1.0)))
        return tuple(hits)


class Script:
    """An answerer that does what the question's first word says: quotes the sentences that hold the others, or …"""

    kind = "extractive"
    model = None
    prompt = None

    def __init__(self, kind="extractive"):
        self.kind = kind

    async def answer(self, request, evidence):
        order, *words = request.question.rstrip("?").split()
        if order == "abstain":
            yield Ended("abstained", "No sentence answers this.")
            return
        if order == "fail":
            raise RuntimeError("a secret: sk-12345")
        if order == "hang":
            yield Delta("This is being ")
            await asyncio.sleep(3600)
        if order in ("type", "write"):  # the rest of the question, line by line, each in two strokes
            for line in filter(str.strip, request.question.partition(" ")[2].splitlines()):
                yield Delta(line[: len(line) // 2])
                yield Delta(line[len(line) // 2 :] + "\n")
                if order == "write":
                    yield Draft(line, tuple(evidence[:1]), lead="\n- ")
            if order == "type":
                await asyncio.sleep(3600)
            yield Ended()
            return
        found = [one for one in evidence if all(word in one.text for word in words)]
        if order == "written":
            yield Delta("Markdown **bold** and ")
            yield Draft("Markdown **bold** and <b>tags</b>.", tuple(found[:1]))
            yield Draft("It costs $9 billion.", tuple(found[:1]), lead="\n\n- ")
            yield Draft("Nobody said this.", (), lead="\n- ")
            yield Ended("truncated", "The model reached its limit.")
            return
        for number, one in enumerate(found):
            yield Draft(one.text, (one,), lead=" " if number else "")
        yield Ended()


class Marking:
    """A verifier that believes whatever stands in the evidence."""

    def judge(self, claim, evidence):
        if any(claim in one.text for one in evidence):
            return Judgement("supported", 1.0)
        return Judgement("unsupported", 0.1, ("words: they are not in the cited text",))


def scripted_assistant(*documents, kind="extractive"):
    shelf = Shelf(documents or [*(load(path, source=path.name) for path in sorted(ARTICLES.glob("*.md"))), HOSTILE])
    return Assistant(shelf, Everything(shelf), answerer=Script(kind), verifier=Marking())
