"""Put an assistant together from settings: the only place that chooses implementations."""

from typing import TYPE_CHECKING

from assistant.disagreements import Disagreements
from assistant.extractive import ExtractiveAnswerer
from assistant.judges import Judges
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.verify import open_verifier
from vectorstore.embed import Embedder, open_embedder
from vectorstore.library import Library
from vectorstore.parsing import Parser
from vectorstore.retrieve import Retriever

if TYPE_CHECKING:
    from assistant.model import ModelAnswerer
    from assistant.rewriting import ModelRewriter
    from vectorstore.chroma_server import ChromaServer


def open_assistant(settings: Settings) -> Assistant:
    """Return the assistant for the library that settings name.

    Raises:
        UserError: if there is no library yet, it was built with another embedding, or the model cannot be set up.
    """
    library = Library.open(settings.library, open_settings_server(settings))
    embedder = open_settings_embedder(settings)
    judges = Judges()
    verifier = open_verifier(judges)
    # The bundled embedder, whatever the library was indexed with: the weights of the reader are fitted to it.
    extractive = ExtractiveAnswerer(judges, open_embedder("bundled"), library, verifier)
    written, rewriter = _open_model(settings) if settings.model else (None, None)
    return Assistant(
        library,
        # The extractive answerer reads what is found by itself; a chat model is shown what was read and found best.
        Retriever(library, embedder, judges if written else None),
        answerer=written or extractive,
        verifier=verifier,
        fallback=extractive if written else None,
        rewriter=rewriter,
        repairer=written,
        comparer=Disagreements(judges),
        strict=settings.strict,
        passages=settings.passages,
        longest_question=settings.question_characters,
    )


def open_settings_embedder(settings: Settings) -> Embedder:
    """Return the embedder that settings name; nothing is loaded or contacted before it is used."""
    key = settings.embedding_api_key
    return open_embedder(
        settings.embedding,
        base_url=settings.embedding_base_url,
        api_key=key.get_secret_value() if key else None,
    )


def open_settings_parser(settings: Settings) -> Parser:
    """Return the parser of files that settings ask for; its process starts with the first file."""
    return Parser(ocr_languages=settings.ocr)


def open_settings_server(settings: Settings) -> "ChromaServer | None":
    """Return the Chroma server that settings name, if they name one; it is not contacted before it is used."""
    if settings.chroma_url is None:
        return None
    from vectorstore.chroma_server import ChromaServer

    token = settings.chroma_token
    return ChromaServer(settings.chroma_url, token.get_secret_value() if token else None)


def _open_model(settings: Settings) -> tuple["ModelAnswerer", "ModelRewriter"]:
    from assistant.hearing import Prices
    from assistant.model import ModelAnswerer
    from assistant.providers import open_chat_model, patience
    from assistant.rewriting import ModelRewriter

    chat = open_chat_model(settings)
    prices = Prices(settings.model_price_in, settings.model_price_out)
    answerer = ModelAnswerer(
        chat,
        model=settings.model or "",
        prompt_tokens=settings.prompt_tokens,
        answer_tokens=settings.answer_tokens,
        patience=patience(settings),
        prices=prices,
    )
    return answerer, ModelRewriter(chat, prices=prices)
