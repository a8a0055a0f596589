"""How words of strangers get into the page: through one allow-list that knows no image and no link out."""

import re

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "div", "span", "br", "strong", "em", "code", "sup", "a", "ul", "ol", "li"),
    *("details", "summary", "blockquote", "mark", "bdi", "button"),
}
_ATTRIBUTES = {
    "*": {"class", "id", "dir", "title"},
    "a": {"href"},
    "li": {"value"},
    "button": {"type"},
}
_FOOTNOTE = re.compile(r"#[sn]-\d+-\d+")
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "link", "autolink"])


def clean(html: str) -> str:
    """Return html without anything that is not on the list; a link may lead to a footnote of the same page only."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_ours,
        url_schemes=set(),
        link_rel=None,
    )


def inline_markdown(text: str) -> str:
    """Return one sentence that a model wrote as HTML: emphasis and code, no link, no picture."""
    return str(_MARKDOWN.renderInline(text))


def _only_ours(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if _FOOTNOTE.fullmatch(value) else None
    if tag == "button" and attribute == "type":
        return "button"  # no other kind: there is nothing here to send
    return value
