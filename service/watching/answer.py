"""From a mail that is to be answered to one draft in the Drafts folder, across crashes.

wanted ─> generating ─> written ─> appended        (the states of the ledger)

Rules:
1. A mail has one row in the ledger, and its draft one Message-ID, made from account and mail: whoever goes on after a
   crash makes the same draft, not another.
2. Every append is preceded by a look into Drafts, and followed by one. The text is in the ledger before it is appended:
   an append that is repeated repeats the same bytes.
3. An append that the server finishes after the look of whoever goes on can still double the draft. `follow` takes the
   earlier one out again, if both are the same: a draft its owner touched is theirs.
4. A draft found after a crash is Cyrano's only if it still says what was written; else its owner was quicker.
5. What its owner answered already, or is answering in a draft of their own, gets no draft; looked at before the model
   writes and again before the append.
6. A draft that takes the place of another is appended first, seen, and only then the other is taken out. If its owner
   touched that one meanwhile, it stays, and the new mail gets a draft only if it was chosen by itself.
7. The words of the mail reach the prompt as data, and the draft only as its quote: recipients, ids and subject come
   from its headers, as in every mail program. A link or an address that the model took over from it is left out
   (`service.drafting.withhold`): nobody may have looked at the draft before it is sent.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import tzinfo
from threading import Event
from typing import Protocol

from connectors.account import AccountRecord
from connectors.cleaning.mime import parse
from connectors.composing.answered import Answered, read_answered
from connectors.composing.reply import ComposeSettings, compose_reply, draft_message_id, reply_recipients, reply_subject
from connectors.errors import EngineDown, UnreadableMessage
from connectors.mailbox import DraftEntry, Mailbox, Place, seal
from connectors.message import Email, ThreadMessage
from retrieval.prompt import Request
from service.draft_row import OPEN, DraftRow, State
from service.drafting.draft import DraftEvent, DraftRequest
from service.ledger import Ledger
from service.watching.own_drafts import (
    ANSWERED,
    SUPERSEDED,
    OwnDrafts,
    find_answering,
    find_own,
    find_sent,
    says_same,
    sort_copies,
)

logger = logging.getLogger(__name__)

VERIFY_S = (0.0, 0.2, 1.0)
"""Waits before looking for a draft that was just appended: some servers show it a moment later."""
EARLIER = 3
"""Messages of the thread before the one that is answered, at most, that a prompt shows."""
GONE = "The mail to answer is not there any more."
BEGUN = "There is a draft that answers it already."


class Drafts(Protocol):
    """What writes: `service.drafting.draft.Drafter`. It keeps the text in the ledger itself."""

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Yield a draft as it is written; closing the iterator stops it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What drafts look like: the settings, the signature of the moment, and the zone in which times are told."""

    settings: ComposeSettings
    signature: Callable[[], str]
    zone: tzinfo | None = None
    """None is this machine's."""


class Answerer:
    """Answers the mails of one account."""

    def __init__(
        self,
        record: AccountRecord,
        ledger: Ledger,
        drafter: Drafts,
        writing: Writing,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Join the parts.

        Args:
            record: Whose mail it is.
            ledger: Remembers how far each draft is.
            drafter: Writes.
            writing: What drafts look like.
            sleep: Waits for a server that is slow to show things.
        """
        self._record = record
        self._ledger = ledger
        self._drafter = drafter
        self._writing = writing
        self._sleep = sleep
        self._own = OwnDrafts(ledger)

    def want(self, email: Email, *, replaces: str = "") -> DraftRow:
        """Enter a mail to answer into the ledger; once is enough, more do no harm.

        Args:
            email: The mail.
            replaces: The draft whose place its draft takes.
        """
        return self._ledger.want(
            self._record.name,
            email.message_id,
            draft_message_id(self._record.name, email.message_id, self._record.owner),
            thread_id=email.thread_id,
            replaces=replaces,
            # The sender too, who may want answers elsewhere: whoever forgets them means this draft.
            recipients=list(dict.fromkeys([*(each.addr for each in reply_recipients(email)), email.sender.addr])),
        )

    def advance(self, row: DraftRow, mailbox: Mailbox, stop: Event, *, is_chosen: bool) -> None:
        """Bring a mail's draft from where it is to the Drafts folder.

        Args:
            row: As the ledger knows it now.
            mailbox: Where the mail lies.
            stop: Breaks off the writing.
            is_chosen: Whether the mail gets a draft for itself, not only in place of an earlier one.

        Raises:
            EngineDown: the model server is not ready; the row stays for another time.
            AccountError: the mailbox failed, likewise.
            CyranoError: nothing could be written.
        """
        answered = self._find_answered(mailbox, row)
        if self._is_settled(mailbox, row, answered, is_chosen=is_chosen) or answered is None:
            return
        if row.state is not State.WRITTEN:
            self._write(row, answered.email, mailbox, stop)
            written = self._ledger.get(row.draft_id)
            # While it was written the world went on.
            if written is None or self._is_settled(mailbox, written, answered, is_chosen=is_chosen):
                return
            row = written
        if row.state is State.WRITTEN:
            self._append(mailbox, row, answered)

    def retire(self, mailbox: Mailbox, row: DraftRow) -> None:
        """Take out the drafts whose place one has taken that lies in Drafts now."""
        self._own.retire(mailbox, row, SUPERSEDED)

    def _is_settled(self, mailbox: Mailbox, row: DraftRow, answered: Answered | None, *, is_chosen: bool) -> bool:
        """Tell whether nothing is left to be written or appended, and note why."""
        drafts = mailbox.drafts()
        if row.state is State.WRITTEN and (ref := self._find_own(mailbox, row, drafts)):
            self._keep(mailbox, row, ref, self._compose(row, answered) if answered else b"")
        elif answered is None:
            self._ledger.withdraw(row.draft_id, GONE)
        elif find_sent(mailbox, row.answers or ""):
            self._ledger.withdraw(row.draft_id, ANSWERED)
        elif find_answering(row.answers or "", drafts):
            self._leave(row, BEGUN)
        elif row.state is not State.WRITTEN and self._ledger.replacing(row):
            self._ledger.withdraw(row.draft_id, SUPERSEDED)
        elif not is_chosen and not self._may_replace(mailbox, row, drafts):
            self._ledger.drop(row)
            logger.info("draft %s: dropped, the one before it is its owner's", row.draft_id)
        else:
            return False
        return True

    def _find_own(self, mailbox: Mailbox, row: DraftRow, drafts: Sequence[DraftEntry]) -> str:
        """Return where a draft lies that may have been appended before a crash; "" where it does not.

        One that its owner marked for deletion is not listed any more, but found: it is not to be made again.
        """
        own = find_own(row, drafts) or mailbox.find(Place.DRAFTS, row.message_id)
        return own[0].ref if own else ""

    def _leave(self, row: DraftRow, reason: str) -> None:
        """Give up a mail; one of which nothing was written may be asked for again."""
        if row.state is State.WRITTEN:
            self._ledger.withdraw(row.draft_id, reason)
        else:
            self._ledger.drop(row)
        logger.info("draft %s: left, %s", row.draft_id, reason)

    def _replaced(self, row: DraftRow) -> DraftRow | None:
        """Return the draft whose place this one takes, past those that were superseded themselves."""
        old = self._ledger.get(row.replaces) if row.replaces else None
        while old is not None and old.state is State.WITHDRAWN and old.reason == SUPERSEDED:
            old = self._ledger.get(old.replaces) if old.replaces else None
        return old

    def _may_replace(self, mailbox: Mailbox, row: DraftRow, drafts: Sequence[DraftEntry]) -> bool:
        """Whether the draft before this one, if any, is still to come or lies there untouched."""
        old = self._replaced(row)
        if old is None or old.state in OPEN:
            return True
        copies = sort_copies(mailbox, old, drafts)
        return old.state is State.APPENDED and bool(copies.untouched) and not copies.touched

    def _write(self, row: DraftRow, email: Email, mailbox: Mailbox, stop: Event) -> None:
        earlier = self._earlier(mailbox, email)
        request = Request(
            account=self._record.name,
            owner=self._record.owner,
            subject=reply_subject(email.subject),
            recipients=reply_recipients(email),
            thread=(*(_message(each, is_own=is_own) for each, is_own in earlier), _message(email, is_own=False)),
        )
        exclude = frozenset((*(each.message_id for each, _ in earlier), email.message_id))
        asked = DraftRequest(request=request, draft_id=row.draft_id, exclude=exclude)
        with closing(self._drafter.draft(asked)) as events:  # type: ignore[type-var]  # drafts are generators
            for _ in events:
                if stop.is_set():
                    raise EngineDown("Cyrano is stopping.")

    def _earlier(self, mailbox: Mailbox, email: Email) -> list[tuple[Email, bool]]:
        """Return what led to a mail, as far as the mailbox holds it, oldest first; and what of it lies in Sent."""
        earlier: list[tuple[Email, bool]] = []
        parent_id = _parent_id(email)
        while parent_id and len(earlier) < EARLIER:
            found = _read(mailbox, parent_id)
            if found is None or found in earlier:
                break
            earlier.insert(0, found)
            parent_id = _parent_id(found[0])
        return earlier

    def _compose(self, row: DraftRow, answered: Answered) -> bytes:
        return compose_reply(
            answered,
            row.text,
            record=self._record,
            message_id=row.message_id,
            draft_id=row.draft_id,
            date=row.changed_at.astimezone(self._writing.zone),  # of the row: a second try makes the same bytes
            language=row.language,
            settings=self._writing.settings,
            signature=self._writing.signature(),
        )

    def _append(self, mailbox: Mailbox, row: DraftRow, answered: Answered) -> None:
        raw = self._compose(row, answered)
        mailbox.append_draft(raw, answers=row.answers or "", replaces=self._ref_to_replace(mailbox, row))
        entry = self._look_for(mailbox, row)
        if entry is None:
            logger.warning("draft %s: appended, but the mailbox does not show it", row.draft_id)
            self._ledger.set_appended(row.draft_id, seal=seal(raw))
            self.retire(mailbox, row)
        else:
            self._keep(mailbox, row, entry.ref, raw)
        logger.info("draft %s: appended, %d bytes", row.draft_id, len(raw))

    def _ref_to_replace(self, mailbox: Mailbox, row: DraftRow) -> str:
        """Return the ref of the draft that the mailbox may replace at once; "" where there is none."""
        old = self._replaced(row)
        if old is None or old.state is not State.APPENDED:
            return ""
        copies = sort_copies(mailbox, old, mailbox.drafts())
        return copies.untouched[0].ref if copies.untouched and not copies.touched else ""

    def _look_for(self, mailbox: Mailbox, row: DraftRow) -> DraftEntry | None:
        """Look whether the draft is there. The server said it took it: if not, its search is to blame."""
        for wait_s in VERIFY_S:
            self._sleep(wait_s)
            if own := find_own(row, mailbox.drafts()):
                return own[0]
        return None

    def _keep(self, mailbox: Mailbox, row: DraftRow, ref: str, raw: bytes) -> None:
        """Note where a draft lies, and whether it still is what was appended; then it takes the place it is for."""
        there = mailbox.fetch(ref)
        if there is not None and says_same(there, raw):
            self._ledger.set_appended(row.draft_id, ref=ref, seal=seal(there))
        else:
            self._ledger.set_edited(row.draft_id, ref=ref)
        self.retire(mailbox, row)

    def _find_answered(self, mailbox: Mailbox, row: DraftRow) -> Answered | None:
        for entry in mailbox.find(Place.RECEIVED, row.answers or ""):
            raw = mailbox.fetch(entry.ref)
            if raw is not None:
                return read_answered(raw)
        return None


def _parent_id(email: Email) -> str:
    return email.in_reply_to or next(iter(email.references[-1:]), "")


def _message(email: Email, *, is_own: bool) -> ThreadMessage:
    return ThreadMessage(sender=email.sender, text=email.text, sent_at=email.sent_at, is_own=is_own)


def _read(mailbox: Mailbox, message_id: str) -> tuple[Email, bool] | None:
    """Return a message of a thread, whoever wrote it, and whether it lies in Sent."""
    for place in (Place.RECEIVED, Place.SENT):
        for entry in mailbox.find(place, message_id):
            raw = mailbox.fetch(entry.ref)
            if raw is None:
                continue
            try:
                return parse(raw), place is Place.SENT
            except UnreadableMessage:
                continue
    return None
