"""From a request to the few mails worth showing the model: search, weigh, fold, and cut off what is noise."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from connectors.cleaning.keep import text_hash
from connectors.message import Address, Email
from retrieval.chunks import chunk
from retrieval.index import Hit, Index, IndexedMail, Passage, StoredMail
from retrieval.prompt import CUT, Request, Source
from retrieval.sparse import document_weights, query_weights

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

_TEXT_CHARS = 4000
"""How much of a mail is kept to be shown; it is found by all of it."""
_QUERY_CHARS = 600
"""How much of the last message stands in the query: instruction and subject should not drown in it."""
_BATCH = 64
"""Mails embedded and stored together."""
_TWINS = 0.97
"""Cosine from which two mails say the same."""
_DAY_S = 24 * 3600


class RetrievalSettings(BaseModel):
    """How many mails a draft may lean on, and how they are chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(default=3, ge=0)
    """At most so many mails; 0 turns retrieval off."""
    threshold: float = Field(default=0.35, ge=-1, le=1)
    """Cosine below which a mail is noise and left out. It depends on the embedding model: with the bundled one, the
    nearest of a person's 166 mails lay at .39 to .78 for 15 fitting instructions, at .15 to .35 for 16 foreign ones."""
    word_weight: NonNegativeFloat = 0.2
    """What equal words count, beside a similarity of at most 1."""
    recipient_weight: NonNegativeFloat = 0.15
    """What the same recipients count."""
    age_weight: NonNegativeFloat = 0.05
    """What it counts to be new."""
    half_life_days: PositiveFloat = 365.0
    """After so many days being new counts half."""
    candidates: PositiveInt = 50
    """Passages that each of the two searches, by meaning and by words, may bring up for weighing."""


class Encoder(Protocol):
    """What makes vectors: `retrieval.embedder.Embedder`, or a small stand-in."""

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return one vector of unit length a text: shape (n, dimension)."""


class Retriever:
    """Keeps an account's mail findable, and finds what helps with a request."""

    def __init__(
        self,
        index: Index,
        embedder: Encoder,
        settings: RetrievalSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._settings = settings
        self._clock = clock

    def add(self, account: str, emails: Sequence[Email]) -> None:
        """Index mails of an account; one that is there already is replaced, one without text left out."""
        for start in range(0, len(emails), _BATCH):
            self._index.add(account, self._passages([email for email in emails[start : start + _BATCH] if email.text]))

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out of the index; unknown ids do no harm."""
        self._index.remove(account, message_ids)

    def forget(self, account: str) -> None:
        """Take all mail of an account out of the index."""
        self._index.forget(account)

    def clear(self) -> None:
        """Take all mail of all accounts out of the index."""
        self._index.clear()

    def rewrite(self) -> None:
        """Write the index anew, so that nothing of what was taken out stays in its files."""
        self._index.rewrite()

    def count(self, account: str) -> int:
        """How many mails of an account are indexed."""
        return self._index.count(account)

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def find(
        self, request: Request, *, before: datetime | None = None, exclude: Collection[str] = ()
    ) -> tuple[Source, ...]:
        """Return the mails of the request's account that help most, best first; none is better than noise.

        A training prompt gives its mail's date as `before` and its id in `exclude`: then neither that mail nor
        a later one is found, and age counts from that date.
        """
        text = _query(request)
        if not text or not self._settings.count:
            return ()
        started = time.monotonic()
        query = Passage(vector=self._embedder.encode([text])[0], words=query_weights(text))
        embedded = time.monotonic()
        limit = self._settings.candidates
        hits = self._index.search(request.account, query, limit=limit, before=before, exclude=exclude)
        found = rank(hits, request.recipients, now=before or self._clock(), settings=self._settings)
        logger.debug(
            "Found %d of %d candidates: embedding %.1f ms, search %.1f ms",
            len(found), len(hits), (embedded - started) * 1e3, (time.monotonic() - embedded) * 1e3,
        )  # fmt: skip
        return found

    def _passages(self, emails: Sequence[Email]) -> list[IndexedMail]:
        pieces = [[f"{email.subject}\n{piece}" for piece in chunk(email.text)] for email in emails]
        vectors = iter(self._embedder.encode([piece for of_mail in pieces for piece in of_mail]))
        return [
            IndexedMail(
                mail=_stored(email),
                passages=tuple(Passage(vector=next(vectors), words=document_weights(piece)) for piece in of_mail),
            )
            for email, of_mail in zip(emails, pieces, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    hit: Hit
    score: float


def rank(
    hits: Iterable[Hit], recipients: Collection[Address], *, now: datetime, settings: RetrievalSettings
) -> tuple[Source, ...]:
    """Weigh hits by similarity, words, recipients and age, fold near-duplicates, and return the best.

    Similarity alone decides what is noise: a mail does not become helpful by being new, or to the same person.
    """
    near = [hit for hit in hits if hit.similarity >= settings.threshold]
    most_words = max((hit.word_score for hit in near), default=0.0) or 1.0
    people = {address.addr for address in recipients}
    weighed = [_Weighed(hit=hit, score=_score(hit, hit.word_score / most_words, people, now, settings)) for hit in near]
    # The id decides between equals, so that the same request always gives the same prompt.
    weighed.sort(key=lambda each: (-each.score, each.hit.mail.message_id))
    return tuple(_source(each) for each in _fold(weighed)[: settings.count])


def _score(hit: Hit, words: float, people: set[str], now: datetime, settings: RetrievalSettings) -> float:
    """Weigh a hit: 0 to 1. `words` is its word score as a share of the best one's."""
    parts = (
        (1.0, max(hit.similarity, 0.0)),
        (settings.word_weight, words),
        (settings.recipient_weight, _same(hit.mail.recipients, people)),
        (settings.age_weight, _freshness(hit.mail.sent_at, now, settings.half_life_days)),
    )
    return min(sum(weight * value for weight, value in parts) / sum(weight for weight, _ in parts), 1.0)


def _same(recipients: Iterable[Address], people: set[str]) -> float:
    """Return the share of the people written to now that this mail went to as well."""
    return len(people & {address.addr for address in recipients}) / len(people) if people else 0.0


def _freshness(sent_at: datetime | None, now: datetime, half_life_days: float) -> float:
    """1 for a mail of this moment, half after each half-life, 0 where nobody knows."""
    if sent_at is None:
        return 0.0
    age_days = max((now - sent_at).total_seconds(), 0.0) / _DAY_S
    return float(0.5 ** (age_days / half_life_days))


def _fold(weighed: Iterable[_Weighed]) -> list[_Weighed]:
    """Of mails that say the same keep the newest, in the place of the best."""
    kept: list[_Weighed] = []
    for each in weighed:
        twin = next((place for place, other in enumerate(kept) if _is_twin(each.hit, other.hit)), None)
        if twin is None:
            kept.append(each)
        elif _sent(each.hit) > _sent(kept[twin].hit):
            kept[twin] = _Weighed(hit=each.hit, score=kept[twin].score)
    return kept


def _is_twin(one: Hit, other: Hit) -> bool:
    return one.mail.text_hash == other.mail.text_hash or float(one.vector @ other.vector) > _TWINS


def _sent(hit: Hit) -> datetime:
    return hit.mail.sent_at or datetime.min.replace(tzinfo=UTC)


def _source(weighed: _Weighed) -> Source:
    mail = weighed.hit.mail
    return Source(
        message_id=mail.message_id,
        subject=mail.subject,
        recipients=mail.recipients,
        sent_at=mail.sent_at,
        text=mail.text,
        score=weighed.score,
    )


def _query(request: Request) -> str:
    """Return what to search for: what is asked first, since a model may read the beginning only.

    For a draft that is to be changed it is what that was asked by: "shorter" finds nothing.
    """
    first = next(iter(request.earlier), "") or request.revised[:_QUERY_CHARS]
    asked = first if request.revised else request.instruction
    last = request.thread[-1].text[:_QUERY_CHARS] if request.thread else ""
    parts = (asked, request.subject, last)
    return "\n".join(part.strip() for part in parts if part.strip())


def _stored(email: Email) -> StoredMail:
    return StoredMail(
        message_id=email.message_id,
        subject=email.subject,
        recipients=email.to + email.cc,
        sent_at=email.sent_at,
        text=_shortened(email.text),
        text_hash=text_hash(email.text),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS].rsplit(None, 1)[0]} {CUT}"
