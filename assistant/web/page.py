"""The chat page: a question at a time, the answer as it is written, and nothing in the way."""

import logging
import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from assistant.types import Answer, Citation, Claimed, Delta, Finished, Retrieved, Rewritten, Searched, Turn
from assistant.web.render import (
    Growing,
    answer_html,
    error_html,
    growing_html,
    question_html,
    status_html,
    welcome_html,
)
from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    import gradio

    from assistant.pipeline import Assistant

REMEMBERED = 20  # messages of a conversation that the next question is read with
FRAME = 0.1  # seconds between two updates of text that is still being written

_log = logging.getLogger(__name__)

Message = dict[str, Any]  # Gradio's own: {"role", "content"}


@dataclass
class Conversation:
    """What one open page has been told so far; it lives on the server, so that no page sends its past back.

    `messages` are what the chat shows, `turns` what the next question is read with. `asked` and `growing` are the
    question and the answer under way.
    """

    messages: list[Message] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    asked: str | None = None
    growing: Growing = field(default_factory=Growing)

    @property
    def number(self) -> int:
        """The number of the answer under way, or of the next one, from 1."""
        return len(self.messages) // 2 + 1

    def ask(self, question: str) -> None:
        """Begin a new answer."""
        self.asked, self.growing = question, Growing()

    def show(self, html: str) -> list[Message]:
        """Return the conversation with html as the answer under way."""
        return [
            *self.messages,
            {"role": "user", "content": question_html(self.asked or "")},
            {"role": "assistant", "content": html},
        ]

    def keep(self, html: str, text: str, citations: Sequence[Citation] = ()) -> list[Message]:
        """End the answer under way and return the conversation; an answer without text is not remembered.

        Every footnote is, also of turns that are forgotten: a number never comes to mean something else.
        """
        self.messages = self.show(html)
        if text:
            turns = [*self.turns, Turn("user", self.asked or ""), Turn("assistant", text, tuple(citations))]
            forgotten = [one for turn in turns[:-REMEMBERED] for one in turn.citations]
            oldest, *others = turns[-REMEMBERED:]
            self.turns = [replace(oldest, citations=(*forgotten, *oldest.citations)), *others]
        self.asked = None
        return self.messages


def build_page(assistant: "Assistant", examples: Sequence[str] = ()) -> "gradio.Blocks":
    """Return the page; its look is in static/, and what it shows of an answer in render.py."""
    gr = import_gradio()
    size = assistant.library.manifest()

    page: gradio.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as page:
        state = gr.State(Conversation())
        gr.Markdown(welcome_html(size.documents, size.passages), elem_id="hello", latex_delimiters=[])
        chat = gr.Chatbot(
            elem_id="conversation",
            label="Conversation",
            visible=False,
            height=None,
            show_label=False,
            container=False,
            autoscroll=False,
            render_markdown=False,  # what arrives is finished HTML from render.py; Markdown is done there
            latex_delimiters=[],
            layout="panel",
            buttons=[],
            feedback_options=[],
            group_consecutive_messages=False,
        )
        ask = gr.Textbox(
            elem_id="ask",
            label="Question",
            placeholder="Ask the documents",
            show_label=False,
            container=False,
            autofocus=True,
            max_lines=6,
            max_length=assistant.longest_question,
            submit_btn="Ask",
        )
        with gr.Column(elem_id="examples"):
            buttons = [gr.Button(example) for example in examples]
        ready = gr.update(submit_btn="Ask", stop_btn=False)

        async def answer(question: str, conversation: Conversation) -> AsyncGenerator[dict[Any, Any], None]:
            if not question.strip() or conversation.asked:
                yield {state: gr.skip()}
                return
            conversation.ask(question)
            searching = conversation.show(status_html("Searching the documents …"))
            yield {
                ask: gr.update(value="", submit_btn=False, stop_btn="Stop"),
                chat: gr.update(value=searching, visible=True),
            }
            async with aclosing(_written(assistant, conversation)) as shown:
                async for messages in shown:
                    yield {chat: messages}
            yield {ask: ready}

        def stop(conversation: Conversation) -> dict[Any, Any]:
            if conversation.asked is None:
                return {ask: ready}
            ended = _stopped(conversation, assistant.answerer.kind)
            return {
                ask: ready,
                chat: conversation.keep(answer_html(ended, conversation.number), ended.text, ended.citations),
            }

        quiet: Any = {"show_progress": "hidden", "api_visibility": "private"}
        starts = [(ask, ask.submit), *((button, button.click) for button in buttons)]
        running = [begin(answer, [source, state], [ask, chat, state], **quiet) for source, begin in starts]
        ask.stop(stop, [state], [ask, chat], cancels=running, **quiet)
    return page


async def _written(assistant: "Assistant", conversation: Conversation) -> AsyncGenerator[list[Message], None]:
    """Yield the conversation each time the answer under way has grown enough to be worth showing."""
    question, number, shown = conversation.asked or "", conversation.number, 0.0
    markdown = assistant.answerer.kind == "model"
    try:
        async with aclosing(assistant.stream(question, tuple(conversation.turns))) as events:
            async for event in events:
                if conversation.number != number:
                    return  # stopped, and not cancelled in time
                match event:
                    case Retrieved():
                        yield conversation.show(status_html("Reading what was found …"))
                    case Claimed():
                        conversation.growing = conversation.growing.claimed(event)
                    case Rewritten(claimed):
                        conversation.growing = reduce(Growing.claimed, claimed, Growing())
                    case Delta(text):
                        conversation.growing = conversation.growing.written(text)
                    case Finished(answer):
                        yield conversation.keep(answer_html(answer, number), answer.text, answer.citations)
                if isinstance(event, Claimed | Rewritten) or (
                    isinstance(event, Delta) and time.monotonic() - shown >= FRAME
                ):
                    shown = time.monotonic()
                    yield conversation.show(growing_html(conversation.growing, number, markdown=markdown))
    except UserError as error:
        yield conversation.keep(error_html(str(error)), "")
    except Exception:  # noqa: BLE001 - the last place before a person, who gets a number to report; the log gets the rest
        reference = uuid4().hex[:12]
        _log.exception("answering failed, reference %s", reference)
        message = f"Something went wrong here, not in your question. Reference {reference}; the log has more."
        yield conversation.keep(error_html(message), "")


def _stopped(conversation: Conversation, answerer: Literal["extractive", "model"]) -> Answer:
    """Return what had been written and verified when the person stopped it."""
    growing, question = conversation.growing, conversation.asked or ""
    return Answer(
        state="stopped",
        question=question,
        query=question,
        text=growing.text,
        claims=growing.claims,
        citations=growing.citations,
        searched=Searched(question, Filters(), 0),
        answerer=answerer,
        notice="You stopped the answer here." if growing.claims else "You stopped the answer before it began.",
    )


def import_gradio() -> Any:  # noqa: ANN401 - Gradio's components carry no types that strict mypy accepts
    """Return the gradio module, imported with everything that would call home switched off."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    os.environ["GRADIO_MCP_SERVER"] = "False"
    os.environ["GRADIO_SSR_MODE"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.pop("GRADIO_VIBE_MODE", None)
    import gradio

    return gradio
