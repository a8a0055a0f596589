"""What other people's pages get of ours: the page in their frame, and the script that puts it there."""

import json
from html import escape
from pathlib import Path

from assistant.web.brand import Brand
from assistant.web.words import LANGUAGES, Words, script_words, words_for

EMBED = Path(__file__).parent / "static" / "embed"
STYLES = ("style/page.css", "style/answer.css", "style/panel.css", "style/shelf.css", "brand.css", "embed/frame.css")


def frame_page(brand: Brand, words: Words, origins: tuple[str, ...]) -> str:
    """Return the page of the frame, which listens to pages of these origins; the same for everybody.

    Nothing of the request stands in it but the language; nothing of anybody's documents or conversations.
    """
    styles = "".join(f'<link rel="stylesheet" href="footnote/{path}">' for path in STYLES)
    said = {"title": brand.title, "fixed": True, **script_words(words)}
    logo = '<img src="footnote/logo" alt="">' if brand.logo else ""
    title, ask, told = escape(brand.title), escape(words("ask.label")), escape(words("sign_in.under_way"))
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f'<link rel="icon" href="footnote/logo">{styles}'
        f"{_told('words', said)}{_told('origins', origins)}</head>"
        '<body><script src="footnote/embed/theme.js"></script><main>'
        f'<div id="hello">{logo}<h1 dir="auto">{title}</h1><p class="what">{escape(words("welcome.what"))}</p></div>'
        f'<div id="conversation"></div><div id="foot"><div id="told" role="alert">{told}</div>'
        '<div id="tray"></div>'
        f'<form id="ask"><div class="input-container"><textarea rows="1" dir="auto" aria-label="{ask}" '
        f'placeholder="{escape(words("ask.placeholder"))}"></textarea>'
        f'<button type="submit">{escape(words("ask.send"))}</button>'
        f'<button type="button" hidden>{escape(words("ask.stop"))}</button></div></form></div></main>'
        '<template id="turn"><section class="turn"><div class="asked"><h2 class="question" dir="auto"></h2>'
        f'<button type="button" class="act edit">{escape(words("action.edit"))}</button></div>'
        '<div class="said"></div></section></template>'
        '<script type="module" src="footnote/embed/frame.js"></script></body></html>'
    )


def host_script(brand: Brand, language: str | None) -> str:
    """Return the script that puts a button and a panel on a page; it speaks `language`, if that is all we speak."""
    said = {
        one: {"ask": words("ask.placeholder"), "close": words("script.close")}
        for one in ([language] if language else LANGUAGES)
        for words in [words_for(None, one)]
    }
    style = (EMBED / "host.css").read_text(encoding="utf-8")
    if notes := brand.notes():
        light, dark = notes
        style += f":host{{--note:{light}!important}}:host(.dark){{--note:{dark}!important}}"
    function = (EMBED / "host.js").read_text(encoding="utf-8").rstrip()
    return f"{function}({json.dumps({'words': said, 'style': style})});\n"


def _told(name: str, what: object) -> str:
    """Return JSON for a script to read; no "<" in it, so that nothing in it ends the element."""
    written = json.dumps(what).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{written}</script>'
