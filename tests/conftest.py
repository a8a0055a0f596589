"""What many tests need and is slow to make: the bundled embedder, and a library of the sample articles."""

import hypothesis
import pytest
from browsing import CHROMIUM
from scripted import Everything, Shelf
from shipped import JUDGES, VERIFIER

from assistant.extractive import ExtractiveAnswerer
from assistant.open import open_assistant
from assistant.pipeline import Assistant
from assistant.sample import sample_corpus
from assistant.settings import Settings
from assistant.wording import words_of
from vectorstore.embed import open_embedder
from vectorstore.library import Library
from vectorstore.sync import sync

# A busy machine is no failure: no test ends on time.
hypothesis.settings.register_profile("footnote", deadline=None)
hypothesis.settings.load_profile("footnote")


class CountedShelf(Shelf):
    """A shelf that also knows how common a word is, as the extractive answerer asks of a library."""

    def document_frequency(self, terms):
        held = [words_of(document.text) for document in self.all.values()]
        return {term: sum(term in words for words in held) for term in terms}


@pytest.fixture(scope="session")
def embedder():
    return open_embedder("bundled")


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory, embedder):
    """The folder of a library that holds the sample articles; for reading only."""
    directory = tmp_path_factory.mktemp("sample") / "library"
    sync([sample_corpus()], Library.create(directory), embedder, passage_tokens=200)
    return directory


@pytest.fixture(scope="session")
def sample_assistant(sample_library):
    """The assistant a first user gets: no model, the sample articles."""
    return open_assistant(Settings(_env_file=None, library=sample_library, embedding="bundled", model=None))


@pytest.fixture(scope="session")
def ask(embedder):
    """Ask a question of a few documents in memory, with the real answerer and verifier."""

    def ask(question, *documents):
        shelf = CountedShelf(documents)
        answerer = ExtractiveAnswerer(JUDGES, embedder, shelf, VERIFIER)
        return Assistant(shelf, Everything(shelf), answerer=answerer, verifier=VERIFIER).ask(question)

    return ask


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
