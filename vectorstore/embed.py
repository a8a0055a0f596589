"""From texts to unit vectors: the bundled embedder, and any embedding that LangChain knows."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import OwnerError, UserError
from vectorstore.onnx import cores, open_session
from vectorstore.tokens import MODEL_FOLDER, Tokens

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it has no stubs

Progress = Callable[[int], None]  # is told how many texts are embedded so far
Vectors = NDArray[np.float32]

WINDOW = 1024  # texts tokenised and sorted by length at a time, so that memory does not grow with the number of texts
BATCH_TOKENS = 512  # that the model reads at once; more spill out of the cache and are slower
REQUEST_TEXTS = 128  # that a remote embedder is sent at once


class Embedder(Protocol):
    """Turns texts into unit vectors; safe to use from many threads.

    `model` changes whenever the vectors of a text would. `limit` is the largest number of tokens, as `count` counts
    them, that a text may hold.
    """

    @property
    def model(self) -> str: ...  # noqa: D102 - the class says it

    @property
    def dimension(self) -> int: ...  # noqa: D102 - the class says it

    @property
    def limit(self) -> int: ...  # noqa: D102 - the class says it

    def count(self, text: str) -> int:
        """Return the number of tokens of text."""

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""

    def cut(self, text: str, limit: int) -> int:
        """Return a position for which text[:position] holds at most limit tokens, len(text) if all of it does."""

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return the unit vectors in the order of the texts, shape (len(texts), dimension).

        Raises:
            ValueError: if a text holds more tokens than limit; nothing is cut off silently.
        """


def open_embedder(name: str, *, base_url: str | None = None, api_key: str | None = None) -> Embedder:
    """Return the embedder called name; nothing is loaded or contacted before it is used.

    "bundled" is our own. Any other name is LangChain's: the provider, a colon, the provider's name of the model, as in
    "openai:text-embedding-3-small". With a base URL every name is one of an OpenAI-compatible server, with "openai:"
    before it or not.

    Raises:
        UserError: if the name is not of that form, or the provider's package or key is missing.
    """
    if name == "bundled":
        return BundledEmbedder()
    provider, _, model = name.partition(":")
    if base_url and not (provider == "openai" and model):
        provider, model = "openai", name
    if not (provider and model):
        raise UserError(f'The embedding is "{name}"; write "bundled", or a provider and a model as in "openai:{name}".')
    return _open_langchain(provider, model, base_url=base_url, api_key=api_key)


def as_langchain(embedder: Embedder) -> "Embeddings":
    """Return the embedder as LangChain's Embeddings."""
    from langchain_core.embeddings import Embeddings

    class Adapter(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = embedder.embed(texts).tolist()
            return vectors

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return Adapter()


class BundledEmbedder:
    """all-MiniLM-L6-v2 with 8-bit weights, on the CPU, offline; loaded when first used.

    A text's vector does not depend on the texts it is embedded with.
    """

    dimension = 384
    limit = 510

    def __init__(self) -> None:
        tokens = Tokens()
        self.count, self.count_many, self.cut = tokens.count, tokens.count_many, tokens.cut
        self._encode = tokens.encode
        self._loading = threading.Lock()
        self._loaded: InferenceSession | None = None

    @cached_property
    def model(self) -> str:
        """The model's name and the first digits of its SHA-256."""
        with (MODEL_FOLDER / "model.onnx").open("rb") as file:
            return f"all-MiniLM-L6-v2-int8@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return the unit vectors in the order of the texts, shape (len(texts), 384).

        Raises:
            ValueError: if a text holds more than 510 tokens.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), WINDOW):
            ids = self._encode(texts[start : start + WINDOW])
            batches = _batches([len(each) for each in ids])
            for batch, found in zip(
                batches, self._run([[ids[row] for row in batch] for batch in batches]), strict=True
            ):
                vectors[[start + row for row in batch]] = found
                done += len(batch)
                if progress:
                    progress(done)
        return vectors

    def _run(self, batches: Sequence[Sequence[Sequence[int]]]) -> Iterator[Vectors]:
        """Embed batches of equally long rows of token ids, each on one core: faster than one on all cores."""
        longest = max(len(rows[0]) for rows in batches) - 2
        if longest > self.limit:
            raise ValueError(f"a text holds {longest} tokens, and the bundled embedder reads {self.limit}; cut it")
        session = self._session()

        def run(rows: Sequence[Sequence[int]]) -> Vectors:
            (vectors,) = session.run(["vectors"], {"ids": np.array(rows, dtype=np.int64)})
            return np.asarray(vectors, dtype=np.float32)

        if len(batches) == 1:  # a query waits for no other thread
            yield run(batches[0])
            return
        with ThreadPoolExecutor(cores()) as pool:
            yield from pool.map(run, batches)

    def _session(self) -> "InferenceSession":
        with self._loading:
            if self._loaded is None:
                self._loaded = open_session(MODEL_FOLDER / "model.onnx", threads=1)
            return self._loaded


class LangChainEmbedder:
    """Any LangChain embedding as ours. Its tokens are counted by the bundled tokenizer, so `limit` is an estimate.

    `failures` are the exceptions of the provider that a person can do something about; they surface as OwnerError.
    """

    limit = 510

    def __init__(self, embeddings: "Embeddings", *, model: str, failures: tuple[type[Exception], ...] = ()) -> None:
        tokens = Tokens()
        self.model = model
        self.count, self.count_many, self.cut = tokens.count, tokens.count_many, tokens.cut
        self._embeddings = embeddings
        self._failures = failures

    @cached_property
    def dimension(self) -> int:
        """The length of the vectors; one word is embedded to learn it."""
        return int(self._ask(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return the unit vectors in the order of the texts, shape (len(texts), dimension).

        Raises:
            ValueError: if a text holds more tokens than limit.
            OwnerError: if the provider fails or returns something that is not one vector for each text.
        """
        longest = max(self.count_many(texts), default=0)
        if longest > self.limit:
            raise ValueError(f"a text holds {longest} tokens, and {self.limit} is the limit for {self.model}; cut it")
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), REQUEST_TEXTS):
            part = self._ask(texts[start : start + REQUEST_TEXTS])
            if part.shape[1] != self.dimension:
                raise OwnerError(f"{self.model} returned vectors of length {part.shape[1]} after {self.dimension}.")
            vectors[start : start + len(part)] = part
            if progress:
                progress(start + len(part))
        return vectors

    def _ask(self, texts: Sequence[str]) -> Vectors:
        try:
            rows = self._embeddings.embed_documents(list(texts))
        except self._failures as error:
            raise OwnerError(f"{self.model} could not embed: {error}") from error
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise OwnerError(f"{self.model} returned {len(rows)} vectors, not all as long, for {len(texts)} texts.")
        vectors: NDArray[np.float64] = np.array(rows, dtype=np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise OwnerError(f"{self.model} returned a vector that is zero or not finite; check the embedding server.")
        return np.asarray(vectors / lengths, dtype=np.float32)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Return the positions of all lengths in batches of one length and at most BATCH_TOKENS, or of a single text.

    The longest come first, so that the cores end together.
    """
    batches: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length = lengths[position]
        if batches and length == lengths[batches[-1][0]] and (len(batches[-1]) + 1) * length <= BATCH_TOKENS:
            batches[-1].append(position)
        else:
            batches.append([position])
    return batches


def _open_langchain(provider: str, model: str, *, base_url: str | None, api_key: str | None) -> LangChainEmbedder:
    from langchain.embeddings import init_embeddings

    name = f"{provider}:{model}" + (f" at {base_url}" if base_url else "")
    options: dict[str, Any] = {"api_key": api_key} if api_key else {}  # Any: of whatever class a provider has
    failures: tuple[type[Exception], ...] = (ValueError,)
    if provider == "openai":
        import httpx
        from openai import OpenAIError

        failures += (OpenAIError,)
        # Otherwise it sends token ids, which other servers do not know, and downloads tiktoken's ranks to make them.
        options["check_embedding_ctx_length"] = False
        if base_url:
            options |= {"base_url": base_url, "api_key": api_key or "none"}
            # A proxy of the environment is for the way out of the house, not to a server in it.
            options |= {
                "http_client": httpx.Client(trust_env=False),
                "http_async_client": httpx.AsyncClient(trust_env=False),
            }
    try:
        embeddings = init_embeddings(model, provider=provider, **options)
    except ImportError as error:
        raise UserError(f"The embedding {name} cannot be loaded: {error}") from error
    except failures as error:
        raise UserError(f"The embedding {name} cannot be opened; check that its key is set.") from error
    return LangChainEmbedder(embeddings, model=name, failures=failures)
