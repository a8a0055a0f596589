"""Open the chat model that the settings name, from any provider that LangChain knows."""

import os
import re
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from assistant.hearing import Patience
from assistant.settings import Settings
from vectorstore.errors import UserError

if TYPE_CHECKING:
    import ssl

    import httpx
    from langchain_core.language_models import BaseChatModel

CONNECT_SECONDS = 5.0

Options: TypeAlias = dict[str, Any]  # keyword arguments of whatever class a provider has


def patience(settings: Settings) -> Patience:
    """Return how long the settings let a model take."""
    return Patience(settings.model_first_seconds, settings.model_idle_seconds, settings.model_total_seconds)


def open_chat_model(settings: Settings) -> "BaseChatModel":
    """Return the chat model; nothing is sent before it is used.

    With a base URL every name is one of an OpenAI-compatible server, with "openai:" before it or not; only "ollama:"
    then still means Ollama's own protocol. Without one a name begins with its provider, "openai:gpt-5-mini".
    LangSmith's tracing, which would send the documents elsewhere, is turned off.

    Raises:
        UserError: if no model is set, or its provider's package or key is missing.
    """
    if not settings.model:
        raise UserError('No model is set; set FOOTNOTE_MODEL, for example to "openai:gpt-5-mini".')
    provider, name = _split(settings.model, settings.base_url)
    if provider == "openai" and not (settings.base_url or settings.api_key or os.environ.get("OPENAI_API_KEY")):
        raise UserError(f"There is no key for {settings.model}; set FOOTNOTE_API_KEY or OPENAI_API_KEY.")
    for variable in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"):
        os.environ[variable] = "false"

    from langchain.chat_models import init_chat_model

    options = {"openai": _openai, "ollama": _ollama}.get(provider, _other)(name, settings)
    try:
        chat: BaseChatModel = init_chat_model(name, model_provider=provider, **options)
    except ImportError as error:
        named = re.search(r"pip install ([\w-]+)", str(error))
        package = named[1] if named else f"langchain-{provider}"
        raise UserError(
            f"{settings.model} needs the package {package}; install it with: pip install {package}"
        ) from error
    except ValueError as error:
        raise UserError(
            f"The model {settings.model} cannot be opened; check the provider before the colon and that its key is set."
        ) from error
    return chat


def _split(model: str, base_url: str | None) -> tuple[str, str]:
    """Return the provider and the provider's name of the model."""
    provider, colon, name = model.partition(":")
    if base_url:
        return (provider, name) if provider in {"openai", "ollama"} and name else ("openai", model)
    if not (colon and provider and name):
        raise UserError(
            f'FOOTNOTE_MODEL is "{model}"; write its provider before it, as in "openai:{model.strip(":")}".'
        )
    return provider, name


class _Client(TypedDict):
    trust_env: bool
    verify: "ssl.SSLContext"
    timeout: "httpx.Timeout"
    limits: "httpx.Limits"


def _client(settings: Settings, *, trust_env: bool) -> _Client:
    import httpx

    return {
        "trust_env": trust_env,
        "verify": httpx.create_ssl_context(trust_env=trust_env),  # once: it reads every certificate there is
        # Only a server that cannot be reached is the client's to give up on: it counts comments as signs of life.
        "timeout": httpx.Timeout(settings.model_total_seconds, connect=CONNECT_SECONDS),
        # A connection kept for later belongs to the event loop of this question, and the next may have another.
        "limits": httpx.Limits(max_keepalive_connections=0),
    }


def _openai(name: str, settings: Settings) -> Options:
    import httpx

    # A proxy of the environment is for the way out of the house, not to a server in it.
    client = _client(settings, trust_env=settings.base_url is None)
    options: Options = {
        "api_key": settings.api_key.get_secret_value() if settings.api_key else None,
        "max_tokens": settings.answer_tokens,  # sent as max_completion_tokens
        "max_retries": 0,
        "stream_usage": True,
        "stream_chunk_timeout": None,  # the answerer has its own, for every provider
        "timeout": client["timeout"],
        "http_client": httpx.Client(**client),
        "http_async_client": httpx.AsyncClient(**client),
    }
    if not _THINKS.match(name):
        options["temperature"] = 0
    if settings.base_url:
        options["base_url"] = settings.base_url
        options["api_key"] = options["api_key"] or "none"
        options["extra_body"] = {"max_tokens": settings.answer_tokens}  # older servers know no other spelling
    elif _THINKS_ABOUT_AS_MUCH_AS_TOLD.match(name):
        options["reasoning_effort"] = (
            "low"  # thinking counts as answer_tokens, and more of it leaves none for the answer
        )
    return options


def _ollama(name: str, settings: Settings) -> Options:
    return {
        "base_url": settings.base_url,
        "temperature": 0,
        "num_predict": settings.answer_tokens,
        # Ollama drops what does not fit into its context, first of all our rules; its tokens are not the ones we count.
        "num_ctx": (settings.prompt_tokens + settings.answer_tokens) * 5 // 4,
        "client_kwargs": _client(settings, trust_env=False),
    }


def _other(name: str, settings: Settings) -> Options:
    options: Options = {
        "max_tokens": settings.answer_tokens,
        "max_retries": 0,
        "timeout": settings.model_total_seconds,
    }
    if settings.api_key:
        options["api_key"] = settings.api_key.get_secret_value()
    return options


# These models refuse any temperature but their own.
_THINKS = re.compile(r"(?:.*/)?(?:gpt-5|o[1-9])", re.IGNORECASE)
_THINKS_ABOUT_AS_MUCH_AS_TOLD = re.compile(r"gpt-5(?!.*(?:chat|pro))", re.IGNORECASE)
