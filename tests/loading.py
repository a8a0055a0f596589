"""What the tests of loaders share: one document out of a file's bytes, the reason of a skipped one, and their laws."""

import io
import zipfile

import pytest

from vectorstore.errors import SkippedFile
from vectorstore.text import normalise


def one(load, raw, *, source="folder/file"):
    """Return the only document in raw, checked against the laws, and the notes about it."""
    notes = []
    (document,) = load(raw, source=source, on_note=notes.append)
    assert_lawful(document)
    return document, notes


def reason(load, raw):
    """Return why a file was skipped."""
    with pytest.raises(SkippedFile) as skipped:
        list(load(raw, source="folder/file", on_note=lambda note: None))
    assert not skipped.value.detail.endswith(".")
    return skipped.value.reason


def assert_lawful(document):
    """Check that the text is normal and that landmarks are in order, within it, and where their places begin."""
    text = document.text
    assert text == normalise(text)
    assert text == text.strip()
    starts = [landmark.span.start for landmark in document.landmarks]
    assert starts == sorted(starts)
    for landmark in document.landmarks:
        assert landmark.span.end <= len(text)
        if landmark.kind == "heading":
            assert landmark.span.of(text) == landmark.label
        else:
            assert landmark.span.start == landmark.span.end
            assert not text[landmark.span.start].isspace()


def zipped(parts):
    """Return an archive of parts, a name to its bytes."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return raw.getvalue()


def parts_of(raw):
    """Return the parts of an archive, each name with its bytes."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
