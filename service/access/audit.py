"""The audit: which token was shown for what, and how that ended, counted by the hour. No words, no addresses.

The rules this module keeps:
1. The first of its kind in an hour is written at once, and so is all that changes something. What merely repeats is
   counted here and written when a minute has passed: a page that looks every second costs no write each time.
2. The audit refuses nobody. Where the database cannot be written, what was counted waits for the next time.
3. Who is not known cannot fill the table: what strangers say of themselves is reduced to a few kinds.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, RowMapping, delete, func, select

from connectors.clock import now_utc
from connectors.errors import StoreError
from connectors.schema import account as accounts
from connectors.schema import audit as table
from connectors.upsert import insert_into

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=90)
WRITTEN_EVERY = timedelta(minutes=1)
OK = "ok"
_LOOKS = "GET /console/"
ELSEWHERE = "elsewhere"
"""In place of an origin that no token is bound to, and of an address that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is counted: one token (or a stranger, without account and label) that asked one thing, with one end."""

    account: str = ""
    label: str = ""
    action: str
    """Such as "POST /draft"."""
    outcome: str = OK
    """"ok", or the kind of the refusal."""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often something was asked within an hour, and when last."""

    hour: datetime
    use: Use
    count: int
    last_at: datetime


class Audit:
    """The table of uses. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: Counter[tuple[datetime, Use]] = Counter()
        self._last_at: dict[tuple[datetime, Use], datetime] = {}
        self._written_at: dict[tuple[datetime, Use], datetime] = {}
        self._is_due = False

    def note(self, use: Use) -> None:
        """Count a use. It is not written yet: that can wait until whoever asked has the answer."""
        now = self._clock()
        key = (_hour(now), use)
        # Strangers can ask as often as they like; that is not to cost a write each.
        can_wait = not use.account or use.action.startswith(("GET ", "HEAD "))
        with self._lock:
            self._waiting[key] += 1
            self._last_at[key] = now
            written_at = self._written_at.get(key)
            self._is_due |= written_at is None or not can_wait or now - written_at >= WRITTEN_EVERY

    def settle(self) -> None:
        """Write what is due."""
        if self._is_due:
            self.flush()

    def flush(self) -> None:
        """Write what was counted and is not written yet."""
        now = self._clock()
        with self._lock:
            counts, self._waiting, self._is_due = self._waiting, Counter(), False
            times = {key: self._last_at[key] for key in counts}
            for key in [key for key in self._written_at if key[0] < _hour(now)]:
                del self._written_at[key]
                self._last_at.pop(key, None)
            self._written_at.update(dict.fromkeys(counts, now))
        if not counts:
            return
        try:
            with self._engine.begin() as connection:
                # First, so that SQLite lets nobody else write until what is read next was used.
                connection.execute(delete(table).where(table.c.hour < now - KEPT_FOR))
                _write(connection, counts, times)
        except StoreError as error:
            logger.warning("the audit waits: %s", error)
            with self._lock:
                self._waiting.update(counts)
                self._last_at.update({key: max(at, self._last_at.get(key, at)) for key, at in times.items()})

    def read(self, account: str = "", *, days: int = 90) -> Sequence[Count]:
        """Return what was counted, for an account or for all and strangers, the newest first."""
        self.flush()
        since = self._clock() - timedelta(days=days)
        query = select(table).where(table.c.last_at >= since).order_by(table.c.last_at.desc(), table.c.action)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(table.c.account == account) if account else query).mappings()
            return [_read(row) for row in rows]

    def uses(self, account: str, *, days: int = 30) -> Mapping[tuple[str, str], int]:
        """Return how often an account's tokens were let in, by label and origin.

        A page of the console that looks what is new does so by itself: that is no use of its token.
        """
        self.flush()
        since = self._clock() - timedelta(days=days)
        query = (
            select(table.c.label, table.c.origin, func.sum(table.c.count))
            .where(table.c.account == account, table.c.outcome == OK, table.c.last_at >= since)
            .where(~table.c.action.startswith(_LOOKS))
            .group_by(table.c.label, table.c.origin)
        )
        with self._engine.connect() as connection:
            return {(label, origin): int(count) for label, origin, count in connection.execute(query)}


def forget_uses(engine: Engine, account: str) -> None:
    """Drop what was counted for an account that is gone. As long as it was there a service could still write."""
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.account == account))


def _write(
    connection: Connection,
    counts: Mapping[tuple[datetime, Use], int],
    times: Mapping[tuple[datetime, Use], datetime],
) -> None:
    """Add counts to those there are. Those of an account that is gone meanwhile are dropped with it."""
    named = select(accounts.c.name).where(accounts.c.name.in_({use.account for _, use in counts}))
    # Held to the end, so that whoever removes an account waits for what is written here, and then drops it.
    there = {"", *connection.execute(named.with_for_update(read=True, key_share=True)).scalars()}
    rows = [
        {"hour": hour, **asdict(use), "count": count, "last_at": times[hour, use]}
        for (hour, use), count in counts.items()
        if use.account in there
    ]
    insert = insert_into(table, connection)
    added = {"count": table.c.count + insert.excluded.count, "last_at": insert.excluded.last_at}
    key = [column.name for column in table.primary_key]
    if rows:
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=added), rows)


def _read(row: RowMapping) -> Count:
    use = Use(
        account=row["account"],
        label=row["label"],
        action=row["action"],
        outcome=row["outcome"],
        origin=row["origin"],
    )
    return Count(hour=row["hour"], use=use, count=row["count"], last_at=row["last_at"])


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
