"""The index: what is kept of a mail so that it can be found, and the one shape of every index.

The rules every index keeps:
1. Each call names its account and sees no other's mail, not even in how rare a word is.
2. It is derived from the archive: `cyrano reindex` makes it anew.
3. Once `add` returns, the mail outlasts the process.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, PositiveInt

from connectors.message import Address
from retrieval.sparse import WordWeights

if TYPE_CHECKING:
    import numpy as np


class IndexSettings(BaseModel):
    """Where the index lies: in a folder of this machine, or on a Qdrant server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = "index"
    """The folder of the embedded index, relative to the home folder."""
    url: str = ""
    """A Qdrant server, such as "http://127.0.0.1:6333"; empty means the embedded index."""
    api_key_file: str = ""
    """A file that holds the server's API key; empty where it needs none."""
    collection: str = "cyrano"
    """The collection on the server; it holds the mail of all accounts."""
    timeout_s: PositiveInt = 10
    """How long to wait for an answer of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """What the index keeps of a mail: all that a prompt needs of it."""

    message_id: str
    subject: str
    recipients: tuple[Address, ...]
    sent_at: datetime | None
    text: str
    text_hash: str
    """Equal for texts that differ in case and white space only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of mail, or a query, as the index compares them: by meaning and by words."""

    vector: "np.ndarray"
    """Shape (dimension,), float32, unit length."""
    words: WordWeights


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedMail:
    """A mail to be indexed, with the passages it is found by."""

    mail: StoredMail
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A mail found, by its best passage."""

    mail: StoredMail
    similarity: float
    """Cosine of query and passage, -1 to 1."""
    word_score: float
    """BM25, without an upper end; 0 where the word search did not bring it up."""
    vector: "np.ndarray"
    """Of the best passage."""


class Index(Protocol):
    """An index of mail. Safe to share between threads.

    Raises:
        StoreError: from any call, where the store below fails.
    """

    def add(self, account: str, mails: Sequence[IndexedMail]) -> None:
        """Store mails; one that is there already is replaced."""

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out; unknown ids do no harm."""

    def forget(self, account: str) -> None:
        """Take out all mail of an account."""

    def clear(self) -> None:
        """Take out all mail of all accounts."""

    def rewrite(self) -> None:
        """Write the index anew from what it holds, so that nothing of what was taken out stays in its files.

        Nobody else may use it meanwhile. Broken off, it leaves the index as it was, or empty.
        """

    def search(
        self,
        account: str,
        query: Passage,
        *,
        limit: int,
        before: datetime | None = None,
        exclude: Collection[str] = (),
    ) -> list[Hit]:
        """Return the mails whose passages are among the `limit` nearest by meaning or by words, in no order.

        With `before`, only mail sent earlier than that; mail without a date is not known to be. Mail whose
        message id is in `exclude` is left out.
        """

    def count(self, account: str) -> int:
        """How many mails of an account are indexed."""

    def close(self) -> None:
        """Let go of files and connections."""


def open_index(settings: IndexSettings, *, home: Path, dimension: int, model: str = "", fresh: bool = False) -> Index:
    """Open the index for vectors of `dimension` numbers made by `model`; make it where there is none.

    With `fresh` it starts empty, whatever was there, even what cannot be read.

    Raises:
        StoreBusy: another process holds the folder.
        StoreError: it cannot be opened, or holds vectors of another model.
    """
    if settings.url:
        from retrieval.server import open_server  # noqa: PLC0415  each engine is slow to import; one is needed

        return open_server(settings, dimension=dimension, model=model, fresh=fresh)
    from retrieval.edge import open_edge  # noqa: PLC0415  as above

    return open_edge(home / settings.path, dimension=dimension, model=model, fresh=fresh)
