"""Put an assistant together from settings: the only place that chooses implementations."""

from assistant.disagreements import Disagreements
from assistant.extractive import ExtractiveAnswerer
from assistant.judges import Judges
from assistant.pipeline import Answerer, Assistant
from assistant.settings import Settings
from assistant.verify import Verifier, open_verifier
from vectorstore.embed import Embedder, open_embedder
from vectorstore.library import Library
from vectorstore.retrieve import Retriever


def open_assistant(settings: Settings) -> Assistant:
    """Return the assistant for the library that settings name.

    Raises:
        UserError: if there is no library yet, it was built with another embedding, or the model cannot be set up.
    """
    library = Library.open(settings.library)
    embedder = open_settings_embedder(settings)
    judges = Judges()
    verifier = open_verifier(judges)
    answerer = _open_answerer(settings, library, judges, verifier)
    return Assistant(
        library,
        # The extractive answerer reads what is found by itself; a chat model is shown what was read and found best.
        Retriever(library, embedder, judges if answerer.kind == "model" else None),
        answerer=answerer,
        verifier=verifier,
        comparer=Disagreements(judges, library),
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


def _open_answerer(settings: Settings, library: Library, judges: Judges, verifier: Verifier) -> Answerer:
    if settings.model is None:
        # The bundled embedder, whatever the library was indexed with: the weights of the reader are fitted to it.
        return ExtractiveAnswerer(judges, open_embedder("bundled"), library, verifier)
    from assistant.model import ModelAnswerer
    from assistant.providers import open_chat_model

    return ModelAnswerer(
        open_chat_model(settings),
        model=settings.model,
        prompt_tokens=settings.prompt_tokens,
        answer_tokens=settings.answer_tokens,
        timeout=settings.model_timeout,
    )
