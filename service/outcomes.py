"""What became of drafts, in the table `outcome`, and what that comes to week by week.

The rules this module keeps:
1. A draft has at most one outcome. One that was ignored may still turn out to have been sent: then that counts.
2. A draft counts in the week it was made in, under the adapter that wrote it.
3. Of the versions of one draft on request one counts (`versions.py`). One that was thrown away where it was asked for
   was ignored, as far as no mail tells otherwise.
4. Every question names its account.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, func, insert, or_, select

from connectors.clock import now_utc
from connectors.message import Email
from connectors.rows import mail_of_row
from connectors.schema import draft, feedback, message, outcome
from service.draft_row import DraftKind, State
from service.edits import Edit, Verdict
from service.feedback import FeedbackKind
from service.versions import Version, counting

IGNORED_AFTER = timedelta(days=14)
"""A draft that was not sent until then was of no use."""
OPEN_FOR = timedelta(days=30)
"""How long after a draft was made what was sent is still compared with it."""

_OFFERED = (State.DONE, State.APPENDED, State.EDITED, State.SENT, State.DELETED)
"""States of a draft that its reader got to see; one that was withdrawn counts if it lay in Drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A draft that may have been sent."""

    draft_id: str
    kind: DraftKind
    answers: str
    """The Message-ID of the mail it answers; "" where it answers none."""
    thread_id: str
    message_id: str
    recipients: frozenset[str]
    """The addresses it is written to; empty where they are not known."""
    subject: str
    text: str
    language: str
    adapter: str
    is_touched: bool
    """Whether its owner worked on it, as far as the mailbox told."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a draft."""

    draft_id: str
    sent_id: str
    """The Message-ID of what was sent."""
    sent_at: datetime | None
    verdict: Verdict
    distance: float
    edits: tuple[Edit, ...]
    adapter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What became of the drafts that one adapter wrote in one week."""

    starts: date
    """A Monday, UTC."""
    adapter: str
    """"" for the base model."""
    as_is: int = 0
    light: int = 0
    rewritten: int = 0
    ignored: int = 0
    waiting: int = 0
    """Drafts that may still be sent."""
    inserted: int = 0
    """Those among them all that were put into a mail where they were asked for."""

    @property
    def drafts(self) -> int:
        """All of them."""
        return self.settled + self.waiting

    @property
    def settled(self) -> int:
        """Those of which it is known."""
        return self.as_is + self.light + self.rewritten + self.ignored


class Outcomes:
    """What became of drafts. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def open_offers(self, account: str) -> list[Offer]:
        """Return the drafts of which it is not known yet what became of them, oldest first."""
        since = self._clock() - OPEN_FOR
        is_open = or_(outcome.c.verdict.is_(None), outcome.c.verdict == Verdict.IGNORED)
        query = (
            select(draft)
            .outerjoin(outcome, outcome.c.draft_id == draft.c.draft_id)
            .where(draft.c.account == account, draft.c.created_at >= since, draft.c.text != "", is_open)
            .order_by(draft.c.created_at)
        )
        with self._engine.connect() as connection:
            return [_offer(row) for row in connection.execute(query)]

    def texts(self, account: str) -> Iterator[tuple[str, datetime]]:
        """Yield every text that was ever written for an account, and when."""
        query = select(draft.c.text, draft.c.created_at).where(draft.c.account == account, draft.c.text != "")
        with self._engine.connect() as connection:
            for row in connection.execute(query, execution_options={"yield_per": 500}):
                yield row.text, row.created_at

    def sent_since(self, account: str, since: datetime) -> list[Email]:
        """Return an account's sent mail from a time on, oldest first."""
        mine = (message.c.account == account, message.c.sent_at >= since, ~message.c.is_received)
        query = select(message).where(*mine).order_by(message.c.sent_at)
        with self._engine.connect() as connection:
            return [mail_of_row(row).email for row in connection.execute(query).mappings()]

    def record(self, account: str, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of drafts, in place of what was thought before."""
        if not outcomes:
            return
        with self._engine.begin() as connection:
            for each in outcomes:
                connection.execute(delete(outcome).where(outcome.c.draft_id == each.draft_id))
            connection.execute(insert(outcome), [_row(account, each) for each in outcomes])

    def of(self, account: str, draft_id: str) -> Outcome | None:
        """Return what became of a draft, where it is known."""
        query = select(outcome).where(outcome.c.account == account, outcome.c.draft_id == draft_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _outcome(row)

    def weekly(self, account: str, *, weeks: int = 12) -> tuple[Week, ...]:
        """Return what became of the drafts of the last weeks, this one included: newest week first, then by adapter."""
        counts: Counter[tuple[date, str, str]] = Counter()
        for row, version in self._offered(account, self._first_day(weeks)):
            counts[_monday(row.created_at), row.adapter, self._end(row, version)] += 1
            counts[_monday(row.created_at), row.adapter, FeedbackKind.INSERTED] += bool(version.inserted_at)
        found = sorted(
            {(starts, adapter) for starts, adapter, _ in counts}, key=lambda key: (-key[0].toordinal(), key[1])
        )
        ends = (*Verdict, "waiting", FeedbackKind.INSERTED)
        return tuple(
            Week(starts=starts, adapter=adapter, **{end: counts[starts, adapter, end] for end in ends})
            for starts, adapter in found
        )

    def edits(self, account: str, *, weeks: int = 12) -> dict[Edit, int]:
        """Count the kinds of edits in what was sent in the last weeks, the most common first."""
        query = select(outcome.c.edits).join(draft, draft.c.draft_id == outcome.c.draft_id)
        mine = (outcome.c.account == account, draft.c.created_at >= self._first_day(weeks))
        with self._engine.connect() as connection:
            rows = list(connection.scalars(query.where(*mine)))
        return {Edit(kind): number for kind, number in Counter(kind for row in rows for kind in row).most_common()}

    def _first_day(self, weeks: int) -> datetime:
        first = _monday(self._clock()) - timedelta(weeks=weeks - 1)
        return datetime.combine(first, time(), UTC)

    def _offered(self, account: str, since: datetime) -> list[tuple[Row[Any], Version]]:
        """Return the drafts their reader got to see. One that a newer draft replaced does not count."""
        given = self._given(account, since)
        rows = [(row, _version(row, given[row.draft_id])) for row in self._shown(account, since)]
        asked = [version for row, version in rows if row.kind == DraftKind.REQUEST]
        out = {version.draft_id for version in asked} - counting(asked, self._befores(account, since))
        return [(row, version) for row, version in rows if version.draft_id not in out]

    def _given(self, account: str, since: datetime) -> defaultdict[str, list[Row[Any]]]:
        """Return what was said of each draft since then, the newest last."""
        found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        mine = (feedback.c.account == account, feedback.c.given_at >= since)
        with self._engine.connect() as connection:
            for row in connection.execute(select(feedback).where(*mine).order_by(feedback.c.given_at)):
                found[row.draft_id].append(row)
        return found

    def _befores(self, account: str, since: datetime) -> dict[str, str]:
        """Return which draft each draft on request replaces, in whatever state it is."""
        asked = (draft.c.account == account, draft.c.created_at >= since, draft.c.kind == DraftKind.REQUEST)
        query = select(draft.c.draft_id, draft.c.replaces).where(*asked, draft.c.replaces != "")
        with self._engine.connect() as connection:
            return {row.draft_id: row.replaces for row in connection.execute(query)}

    def _shown(self, account: str, since: datetime) -> Iterable[Row[Any]]:
        """Return the drafts that were there to be seen, with what was sent; of those for the mailbox the last ones."""
        newer = draft.alias("newer")
        is_newer = (newer.c.account == account, newer.c.replaces == draft.c.draft_id)
        is_replaced = select(newer.c.draft_id).where(*is_newer, newer.c.kind != DraftKind.REQUEST)
        was_there = and_(draft.c.state == State.WITHDRAWN, func.length(draft.c.seal) > 0)
        was_used = outcome.c.verdict.in_((Verdict.AS_IS, Verdict.LIGHT, Verdict.REWRITTEN))
        is_offered = or_(draft.c.state.in_(_OFFERED), was_there, was_used)
        names = ("draft_id", "kind", "replaces", "created_at", "adapter", "state")
        columns = (*(draft.c[name] for name in names), outcome.c.verdict)
        query = (
            select(*columns)
            .outerjoin(outcome, outcome.c.draft_id == draft.c.draft_id)
            .where(draft.c.account == account, draft.c.created_at >= since, is_offered)
            .where(~is_replaced.exists())
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def _end(self, row: Row[Any], version: Version) -> str:
        if row.verdict:
            return str(row.verdict)
        is_late = row.created_at < self._clock() - IGNORED_AFTER
        is_out = row.state in {State.DELETED, State.WITHDRAWN} or version.last is FeedbackKind.DISCARDED
        return Verdict.IGNORED if is_late or is_out else "waiting"


def _monday(moment: datetime) -> date:
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _version(row: Row[Any], given: Sequence[Row[Any]]) -> Version:
    last = FeedbackKind(given[-1].kind) if given else None
    is_out = last is FeedbackKind.DISCARDED
    inserted_at = [each.given_at for each in given if each.kind == FeedbackKind.INSERTED and not is_out]
    return Version(
        draft_id=row.draft_id,
        replaces=row.replaces,
        created_at=row.created_at,
        is_sent=row.verdict in {Verdict.AS_IS, Verdict.LIGHT, Verdict.REWRITTEN},
        last=last,
        inserted_at=next(iter(inserted_at), None),
    )


def _offer(row: Row[Any]) -> Offer:
    is_answer = row.kind != DraftKind.REQUEST
    return Offer(
        draft_id=row.draft_id,
        kind=DraftKind(row.kind),
        answers=(row.answers or "") if is_answer else "",
        thread_id=row.thread_id,
        message_id=row.message_id,
        recipients=frozenset(row.recipients),
        subject=row.subject,
        text=row.text,
        language=row.language,
        adapter=row.adapter,
        is_touched=row.state in {State.EDITED, State.SENT},
        created_at=row.created_at,
    )


def _row(account: str, each: Outcome) -> dict[str, Any]:
    return {
        "draft_id": each.draft_id,
        "account": account,
        "sent_id": each.sent_id,
        "sent_at": each.sent_at,
        "verdict": each.verdict,
        "distance": each.distance,
        "edits": list(each.edits),
        "adapter": each.adapter,
    }


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(
        draft_id=row.draft_id,
        sent_id=row.sent_id,
        sent_at=row.sent_at,
        verdict=Verdict(row.verdict),
        distance=row.distance,
        edits=tuple(map(Edit, row.edits)),
        adapter=row.adapter,
    )
