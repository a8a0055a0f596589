"""The retriever as LangChain sees it: documents out, with the span each one covers."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from vectorstore.retrieve import Retriever
from vectorstore.types import Filters, notice_of


class FootnoteRetriever(BaseRetriever):
    """Gives the k best passages of a library to a LangChain chain.

    Each document's metadata holds source, title, start, end (characters of the source's text, half-open) and score,
    and a notice where others may have been missed.
    """

    retriever: Retriever
    k: int = 10
    filters: Filters = Filters()

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        hits = self.retriever.search(query, k=self.k, filters=self.filters)
        notice = notice_of(hits)
        return [
            Document(
                id=hit.passage.id,
                page_content=hit.text,
                metadata={
                    "source": hit.document.source,
                    "title": hit.document.title,
                    "start": hit.passage.span.start,
                    "end": hit.passage.span.end,
                    "score": hit.score,
                    **({"notice": notice} if notice else {}),
                },
            )
            for hit in hits
        ]
