"""From WordprocessingML to the tree of HTML elements that `blocks.write` reads: what a reader of the document sees.

Source: ECMA-376-1, 17 (WordprocessingML) and ECMA-376-3 (alternate content).
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element  # type: ignore[import-untyped]  # lxml ships no types


class Tree:
    """Reads a document's body; after `root`, `language` is the tag of the language that most of it is set in."""

    def __init__(self, document: "Document") -> None:
        self._body = document.element.body
        self._styles = {style.get(f"{_W}styleId"): style for style in document.styles.element.iter(f"{_W}style")}
        self._default_language = _value(document.styles.element, "docDefaults/rPrDefault/rPr/lang")
        self._notes = {kind: _notes(document, kind) for kind in ("footnote", "endnote")}
        self._noted = 0
        self._lists = _lists(document)
        self._numbers: Counter[tuple[str, int]] = Counter()
        self._languages: Counter[str | None] = Counter()
        self._below: list[_Element] = []  # notes and text boxes, which stand below the paragraph being read

    @property
    def language(self) -> str | None:
        """The tag of the language that most characters are set in."""
        return max(self._languages, key=lambda tag: self._languages[tag], default=None)

    def root(self) -> "_Element":
        """Return the body as HTML."""
        from lxml.etree import Element

        root = Element("body")
        self._read_blocks(self._body, root)
        return root

    def _read_blocks(self, parent: "_Element", into: "_Element") -> None:
        from lxml.etree import SubElement

        for element in _shown(parent):
            if element.tag == f"{_W}p":
                self._read_paragraph(element, into)
            elif element.tag == f"{_W}tbl":
                table = SubElement(into, "table")
                for row in _descend(element, "tr"):
                    if not _is_on(row, "trPr/del") and not _is_on(row, "trPr/hidden"):
                        line = SubElement(table, "tr")
                        for cell in _descend(row, "tc"):
                            self._read_blocks(cell, SubElement(line, "td"))
            elif element.tag in _TRANSPARENT:
                self._read_blocks(element, into)

    def _read_paragraph(self, paragraph: "_Element", into: "_Element") -> None:
        from lxml.etree import Element

        styles = self._chain(_value(paragraph, "pPr/pStyle"))
        names = [(_value(style, "name") or "").lower() for style in styles]
        if any(name.startswith("toc ") for name in names):
            return
        level = _heading_level(paragraph, styles, names)
        block = Element(f"h{level}" if level else "p")
        self._read_inline(paragraph, block, styles)
        if "".join(block.itertext()).strip():
            marker = None if level else self._marker(paragraph, styles)
            if marker is None:
                into.append(block)
            else:
                block.tag = "li"
                _list_in(into, marker).append(block)
        below, self._below = self._below, []
        for element in below:
            into.append(element)

    def _read_inline(self, parent: "_Element", block: "_Element", styles: "list[_Element]") -> None:
        from lxml.etree import SubElement

        for element in _shown(parent):
            tag = element.tag.removeprefix(_W)
            if tag == "r":
                if not self._is_hidden(element, styles):
                    self._languages[_value(element, "rPr/lang") or self._default_language] += len(
                        element.xpath("string()")
                    )
                    self._read_inline(element, block, styles)
            elif tag in ("t", _MATHS):
                _append(block, element.text or "")
            elif tag in _SIGNS:
                _append(block, _SIGNS[tag])
            elif tag in ("br", "cr"):
                SubElement(block, "br")
            elif tag in ("footnoteReference", "endnoteReference"):
                self._read_note(tag.removesuffix("Reference"), element.get(f"{_W}id"))
            elif tag == "txbxContent":
                self._read_aside(element)
            elif tag not in _SILENT:
                self._read_inline(element, block, styles)

    def _read_note(self, kind: str, number: str | None) -> None:
        note = self._notes[kind].pop(number, None)
        if note is not None:
            self._noted += 1
            self._read_aside(note, before=f"Note {self._noted}: ")

    def _read_aside(self, element: "_Element", *, before: str = "") -> None:
        """Read blocks that stand below the paragraph that is being read."""
        from lxml.etree import Element

        aside, waiting = Element("div"), self._below
        self._below = []
        self._read_blocks(element, aside)
        self._below = [*waiting, aside, *self._below]
        if len(aside) and before:
            aside[0].text = before + (aside[0].text or "").lstrip()

    def _chain(self, style: str | None) -> "list[_Element]":
        """Return a style's element and those it is based on, the nearest first."""
        chain: list[_Element] = []
        while style in self._styles and self._styles[style] not in chain:
            chain.append(self._styles[style])
            style = _value(chain[-1], "basedOn")
        return chain

    def _marker(self, paragraph: "_Element", styles: "list[_Element]") -> str | None:
        """Return the number a paragraph has in its list, "" of a bulleted one, None if it is in no list."""
        for element in (paragraph, *styles):
            if (number := _value(element, "pPr/numPr/numId")) is not None:
                level = int(_value(paragraph, "pPr/numPr/ilvl") or _value(element, "pPr/numPr/ilvl") or 0)
                break
        else:
            return None
        if (number, level) not in self._lists:
            return None
        start = self._lists[number, level]
        if start is None:
            return ""
        self._numbers[number, level] = self._numbers.get((number, level), start - 1) + 1
        for other in [key for key in self._numbers if key[0] == number and key[1] > level]:
            del self._numbers[other]
        return str(self._numbers[number, level])

    def _is_hidden(self, run: "_Element", styles: "list[_Element]") -> bool:
        """Return whether a run is marked as hidden, or is white on nothing or smaller than a point."""
        for element in (run, *self._chain(_value(run, "rPr/rStyle")), *styles):
            if _find(element, "rPr/vanish") is not None:
                if _is_on(element, "rPr/vanish"):
                    return True
                break
        size = _value(run, "rPr/sz") or ""
        if size.isdecimal() and int(size) <= _SMALLEST:
            return True
        is_white = (_value(run, "rPr/color") or "").upper() == "FFFFFF"
        return is_white and not any(_is_shaded(element) for element in (run, *run.iterancestors()))


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_SMALLEST = 2  # half-points
_TRANSPARENT = frozenset(
    _W + name for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "footnote", "endnote")
)
_SILENT = frozenset("del moveFrom delText instrText delInstrText rPr pPr sdtPr footnotePr p tbl annotationRef".split())
_SIGNS = {"tab": "\t", "ptab": "\t", "noBreakHyphen": "-", "softHyphen": ""}
_HEADING = re.compile(r"heading ([1-9])")


def _shown(parent: "_Element") -> "Iterator[_Element]":
    """Yield the child elements a reader sees: without what was deleted, one of each choice between versions."""
    for element in parent:
        if not isinstance(element.tag, str) or element.tag in (f"{_W}del", f"{_W}moveFrom"):
            continue
        if element.tag == f"{_MC}AlternateContent":
            choice = next(iter(element), None)
            yield from () if choice is None else _shown(choice)
        else:
            yield element


def _descend(parent: "_Element", name: str) -> "Iterator[_Element]":
    """Yield the children with a name, also those wrapped in controls and marked changes."""
    for element in _shown(parent):
        if element.tag == _W + name:
            yield element
        elif element.tag in _TRANSPARENT:
            yield from _descend(element, name)


def _find(element: "_Element", path: str) -> "_Element | None":
    return element.find("/".join(_W + name for name in path.split("/")))


def _value(element: "_Element", path: str) -> str | None:
    found = _find(element, path)
    value: str | None = None if found is None else found.get(f"{_W}val")
    return value


def _is_on(element: "_Element", path: str) -> bool:
    found = _find(element, path)
    return found is not None and found.get(f"{_W}val", "true") not in ("false", "0", "off")


def _is_shaded(element: "_Element") -> bool:
    """Return whether a run, paragraph or cell has a background of its own; of a drawn shape it is not known."""
    return element.tag == f"{_W}txbxContent" or any(
        _find(element, path) is not None
        for path in ("rPr/shd", "rPr/highlight", "pPr/shd", "tcPr/shd", "tblPr/tblStyle")
    )


def _heading_level(paragraph: "_Element", styles: "list[_Element]", names: list[str]) -> int | None:
    """Return 1 to 6 for a heading: by its style's name, which Word keeps in English, or its outline level."""
    if "title" in names:
        return 1
    if match := next(filter(None, map(_HEADING.fullmatch, names)), None):
        return min(int(match[1]), 6)
    outline = next(filter(None, (_value(element, "pPr/outlineLvl") for element in (paragraph, *styles))), None)
    return min(int(outline) + 1, 6) if outline is not None and int(outline) < 9 else None  # 9 is the body


def _list_in(into: "_Element", marker: str) -> "_Element":
    """Return the list at the end of an element, begun if there is none, that an item with this marker goes into."""
    from lxml.etree import SubElement

    group = into[-1] if len(into) and into[-1].tag == "ul" else SubElement(into, "ul")
    return SubElement(group, "ol", start=marker) if marker else group


def _append(block: "_Element", text: str) -> None:
    if len(block):
        block[-1].tail = (block[-1].tail or "") + text
    else:
        block.text = (block.text or "") + text


def _notes(document: "Document", kind: str) -> "dict[str | None, _Element]":
    """Return the notes of a kind by their ids; the lines between text and notes are notes of another type."""
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(f"/{kind}s"):
            root = parse_xml(relation.target_part.blob)
            return {note.get(f"{_W}id"): note for note in root if note.tag == _W + kind and not note.get(f"{_W}type")}
    return {}


def _lists(document: "Document") -> dict[tuple[str, int], int | None]:
    """Return the first number of each list and level, None of one without numbers; keys are (list, level)."""
    part = next((rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None)
    if part is None:
        return {}
    root = part.element
    levels = {
        kind.get(f"{_W}abstractNumId"): {int(level.get(f"{_W}ilvl")): level for level in kind.findall(f"{_W}lvl")}
        for kind in root.findall(f"{_W}abstractNum")
    }
    return {
        (number.get(f"{_W}numId"), i): None if _value(level, "numFmt") in ("bullet", "none") else _start(level)
        for number in root.findall(f"{_W}num")
        for i, level in levels.get(_value(number, "abstractNumId"), {}).items()
    }


def _start(level: "_Element") -> int:
    return int(_value(level, "start") or 1)
