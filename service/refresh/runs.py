"""Runs of the refresh, in the table `run`: asked for, under way, and how each ended.

The rules this module keeps:
1. A run's id is the name of its folder under `runs` and the run in its adapter's card. One that goes on where it was
   interrupted, or failed, keeps both: it is the same run.
2. Of an account at most one run is asked for or under way.
3. A run of an account that was removed is gone with it, and whoever still works on it is told so.
4. A run that was noted by a clock far ahead is newer than none.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, case, delete, insert, select, update

from connectors.clock import now_utc
from connectors.errors import CyranoError, UsageError
from connectors.schema import account as accounts
from connectors.schema import run as table
from service.refresh.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

SCHEDULE, ASKED = "schedule", "asked"
"""What made a run begin."""
ASKED_WHY = "You asked for it."
GONE = "The process that carried it out ended."
INTERRUPTED_HINT = "Nothing is lost: the next run goes on where it stopped."
SKEW = timedelta(days=1)
"""By how much the clocks of machines that share a database may differ."""
WRITE_EVERY_S = 1.0
"""How often a run that is under way writes down how far it is."""


class RunState(StrEnum):
    """Where a run is."""

    ASKED = "asked"
    """Somebody wants it; it begins as soon as it can."""
    RUNNING = "running"
    LIVE = "live"
    """Its adapter passed the gate and writes."""
    WAITING = "waiting"
    """Its adapter passed the gate, and does not write yet; `reason` says why."""
    REJECTED = "rejected"
    """Its adapter did not pass the gate."""
    SKIPPED = "skipped"
    """There was nothing to do."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The process that carried it out is gone; the next run goes on where it stopped."""


class Stage(StrEnum):
    """What a run is doing; the trainer says more of its own."""

    SYNC = "sync"
    PLAYBACK = "playback"
    EXAMPLES = "examples"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PUBLISH = "publish"
    MERGE = "merge"
    FLIP = "flip"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run."""

    run_id: str
    """Also the name of its folder under `runs`, and of the run in the adapter's card."""
    account: str
    trigger: str
    """"schedule" or "asked"."""
    why: str
    state: RunState
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage to how long it took, or has taken so far."""
    asked_at: datetime
    started_at: datetime | None = None
    changed_at: datetime
    ended_at: datetime | None = None
    adapter: str = ""
    reason: str = ""
    hint: str = ""
    material: str = ""
    newest: datetime | None = None


ENDED_WELL = frozenset({RunState.LIVE, RunState.WAITING, RunState.REJECTED})
"""A run that came to an adapter, good enough or not: the mail it had was learned from."""
OPEN = frozenset({RunState.ASKED, RunState.RUNNING})


class RunGone(CyranoError):
    """The run is not in the database any more: its account was removed."""


class Runs:
    """The table of runs. Threads and processes may share it; a run is carried out by who holds the lease."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime] = now_utc,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._monotonic = monotonic
        self._watches: dict[str, Stopwatch] = {}

    def now(self) -> datetime:
        """Return the time, as these runs see it."""
        return self._clock()

    def ask(self, account: str, *, why: str = ASKED_WHY) -> RunRecord:
        """Want a run of an account as soon as it can be; one that is asked for or under way already is that run.

        Raises:
            UsageError: there is no such account.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            _take_turns(connection, account)
            if found := _newest(connection, account, OPEN, now):
                return found
            record = _fresh(connection, account, trigger=ASKED, why=why, state=RunState.ASKED, now=now)
        logger.info("run %s is asked for", record.run_id)
        return record

    def begin(self, account: str, *, trigger: str = SCHEDULE, why: str, run_id: str = "") -> RunRecord:
        """Note that a run begins. Whoever asked for one gets this one. Only the holder of the lease may call it.

        Args:
            account: Whose run it is.
            trigger: SCHEDULE or ASKED; where one was asked for it is ASKED.
            why: Why it begins, in a sentence.
            run_id: A run that was broken off, or failed, to go on with; "" for one of its own.

        Raises:
            UsageError: there is no such account.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            _take_turns(connection, account)
            asked = _newest(connection, account, {RunState.ASKED}, now)
            known = _find(connection, run_id) if run_id else asked
            if known is None:
                known = _fresh(connection, account, trigger=trigger, why=why, state=RunState.RUNNING, now=now)
            if asked and asked.run_id != known.run_id:
                connection.execute(delete(table).where(table.c.run_id == asked.run_id))
            wanted = asked or known
            values = {"state": RunState.RUNNING, "started_at": now, "changed_at": now, **_AS_NEW}
            values |= {"trigger": wanted.trigger, "why": wanted.why, "asked_at": min(wanted.asked_at, now)}
            connection.execute(update(table).where(table.c.run_id == known.run_id).values(values))
            record = _find(connection, known.run_id)
        assert record is not None
        self._watches[record.run_id] = Stopwatch(seconds=dict(record.seconds), since=self._monotonic())
        logger.info("run %s begins", record.run_id)
        return record

    def progress(self, run_id: str, stage: str, done: int = 0, total: int = 0) -> None:
        """Note how far a run is; called as often as one likes, it writes about once a second.

        Raises:
            RunGone: its account was removed.
        """
        now = self._monotonic()
        watch = self._watches.setdefault(run_id, Stopwatch(since=now))
        is_new = stage != watch.stage
        watch.turn_to(stage, now)
        if is_new or now - watch.written_at >= WRITE_EVERY_S:
            watch.written_at = now
            self._write(run_id, stage=stage, done=done, total=total, seconds=watch.rounded())

    def note(self, run_id: str, *, why: str = "", material: str = "", newest: datetime | None = None) -> None:
        """Note what turned out about a run: why it is worth it, and what it learns from.

        Raises:
            RunGone: its account was removed.
        """
        values: dict[str, Any] = {"why": why} if why else {}
        if material:
            values |= {"material": material, "newest": newest}
        if values:
            self._write(run_id, **values)

    def end(
        self, run_id: str, state: RunState, *, adapter: str = "", reason: str = "", hint: str = ""
    ) -> RunRecord:  # fmt: skip
        """Note how a run ended, and return it.

        Raises:
            RunGone: its account was removed.
        """
        now = self._clock()
        values: dict[str, Any] = {"adapter": adapter, "reason": reason, "hint": hint, "ended_at": now}
        if watch := self._watches.pop(run_id, None):
            watch.turn_to("", self._monotonic())
            values["seconds"] = watch.rounded()
        self._write(run_id, state=state, **values)
        logger.info("run %s ended: %s", run_id, state)
        found = self.get(run_id)
        if found is None:
            raise _gone(run_id)
        return found

    def withdraw(self, account: str) -> None:
        """Want no run of an account any more; one that has begun goes on."""
        is_asked = (table.c.account == account, table.c.state == RunState.ASKED)
        with self._engine.begin() as connection:
            connection.execute(delete(table).where(*is_asked))

    def interrupt(self, reason: str) -> list[RunRecord]:
        """End all runs that nobody carries out any more, and return them. Only the holder of the lease may call it."""
        left = self.in_state(RunState.RUNNING)
        for each in left:
            with suppress(RunGone):
                self.end(each.run_id, RunState.INTERRUPTED, reason=reason, hint=INTERRUPTED_HINT)
        return left

    def get(self, run_id: str) -> RunRecord | None:
        """Return one run, or None."""
        with self._engine.connect() as connection:
            return _find(connection, run_id)

    def newest(self, account: str, states: Collection[RunState] = tuple(RunState)) -> RunRecord | None:
        """Return an account's run that was asked for last, of those in some states."""
        with self._engine.connect() as connection:
            return _newest(connection, account, states, self._clock())

    def recent(self, account: str = "", *, most: int = 20) -> list[RunRecord]:
        """Return the newest runs, of one account or of all, the newest first."""
        query = select(table).order_by(*_newest_first(self._clock())).limit(most)
        return self._read(query.where(table.c.account == account) if account else query)

    def in_state(self, state: RunState) -> list[RunRecord]:
        """Return the runs of all accounts in one state, the oldest first."""
        return self._read(select(table).where(table.c.state == state).order_by(table.c.asked_at, table.c.run_id))

    def unfinished(self) -> list[RunRecord]:
        """Return the runs that are under way, or whose process is gone."""
        return self.in_state(RunState.RUNNING)

    def asked(self) -> list[RunRecord]:
        """Return the runs that wait to begin, the oldest first."""
        return self.in_state(RunState.ASKED)

    def last_ended(self, account: str) -> RunRecord | None:
        """Return an account's last run that is over, however it ended."""
        return self.newest(account, set(RunState) - OPEN)

    def last_learned(self, account: str) -> RunRecord | None:
        """Return the last run that came to an adapter, approved or not."""
        return self.newest(account, ENDED_WELL)

    def untold(self, account: str) -> list[RunRecord]:
        """Return an account's runs that ended badly and that nobody was told of, the oldest first."""
        is_bad = table.c.state.in_([RunState.REJECTED, RunState.FAILED])
        query = select(table).where(table.c.account == account, is_bad, table.c.told_at.is_(None))
        return self._read(query.order_by(table.c.asked_at))

    def mark_told(self, run_id: str) -> None:
        """Note that its owner was told how a run ended."""
        with self._engine.begin() as connection:
            connection.execute(update(table).where(table.c.run_id == run_id).values(told_at=self._clock()))

    def _write(self, run_id: str, **values: Any) -> None:  # noqa: ANN401  columns
        statement = update(table).where(table.c.run_id == run_id).values(**values, changed_at=self._clock())
        with self._engine.begin() as connection:
            if not connection.execute(statement).rowcount:
                raise _gone(run_id)

    def _read(self, query: Select[Any]) -> list[RunRecord]:
        with self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]


_AS_NEW = {
    "stage": "", "done": 0, "total": 0, "ended_at": None, "adapter": "", "reason": "", "hint": "", "told_at": None,
}  # fmt: skip


def _fresh(
    connection: Connection, account: str, *, trigger: str, why: str, state: RunState, now: datetime
) -> RunRecord:  # fmt: skip
    """Write a new run; two that are asked for in the same second get names of two seconds."""
    run_id, moment = "", now
    while not run_id or _find(connection, run_id):
        run_id = f"{account}-{moment:%Y%m%d-%H%M%S}"
        moment += timedelta(seconds=1)
    record = RunRecord(
        run_id=run_id, account=account, trigger=trigger, why=why, state=state, asked_at=now, changed_at=now
    )  # fmt: skip
    connection.execute(insert(table).values(**asdict(record)))
    return record


def _take_turns(connection: Connection, account: str) -> None:
    """Let nobody else look for this account's runs in order to write one, until this transaction has ended.

    Raises:
        UsageError: there is no such account.
    """
    # A write that changes nothing: SQLite begins to write with it, PostgreSQL locks the row.
    statement = update(accounts).where(accounts.c.name == account).values(kind=accounts.c.kind)
    if not connection.execute(statement).rowcount:
        raise UsageError(f'There is no account "{account}".', hint="List them with: cyrano account list")


def _find(connection: Connection, run_id: str) -> RunRecord | None:
    row = connection.execute(select(table).where(table.c.run_id == run_id)).first()
    return None if row is None else _record(row)


def _newest_first(now: datetime) -> tuple[ColumnElement[Any], ...]:
    """Return the order of runs, those last that a clock far ahead noted before it was set back."""
    return case((table.c.asked_at > now + SKEW, 1), else_=0), table.c.asked_at.desc(), table.c.run_id.desc()


def _newest(connection: Connection, account: str, states: Collection[RunState], now: datetime) -> RunRecord | None:
    query = select(table).where(table.c.account == account, table.c.state.in_(list(states)))
    row = connection.execute(query.order_by(*_newest_first(now)).limit(1)).first()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> RunRecord:
    values = {name: value for name, value in row._asdict().items() if name != "told_at"}
    return RunRecord(**{**values, "state": RunState(row.state)})


def _gone(run_id: str) -> RunGone:
    return RunGone(f"The run {run_id} is gone.", hint="Its account was removed meanwhile.")
