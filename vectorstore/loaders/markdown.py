"""Markdown, rendered to the text that a reader of the page would see."""

from collections.abc import Callable, Iterator

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks
from vectorstore.loaders.dates import stated_day
from vectorstore.loaders.decode import read_text
from vectorstore.loaders.front_matter import split_front_matter
from vectorstore.loaders.html import parse
from vectorstore.loaders.titles import title_of
from vectorstore.loaders.visible import remove_hidden
from vectorstore.text import normalise
from vectorstore.types import Document


def load_markdown(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a Markdown text (CommonMark and tables, front matter above it) as a document.

    It goes through HTML, so that one place decides what is hidden, also for HTML around Markdown: `<div hidden>`, a
    blank line, a paragraph. Links keep their text; images leave nothing.

    Raises:
        SkippedFile: as `decode` does; "bad_front_matter", or "empty" if the body has no text.
    """
    from markdown_it import MarkdownIt

    text = read_text(raw, source=source, on_note=on_note)
    about, body = split_front_matter(normalise(text))
    written = blocks.Written("", ())
    if body.strip():
        tree = parse(MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").render(body))
        remove_hidden(tree)
        written = blocks.write(tree)
    if not written.text:
        raise SkippedFile("empty", "the file has no text besides its front matter, images and hidden parts")
    yield Document(
        source=source,
        title=about.title or title_of(written, source=source),
        text=written.text,
        published=about.published or stated_day(written.text),
        outlet=about.outlet,
        author=about.author,
        url=about.url,
        language=about.language,
        landmarks=written.landmarks,
    )


_DEEPEST = 100  # lists or quotes in each other; at the default of 20 markdown-it drops what is nested deeper
