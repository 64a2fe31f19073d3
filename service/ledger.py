"""The life of every draft, in the table `draft`.

A draft on request:         generating ─> done | failed | cancelled

A draft for the mailbox:    wanted ─> generating ─> written ─> appended ─> edited ─> sent | deleted
                              └────┬──────┴───────────┘           └─> sent | deleted | withdrawn
                                   └─> failed ─> generating (tried again) | withdrawn

It answers a mail that came in, or is the full mail for a draft in which its owner left an instruction.

wanted      a mail deserves it; nothing is done yet
generating  the model writes it, or wrote it when the process was killed
written     its text is kept here; it may or may not lie in Drafts yet
appended    it was seen in Drafts, and nobody has touched it since
edited      its owner changed it: it is theirs for ever, and only followed
sent        a mail that answers what it answers was sent when it left Drafts
deleted     its owner threw it away: it is never made again
withdrawn   Cyrano took it back, or gave it up; `reason` says why
failed      it could not be written this time

The rules this module keeps:
1. The row is there before anything is generated, and a mail (account, `answers`) has at most one, for ever. Only a row
   of which nothing ever lay in Drafts may be dropped again.
2. The row holds from the start the Message-ID its draft will carry. Whoever finds the row `written` after a crash looks
   for that id in the Drafts folder before appending, and so never appends twice.
3. Text is kept before it is appended: what is appended after a crash is what was written before it.
4. A draft that is to leave Drafts is `withdrawn` here before it is removed there, and loses its `ref` after: whoever
   finds a withdrawn row with a `ref` removes the rest.
5. A draft moves only along the arrows; a move from elsewhere is refused and nothing changes. What a mailbox shows late
   may be mended: a deleted or withdrawn draft turns out to be sent, or lies in Drafts again and is then its owner's,
   as may be what is found there after a crash.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from connectors.errors import StoreError
from connectors.schema import arrival
from connectors.schema import draft as table
from service.draft_row import OPEN, DraftKind, DraftRow, State, Written
from service.ledger_reader import LedgerReader

_LAID = (State.APPENDED, State.EDITED, State.DELETED, State.WITHDRAWN)
"""States of a draft that lay in Drafts, or may have."""


class Ledger(LedgerReader):
    """The table of drafts, with the moves a draft can make."""

    # Drafts on request

    def begin(
        self,
        account: str,
        *,
        instruction: str = "",
        subject: str = "",
        recipients: Sequence[str] = (),
        replaces: str = "",
    ) -> str:
        """Enter a draft on request as being generated, and return its id.

        `replaces` is the draft on request that it is a changed version of; see `service.versions`.
        """
        given = {"instruction": instruction, "subject": subject, "recipients": list(recipients), "replaces": replaces}
        row = self._fresh(account, DraftKind.REQUEST, State.GENERATING, **given)
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(row))
        return str(row["draft_id"])

    def finish(self, draft_id: str, written: Written) -> None:
        """Keep the text of a draft on request: it is done."""
        self._move(draft_id, (State.GENERATING,), State.DONE, **_facts(written))

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

    # Drafts for the mailbox, until they lie in Drafts

    def want(
        self,
        account: str,
        answers: str,
        message_id: str,
        *,
        kind: DraftKind = DraftKind.ANSWER,
        thread_id: str = "",
        replaces: str = "",
        instruction: str = "",
        original: bytes | None = None,
        recipients: Sequence[str] = (),
    ) -> DraftRow:
        """Enter a mail that deserves a draft, once; return its row, whether new or as it stands.

        Args:
            account: Whose mail it is.
            answers: The Message-ID of the mail to answer, or of the draft with the instruction.
            message_id: The Message-ID the draft will carry; the first one given stays.
            kind: What it is made for.
            thread_id: Of the mail to answer.
            replaces: The draft whose place it takes.
            instruction: What its owner asked for.
            original: The owner's own draft, byte for byte.
            recipients: The addresses it will be written to.
        """
        given: dict[str, object] = {
            "thread_id": thread_id,
            "replaces": replaces,
            "instruction": instruction,
            "original": original,
        }
        given |= {"answers": answers, "message_id": message_id, "recipients": list(recipients)}
        row = self._fresh(account, kind, State.WANTED, **given)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(row))
        except IntegrityError:  # it is there already, or another thread was quicker
            pass
        found = self.answering(account, answers)
        if found is None:
            raise StoreError("A draft could not be entered.", hint="The account may have been removed.")
        return found

    def drop(self, row: DraftRow) -> None:
        """Forget that a draft was wanted. Only for one of which nothing ever lay in Drafts.

        What was to take its place takes that of the one before it.
        """
        here = and_(table.c.draft_id == row.draft_id, table.c.state.in_(OPEN), table.c.ref == "")
        with self._engine.begin() as connection:
            after = table.c.replaces == row.draft_id
            connection.execute(update(table).where(after).values(replaces=row.replaces))
            if connection.execute(delete(table).where(here)).rowcount != 1:
                raise StoreError(f"Draft {row.draft_id} cannot be dropped.", hint="Another process may have moved it.")

    def set_generating(self, draft_id: str) -> None:
        """Note that a draft is being written, for the first time or again."""
        begun_at = func.coalesce(table.c.begun_at, self._clock())
        sources = (State.WANTED, State.GENERATING, State.FAILED)
        self._move(draft_id, sources, State.GENERATING, reason="", begun_at=begun_at)

    def fail(self, draft_id: str, reason: str) -> None:
        """Note why a draft did not come about. One for the mailbox stays pending, and is tried again."""
        self._move(draft_id, (State.WANTED, State.GENERATING, State.WRITTEN), State.FAILED, reason=reason)

    def keep_text(self, draft_id: str, written: Written) -> None:
        """Keep the text of a draft for the mailbox before it is appended."""
        self._move(draft_id, (State.GENERATING,), State.WRITTEN, **_facts(written))

    def set_appended(self, draft_id: str, *, ref: str = "", seal: str = "") -> None:
        """Note that the draft was put into Drafts. Saying so twice does no harm.

        Args:
            draft_id: Which.
            ref: Where it was seen there; "" where the mailbox does not find it.
            seal: Of its bytes as the mailbox gives them back.
        """
        where = {name: value for name, value in (("ref", ref), ("seal", seal)) if value}
        self._move(draft_id, (State.WRITTEN, State.APPENDED), State.APPENDED, **where)

    # What becomes of it there

    def set_ref(self, draft_id: str, ref: str) -> None:
        """Note where in Drafts it is seen now; "" once it was taken out."""
        self._note(draft_id, ref=ref, missed_at=None)

    def miss(self, draft_id: str) -> None:
        """Note that it is not found in Drafts, as of now."""
        self._note(draft_id, missed_at=self._clock())

    def drop_original(self, draft_id: str) -> None:
        """Let go of the owner's own draft: the full mail has taken its place."""
        self._note(draft_id, original=None)

    def set_edited(self, draft_id: str, *, ref: str) -> None:
        """Note that its owner changed it. It is theirs from now on.

        Args:
            draft_id: Which.
            ref: Where their version lies.
        """
        self._move(draft_id, (State.WRITTEN, *_LAID), State.EDITED, ref=ref, missed_at=None, reason="")

    def set_sent(self, draft_id: str) -> None:
        """Note that what it answers was answered, and that it went with it."""
        self._move(draft_id, _LAID, State.SENT, ref="", missed_at=None, reason="")

    def set_deleted(self, draft_id: str) -> None:
        """Note that its owner threw it away."""
        self._move(draft_id, (State.APPENDED, State.EDITED), State.DELETED, ref="")

    def withdraw(self, draft_id: str, reason: str) -> None:
        """Take back a draft that nobody touched, or give up one that is still to come; for good.

        `ref` stays until the draft is taken out of Drafts: say so by `set_ref(draft_id, "")`.
        """
        self._move(draft_id, (*OPEN, State.APPENDED), State.WITHDRAWN, reason=reason)

    # How far a watcher that answers all mail has looked

    def arrival(self, account: str) -> str | None:
        """Return the cursor after which mail that came in is not known yet."""
        with self._engine.begin() as connection:
            return connection.execute(select(arrival.c.cursor).where(arrival.c.account == account)).scalar_one_or_none()

    def set_arrival(self, account: str, cursor: str) -> None:
        """Keep a cursor. All mail before it that deserves a draft must be in the ledger."""
        values = {"cursor": cursor, "moved_at": self._clock()}
        with self._engine.begin() as connection:
            moved = connection.execute(update(arrival).where(arrival.c.account == account).values(values))
            if not moved.rowcount:
                connection.execute(insert(arrival).values(account=account, **values))

    def drop_arrival(self, account: str) -> None:
        """Forget the cursor: whoever answers all mail again begins with what comes from then on."""
        with self._engine.begin() as connection:
            connection.execute(delete(arrival).where(arrival.c.account == account))

    def _fresh(self, account: str, kind: DraftKind, state: State, **values: object) -> dict[str, Any]:
        now = self._clock()
        blank = {"draft_id": secrets.token_hex(16), "account": account, "kind": kind, "state": state, "source_ids": []}
        return {**blank, "created_at": now, "changed_at": now, **values}

    def _move(self, draft_id: str, sources: Sequence[State], target: State, **values: object) -> None:
        here = (table.c.draft_id == draft_id) & table.c.state.in_(sources)
        values |= {"state": target, "changed_at": self._clock()}
        with self._engine.begin() as connection:
            is_moved = connection.execute(update(table).where(here).values(values)).rowcount == 1
        if not is_moved:
            raise StoreError(f"Draft {draft_id} cannot become {target}.", hint="Another process may have moved it.")

    def _note(self, draft_id: str, **values: object) -> None:
        """Keep what changes no state."""
        with self._engine.begin() as connection:
            connection.execute(update(table).where(table.c.draft_id == draft_id).values(values))


def _facts(written: Written) -> dict[str, Any]:
    return {**asdict(written), "source_ids": list(written.source_ids)}
