"""The life of every draft, in the table `draft`.

A draft on request:      generating ─> done | failed | cancelled
A draft of watched mail: wanted ─> generating ─> written ─> appended
                            └───────────┴──> failed ─> generating (tried again) | withdrawn

The rules this module keeps:
1. The row is there before anything is generated, and a watched mail (account, `answers`) has at most one, for ever.
2. The row of a watched mail holds from the start the Message-ID its draft will carry. Whoever finds the row `written`
   after a crash looks for that id in the Drafts folder before appending, and so never appends twice.
3. Text is kept before it is appended: what is appended after a crash is what was written before it.
4. A draft moves only along the arrows; a move from elsewhere is refused and nothing changes.
5. Every question names its account or one draft.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from connectors.errors import StoreError
from connectors.schema import draft as table


class State(StrEnum):
    """Where a draft stands."""

    WANTED = "wanted"
    GENERATING = "generating"
    WRITTEN = "written"
    APPENDED = "appended"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


OPEN = (State.WANTED, State.GENERATING, State.WRITTEN, State.FAILED)
"""States of a watched mail whose draft is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A draft as the ledger knows it. `answers` is None for a draft on request; `message_id` is without brackets."""

    draft_id: str
    account: str
    answers: str | None
    state: State
    reason: str
    message_id: str
    instruction: str
    subject: str
    text: str
    language: str
    adapter: str
    prompt_version: str
    source_ids: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    first_token_s: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is kept of a text the model wrote. `tokens` counts pieces streamed."""

    text: str
    subject: str = ""
    language: str = ""
    adapter: str = ""
    prompt_version: str = ""
    source_ids: Sequence[str] = ()
    first_token_s: float | None = None
    tokens: int | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The table of drafts, with the moves a draft can make."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _now) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, account: str, *, instruction: str = "", subject: str = "") -> str:
        """Enter a draft on request as being generated, and return its id."""
        row = self._fresh(account, State.GENERATING, instruction=instruction, subject=subject)
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(row))
        return str(row["draft_id"])

    def finish(self, draft_id: str, written: Written) -> None:
        """Keep the text of a draft on request: it is done."""
        self._move(draft_id, (State.GENERATING,), State.DONE, **_facts(written))

    def fail(self, draft_id: str, reason: str) -> None:
        """Note why a draft did not come about. A watched mail's stays pending, and is tried again."""
        self._move(draft_id, (State.WANTED, State.GENERATING, State.WRITTEN), State.FAILED, reason=reason)

    def cancel(self, draft_id: str, text: str) -> None:
        """Note that whoever asked went away, and what was written until then."""
        self._move(draft_id, (State.GENERATING,), State.CANCELLED, text=text)

    def fail_abandoned(self, before: datetime) -> int:
        """Fail drafts on request left behind by a process that was killed; return how many.

        Args:
            before: When this process started; younger drafts are its own.
        """
        abandoned = (table.c.state == State.GENERATING) & table.c.answers.is_(None) & (table.c.changed_at < before)
        values = {"state": State.FAILED, "reason": "The service was stopped meanwhile.", "changed_at": self._clock()}
        with self._engine.begin() as connection:
            return connection.execute(update(table).where(abandoned).values(values)).rowcount

    def want(self, account: str, answers: str, message_id: str) -> DraftRow:
        """Enter a watched mail that deserves an answer, once; return its row, whether new or as it stands.

        Args:
            account: Whose mail it is.
            answers: The Message-ID of the mail to answer.
            message_id: The Message-ID the draft will carry; the first one given stays.
        """
        row = self._fresh(account, State.WANTED, answers=answers, message_id=message_id)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(row))
        except IntegrityError:  # it is there already, or another thread was quicker
            pass
        with self._engine.begin() as connection:
            same = (table.c.account == account) & (table.c.answers == answers)
            return _row(connection.execute(select(table).where(same)).one())

    def set_generating(self, draft_id: str) -> None:
        """Note that a watched mail's draft is being written, for the first time or again."""
        self._move(draft_id, (State.WANTED, State.GENERATING, State.FAILED), State.GENERATING, reason="")

    def keep_text(self, draft_id: str, written: Written) -> None:
        """Keep a watched mail's draft before it is appended."""
        self._move(draft_id, (State.GENERATING,), State.WRITTEN, **_facts(written))

    def set_appended(self, draft_id: str) -> None:
        """Note that the draft was seen in the Drafts folder. Saying so twice does no harm."""
        self._move(draft_id, (State.WRITTEN, State.APPENDED), State.APPENDED)

    def withdraw(self, draft_id: str, reason: str) -> None:
        """Give a watched mail up for good, for example because it is gone. It is not pending any more."""
        self._move(draft_id, OPEN, State.WITHDRAWN, reason=reason)

    def pending(self, account: str) -> list[DraftRow]:
        """Return the watched mails whose draft is still to come, oldest first."""
        is_open = (table.c.account == account) & table.c.answers.is_not(None) & table.c.state.in_(OPEN)
        with self._engine.begin() as connection:
            return [_row(row) for row in connection.execute(select(table).where(is_open).order_by(table.c.created_at))]

    def get(self, draft_id: str) -> DraftRow | None:
        """Return one draft."""
        with self._engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.draft_id == draft_id)).one_or_none()
        return None if row is None else _row(row)

    def recent(self, account: str, limit: int) -> list[DraftRow]:
        """Return an account's last drafts, newest first."""
        newest = select(table).where(table.c.account == account).order_by(table.c.created_at.desc()).limit(limit)
        with self._engine.begin() as connection:
            return [_row(row) for row in connection.execute(newest)]

    def _fresh(self, account: str, state: State, **values: str) -> dict[str, Any]:
        now = self._clock()
        draft_id = secrets.token_hex(16)
        blank = {"draft_id": draft_id, "account": account, "state": state, "source_ids": []}
        return {**blank, "created_at": now, "changed_at": now, **values}

    def _move(self, draft_id: str, sources: Sequence[State], target: State, **values: object) -> None:
        here = (table.c.draft_id == draft_id) & table.c.state.in_(sources)
        values |= {"state": target, "changed_at": self._clock()}
        with self._engine.begin() as connection:
            is_moved = connection.execute(update(table).where(here).values(values)).rowcount == 1
        if not is_moved:
            raise StoreError(f"Draft {draft_id} cannot become {target}.", hint="Another process may have moved it.")


def _facts(written: Written) -> dict[str, Any]:
    return {
        "text": written.text,
        "subject": written.subject,
        "language": written.language,
        "adapter": written.adapter,
        "prompt_version": written.prompt_version,
        "source_ids": list(written.source_ids),
        "first_token_s": written.first_token_s,
        "tokens": written.tokens,
    }


def _row(row: Row[Any]) -> DraftRow:
    values = row._asdict()
    return DraftRow(**{**values, "state": State(row.state), "source_ids": tuple(row.source_ids)})
