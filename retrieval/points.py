"""Mail as Qdrant's points and back: one point a passage, the same in the embedded engine and on a server."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from connectors.errors import StoreError
from connectors.message import Address
from retrieval.index import Hit, Passage, StoredMail

LAYOUT = 1
"""Changes whenever points written before could not be read, or not be compared, any more."""
DENSE = "dense"
WORDS = "words"

_NAMESPACE = uuid.UUID("6f0c2f5e-5d0c-4a1e-9d57-3b8f6f1f7a10")


class ScoredPoint(Protocol):
    """What both engines return for a hit."""

    @property
    def score(self) -> float:
        """How near it is."""

    @property
    def payload(self) -> Mapping[str, Any] | None:
        """What was stored with it."""

    @property
    def vector(self) -> Any:  # noqa: ANN401  a union of all that the engines can store
        """The named vectors asked for."""


def point_id(account: str, message_id: str, part: int) -> str:
    """Return the id of a passage: the same mail gets the same points again."""
    return str(uuid.uuid5(_NAMESPACE, f"{account}\n{message_id}\n{part}"))


def to_payload(account: str, mail: StoredMail, part: int) -> dict[str, Any]:
    """Return what is stored beside the vectors of passage number `part`."""
    return {
        "account": account,
        "message_id": mail.message_id,
        "part": part,
        "subject": mail.subject,
        "recipients": [[address.addr, address.name] for address in mail.recipients],
        "sent_at": to_number(mail.sent_at),
        "text": mail.text,
        "text_hash": mail.text_hash,
    }


def to_number(time: datetime | None) -> float | None:
    """Return a time as seconds since 1970, which both engines compare alike."""
    return None if time is None else time.timestamp()


def to_hits(query: Passage, near: Iterable[ScoredPoint], worded: Iterable[ScoredPoint]) -> list[Hit]:
    """Join what the search by meaning and the search by words found; the best passage stands for its mail."""
    best: dict[str, Hit] = {}
    for points, is_worded in ((near, False), (worded, True)):
        for point in points:
            hit = _to_hit(query, point, word_score=point.score if is_worded else 0.0)
            known = best.get(hit.mail.message_id)
            best[hit.mail.message_id] = hit if known is None else _better(known, hit)
    return list(best.values())


def check_identity(found: Mapping[str, Any], *, dimension: int, model: str) -> None:
    """Refuse an index whose vectors are not of this model.

    Raises:
        StoreError: it is of another model, dimension or layout.
    """
    wanted = identity(dimension=dimension, model=model)
    if dict(found) != wanted:
        raise StoreError(
            f"The index was made with {found.get('model') or 'another model'} and holds vectors of "
            f"{found.get('dimension', 'unknown')} numbers; now it is {model or 'another model'} with {dimension}.",
            hint="Make it anew from the archive: cyrano reindex.",
        )


def identity(*, dimension: int, model: str) -> dict[str, Any]:
    """Return what an index is marked with, so that vectors of different models never mix."""
    return {"layout": LAYOUT, "model": model, "dimension": dimension}


def _better(one: Hit, other: Hit) -> Hit:
    """Join two passages of a mail: the nearer one stands for it, with the higher word score of both."""
    near = one if one.similarity >= other.similarity else other
    return Hit(
        mail=near.mail,
        similarity=near.similarity,
        word_score=max(one.word_score, other.word_score),
        vector=near.vector,
    )


def _to_hit(query: Passage, point: ScoredPoint, *, word_score: float) -> Hit:
    vector = np.asarray(point.vector[DENSE], dtype=np.float32)
    return Hit(
        mail=_to_mail(point.payload or {}),
        # Of a hit found by its words alone the engine did not tell the cosine.
        similarity=float(query.vector @ vector),
        word_score=word_score,
        vector=vector,
    )


def _to_mail(payload: Mapping[str, Any]) -> StoredMail:
    sent_at = payload["sent_at"]
    return StoredMail(
        message_id=payload["message_id"],
        subject=payload["subject"],
        recipients=tuple(Address(addr=addr, name=name) for addr, name in payload["recipients"]),
        sent_at=None if sent_at is None else datetime.fromtimestamp(sent_at, tz=UTC),
        text=payload["text"],
        text_hash=payload["text_hash"],
    )
