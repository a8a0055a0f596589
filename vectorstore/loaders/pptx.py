"""PowerPoint presentations: what stands on each slide, in the order it is read, and the speaker's notes."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks, magic
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.office import broken_is_damaged
from vectorstore.loaders.properties import sensible_author, sensible_title, title_from
from vectorstore.types import Document, Landmark, Span

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]  # lxml ships no types
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.text.text import TextFrame


def load_pptx(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a presentation as a document; hidden slides, footers and slide numbers are left out.

    Raises:
        SkippedFile: as `magic.office_zip` does, "damaged", or "empty" if there is no text.
    """
    magic.office_zip(raw, "pptx").close()
    import pptx
    from pptx.exc import PythonPptxError

    with broken_is_damaged(PythonPptxError):
        presentation = pptx.Presentation(io.BytesIO(raw))
        slides = list(enumerate(presentation.slides, 1))
        hidden = [number for number, slide in slides if slide.element.get("show") in ("0", "false")]
        size = (presentation.slide_width or 0, presentation.slide_height or 0)
        texts = [(n, blocks.write(_slide(slide, size))) for n, slide in slides if n not in hidden]
        said = presentation.core_properties
        title, author, language = sensible_title(said.title), sensible_author(said.author), said.language
        spoken = _language(presentation)
    if hidden:
        on_note(f"left out: hidden slides ({', '.join(map(str, hidden))})")
    text, landmarks = _joined(texts)
    if not text:
        raise SkippedFile("empty", "the presentation has no text that can be seen")
    yield Document(
        source=source,
        title=title or title_from(text, landmarks, source=source),
        text=text,
        author=author,
        language=language_of(language) or language_of(spoken),
        landmarks=landmarks,
    )


def _joined(slides: Iterable[tuple[int, blocks.Written]]) -> tuple[str, tuple[Landmark, ...]]:
    """Return the text of all slides, and their landmarks moved to where each now stands."""
    pieces: list[str] = []
    landmarks: list[Landmark] = []
    length = 0
    for number, written in slides:
        if not written.text:
            continue
        if pieces:
            pieces.append("\n\n")
            length += 2
        landmarks.append(Landmark("slide", f"slide {number}", Span(length, length)))
        for landmark in written.landmarks:
            span = Span(length + landmark.span.start, length + landmark.span.end)
            landmarks.append(replace(landmark, span=span))
        pieces.append(written.text)
        length += len(written.text)
    return "".join(pieces), tuple(landmarks)


_LEFT_OUT = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")
_LISTS = ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")
_ROW = 360_000  # English metric units: one centimetre; shapes whose tops differ less stand side by side
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def _slide(slide: "Slide", size: tuple[int, int]) -> "_Element":
    """Return a slide as HTML: its title, then its shapes from the top down, then its notes."""
    from lxml.etree import Element, SubElement

    root = Element("body")
    title = slide.shapes.title
    if title is not None:
        SubElement(root, "h1").text = _clean(title.text_frame.text)
    for shape in _in_order(slide.shapes, size):
        kind = shape.placeholder_format.type.name if shape.is_placeholder and shape.placeholder_format.type else ""
        if kind in _LEFT_OUT or (title is not None and shape.shape_id == title.shape_id):
            continue
        if getattr(shape, "has_table", False):
            table = SubElement(root, "table")
            for row in shape.table.rows:  # type: ignore[attr-defined]  # has_table says that it is there
                line = SubElement(table, "tr")
                for cell in row.cells:
                    SubElement(line, "td").text = _clean(cell.text_frame.text)
        elif shape.has_text_frame:
            _write_text(shape.text_frame, root, is_list=kind in _LISTS)  # type: ignore[attr-defined]  # the same
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        aside = SubElement(root, "div")
        _write_text(notes, aside, is_list=False)
        aside[0].text = "Notes: " + (aside[0].text or "")
    return root


def _in_order(shapes: "Iterable[BaseShape]", size: tuple[int, int]) -> "Iterator[BaseShape]":
    """Yield the shapes on a slide in the order they are read, those of a group together."""
    placed = [(shape.top or 0, shape.left or 0, shape) for shape in shapes]
    for top, left, shape in sorted(placed, key=lambda place: (place[0] // _ROW, place[1])):
        outside = top > size[1] or left > size[0] or top + (shape.height or 0) < 0 or left + (shape.width or 0) < 0
        if outside and size[0]:
            continue  # beside the slide, where only its author sees it
        if (inner := getattr(shape, "shapes", None)) is not None:
            yield from _in_order(inner, (0, 0))  # a group has coordinates of its own
        else:
            yield shape


def _write_text(frame: "TextFrame", into: "_Element", *, is_list: bool) -> None:
    """Write the paragraphs of a text; of what is a list by its place on the slide, two or more as items."""
    from lxml.etree import SubElement

    texts = [text for paragraph in frame.paragraphs if (text := _clean(paragraph.text).strip())]
    parent = SubElement(into, "ul") if is_list and len(texts) > 1 else into
    for text in texts:
        SubElement(parent, "li" if parent is not into else "p").text = text


def _clean(text: str) -> str:
    return " ".join(text.replace("\v", " ").split())


def _language(presentation: "Presentation") -> str | None:
    """Return the tag of the language that most runs of text are marked with."""
    found = Counter(
        properties.get("lang")
        for slide in presentation.slides
        for properties in slide.element.iter(f"{_DRAWING}rPr")
        if properties.get("lang")
    )
    return found.most_common(1)[0][0] if found else None
