"""Requests that came before, kept in the database until no token of theirs is good any more.

The rules this module keeps:
1. What is kept is a digest and when it may go: nothing of whoever asked, so nothing that `forget` had to reach.
2. One insert decides. Of all threads and processes together one lets a request in, and a restart forgets none.
3. There is room for so many, and none is forgotten to make room: where it is used up, whoever comes next is refused.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, select

from connectors.clock import now_utc
from connectors.schema import replay as table
from connectors.upsert import insert_into
from service.addon.tokens import Refused

MOST = 100_000
"""More requests than this are not made within the life of a token."""
SLACK = timedelta(minutes=5)
"""How much longer a digest is kept: clocks of machines that share a database may differ, and may be put right."""

Mark = Sequence[bytes]
"""What a request is known again by."""


class Replays:
    """What was seen. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc, most: int = MOST) -> None:
        self._engine = engine
        self._clock = clock
        self._most = most

    def are_new(self, marks: Collection[Mark], *, until: datetime) -> bool:
        """Keep a request's marks until a time, and say whether none of them was kept already.

        Raises:
            Refused: there is no room.
            StoreError: the database cannot be asked; then nobody is to be let in.
        """
        # In order, so that two who bring the same ones do not wait for each other.
        digests = sorted({_digest(mark) for mark in marks})
        with self._engine.begin() as connection:
            # First, so that SQLite lets nobody else write until this is done.
            _forget(connection, self._clock())
            if connection.execute(select(func.count()).select_from(table)).scalar_one() >= self._most:
                raise Refused("too-many")
            return _keep(connection, digests, until + SLACK) == len(digests)


def _forget(connection: Connection, now: datetime) -> None:
    """Drop what has ended; what another process drops at this moment is left to it."""
    ended = select(table.c.digest).where(table.c.ends_at < now).with_for_update(skip_locked=True)
    connection.execute(delete(table).where(table.c.digest.in_(ended)))


def _keep(connection: Connection, digests: Sequence[str], ends_at: datetime) -> int:
    """Insert what is not there, and say how many that were."""
    insert = insert_into(table, connection)
    rows = [{"digest": digest, "ends_at": ends_at} for digest in digests]
    return len(connection.execute(insert.values(rows).on_conflict_do_nothing().returning(table.c.digest)).all())


def _digest(mark: Mark) -> str:
    """Return a digest in which no part runs into the next."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in mark)).hexdigest()
