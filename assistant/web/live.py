"""An answer of a conversation, followed by whoever asked: how far it is, as the page shows it, and how it ended."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from sse_starlette import ServerSentEvent

from assistant.contract import Json, answer_json
from assistant.history import Exchange
from assistant.types import Answer
from assistant.web.desk import Work
from assistant.web.render import exchange_html, work_html
from assistant.web.streams import sent
from assistant.web.words import Words


async def following(
    work: Work | None, exchange: Exchange, conversation: str, words: Words, *, markdown: bool
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield "growing" for each new state of the work, and "ended" with what became of it, also if that is long ago.

    `html` is the answer as the page shows it.
    """
    if work is None:
        shown = exchange_html(exchange, conversation, words)
        yield sent("ended", _ended(exchange.number, exchange.answer, exchange.error, shown))
        return
    async with aclosing(work.frames()) as frames:
        async for frame in frames:
            shown = work_html(frame, words, markdown=markdown)
            if frame.ended:
                yield sent("ended", _ended(exchange.number, frame.answer, frame.error, shown))
            else:
                growing = {"number": exchange.number, "stage": frame.stage, "text": frame.growing.text, "html": shown}
                yield sent("growing", growing)


def _ended(number: int, answer: Answer | None, error: str | None, html: str) -> Json:
    """Return the end; neither answer nor error: the server ended before the answer was finished."""
    return {"number": number, "answer": answer and answer_json(answer), "error": error, "html": html}
