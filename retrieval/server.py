"""The index on a Qdrant server: one collection for all accounts, the account as tenant.

The rule this module keeps: a rewrite copies what is left into a second collection, marks that as whole, and only then
makes the first one anew from it. Wherever it breaks off, whoever opens the index next ends it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from connectors.errors import ConfigError, StoreError
from retrieval.index import Hit, IndexedMail, IndexSettings, Passage
from retrieval.points import DENSE, WORDS, check_identity, identity, point_id, to_hits, to_number, to_payload

_PAGE = 200
_WHOLE = {"is_whole": True}

_FIELDS: dict[str, models.PayloadSchemaParams] = {
    "account": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "message_id": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD),
    "sent_at": models.FloatIndexParams(type=models.FloatIndexType.FLOAT),
    "part": models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER),
}


def open_server(settings: IndexSettings, *, dimension: int, model: str, fresh: bool = False) -> "ServerIndex":
    """Open the collection on the configured server; make it where there is none, or where it is to start empty.

    Raises:
        ConfigError: the URL is none, or the API key cannot be read.
        StoreError: the server does not answer, or the collection holds vectors of another model.
    """
    key = _api_key(settings.api_key_file)
    try:
        client = QdrantClient(url=settings.url, api_key=key, timeout=settings.timeout_s, check_compatibility=False)
    except ValueError as error:
        hint = 'Write [index] url like "http://127.0.0.1:6333".'
        raise ConfigError(f"{settings.url} is no address of a Qdrant server: {error}", hint=hint) from error
    index = ServerIndex(client, collection=settings.collection, name=settings.url)
    index.prepare(dimension=dimension, model=model, fresh=fresh)
    return index


class ServerIndex:
    """See `retrieval.index.Index`. `name` says in errors which server it is."""

    def __init__(self, client: QdrantClient, *, collection: str, name: str) -> None:
        self._client = client
        self._collection = collection
        self._name = name

    def prepare(self, *, dimension: int, model: str, fresh: bool) -> None:
        """Make the collection, or see that it fits.

        Raises:
            StoreError: it holds vectors of another model.
        """
        with self._translated():
            if fresh:
                self._client.delete_collection(self._collection)
                self._client.delete_collection(self._copy)
            self._finish_rewrite()
            if self._client.collection_exists(self._collection):
                check_identity(self._metadata(self._collection), dimension=dimension, model=model)
            else:
                self._make(self._collection, dimension=dimension, model=model)

    def add(self, account: str, mails: Sequence[IndexedMail]) -> None:
        """Store mails; one that is there already is replaced."""
        # Its text may have become shorter, and its last passages would stay.
        self.remove(account, [each.mail.message_id for each in mails])
        points = [
            models.PointStruct(
                id=point_id(account, each.mail.message_id, part),
                vector={DENSE: passage.vector.tolist(), WORDS: _sparse(passage)},
                payload=to_payload(account, each.mail, part),
            )
            for each in mails
            for part, passage in enumerate(each.passages)
        ]
        if points:
            with self._translated():
                self._client.upsert(self._collection, points, wait=True)

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out; unknown ids do no harm."""
        if message_ids:
            these = models.FieldCondition(key="message_id", match=models.MatchAny(any=list(message_ids)))
            self._delete(models.Filter(must=[_of(account), these]))

    def forget(self, account: str) -> None:
        """Take out all mail of an account."""
        self._delete(models.Filter(must=[_of(account)]))

    def clear(self) -> None:
        """Take out all mail of all accounts."""
        self._delete(models.Filter())

    def rewrite(self) -> None:
        """Write the index anew from what it holds; see `retrieval.index.Index`."""
        with self._translated():
            self._copy_all(self._collection, self._copy)
            self._client.update_collection(self._copy, metadata=_WHOLE)
            self._finish_rewrite()

    @property
    def _copy(self) -> str:
        return f"{self._collection}-copy"

    def _finish_rewrite(self) -> None:
        """Make the collection anew from its copy, where there is a whole one, and take the copy away."""
        if not self._client.collection_exists(self._copy):
            return
        if _WHOLE.items() <= self._metadata(self._copy).items():
            self._client.delete_collection(self._collection)
            self._copy_all(self._copy, self._collection)
        self._client.delete_collection(self._copy)

    def _copy_all(self, source: str, target: str) -> None:
        found = self._metadata(source)
        self._client.delete_collection(target)
        self._make(target, dimension=found["dimension"], model=found["model"])
        offset = None
        while True:
            records, offset = self._client.scroll(
                source, limit=_PAGE, offset=offset, with_payload=True, with_vectors=True
            )
            points = [models.PointStruct(id=each.id, vector=each.vector, payload=each.payload) for each in records]
            if points:
                self._client.upsert(target, points, wait=True)
            if offset is None:
                return

    def _metadata(self, collection: str) -> dict[str, Any]:
        return dict(self._client.get_collection(collection).config.metadata or {})

    def search(
        self,
        account: str,
        query: Passage,
        *,
        limit: int,
        before: datetime | None = None,
        exclude: Collection[str] = (),
    ) -> list[Hit]:
        """Return the mails whose passages are among the `limit` nearest by meaning or by words, in no order."""
        wanted = _filter(account, before, exclude)
        own = models.SearchParams(idf=models.IdfCorpusParams(corpus=models.Filter(must=[_of(account)])))
        searches: list[tuple[Any, str, models.SearchParams | None]] = [
            (query.vector.tolist(), DENSE, None),
            (_sparse(query), WORDS, own),
        ]
        requests = [
            models.QueryRequest(
                query=nearest,
                using=using,
                filter=wanted,
                params=params,
                limit=limit,
                with_payload=True,
                with_vector=[DENSE],
            )
            for nearest, using, params in searches
        ]
        with self._translated():
            near, worded = self._client.query_batch_points(self._collection, requests)
        return to_hits(query, near.points, worded.points)

    def count(self, account: str) -> int:
        """How many mails of an account are indexed."""
        first = models.FieldCondition(key="part", match=models.MatchValue(value=0))
        with self._translated():
            return self._client.count(self._collection, models.Filter(must=[_of(account), first]), exact=True).count

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _make(self, collection: str, *, dimension: int, model: str) -> None:
        self._client.create_collection(
            collection,
            vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)},
            sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            # One graph for each account instead of one for all: every search names its account.
            hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
            metadata=identity(dimension=dimension, model=model),
        )
        for field, params in _FIELDS.items():
            self._client.create_payload_index(collection, field, params, wait=True)

    def _delete(self, which: models.Filter) -> None:
        with self._translated():
            self._client.delete(self._collection, models.FilterSelector(filter=which), wait=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the client's errors into a StoreError."""
        try:
            yield
        except (ApiException, QdrantException) as error:
            raise StoreError(
                f"The Qdrant server at {self._name} failed: {error}",
                hint="See that it runs and that [index] url and api_key_file are right.",
            ) from error


def _api_key(path: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"The API key of the index cannot be read: {error}", hint="See [index] api_key_file."
        ) from error


def _sparse(passage: Passage) -> models.SparseVector:
    return models.SparseVector(indices=list(passage.words.indices), values=list(passage.words.values))


def _of(account: str) -> models.FieldCondition:
    return models.FieldCondition(key="account", match=models.MatchValue(value=account))


def _filter(account: str, before: datetime | None, exclude: Collection[str]) -> models.Filter:
    must: list[models.Condition] = [_of(account)]
    if before is not None:
        must.append(models.FieldCondition(key="sent_at", range=models.Range(lt=to_number(before))))
    if not exclude:
        return models.Filter(must=must)
    excluded = models.FieldCondition(key="message_id", match=models.MatchAny(any=list(exclude)))
    return models.Filter(must=must, must_not=[excluded])
