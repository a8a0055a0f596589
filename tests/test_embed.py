import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from vectorstore import embed
from vectorstore.embed import BundledEmbedder, LangChainEmbedder, as_langchain, open_embedder
from vectorstore.errors import UserError

TEXTS = [
    "Russia rejects any NATO contingent in Ukraine.",
    "",
    "The central bank raised interest rates by a quarter of a point, citing inflation that refuses to fall. " * 12,
    "Moscow will not accept soldiers of the alliance on Ukrainian soil.",
    "👩‍👩‍👧",
    "Arsenal won the cup after extra time.",
    "Short.",
]


@pytest.fixture(scope="module")
def bundled():
    return BundledEmbedder()


@pytest.fixture(scope="module")
def vectors(bundled):
    return bundled.embed(TEXTS)


def test_vectors_have_unit_length(bundled, vectors):
    assert vectors.shape == (len(TEXTS), bundled.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_with_others_in_their_order(bundled, vectors):
    alone = np.concatenate([bundled.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)


def test_texts_of_one_length_that_are_read_together_do_not_change_each_other(bundled):
    texts = [f"{word} rejects any NATO contingent in Ukraine." for word in ("Russia", "France", "Italy", "Spain")] * 2
    assert len(set(bundled.count_many(texts))) == 1
    np.testing.assert_allclose(bundled.embed(texts), [bundled.embed([text])[0] for text in texts], atol=1e-5)


def test_vectors_are_near_those_of_the_float_model(vectors):
    first = [0.01027752, 0.05098434, 0.00756451, 0.0448021, 0.00776079, -0.02659539, 0.04266574, -0.12458458]
    np.testing.assert_allclose(vectors[0, :8], first, atol=1e-2)  # of TEXTS[0], by all-MiniLM-L6-v2 in float32


def test_the_order_is_kept_across_batches_and_windows(bundled, vectors, monkeypatch):
    monkeypatch.setattr(embed, "WINDOW", 3)
    monkeypatch.setattr(embed, "BATCH_TOKENS", 20)
    np.testing.assert_allclose(bundled.embed(TEXTS), vectors, atol=1e-2)


def test_what_means_the_same_is_nearer_than_what_does_not(vectors):
    nato, moscow, arsenal = vectors[0], vectors[3], vectors[5]
    assert nato @ moscow > 0.5 > 0.2 > nato @ arsenal


def test_no_texts_give_no_vectors(bundled):
    assert bundled.embed([]).shape == (0, bundled.dimension)


def test_progress_counts_up_to_the_number_of_texts(bundled):
    heard = []
    bundled.embed(TEXTS, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == len(TEXTS)


def test_a_text_is_read_to_its_end(bundled):
    text = "word " * (bundled.limit - 1)
    assert bundled.count(text + "tax") == bundled.limit
    a, b = bundled.embed([text + "tax", text + "goal"])
    assert np.abs(a - b).max() > 1e-4


def test_a_text_that_is_too_long_is_refused_and_not_cut(bundled):
    with pytest.raises(ValueError, match="511 tokens"):
        bundled.embed(["Short.", "word " * 511])


def test_many_threads_get_the_vectors_that_one_gets(vectors):
    fresh = BundledEmbedder()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(fresh.embed, [TEXTS[3:]] * 16):
            np.testing.assert_allclose(found, vectors[3:], atol=1e-2)


def test_the_model_is_named_by_its_content(bundled):
    name, _, digest = bundled.model.partition("@")
    assert name == "all-MiniLM-L6-v2-int8"
    assert len(digest) == 12


def test_langchain_can_use_any_embedder_of_ours(bundled, vectors):
    theirs = as_langchain(bundled)
    assert isinstance(theirs, Embeddings)
    np.testing.assert_allclose(theirs.embed_documents(TEXTS), vectors, atol=1e-2)
    np.testing.assert_allclose(theirs.embed_query(TEXTS[0]), vectors[0], atol=1e-2)


def test_the_first_use_opens_no_socket():
    program = (
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "socket.socket = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from vectorstore.embed import open_embedder\n"
        "embedder = open_embedder('bundled')\n"
        "assert embedder.embed(['a text']).shape == (1, embedder.dimension)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


class Scripted(Embeddings):
    """A provider that gives vector for every text, and remembers how many texts each request held."""

    def __init__(self, vector):
        self.vector = vector
        self.requests = []

    def embed_documents(self, texts):
        self.requests.append(len(texts))
        return [self.vector(text) for text in texts]

    def embed_query(self, text):
        raise AssertionError("a query is embedded as a document is")


def test_a_langchain_embedding_is_scaled_to_unit_length_and_keeps_the_order():
    embedder = LangChainEmbedder(Scripted(lambda text: [3.0 * len(text), 4.0 * len(text), 0.0]), model="scripted")
    assert embedder.dimension == 3
    np.testing.assert_allclose(embedder.embed(["a", "bb"]), [[0.6, 0.8, 0]] * 2, atol=1e-6)
    angles = LangChainEmbedder(Scripted(lambda text: [1.0, len(text)]), model="scripted").embed(
        ["a" * n for n in range(300)]
    )
    np.testing.assert_allclose(angles[:, 1] / angles[:, 0], range(300), rtol=1e-4)


def test_a_langchain_embedding_is_asked_for_a_bounded_number_of_texts_at_once():
    scripted = Scripted(lambda text: [1.0])
    LangChainEmbedder(scripted, model="scripted").embed(["text"] * 300)
    assert max(scripted.requests) == embed.REQUEST_TEXTS


@pytest.mark.parametrize(
    "vector",
    [
        lambda text: [float("nan"), 1.0],
        lambda text: [float("inf"), 1.0],
        lambda text: [0.0, 0.0],
        lambda text: [1.0] * (2 + len(text) % 2),
        lambda text: [],
    ],
    ids=["nan", "infinite", "zero", "of two lengths", "empty"],
)
def test_vectors_that_cannot_be_compared_are_an_error(vector):
    with pytest.raises(UserError, match="scripted"):
        LangChainEmbedder(Scripted(vector), model="scripted").embed(["a", "bb"])


def test_missing_vectors_are_an_error():
    class Forgetful(Scripted):
        def embed_documents(self, texts):
            return super().embed_documents(texts)[1:]

    with pytest.raises(UserError, match="vectors"):
        LangChainEmbedder(Forgetful(lambda text: [1.0]), model="scripted").embed(["a", "b"])


def test_a_failure_that_a_person_can_mend_is_told_and_others_fly():
    def refuse(text):
        raise ConnectionError("nobody listens")

    with pytest.raises(UserError, match="nobody listens"):
        LangChainEmbedder(Scripted(refuse), model="scripted", failures=(ConnectionError,)).embed(["a"])
    with pytest.raises(ConnectionError):
        LangChainEmbedder(Scripted(refuse), model="scripted").embed(["a"])


@pytest.mark.parametrize("name", ["", "openai:", "text-embedding-3-small", ":model"])
def test_a_name_without_a_provider_is_the_users_mistake(name):
    with pytest.raises(UserError, match="provider"):
        open_embedder(name)


def test_a_provider_nobody_knows_is_the_users_mistake():
    with pytest.raises(UserError, match="nobody:model"):
        open_embedder("nobody:model")


def test_a_missing_key_is_the_users_mistake(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="key"):
        open_embedder("openai:text-embedding-3-small")


def test_a_server_that_does_not_listen_is_told_in_a_sentence():
    embedder = open_embedder("local-model", base_url="http://127.0.0.1:9/v1")
    assert embedder.model == "openai:local-model at http://127.0.0.1:9/v1"
    with pytest.raises(UserError, match="could not embed"):
        embedder.embed(["a"])
