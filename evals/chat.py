"""One question to a chat model, one reply, from a cassette where there is one."""

import hashlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from evals.cassette import Cassette, key_of
from prompts.load import Prompt
from vectorstore.errors import UserError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.settings import Settings

REPLY_TOKENS = 400  # a line or two, and room for a model that thinks first


class Chat:
    """The chat model that settings name; it is opened when the cassette does not know a reply. Threads may share it."""

    def __init__(self, settings: "Settings", cassette: Cassette | None = None) -> None:
        if not settings.model:
            raise ValueError("a chat needs a model")
        self.model = settings.model
        self._settings = settings.model_copy(update={"answer_tokens": REPLY_TOKENS})
        self._cassette = cassette
        self._opening = threading.Lock()
        self._chat: BaseChatModel | None = None

    def ask(self, prompt: Prompt, values: Mapping[str, str]) -> str:
        """Return the model's reply to a prompt, and keep it in the cassette.

        Raises:
            UserError: if the model is needed and cannot be opened or does not answer.
        """
        messages = prompt.render(values)
        key = key_of(prompt, self.model, messages)
        if self._cassette and (known := self._cassette.reply(key)) is not None:
            return known
        chat = self._opened()
        try:
            reply = "".join(chunk.text for chunk in chat.stream([(one.role, one.text) for one in messages]))
        except Exception as error:  # providers raise what they like; what the server said may hold a key
            raise UserError(
                f"{self.model} did not answer ({type(error).__name__}); "
                "check that it runs, FOOTNOTE_BASE_URL and the key."
            ) from error
        if self._cassette:
            self._cassette.record(key, prompt=prompt.label, model=self.model, reply=reply)
        return reply

    def _opened(self) -> "BaseChatModel":
        from assistant.providers import open_chat_model

        with self._opening:
            if self._chat is None:
                try:
                    self._chat = open_chat_model(self._settings)
                except UserError as error:
                    if self._cassette is None:
                        raise
                    raise UserError(f"{self._cassette.path} does not hold this reply yet. {error}") from error
            return self._chat


def nonce_of(*texts: str) -> str:
    """Return a word that delimits texts in a prompt and stands in none of them: equal texts, equal prompts."""
    joined = "\x1f".join(texts)
    word = hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    while word in joined:
        word = hashlib.sha256(word.encode()).hexdigest()[:12]
    return word
