"""Watches a mailbox for mail that deserves an answer, and has it answered. One watcher per account, in a thread.

Rules:
1. What was seen is in the ledger before anything is done about it; a pass begins with what an earlier one left.
2. While the model server is away the mail waits its turn, and the mailbox is still watched. So it does in quiet hours,
   and once the day's drafts are written.
3. A connection that is lost is made again, with growing waits. Refused credentials end the watch: servers lock accounts
   for trying. Whoever started it starts it again once they may have changed.
4. One mail that cannot be answered is given up after a few tries, one that the server does not hand over after many
   within hours; the others go on. One whose draft the mailbox does not take comes after all others from then on.
   Nor does mail wait its turn for longer than mail may be old: where more comes than the days' drafts reach for, the
   rest would be answered ever later.
5. The cursor for "all" moves when the ledger knows all mail before it.

How a draft comes to be there exactly once is told in `answer`, what becomes of it in `follow`.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from random import random
from threading import Event

from connectors.account import AccountRecord
from connectors.clock import now_utc
from connectors.composing.reply import ComposeSettings
from connectors.errors import (
    AccountError,
    AuthError,
    CyranoError,
    EngineDown,
    EngineTaken,
    ModelMissing,
    StoreError,
    UnreadableMessage,
)
from connectors.mailbox import Mailbox, MailboxEntry
from connectors.message import Email
from service.backoff import Backoff
from service.draft_row import DraftKind, DraftRow, State
from service.ledger import Ledger
from service.watching.answer import Answerer, Drafts, Writing
from service.watching.deserves import read_incoming, why_no_draft
from service.watching.follow import Follower
from service.watching.instructed import Instructed
from service.watching.settings import WatchSettings

logger = logging.getLogger(__name__)

MAX_TRIES = 5
STALE = "It waited for too long."
NOT_HANDED_OVER_FOR = timedelta(hours=1)
"""After so long, and some tries, a message that the mailbox fails on is passed over: an outage would be over."""


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
    held: str = ""
    """What they wait for where nothing is wrong: the end of quiet hours, tomorrow."""
    error: str = ""
    hint: str = ""
    """What to do about the error."""


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
        compose: ComposeSettings | None = None,
        signature: Callable[[], str] = str,
        report: Callable[[WatchStatus], None] = lambda _: None,
        is_forgotten: Callable[[Email], bool] = lambda _: False,
        clock: Callable[[], datetime] = now_utc,
        zone: tzinfo | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Join the parts.

        Args:
            record: Whose mailbox it is.
            settings: Of this account.
            connect: Opens the mailbox.
            ledger: Remembers every draft.
            drafter: Writes.
            compose: What drafts look like.
            signature: Returns what stands below them.
            report: Is told how it does, after each pass and each failure.
            is_forgotten: Tells which mail its owner had forgotten.
            clock: Now, aware.
            zone: In which days and quiet hours are told; None is this machine's.
            backoff: Waits between connections.
            sleep: Waits for a server that is slow to show things.
        """
        self._record = record
        self._settings = settings
        self._connect = connect
        self._ledger = ledger
        self._report = report
        self._clock = clock
        self._zone = zone
        self._backoff = backoff or Backoff(random, first_s=1.0, cap_s=300.0)
        self._rules = replace(self._settings.rules, is_forgotten=is_forgotten)
        writing = Writing(settings=compose or ComposeSettings(), signature=signature, zone=zone)
        self._answerer = Answerer(record, ledger, drafter, writing, sleep=sleep)
        self._instructed = Instructed(
            record, ledger, drafter, writing, settle_s=settings.settle_s, clock=clock, sleep=sleep
        )
        self._follower = Follower(record, ledger, self._answerer, self._rules, clock=clock)
        self._seen: frozenset[MailboxEntry] = frozenset()
        self._tries: Counter[str] = Counter()
        self._stumbles: dict[str, list[datetime]] = {}
        self._set_back: Counter[str] = Counter()
        self._engine_back_at: datetime | None = None
        state = WatchState.OFF if self._settings.trigger == "off" else WatchState.STARTING
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
                self._fail(WatchState.REFUSED, error)
            except CyranoError as error:
                self._fail(WatchState.UNREACHABLE, error)
                stop.wait(self._backoff.next_s())
            except Exception as error:  # noqa: BLE001  the watch goes on
                # Only its kind: what a database says of an error holds the values, and those hold mail.
                self._fail(WatchState.UNREACHABLE, CyranoError(f"Something unexpected failed: {type(error).__name__}"))
                stop.wait(self._backoff.next_s())

    def check(self, mailbox: Mailbox, stop: Event) -> None:
        """Make one pass: what is new, what became of the drafts there, what waits.

        Raises:
            AccountError: the mailbox failed; nothing is lost.
            StoreError: the ledger failed, likewise.
        """
        if self._settings.instructions:
            self._instructed.collect(mailbox, mailbox.drafts())
        self._collect(mailbox, stop)
        self._follower.follow(mailbox)
        state = WatchState.WATCHING
        said: CyranoError | None = None
        held = ""
        try:
            held = self._answer(mailbox, stop)
        except EngineDown as error:
            self._engine_back_at = self._clock() + timedelta(seconds=error.retry_after_s)
            state, said = WatchState.WAITING, error
        except ModelMissing as error:  # a mistake in the settings: no mail is given up for it
            state, said = WatchState.WAITING, error
        waiting = len(self._ledger.pending(self._record.name))
        self._status = replace(self._status, last_pass_at=self._clock(), waiting=waiting, held=held)
        self._note(state, said)
        self._report(self._status)

    def _watch(self, mailbox: Mailbox, stop: Event) -> None:
        while not stop.is_set():
            self.check(mailbox, stop)
            self._backoff.reset()
            mailbox.wait_for_change(self._pause_s(), stop=stop)

    def _pause_s(self) -> float:
        due = [at for at in (self._engine_back_at, self._instructed.due_at) if at is not None]
        waits = [max(1.0, (at - self._clock()).total_seconds()) for at in due]
        return min([self._settings.poll_s, *waits])

    def _collect(self, mailbox: Mailbox, stop: Event) -> None:
        """Enter new mail that deserves an answer into the ledger."""
        name, trigger = self._record.name, self._settings.trigger
        cursor = self._ledger.arrival(name) if trigger == "all" else None
        found = mailbox.arrivals(trigger, cursor)
        for entry in found.entries:
            if stop.is_set():
                return
            if entry not in self._seen:
                self._judge(mailbox, entry)
        if trigger == "all":
            if found.cursor and found.cursor != cursor:
                self._ledger.set_arrival(name, found.cursor)
        else:
            self._seen = frozenset(found.entries)

    def _judge(self, mailbox: Mailbox, entry: MailboxEntry) -> None:
        is_chosen = self._settings.trigger != "all"
        reason, email = "gone", None
        try:
            raw = mailbox.fetch(entry.ref)
        except AccountError:
            if not self._is_stumbling_block(entry):
                raise
            raw, reason = None, "the mailbox does not hand it over"
        self._stumbles.pop(entry.ref, None)
        if raw is not None:
            reason, email = self._read(raw, entry, is_chosen=is_chosen)
        if email is not None and not reason:
            self._answerer.want(email, replaces=self._find_replaced(email))
        logger.info("account %s, message %s: %s", self._record.name, entry.ref, reason or "wanted")

    def _is_stumbling_block(self, entry: MailboxEntry) -> bool:
        """Tell whether a mailbox has failed on one message for so long that the others should not wait for it."""
        times = self._stumbles.setdefault(entry.ref, [])
        times.append(self._clock())
        return len(times) >= MAX_TRIES and times[-1] - times[0] >= NOT_HANDED_OVER_FOR

    def _read(self, raw: bytes, entry: MailboxEntry, *, is_chosen: bool) -> tuple[str, Email | None]:
        """Return why a mail gets no draft, if so, and the mail."""
        try:
            mail = read_incoming(raw)
        except UnreadableMessage:
            return "unreadable", None
        # For a message without a usable id one is made up: nothing could be found again by it.
        if mail.email.message_id != entry.message_id:
            return "it has no id", None
        return why_no_draft(mail, self._record, self._rules, now=self._clock(), is_chosen=is_chosen), mail.email

    def _find_replaced(self, email: Email) -> str:
        """Return the newest draft, there or to come, that answers an earlier mail of the same thread."""
        earlier = {email.in_reply_to, *email.references} - {"", email.message_id}
        rows = [row for row in (self._ledger.answering(self._record.name, each) for each in earlier) if row is not None]
        waiting = [row for row in rows if row.kind is DraftKind.ANSWER and row.state in _REPLACEABLE]
        newest = max(waiting, key=lambda row: row.created_at, default=None)
        return newest.draft_id if newest else ""

    def _answer(self, mailbox: Mailbox, stop: Event) -> str:
        """Bring every open draft as far as it goes; return what some are held for.

        Without its model a pass ends: the others would fare no better.
        """
        self._engine_back_at = None
        held, begun = "", self._begun_today()
        pending = self._ledger.pending(self._record.name)
        for row in sorted(pending, key=lambda row: self._set_back[row.draft_id]):
            if stop.is_set():
                break
            if self._is_stale(row):
                self._ledger.withdraw(row.draft_id, STALE)
                continue
            if reason := self._why_hold(row, begun):
                held = reason
                continue
            try:
                self._advance(row, mailbox, stop)
            except AccountError:
                self._set_back[row.draft_id] += 1
                raise
            except (EngineDown, ModelMissing, StoreError):
                raise
            except EngineTaken as error:  # its turn comes with its owner's word: no mail is given up until then
                held = str(error)
            except CyranoError as error:
                self._count_try(row.draft_id, str(error))
            except Exception as error:  # noqa: BLE001  one mail that trips us must not stop the others
                logger.error("draft %s failed: %s", row.draft_id, type(error).__name__)  # noqa: TRY400  it may quote mail
                self._count_try(row.draft_id, type(error).__name__)
            begun = self._begun_today()
        return held

    def _advance(self, row: DraftRow, mailbox: Mailbox, stop: Event) -> None:
        if row.kind is DraftKind.ANSWER:
            chosen = {entry.message_id for entry in self._seen}
            is_chosen = self._settings.trigger == "all" or row.answers in chosen
            self._answerer.advance(row, mailbox, stop, is_chosen=is_chosen)
        else:
            self._instructed.advance(row, mailbox, stop)

    def _is_stale(self, row: DraftRow) -> bool:
        """Tell whether a mail that was never given to the model waits for longer than mail may be old."""
        is_untried = row.kind is DraftKind.ANSWER and row.state is State.WANTED and row.begun_at is None
        return is_untried and self._clock() - row.created_at > self._rules.max_age

    def _midnight(self) -> datetime:
        return self._clock().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def _begun_today(self) -> int:
        return self._ledger.begun_since(self._record.name, self._midnight())

    def _why_hold(self, row: DraftRow, begun: int) -> str:
        """Return what a mail waits for; "" if its draft may be made now. What may lie there already is seen to.

        Args:
            row: The mail's.
            begun: How many drafts were begun today.
        """
        if row.kind is not DraftKind.ANSWER or row.state is State.WRITTEN:
            return ""
        if self._settings.is_quiet(self._clock().astimezone(self._zone).time()):
            return f"quiet hours, {self._settings.quiet_hours}"
        is_begun = row.begun_at is not None and row.begun_at >= self._midnight()
        if not is_begun and begun >= self._settings.daily_cap:
            return f"tomorrow: {self._settings.daily_cap} drafts were begun today"
        return ""

    def _count_try(self, draft_id: str, reason: str) -> None:
        self._tries[draft_id] += 1
        if self._tries[draft_id] >= MAX_TRIES:
            self._ledger.withdraw(draft_id, f"Given up: {reason}")

    def _fail(self, state: WatchState, error: CyranoError) -> None:
        self._note(state, error)
        try:
            self._report(self._status)
        except CyranoError as failed:  # the store: it may be what failed in the first place
            logger.warning("watcher of %s could not say how it does: %s", self._record.name, failed)

    def _note(self, state: WatchState, error: CyranoError | None) -> None:
        if error is not None and str(error) != self._status.error:
            logger.warning("watcher of %s %s: %s", self._record.name, state, error)
        said, hint = (str(error), error.hint) if error else ("", "")
        self._status = replace(self._status, state=state, error=said, hint=hint)


_REPLACEABLE: Sequence[State] = (State.WANTED, State.GENERATING, State.WRITTEN, State.FAILED, State.APPENDED)
