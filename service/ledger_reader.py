"""What the ledger of drafts is asked, apart from what moves them.

The rules this module keeps:
1. Every question names its account or one draft.
2. No question changes anything.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, func, or_, select

from connectors.clock import now_utc
from connectors.schema import draft as table
from service.draft_row import OPEN, DraftKind, DraftRow, State

LATE_SENT = timedelta(days=1)
"""How long a deleted draft is still looked for: some mail programs empty Drafts long before Sent shows the mail."""


class LedgerReader:
    """The table of drafts, to be looked into."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def pending(self, account: str) -> list[DraftRow]:
        """Return the drafts for the mailbox that are still to come, oldest first."""
        is_open = table.c.answers.is_not(None) & table.c.state.in_(OPEN)
        return self._find(account, is_open)

    def followed(self, account: str) -> list[DraftRow]:
        """Return the drafts of which it may still change what became of them, oldest first.

        They are those that lie in Drafts, those to be taken out of it, and those that were deleted a short while ago.
        """
        return self._find(
            account,
            or_(
                table.c.state.in_((State.APPENDED, State.EDITED)),
                and_(table.c.state == State.WITHDRAWN, table.c.ref != ""),
                and_(table.c.state == State.DELETED, table.c.changed_at > self._clock() - LATE_SENT),
            ),
        )

    def answering(self, account: str, answers: str) -> DraftRow | None:
        """Return the draft that answers a mail."""
        return next(iter(self._find(account, table.c.answers == answers)), None)

    def replacing(self, row: DraftRow) -> DraftRow | None:
        """Return the draft that takes the place of another."""
        return next(iter(self._find(row.account, table.c.replaces == row.draft_id)), None)

    def replaced(self, account: str) -> set[str]:
        """Return the ids of the drafts whose place another is to take."""
        query = select(table.c.replaces).where(table.c.account == account, table.c.replaces != "")
        with self._engine.begin() as connection:
            return set(connection.scalars(query))

    def begun_since(self, account: str, since: datetime) -> int:
        """Count the answers that were given to the model for the first time since then."""
        is_begun = and_(table.c.account == account, table.c.kind == DraftKind.ANSWER, table.c.begun_at >= since)
        with self._engine.begin() as connection:
            return connection.execute(select(func.count()).select_from(table).where(is_begun)).scalar_one()

    def get(self, draft_id: str) -> DraftRow | None:
        """Return one draft."""
        with self._engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.draft_id == draft_id)).one_or_none()
        return None if row is None else _row(row)

    def lineage(self, account: str, draft_id: str) -> list[DraftRow]:
        """Return a draft on request with those it came from by changes, the first one first; [] for any other."""
        asked = (table.c.account == account, table.c.kind == DraftKind.REQUEST)
        rows = select(table.c.draft_id, table.c.replaces).where(*asked)
        chain = rows.where(table.c.draft_id == draft_id).cte(recursive=True)
        # UNION goes on from what is new alone, so that this ends whatever the table holds.
        chain = chain.union(rows.join(chain, table.c.draft_id == chain.c.replaces))
        with self._engine.begin() as connection:
            found = list(connection.execute(select(table).join(chain, chain.c.draft_id == table.c.draft_id)))
        known = {row.draft_id: _row(row) for row in found}
        line = list[DraftRow]()
        while draft_id in known:
            line.append(known.pop(draft_id))
            draft_id = line[-1].replaces
        return line[::-1]

    def recent(self, account: str, limit: int) -> list[DraftRow]:
        """Return an account's last drafts, newest first."""
        newest = select(table).where(table.c.account == account).order_by(table.c.created_at.desc()).limit(limit)
        with self._engine.begin() as connection:
            return [_row(row) for row in connection.execute(newest)]

    def _find(self, account: str, condition: ColumnElement[bool]) -> list[DraftRow]:
        rows = select(table).where(table.c.account == account, condition).order_by(table.c.created_at)
        with self._engine.begin() as connection:
            return [_row(row) for row in connection.execute(rows)]


def _row(row: Row[Any]) -> DraftRow:
    values = row._asdict()
    mended = {"state": State(row.state), "kind": DraftKind(row.kind)}
    return DraftRow(**{**values, **mended, "source_ids": tuple(row.source_ids), "recipients": tuple(row.recipients)})
