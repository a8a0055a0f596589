"""Word documents: headings, lists, tables and notes as a reader sees them, changes accepted."""

import io
from collections.abc import Callable, Iterator

from vectorstore.errors import SkippedFile
from vectorstore.loaders import blocks, magic
from vectorstore.loaders.docx_tree import Tree
from vectorstore.loaders.front_matter import language_of
from vectorstore.loaders.office import broken_is_damaged
from vectorstore.loaders.properties import sensible_author, sensible_title, title_from
from vectorstore.types import Document


def load_docx(raw: bytes, *, source: str, on_note: Callable[[str], None]) -> Iterator[Document]:
    """Yield a Word document; its day of publication is not known, as Word only says when it was saved.

    Left out are headers, footers, comments, deleted and hidden text, and tables of contents. A footnote stands below
    the paragraph that refers to it.

    Raises:
        SkippedFile: as `magic.office_zip` does, "damaged", or "empty" if there is no text.
    """
    magic.office_zip(raw, "docx").close()
    import docx
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError

    with broken_is_damaged(PythonDocxError, OpcError):
        document = docx.Document(io.BytesIO(raw))
        tree = Tree(document)
        written = blocks.write(tree.root())
        said = document.core_properties
        title, author, language = sensible_title(said.title), sensible_author(said.author), said.language
    if not written.text:
        raise SkippedFile("empty", "the document has no text that can be seen")
    yield Document(
        source=source,
        title=title or title_from(written.text, written.landmarks, source=source),
        text=written.text,
        author=author,
        language=language_of(language) or language_of(tree.language),
        landmarks=written.landmarks,
    )
