"""Watches a mailbox for mail that deserves an answer, and has it answered. One watcher per account, in a thread.

Rules:
1. What was seen is in the ledger before anything is done about it; a pass begins with what an earlier one left.
2. While the model server is away the mail waits its turn, and the mailbox is still watched.
3. A connection that is lost is made again, with growing waits. Refused credentials are not tried again: servers lock
   accounts for that.
4. One mail that cannot be answered is given up after a few tries; the others go on.

How a draft comes to be there exactly once is told in `answer`.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import random
from threading import Event
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from connectors.account import AccountRecord
from connectors.errors import AccountError, AuthError, CyranoError, EngineDown, ModelMissing, StoreError
from connectors.imap_mailbox import INBOX, MailboxEntry
from service.answer import Answerer, Drafts, Mailbox, read
from service.backoff import Backoff
from service.deserves import why_no_draft
from service.ledger import Ledger

logger = logging.getLogger(__name__)

MAX_TRIES = 5


class WatchSettings(BaseModel):
    """Drafts for mail that comes in. The section `[watch]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trigger: Literal["flagged", "folder", "off"] = "flagged"
    """Which mail gets a draft: what you flag (star) in the inbox, or what you move into a folder."""
    folder: str = "Cyrano"
    """The folder for trigger "folder"."""
    poll_s: PositiveFloat = 60.0
    """How often to look where the server cannot call (IDLE), and for mail moved into the folder."""
    max_age_days: PositiveInt = Field(default=30)
    """Older mail gets no draft, so that what was flagged long ago stays as it is."""


class WatchState(StrEnum):
    """How a watcher does."""

    OFF = "off"
    STARTING = "starting"
    WATCHING = "watching"
    WAITING = "waiting"
    """For the model server."""
    UNREACHABLE = "unreachable"
    """The mailbox or the store failed, or there is no password; it is tried again."""
    REFUSED = "refused"
    """The credentials are wrong; it has stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """How a watcher does, for people and probes."""

    account: str
    state: WatchState
    last_pass_at: datetime | None = None
    waiting: int = 0
    """Mails whose draft is still to come."""
    error: str = ""
    hint: str = ""
    """What to do about the error."""


def _now() -> datetime:
    return datetime.now(UTC)


class Watcher:
    """Watches one account's mailbox."""

    def __init__(
        self,
        record: AccountRecord,
        settings: WatchSettings,
        *,
        connect: Callable[[], Mailbox],
        ledger: Ledger,
        drafter: Drafts,
        clock: Callable[[], datetime] = _now,
        backoff: Backoff | None = None,
    ) -> None:
        self._record = record
        self._settings = settings
        self._connect = connect
        self._ledger = ledger
        self._clock = clock
        self._backoff = backoff or Backoff(random, first_s=1.0, cap_s=300.0)
        folders = (INBOX, settings.folder) if settings.trigger == "folder" else (INBOX,)
        self._answerer = Answerer(record, ledger, drafter, folders=folders)
        self._seen: set[MailboxEntry] = set()
        self._tries: Counter[str] = Counter()
        self._engine_back_at: datetime | None = None
        state = WatchState.OFF if settings.trigger == "off" else WatchState.STARTING
        self._status = WatchStatus(account=record.name, state=state)

    @property
    def status(self) -> WatchStatus:
        """How it does now."""
        return self._status

    def run(self, stop: Event) -> None:
        """Watch until told to stop, or until the server refuses the credentials."""
        while not stop.is_set() and self._status.state not in {WatchState.OFF, WatchState.REFUSED}:
            try:
                with closing(self._connect()) as mailbox:
                    self._watch(mailbox, stop)
            except AuthError as error:
                self._note(WatchState.REFUSED, error)
            except CyranoError as error:
                self._note(WatchState.UNREACHABLE, error)
                stop.wait(self._backoff.next_s())
            except Exception as error:  # noqa: BLE001  the watch goes on
                # Only its kind: what a database says of an error holds the values, and those hold mail.
                self._note(WatchState.UNREACHABLE, CyranoError(f"Something unexpected failed: {type(error).__name__}"))
                stop.wait(self._backoff.next_s())

    def check(self, mailbox: Mailbox, stop: Event) -> None:
        """Make one pass: what waits, what is new, what was doubled.

        Raises:
            AccountError: the mailbox failed; nothing is lost.
            StoreError: the ledger failed, likewise.
        """
        self._collect(mailbox)
        state = WatchState.WATCHING
        said: CyranoError | None = None
        try:
            self._answer(mailbox, stop)
        except EngineDown as error:
            self._engine_back_at = self._clock() + timedelta(seconds=error.retry_after_s)
            state, said = WatchState.WAITING, error
        except ModelMissing as error:  # a mistake in the settings: no mail is given up for it
            state, said = WatchState.WAITING, error
        self._answerer.reconcile(mailbox, self._clock())
        waiting = len(self._ledger.pending(self._record.name))
        self._status = replace(self._status, last_pass_at=self._clock(), waiting=waiting)
        self._note(state, said)

    def _watch(self, mailbox: Mailbox, stop: Event) -> None:
        while not stop.is_set():
            self.check(mailbox, stop)
            self._backoff.reset()
            mailbox.wait_for_change(self._pause_s(), stop=stop)

    def _pause_s(self) -> float:
        if self._engine_back_at is None:
            return self._settings.poll_s
        return max(1.0, min(self._settings.poll_s, (self._engine_back_at - self._clock()).total_seconds()))

    def _collect(self, mailbox: Mailbox) -> None:
        """Enter new mail that deserves an answer into the ledger."""
        by_folder = self._settings.trigger == "folder"
        entries = mailbox.find_in(self._settings.folder) if by_folder else mailbox.find_flagged()
        for entry in entries:
            if entry in self._seen:
                continue
            email = read(mailbox, entry)
            max_age = timedelta(days=self._settings.max_age_days)
            reason = why_no_draft(email, self._record, now=self._clock(), max_age=max_age) if email else "unreadable"
            if email is not None and not reason:
                self._answerer.want(email)
            logger.info("account %s, UID %d: %s", self._record.name, entry.uid, reason or "wanted")
            self._seen.add(entry)

    def _answer(self, mailbox: Mailbox, stop: Event) -> None:
        """Bring every open draft as far as it goes. Without its model a pass ends: the others would fare no better."""
        self._engine_back_at = None
        for row in self._ledger.pending(self._record.name):
            if stop.is_set():
                return
            try:
                self._answerer.advance(row, mailbox, stop)
            except (EngineDown, ModelMissing, AccountError, StoreError):
                raise
            except CyranoError as error:
                self._count_try(row.draft_id, str(error))
            except Exception as error:  # noqa: BLE001  one mail that trips us must not stop the others
                logger.error("draft %s failed: %s", row.draft_id, type(error).__name__)  # noqa: TRY400  it may quote mail
                self._count_try(row.draft_id, type(error).__name__)

    def _count_try(self, draft_id: str, reason: str) -> None:
        self._tries[draft_id] += 1
        if self._tries[draft_id] >= MAX_TRIES:
            self._ledger.withdraw(draft_id, f"Given up: {reason}")

    def _note(self, state: WatchState, error: CyranoError | None) -> None:
        if error is not None and str(error) != self._status.error:
            logger.warning("watcher of %s %s: %s", self._record.name, state, error)
        said, hint = (str(error), error.hint) if error else ("", "")
        self._status = replace(self._status, state=state, error=said, hint=hint)
