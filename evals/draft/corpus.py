"""The documents that cases are drafted from, sentence by sentence, and what is rare or said twice among them."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from assistant.names import capitalised_words
from assistant.pipeline import Assistant
from assistant.types import Evidence
from assistant.wording import content_of, holds
from evals.evidence import Reader, file_name
from vectorstore.tokens import Tokens
from vectorstore.types import Document

_SMALL = re.compile(r"\b[a-zß-öø-ÿ]+(?:[-’'][^\W\d_]+)*")
NEAR = 10  # passages that are searched for another sentence that says the same
ALIKE = 0.5  # share of a sentence's words that another must hold before the verifier is asked


class Corpus:
    """All documents of an assistant's library; those that are left out are neither counted nor found."""

    def __init__(self, assistant: Assistant, *, without: Collection[Document] = ()) -> None:
        self._assistant = assistant
        self._reader = Reader()
        self.without = frozenset(without)
        self.documents = tuple(one for one in assistant.library.documents() if one not in self.without)
        self._tokens = Tokens()
        self._known: dict[Document, frozenset[str]] = {}

    def sentences(self, document: Document) -> tuple[Evidence, ...]:
        """Return the sentences of a document's running text: no headings, no list items without an end."""
        return tuple(one for one in self._reader.sentences(document) if not one.sentence.heading)

    @cached_property
    def all(self) -> tuple[Evidence, ...]:
        """The sentences of all documents, in their order."""
        return tuple(one for document in self.documents for one in self.sentences(document))

    @cached_property
    def ambiguous_names(self) -> frozenset[str]:
        """File names that several documents of the library share: a case could not say which it means."""
        counted = Counter(file_name(one) for one in (*self.documents, *self.without))
        return frozenset(name for name, count in counted.items() if count > 1)

    def headed(self, document: Document) -> frozenset[str]:
        """Return the stems of the words of a document's title and headings."""
        headings = [one.text for one in self._reader.sentences(document) if one.sentence.heading]
        return content_of(" . ".join([document.title, *headings]))

    def known(self, document: Document) -> frozenset[str]:
        """Return the case-folded words that stand capitalised inside sentences of a document: its names."""
        if document not in self._known:
            self._known[document] = capitalised_words([one.text for one in self._reader.sentences(document)])
        return self._known[document]

    def is_word(self, spelling: str) -> bool:
        """Return whether a spelling is a word of English, as far as the bundled vocabulary of 30,000 knows."""
        return self._tokens.count(spelling) == 1

    def rarity(self, word: str) -> float:
        """Return how rare a stem is: the logarithm of sentences in all over sentences with it; higher is rarer."""
        return math.log((1 + len(self.all)) / (1 + self._frequency[word]))

    def holding(self, words: Collection[str]) -> Iterator[Evidence]:
        """Yield the sentences that hold all of these stems."""
        for one in self.all:
            if all(holds(content_of(one.text), word) for word in words):
                yield one

    def saying(self, claim: str, *, but: Evidence) -> tuple[Evidence, ...]:
        """Return other sentences that by themselves support a claim, as far as search and verifier tell."""
        found = {}
        words = content_of(claim)
        for one in self._near(claim):
            held = sum(holds(content_of(one.text), word) for word in words)
            if one.sentence == but.sentence or held < ALIKE * len(words):
                continue
            if self._assistant.verifier.judge(claim, [one]).verdict == "supported":
                found[one.document, one.sentence] = one
        return tuple(found.values())

    def passages_on(self, query: str) -> tuple[tuple[Evidence, ...], ...]:
        """Return the sentences of each of the NEAR best passages on a query, the best passage first."""
        # Filters name what to keep; with one document left out of a thousand it is easier to ask for more.
        hits = self._assistant.retriever.search(query, k=NEAR + 5 * len(self.without))
        kept = [hit for hit in hits if hit.document not in self.without][:NEAR]
        return tuple(self._reader.at(hit.document, [hit.passage.span]) for hit in kept)

    def _near(self, query: str) -> Iterator[Evidence]:
        """Yield the sentences of the best passages, and of all copies of their documents, which a search leaves out."""
        near = [one for passage in self.passages_on(query) for one in passage if not one.sentence.heading]
        yield from near
        found = {one.document.id for one in near}
        copies = {copy.id for some in self._assistant.library.copies(found).values() for copy in some} - found
        yield from (one for document in self.documents if document.id in copies for one in self.sentences(document))

    @cached_property
    def small_words(self) -> frozenset[str]:
        """The words that some document writes without a capital: they are no names."""
        return frozenset(word for one in self.all for word in _SMALL.findall(one.text))

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(word for one in self.all for word in content_of(one.text))


def rarest(words: Collection[str], corpus: Corpus, *, most: int) -> Sequence[str]:
    """Return the rarest of some stems, the rarest first; equals in alphabetical order."""
    return sorted(words, key=lambda word: (-corpus.rarity(word), word))[:most]
