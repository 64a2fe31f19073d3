"""Finds mail for the prompts of a run, in an index of its own: the live one is the service's, and knows too much."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from retrieval.embedder import Embedder, EmbedderSettings
from retrieval.index import IndexSettings, open_index
from retrieval.prompt import Request, Source
from retrieval.rank import RetrievalSettings, Retriever
from trainer.data.examples import Finder
from trainer.data.source import SentMail


@contextmanager
def open_finder(
    account: str,
    mails: Sequence[SentMail],
    folder: Path,
    *,
    retrieval: Mapping[str, Any],
    embedder: Mapping[str, Any],
) -> Iterator[Finder]:
    """Yield what finds some mails of an account, as the service would with these settings.

    Nothing is indexed, and no embedding model loaded, before something is looked for.

    Args:
        account: Whose mails they are.
        mails: All that may be found.
        folder: Where the index lies meanwhile.
        retrieval: The section `[retrieval]`.
        embedder: The section `[embedder]`.
    """
    settings = RetrievalSettings.model_validate(retrieval)

    def fill() -> Retriever:
        encoder = Embedder(EmbedderSettings.model_validate(embedder))
        index = open_index(IndexSettings(), home=folder, dimension=encoder.dimension, model=encoder.model, fresh=True)
        retriever = Retriever(index, encoder, settings)
        retriever.add(account, [mail.email for mail in mails])
        return retriever

    finder = _Lazy(fill if settings.count else None)
    try:
        yield finder
    finally:
        finder.close()


class _Lazy:
    """Opens what it finds with when it is first asked; without anything to open it finds nothing."""

    def __init__(self, fill: Callable[[], Retriever] | None) -> None:
        self._fill = fill
        self._retriever: Retriever | None = None

    def find(
        self, request: Request, *, before: datetime | None = None, exclude: Collection[str] = ()
    ) -> tuple[Source, ...]:
        """Return the nearest mails, sent before a time and not among some."""
        if self._fill is None:
            return ()
        if self._retriever is None:
            self._retriever = self._fill()
        return self._retriever.find(request, before=before, exclude=exclude)

    def close(self) -> None:
        """Close what was opened."""
        if self._retriever is not None:
            self._retriever.close()
