"""How each account's sync and watch do, kept in the database, so that it can be asked whether Cyrano runs or not."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from connectors.clock import now_utc
from connectors.schema import health as table


class Part(StrEnum):
    """What is done for an account."""

    SYNC = "sync"
    WATCH = "watch"


WELL = "ok"
REFUSED = "refused"
"""The credentials were refused, and are not tried again until they change."""
FAILED = "failed"
"""It went wrong and is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """How one part of an account does."""

    account: str
    part: Part
    state: str
    tried_at: datetime
    done_at: datetime | None = None
    """When it last went well."""
    waiting: int = 0
    """Mails whose draft is still to come."""
    report: str = ""
    """What it last did, or what it waits for, in a few words."""
    error: str = ""
    hint: str = ""
    """What to do about the error."""


class Health:
    """The table of how the accounts do. What is noted replaces what was."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def note(
        self,
        account: str,
        part: Part,
        state: str,
        *,
        waiting: int = 0,
        report: str = "",
        error: str = "",
        hint: str = "",
    ) -> None:
        """Note how a part does now; without an error it went well. An account that is gone is passed over."""
        now, before = self._clock(), self._find(account, part)
        done_at = now if not error else before.done_at if before else None
        said = PartHealth(
            account=account,
            part=part,
            state=state,
            tried_at=now,
            done_at=done_at,
            waiting=waiting,
            report=report or (before.report if error and before else ""),
            error=error,
            hint=hint,
        )
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(table).where(table.c.account == account, table.c.part == part))
                connection.execute(insert(table).values(**asdict(said)))
        except IntegrityError:  # it was removed meanwhile
            return

    def of(self, account: str) -> tuple[PartHealth, ...]:
        """Return how the parts of an account do."""
        query = select(table).where(table.c.account == account).order_by(table.c.part)
        with self._engine.connect() as connection:
            return tuple(map(_read, connection.execute(query)))

    def _find(self, account: str, part: Part) -> PartHealth | None:
        return next((each for each in self.of(account) if each.part is part), None)


def _read(row: Row[Any]) -> PartHealth:
    return PartHealth(**{**row._asdict(), "part": Part(row.part)})
