"""Text in Markdown that stands for nothing but itself, in CommonMark and in GitHub's Markdown."""

import re

from markdown_it import MarkdownIt

from assistant.exports.parts import carried

# A model's sentence may have emphasis and code, but no address and no tag.
MODEL = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "link", "autolink"])

_MARKUP = re.compile(
    r"(?P<space>\A\s+|\s+\Z|[\t\n])"
    r"|(?P<start>\A(?:\d{1,9}[.)]|[-+=:(]))"  # what begins a list, a line under a heading, an address after [1]
    r"|(?P<mail>(?<=\S)@(?=\w))"
    r"|(?P<tag>[<>]|&(?=[#\w]))"
    r"|[\\`*_\[\]{}#|~$^]"
    r"|:(?=/)|(?<=\S)\.(?=[^\W\d])|(?i:(?<=www)\.)"  # what addresses without any markup are known by
)
_TAGS = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BREAKS = {"softbreak", "hardbreak"}
_EMPHASIS = {"em_open": "*", "em_close": "*", "strong_open": "**", "strong_close": "**"}


def literal(text: str) -> str:
    """Return one line of Markdown whose rendered text is text, every character of it.

    A line end is a reference to one (&#10;), which shows as a space; so are a tab, and white space at either end.
    """
    return _MARKUP.sub(_escaped, carried(text))


def quotation(text: str) -> str:
    """Return text as a quotation: its lines are lines, a line end is a hard break, and rendered it is text again."""
    held = text.strip("\n")
    if not held:
        return f"> {literal(text)}"
    before, _, after = text.partition(held)
    lines = "\\\n> ".join(literal(line) for line in held.split("\n"))
    return f"> {literal(before)}{lines}{literal(after)}"


def code(text: str) -> str:
    """Return text as code, on one line; addresses in it are no links, and can be read and copied as they are."""
    held = carried(text).replace("\n", " ")
    fence = "`"
    while fence in held:
        fence += "`"
    is_trimmed = held[:1] in {"", "`"} or held[-1:] == "`" or (held[0] == held[-1] == " " and held.strip(" "))
    pad = " " if is_trimmed else ""
    return f"{fence}{pad}{held}{pad}{fence}"


def written(text: str) -> str:
    """Return a model's sentence with its emphasis and its code, and nothing else of its Markdown."""
    text = carried(text)
    tokens = MODEL.parseInline(text)[0].children or []
    plain = [literal("\n") if token.type in _BREAKS else _within(token.content) for token in tokens]
    rich = [
        _EMPHASIS.get(token.type) or (code(token.content) if token.type == "code_inline" else said)
        for token, said in zip(tokens, plain, strict=True)
    ]
    # What is escaped beside a star can keep it from being one: then the words come without emphasis.
    is_the_same = MODEL.renderInline("".join(rich)) == MODEL.renderInline(text).replace("<br />\n", "\n")
    return "".join(rich if is_the_same else plain)


def _within(text: str) -> str:
    """Return a part of a sentence as it is, with plain spaces to its neighbours."""
    return re.sub(r"[^ ].*[^ ]|[^ ]", lambda match: literal(match[0]), text, flags=re.DOTALL)


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if match["space"]:
        return "".join(f"&#{ord(character)};" for character in found)
    if match["mail"]:
        return "`@`"  # GitHub makes addresses of what it has already unescaped, but not of code
    return _TAGS[found] if match["tag"] else f"{found[:-1]}\\{found[-1]}"
