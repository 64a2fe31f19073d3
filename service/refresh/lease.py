"""Leases: who may do what only one may do, over all processes and machines that share the database.

The rules this module keeps:
1. A lease has one holder. It is taken by a compare-and-swap on its epoch and beat, so of many who try one succeeds.
2. The holder's beat rises while it lives. Whoever saw a beat stand still for `ttl_s`, by its own clock that only
   grows, may take the lease over. No two clocks are compared.
3. The lease of a process of this machine that has certainly ended is free at once.
4. A holder that could not beat for most of `ttl_s` counts its lease as lost, before another one may take it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from connectors.errors import CyranoError, StoreBusy
from connectors.schema import lease as table
from service.refresh.holder import Holder, is_dead, is_here, read_holder, this_process

logger = logging.getLogger(__name__)

TRAINING = "training"
"""Held by whoever trains: a refresh, or `cyrano train`."""
CLOCK = "clock"
"""Held by the process whose clock starts refreshes."""

BEAT_S = 10.0
TTL_S = 60.0
LOOK_EVERY_S = 0.5
_LOST_AFTER = 0.75
"""Of `ttl_s`: the share after which a holder without a beat gives its lease up."""
_TAKEN = {TRAINING: "A training run is under way", CLOCK: "Another process keeps the clock"}


class LeaseTaken(StoreBusy):
    """Another process holds the lease."""


class LeaseLost(CyranoError):
    """The lease went to another process: this one stood still for too long, or did not reach the database."""


class _Row(NamedTuple):
    holder: str
    epoch: int
    beat: int


class Held:
    """A lease that this process holds."""

    def __init__(self, name: str, epoch: int) -> None:
        self.name = name
        self.epoch = epoch
        self._is_lost = threading.Event()

    @property
    def is_lost(self) -> bool:
        """Whether another one may have it."""
        return self._is_lost.is_set()

    def lose(self) -> None:
        """Note that it is lost."""
        self._is_lost.set()

    def check(self) -> None:
        """Raise unless it is still held.

        Raises:
            LeaseLost: it is not.
        """
        if self.is_lost:
            hint = "Whoever has it now goes on with the work. Let one machine train, or see why the database was away."
            raise LeaseLost(f'The lease "{self.name}" went to another process.', hint=hint)


class Leases:
    """The leases of all who share a database. Threads may share it."""

    def __init__(
        self,
        engine: Engine,
        *,
        ttl_s: float = TTL_S,
        beat_s: float = BEAT_S,
        me: Callable[[], Holder] = this_process,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._ttl_s = ttl_s
        self._beat_s = beat_s
        self._me = me
        self._monotonic = monotonic
        self._seen: dict[str, tuple[_Row, float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, name: str, *, patience_s: float = 0.0, stop: threading.Event | None = None) -> Iterator[Held]:
        """Hold a lease for the block.

        Args:
            name: TRAINING or CLOCK.
            patience_s: How long to watch a holder elsewhere that may be gone, which is known after `ttl_s`. Nobody
                waits for one that lives.
            stop: Ends the trying.

        Raises:
            LeaseTaken: another process holds it.
        """
        held = self._take_within(name, patience_s, stop or threading.Event())
        is_over = threading.Event()
        thread = threading.Thread(target=self._keep, args=(held, is_over), name=f"lease {name}", daemon=True)
        thread.start()
        try:
            yield held
        finally:
            is_over.set()
            thread.join()
            self._let_go(held)

    def holder(self, name: str) -> Holder | None:
        """Return who holds a lease; None where nobody does, or one that is gone.

        A holder elsewhere counts until its beat was seen to stand still, so the first answer may be too kind.
        """
        row = self._read(name)
        return None if row is None or self._is_free(name, row) else read_holder(row.holder)

    def is_held(self, name: str) -> bool:
        """Tell whether somebody alive holds a lease, watching for a beat where that is not known otherwise."""
        end = self._monotonic() + 2 * self._beat_s
        first = self._read(name)
        while (row := self._read(name)) and not self._is_free(name, row):
            if self._lives(row, first):
                return True
            if self._monotonic() >= end:
                return False
            threading.Event().wait(min(LOOK_EVERY_S, self._beat_s))
        return False

    def _take_within(self, name: str, patience_s: float, stop: threading.Event) -> Held:
        end, first = self._monotonic() + patience_s, self._read(name)
        while (held := self._take(name)) is None:
            lives = self._lives(self._read(name), first)
            if lives or self._monotonic() >= end or stop.wait(min(LOOK_EVERY_S, self._beat_s)):
                raise self._taken(name)
        return held

    def _lives(self, row: _Row | None, first: _Row | None) -> bool:
        """Tell whether somebody certainly holds a lease: one who could be seen to be gone, or whose beat rose."""
        holder = read_holder(row.holder) if row else None
        return holder is not None and (is_here(holder) or row != first)

    def _take(self, name: str) -> Held | None:
        row = self._read(name)
        if row is None:
            with suppress(IntegrityError), self._engine.begin() as connection:
                connection.execute(insert(table).values(name=name, holder="", epoch=0, beat=0))
            row = self._read(name)
        if row is None or not self._is_free(name, row):
            return None
        fresh = update(table).where(table.c.name == name, table.c.epoch == row.epoch, table.c.beat == row.beat)
        values = {"holder": str(self._me()), "epoch": row.epoch + 1, "beat": 0}
        with self._engine.begin() as connection:
            is_mine = connection.execute(fresh.values(values)).rowcount == 1
        return Held(name, row.epoch + 1) if is_mine else None

    def _is_free(self, name: str, row: _Row) -> bool:
        if not row.holder:
            return True
        holder = read_holder(row.holder)
        return (holder is not None and is_dead(holder)) or self._stood_still_s(name, row) >= self._ttl_s

    def _stood_still_s(self, name: str, row: _Row) -> float:
        """Return for how long this process has seen a lease without a beat."""
        now = self._monotonic()
        with self._lock:
            known, since = self._seen.get(name, (None, now))
            if known != row:
                since = now
            self._seen[name] = row, since
        return now - since

    def _keep(self, held: Held, is_over: threading.Event) -> None:
        """Beat until the block is over, or the lease is lost."""
        beaten_at = self._monotonic()
        while not is_over.wait(self._beat_s):
            try:
                if not self._beat(held):
                    held.lose()
            except CyranoError as error:
                logger.warning("lease %s could not be kept: %s", held.name, error)
            else:
                beaten_at = self._monotonic()
            if self._monotonic() - beaten_at > self._ttl_s * _LOST_AFTER:
                held.lose()
            if held.is_lost:
                logger.error("lease %s is lost", held.name)
                return

    def _beat(self, held: Held) -> bool:
        mine = update(table).where(table.c.name == held.name, table.c.epoch == held.epoch)
        with self._engine.begin() as connection:
            return connection.execute(mine.values(beat=table.c.beat + 1)).rowcount == 1

    def _let_go(self, held: Held) -> None:
        """Give a lease back; where that fails, this process's end or a silence of `ttl_s` frees it."""
        mine = update(table).where(table.c.name == held.name, table.c.epoch == held.epoch)
        try:
            with self._engine.begin() as connection:
                connection.execute(mine.values(holder="", beat=table.c.beat + 1))
        except CyranoError as error:
            logger.warning("lease %s could not be given back: %s", held.name, error)

    def _read(self, name: str) -> _Row | None:
        with self._engine.connect() as connection:
            row = connection.execute(
                select(table.c.holder, table.c.epoch, table.c.beat).where(table.c.name == name)
            ).first()
        return None if row is None else _Row(*row)

    def _taken(self, name: str) -> LeaseTaken:
        row = self._read(name)
        holder = read_holder(row.holder) if row else None
        who = f" ({holder.name})" if holder else ""
        words = _TAKEN.get(name, f"The lease {name} is taken")
        return LeaseTaken(f"{words}{who}.", hint="Wait until it ends: cyrano status says how far it is.")
