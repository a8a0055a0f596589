"""A request in OpenAI's form, read as a question and the conversation before it."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from assistant.types import Turn
from assistant.web.problems import Refused

MODEL = "footnote"
MOST_MESSAGES = 100

# What asks for something else than the one answer in words that there is: the values that do not, and why it is not to
# be had. All other fields are about how a model writes; they decide nothing here.
_ELSEWHERE = "Footnote calls no tools and no functions"
_UNSUPPORTED: dict[str, tuple[tuple[JsonValue, ...], str]] = {
    "tools": (([],), _ELSEWHERE),
    "tool_choice": (("none", "auto"), _ELSEWHERE),
    "functions": (([],), _ELSEWHERE),
    "function_call": (("none", "auto"), _ELSEWHERE),
    "web_search_options": ((), "Footnote answers from its documents only"),
    "n": ((1,), "there is one answer to a question"),
    "logprobs": ((False,), "a sentence has a verdict and no probability"),
    "top_logprobs": ((0,), "a sentence has a verdict and no probability"),
    "response_format": (({"type": "text"},), "an answer is text"),
    "modalities": ((["text"],), "an answer is text"),
    "audio": ((), "an answer is text"),
}


class StreamOptions(BaseModel):
    """What a stream is to hold beside the answer."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool | None = False


class Completion(BaseModel):
    """The body of POST /v1/chat/completions; what else it holds must not ask for what there is not."""

    model_config = ConfigDict(extra="allow")
    model: str
    messages: tuple[dict[str, JsonValue], ...]
    stream: bool | None = False
    stream_options: StreamOptions | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the conversation before it."""

    question: str
    history: tuple[Turn, ...]


def read_asked(body: Completion) -> Asked:
    """Return what is asked: the last message, after the people's and the assistant's messages before it.

    What system and developer messages say is not followed: what is supported is not for a prompt to decide.

    Raises:
        Refused: if something else than an answer in words is asked for.
    """
    expect_model(body.model)
    for field, (harmless, why) in _UNSUPPORTED.items():
        value = (body.model_extra or {}).get(field)
        if value is not None and value not in harmless:
            raise _unsupported(field, f"“{field}” is not supported: {why}. Leave it out.")
    if len(body.messages) > MOST_MESSAGES:
        found = (
            f"“messages” has {len(body.messages):,} messages; at most {MOST_MESSAGES} are read. Leave out the oldest."
        )
        raise _unsupported("messages", found)
    turns = [turn for number, message in enumerate(body.messages) if (turn := _turn(message, f"messages.{number}"))]
    if not body.messages or body.messages[-1]["role"] != "user":
        raise _unsupported("messages", "The last of “messages” must be the user's: it is the question.")
    return Asked(turns[-1].content, tuple(turns[:-1]))


def expect_model(name: str) -> None:
    """Make sure that a model is the one that there is.

    Raises:
        Refused: if it is not.
    """
    if name != MODEL:
        message = f"There is no such model here; the one that answers is “{MODEL}”."
        raise Refused(404, "model_not_found", message, field="model")


def _turn(message: dict[str, Any], where: str) -> Turn | None:
    """Return what a message says, None if nobody of the conversation says it."""
    for field in ("tool_calls", "function_call", "audio"):
        if message.get(field):
            raise _unsupported(f"{where}.{field}", f"“{where}.{field}” is not supported: messages are text.")
    role, text = message.get("role"), _text(message.get("content"), f"{where}.content")
    match role:
        case "user" | "assistant":
            return Turn(role, text)
        case "system" | "developer":
            return None
    known = "user, assistant, system or developer"
    raise _unsupported(f"{where}.role", f"“{where}.role” is not supported; a message is of {known}.")


def _text(content: JsonValue, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise _unsupported(where, f"“{where}” is no text; write a string, or a list of text parts.")
    return "\n".join(_part(part, f"{where}.{number}") for number, part in enumerate(content))


def _part(part: JsonValue, where: str) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(text := part.get("text"), str):
        return text
    raise _unsupported(where, f"“{where}” is not supported: only text is read, no images, sounds or files.")


def _unsupported(field: str, message: str) -> Refused:
    return Refused(400, "unsupported", message, field=field)
