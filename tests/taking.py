"""A run that does all but build the vector index, which takes longer than everything else together."""

from stand_ins import WordEmbedder

from vectorstore.ahead import Ahead
from vectorstore.intake import Intake
from vectorstore.parsing import Parser
from vectorstore.reading import read_files
from vectorstore.writer import writing


def take(library, read, *, embedder=None, on_progress=lambda progress: None):
    """Call read with an intake, commit what it took in, and return it."""
    embedder = embedder or WordEmbedder()
    with writing(library) as writer, Ahead(library.directory / "embeddings.db", embedder) as ahead:
        intake = Intake(library, writer, embedder, 40, ahead, on_progress)
        read(intake)
        ahead.finish()
    return intake


def take_files(library, *paths, allow_shrink=False, retry=True, parser=None, **more):
    """Bring the documents under the paths up to date."""

    def read(intake):
        read_files(intake, paths, parser=parser or Parser(), top=None, allow_shrink=allow_shrink, retry=retry)

    return take(library, read, **more)
