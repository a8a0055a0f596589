"""A conversation for archives, mail and print: as a page, as Markdown and as JSON, always with all its footnotes."""

from collections.abc import Sequence

from assistant.contract import Json, answer_json, filters_json
from assistant.exports.html import export_html
from assistant.exports.markdown import export_markdown
from assistant.history import Conversation, Exchange

__all__ = ["export_html", "export_json", "export_markdown"]


def export_json(conversation: Conversation, exchanges: Sequence[Exchange]) -> Json:
    """Return a conversation for programs, its answers in the JSON contract; whose it was is not in it.

    Fields may be added under the same version, never renamed. Times are in UTC, in ISO 8601.
    """
    return {
        "format": "footnote-conversation",
        "version": 1,
        "title": conversation.title,
        "created": conversation.created.isoformat(),
        "exchanges": [
            {
                "number": exchange.number,
                "question": exchange.question,
                "asked": exchange.asked.isoformat(),
                "filters": filters_json(exchange.filters),
                "answer": answer_json(exchange.answer) if exchange.answer else None,
                "error": exchange.error,
            }
            for exchange in exchanges
        ],
    }
