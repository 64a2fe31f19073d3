"""The embedded index: Qdrant's engine inside this process, in a folder that one process holds at a time.

The rules this module keeps:
1. `index.json`, which says whose vectors these are, is written after the shard was made; a folder without it holds
   nothing worth keeping.
2. The engine keeps what was taken out in its files for long. A rewrite copies what is left into a new shard,
   `shard.new`, which takes the old one's place when it is whole; the old one, `shard.old` until then, is deleted.
"""

import fcntl
import json
import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import qdrant_edge as qdrant

from connectors.errors import StoreBusy, StoreError
from retrieval.index import Hit, IndexedMail, Passage
from retrieval.points import DENSE, WORDS, check_identity, identity, point_id, to_hits, to_number, to_payload

logger = logging.getLogger(__name__)

_PAGE = 200

_FIELDS: dict[str, qdrant.KeywordIndexParams | qdrant.FloatIndexParams] = {
    "account": qdrant.KeywordIndexParams(is_tenant=True),
    "message_id": qdrant.KeywordIndexParams(),
    "sent_at": qdrant.FloatIndexParams(),
}


def open_edge(folder: Path, *, dimension: int, model: str, fresh: bool = False) -> "EdgeIndex":
    """Open the index in a folder; make it where there is none, or where it is to start empty.

    Raises:
        StoreBusy: another process holds the folder.
        StoreError: it cannot be read, or holds vectors of another model.
    """
    with _translated(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _hold(folder)
    try:
        with _translated(folder):
            return EdgeIndex(folder, _open_shard(folder, dimension=dimension, model=model, fresh=fresh), lock)
    except BaseException:
        os.close(lock)
        raise


class EdgeIndex:
    """See `retrieval.index.Index`. Searches are exact: they compare with every passage of the account."""

    def __init__(self, folder: Path, shard: qdrant.EdgeShard, lock: int) -> None:
        self._folder = folder
        self._shard = shard
        self._lock = lock

    def add(self, account: str, mails: Sequence[IndexedMail]) -> None:
        """Store mails; one that is there already is replaced."""
        # Its text may have become shorter, and its last passages would stay.
        self.remove(account, [each.mail.message_id for each in mails])
        points = [
            qdrant.Point(
                id=point_id(account, each.mail.message_id, part),
                vector={DENSE: passage.vector.tolist(), WORDS: _sparse(passage)},
                payload=to_payload(account, each.mail, part),
            )
            for each in mails
            for part, passage in enumerate(each.passages)
        ]
        if points:
            self._update(qdrant.UpdateOperation.upsert_points(points))

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out; unknown ids do no harm."""
        if message_ids:
            these = qdrant.FieldCondition(key="message_id", match=qdrant.MatchAny(list(message_ids)))
            self._delete(qdrant.Filter(must=[_of(account), these]))

    def forget(self, account: str) -> None:
        """Take out all mail of an account."""
        self._delete(qdrant.Filter(must=[_of(account)]))

    def clear(self) -> None:
        """Take out all mail of all accounts."""
        self._delete(qdrant.Filter())

    def rewrite(self) -> None:
        """Write the index anew from what it holds; see `retrieval.index.Index`."""
        place = self._folder / "shard"
        with _translated(self._folder):
            dimension = json.loads((self._folder / "index.json").read_text(encoding="utf-8"))["dimension"]
            fresh = _make_shard(_beside(place, "new"), dimension=dimension)
            for points in self._pages():
                fresh.update(qdrant.UpdateOperation.upsert_points(points))
            fresh.flush()
            fresh.close()
            self._shard.close()
            place.rename(_beside(place, "old"))
            _finish_rewrite(place)
            self._shard = qdrant.EdgeShard.load(str(place))

    def _pages(self) -> Iterator[list[qdrant.Point]]:
        """Yield all passages, page by page."""
        offset = None
        while True:
            request = qdrant.ScrollRequest(offset=offset, limit=_PAGE, with_payload=True, with_vector=True)
            records, offset = self._shard.scroll(request)
            if records:
                yield [qdrant.Point(id=each.id, vector=each.vector or {}, payload=each.payload) for each in records]
            if offset is None:
                return

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
        corpus = qdrant.IdfParams(corpus=qdrant.Filter(must=[_of(account)]))
        searches = [
            (qdrant.Query.Nearest(query.vector.tolist(), using=DENSE), qdrant.SearchParams(exact=True)),
            (qdrant.Query.Nearest(_sparse(query), using=WORDS), qdrant.SearchParams(exact=True, idf=corpus)),
        ]
        requests = [
            qdrant.QueryRequest(
                query=nearest, filter=wanted, params=params, limit=limit, with_payload=True, with_vector=[DENSE]
            )
            for nearest, params in searches
        ]
        with _translated(self._folder):
            near, worded = self._shard.query_batch(qdrant.QueryBatchRequest(requests))
        return to_hits(query, near, worded)

    def count(self, account: str) -> int:
        """How many mails of an account are indexed."""
        first = qdrant.FieldCondition(key="part", match=qdrant.MatchValue(0))
        with _translated(self._folder):
            return self._shard.count(qdrant.CountRequest(filter=qdrant.Filter(must=[_of(account), first])))

    def close(self) -> None:
        """Write what is left to disk, and let go of the folder."""
        try:
            with _translated(self._folder):
                self._shard.close()
        finally:
            os.close(self._lock)

    def _delete(self, which: qdrant.Filter) -> None:
        self._update(qdrant.UpdateOperation.delete_points_by_filter(which))

    def _update(self, operation: qdrant.UpdateOperation) -> None:
        with _translated(self._folder):
            self._shard.update(operation)
            self._shard.flush()


def _open_shard(folder: Path, *, dimension: int, model: str, fresh: bool) -> qdrant.EdgeShard:
    mark = folder / "index.json"
    shard = folder / "shard"
    if fresh:
        mark.unlink(missing_ok=True)
    _finish_rewrite(shard)
    if not mark.exists():
        made = _make_shard(shard, dimension=dimension)
        mark.write_text(json.dumps(identity(dimension=dimension, model=model)) + "\n", encoding="utf-8")
        return made
    check_identity(json.loads(mark.read_text(encoding="utf-8")), dimension=dimension, model=model)
    started = time.monotonic()
    opened = qdrant.EdgeShard.load(str(shard))
    logger.info("Index opened in %.2f s: %d passages", time.monotonic() - started, opened.info().points_count)
    return opened


def _finish_rewrite(shard: Path) -> None:
    """Put a whole new shard in place of the old one, and clear away what a rewrite that broke off left behind."""
    new, old = _beside(shard, "new"), _beside(shard, "old")
    if old.exists():
        if not shard.exists():
            new.rename(shard)
        shutil.rmtree(old)
    if new.exists():
        shutil.rmtree(new)


def _beside(shard: Path, what: str) -> Path:
    return shard.with_name(f"{shard.name}.{what}")


def _make_shard(shard: Path, *, dimension: int) -> qdrant.EdgeShard:
    if shard.exists():
        shutil.rmtree(shard)
    shard.mkdir()
    config = qdrant.EdgeConfig(
        vectors={DENSE: qdrant.EdgeVectorParams(size=dimension, distance=qdrant.Distance.Cosine)},
        sparse_vectors={WORDS: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
    )
    made = qdrant.EdgeShard.create(str(shard), config)
    for field, params in _FIELDS.items():
        made.update(qdrant.UpdateOperation.create_field_index(field, params))
    made.flush()
    return made


def _hold(folder: Path) -> int:
    """Lock the folder; the system lets go of it when the process ends, however it ends."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreBusy(
            f"The index in {folder} is in use by another Cyrano process.",
            hint="Stop the other one, or run a Qdrant server and name it in [index] url.",
        ) from error
    return descriptor


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn whatever goes wrong below into a StoreError; the engine raises plain `Exception` for everything."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        raise StoreError(
            f"The index in {folder} cannot be used: {error}",
            hint="See that the disk is not full. If that is not it, make it anew from the archive: cyrano reindex.",
        ) from error


def _sparse(passage: Passage) -> qdrant.SparseVector:
    return qdrant.SparseVector(indices=list(passage.words.indices), values=list(passage.words.values))


def _of(account: str) -> qdrant.FieldCondition:
    return qdrant.FieldCondition(key="account", match=qdrant.MatchValue(account))


def _filter(account: str, before: datetime | None, exclude: Collection[str]) -> qdrant.Filter:
    must: list[qdrant.ConditionType] = [_of(account)]
    if before is not None:
        must.append(qdrant.FieldCondition(key="sent_at", range=qdrant.RangeFloat(lt=to_number(before))))
    if not exclude:
        return qdrant.Filter(must=must)
    excluded = qdrant.FieldCondition(key="message_id", match=qdrant.MatchAny(list(exclude)))
    return qdrant.Filter(must=must, must_not=[excluded])
