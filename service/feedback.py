"""What was done with a draft where it was asked for, in the table `feedback`: taken over, changed again, thrown away.

The rules this module keeps:
1. A draft has each kind at most once, and the newest one counts: whoever says the same again says when.
2. Feedback is the draft's: it needs one of the account, and goes with it.
3. It is written by one statement, that looks for the draft itself: two who say the same at once are both heard.
"""

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, literal, select

from connectors.clock import now_utc
from connectors.schema import draft
from connectors.schema import feedback as table
from connectors.upsert import insert_into

_ID = re.compile(r"[0-9a-f]{32}")
"""What else an address may hold is not asked for: databases refuse some of it."""


class FeedbackKind(StrEnum):
    """What was done with a draft."""

    INSERTED = "inserted"
    """It was put into the mail."""
    REFINED = "refined"
    """It was to be changed, and another one took its place."""
    DISCARDED = "discarded"


class Feedback:
    """What was done with drafts. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def give(self, account: str, draft_id: str, kind: FeedbackKind) -> bool:
        """Note what was done with a draft; tell whether the account has such a draft."""
        if not _ID.fullmatch(draft_id):
            return False
        columns = ["draft_id", "kind", "account", "given_at"]
        given = (literal(kind, table.c.kind.type), draft.c.account, literal(self._clock(), table.c.given_at.type))
        rows = select(draft.c.draft_id, *given).where(draft.c.account == account, draft.c.draft_id == draft_id)
        insert = insert_into(table, self._engine)
        again = {"given_at": insert.excluded.given_at}
        writing = insert.from_select(columns, rows).on_conflict_do_update(index_elements=columns[:2], set_=again)
        with self._engine.begin() as connection:
            return connection.execute(writing.returning(table.c.draft_id)).first() is not None
