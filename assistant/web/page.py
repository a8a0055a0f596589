"""The chat page: a question at a time, the answer as it is written, and nothing in the way."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from html import escape
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.access import Person, explained
from assistant.history import Exchange
from assistant.types import Role
from assistant.web.api import AskFilters
from assistant.web.brand import Brand
from assistant.web.cards import error_html
from assistant.web.desk import Desk, Work
from assistant.web.pages import Pages
from assistant.web.render import exchange_html, question_html, work_html
from assistant.web.request_id import request_id
from assistant.web.safe import clean
from assistant.web.visitor import Visitor, visitor_of
from assistant.web.words import Words, words_for
from vectorstore.errors import UserError
from vectorstore.types import Filters

if TYPE_CHECKING:
    import gradio

Message = dict[str, Any]  # Gradio's own: {"role", "content"}
Update = dict[Any, Any]  # what a handler gives back to Gradio: new values by component


class Context(BaseModel):
    """What the page's script tells beside a question: where it belongs, what it replaces, what may be used for it."""

    model_config = ConfigDict(extra="forbid")
    conversation: str | None = None
    replaces: int | None = None
    filters: AskFilters = AskFilters()

    @classmethod
    def read(cls, text: str) -> "Context":
        """Return the context that text holds, an empty one if it holds nothing.

        Raises:
            UserError: if it holds something else.
        """
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "what the page sent"
            raise UserError(f"{where} cannot be understood; change it, or load the page again.") from error


def build_page(
    desk: Desk, brand: Brand, pages: Pages, language: str | None, examples: Sequence[str] = ()
) -> "gradio.Blocks":
    """Return the page; its look and its script are in static/, and what it shows of an answer in render.py.

    The page itself remembers nothing: its address names the conversation, and `desk` knows the rest. So it lives on
    when the server is started anew, and looks the same when it is loaded again.
    """
    gr = import_gradio()
    markdown = desk.assistant.answerer.kind == "model"
    words_at_first = words_for(None, None, language)  # until the page is opened and its reader known

    page: gradio.Blocks
    with gr.Blocks(title=brand.title, analytics_enabled=False, fill_width=True) as page:
        hello = gr.Markdown(_welcome(desk, brand, words_at_first, None), elem_id="hello", latex_delimiters=[])
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
        with gr.Column(elem_id="foot"):
            ask = gr.Textbox(
                elem_id="ask",
                label=words_at_first("ask.label"),
                placeholder=words_at_first("ask.placeholder"),
                show_label=False,
                container=False,
                autofocus=True,
                max_lines=6,
                submit_btn=words_at_first("ask.send"),
            )
            context = gr.Textbox(elem_id="context", visible="hidden")  # written by the script, never seen
        with gr.Column(elem_id="examples"):
            buttons = [gr.Button(example) for example in examples]

        def box(words: Words, *, busy: bool, **more: str) -> Any:  # noqa: ANN401 - Gradio's update
            if busy:
                return gr.update(submit_btn=False, stop_btn=words("ask.stop"), **more)
            return gr.update(submit_btn=words("ask.send"), stop_btn=False, **more)

        async def look(work: Work, earlier: list[Message], words: Words) -> AsyncGenerator[Update, None]:
            """Yield the page each time the answer under way has grown, and with what it became."""
            busy = False
            asked = _message("user", question_html(work.question, work.begun.number, words))
            async with aclosing(work.frames()) as frames:
                async for frame in frames:
                    shown = _message("assistant", work_html(frame, words, markdown=markdown))
                    update: Update = {chat: gr.update(value=[*earlier, asked, shown], visible=True)}
                    if frame.ended or not busy:  # from now on the page knows what it can stop
                        busy = not frame.ended
                        update[ask] = box(words, busy=busy)
                    yield update

        def visitor_at(request: gr.Request) -> Visitor:  # type: ignore[name-defined]
            # Gradio runs this in a task of its own, begun long before: the log would name another request.
            request_id.set(request.request.scope["request_id"])
            visitor = visitor_of(request.request, language)
            pages.claim(request.session_hash, visitor.user)
            return visitor

        async def open_page(request: gr.Request) -> AsyncGenerator[Update, None]:  # type: ignore[name-defined]
            visitor = visitor_at(request)
            words = visitor.words
            named: Update = {
                hello: await asyncio.to_thread(_welcome, desk, brand, words, visitor.person),
                ask: box(words, busy=False, label=words("ask.label"), placeholder=words("ask.placeholder")),
            }
            conversation = request.query_params.get("c")
            if not conversation:
                yield named
                return
            try:
                # First the work, then what is kept: an answer that ends in between is in both, and not in neither.
                work = desk.at_work(conversation)
                earlier = await _messages(desk, visitor, conversation, before=work.begun.number if work else None)
            except UserError as error:
                work, earlier = None, [_message("assistant", error_html(explained(error, visitor.person), words))]
            yield {**named, chat: gr.update(value=earlier, visible=True)}
            if work:
                async with aclosing(look(work, earlier, words)) as updates:
                    async for update in updates:
                        yield update

        async def answer(question: str, told: str, request: gr.Request) -> AsyncGenerator[Update, None]:  # type: ignore[name-defined]
            if not question.strip():
                yield {ask: gr.skip()}
                return
            visitor = visitor_at(request)
            words = visitor.words
            yield {ask: gr.update(value="", submit_btn=False)}
            busy = False
            try:
                about = Context.read(told)
                busy = about.conversation is not None and desk.at_work(about.conversation) is not None
                work = await desk.ask(
                    visitor.person,
                    question,
                    about.filters.filters(),
                    conversation=about.conversation,
                    replaces=about.replaces,
                )
                earlier = await _messages(desk, visitor, work.begun.conversation, before=work.begun.number)
            except UserError as error:
                gr.Warning(escape(explained(error, visitor.person)))
                yield {ask: box(words, busy=busy, value=question)}
                return
            async with aclosing(look(work, earlier, words)) as updates:
                async for update in updates:
                    yield update

        async def stop(told: str, request: gr.Request) -> None:  # type: ignore[name-defined]
            if conversation := Context.read(told).conversation:
                await desk.stop(visitor_at(request).user, conversation)

        quiet: Any = {"show_progress": "hidden", "api_visibility": "private"}
        page.load(open_page, None, [hello, chat, ask], **quiet)
        for source, begin in [(ask, ask.submit), *((button, button.click) for button in buttons)]:
            begin(answer, [source, context], [ask, chat], **quiet)
        ask.stop(stop, [context], None, **quiet)
    return page


async def _messages(desk: Desk, visitor: Visitor, conversation: str, before: int | None = None) -> list[Message]:
    """Return a conversation as the chat shows it, or what of it stands before an exchange."""

    def render() -> list[Message]:  # half a second of work for a long conversation: not on the event loop
        exchanges = desk.history.exchanges(visitor.user, conversation)
        kept = exchanges if before is None else exchanges[: before - 1]
        return [message for exchange in kept for message in _pair(exchange, conversation, visitor.words)]

    return await asyncio.to_thread(render)


def _pair(exchange: Exchange, conversation: str, words: Words) -> tuple[Message, Message]:
    return (
        _message("user", question_html(exchange.question, exchange.number, words)),
        _message("assistant", exchange_html(exchange, conversation, words)),
    )


def _message(role: Role, html: str) -> Message:
    return {"role": role, "content": {"type": "text", "text": html}}  # a bare string would lose its tabs and indents


def _welcome(desk: Desk, brand: Brand, words: Words, person: Person | None) -> str:
    """Return what the page says before the first question; how much there is to read once it is known for whom."""
    what = brand.welcome or words("welcome.what")
    read_from = ""
    if person:
        size = desk.assistant.library.overview(Filters(readable=desk.collections.readable(person)))
        read_from = words(
            "welcome.from",
            documents=words("units.documents", count=size.documents),
            passages=words("units.passages", count=size.passages),
        )
    return clean(
        f'<h1>{escape(brand.title)}</h1><p class="what" dir="auto">{escape(what)}</p>'
        f'<p class="from">{escape(read_from)}</p>'
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
