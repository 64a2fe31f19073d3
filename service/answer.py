"""From a mail that is to be answered to one draft in the Drafts folder, across crashes.

wanted ─> generating ─> written ─> appended        (the states of the ledger)

Rules:
1. A mail has one row in the ledger, and its draft one Message-ID, made from account and mail: whoever goes on after a
   crash makes the same draft, not another.
2. Every append is preceded by a search for that id, and followed by one. The text is in the ledger before it is
   appended: an append that is repeated repeats the same bytes.
3. An append that the server finishes after the search of whoever goes on can still double the draft. `reconcile` takes
   the later one out again, if both are byte for byte the same: a draft the user touched is the user's.
4. `appended` is the end. What the user does to the draft then, deleting it included, is not undone.
5. The words of the mail reach the prompt as data, and the draft only as its quote: recipients, ids and subject come
   from its headers, as in every mail program.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, tzinfo
from threading import Event
from typing import Protocol

from connectors.account import AccountRecord
from connectors.compose import compose_reply, draft_message_id, reply_recipients, reply_subject
from connectors.errors import EngineDown, UnreadableMessage
from connectors.imap_mailbox import MailboxEntry
from connectors.message import Email, ThreadMessage
from connectors.mime import parse
from retrieval.prompt import Request
from service.draft import DraftEvent, DraftRequest
from service.ledger import DraftRow, Ledger, State

logger = logging.getLogger(__name__)

VERIFY_S = (0.0, 0.2, 1.0)
"""Waits before looking for a draft that was just appended: some servers index a moment later."""
RECENT = 20
RECENT_AGE = timedelta(hours=1)
"""Drafts that are looked at again for doubles."""


class Mailbox(Protocol):
    """What is done in a mailbox: `connectors.imap_mailbox.ImapMailbox`."""

    drafts: str
    """The name of the Drafts folder."""

    def find_flagged(self) -> list[MailboxEntry]:
        """Return the flagged messages of INBOX that are not answered."""

    def find_in(self, folder: str) -> list[MailboxEntry]:
        """Return all messages of a folder."""

    def find_by_message_id(self, folder: str, message_id: str) -> list[int]:
        """Return the UIDs of the messages with exactly this id, without angle brackets."""

    def fetch(self, folder: str, uid: int) -> bytes | None:
        """Return a message, or None if it is gone."""

    def append_draft(self, raw: bytes) -> None:
        """Put a draft into Drafts."""

    def expunge(self, folder: str, uid: int) -> None:
        """Take one message out."""

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """Wait until INBOX may have changed."""

    def close(self) -> None:
        """Log out."""


class Drafts(Protocol):
    """What writes: `service.draft.Drafter`. It keeps the text in the ledger itself."""

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Yield a draft as it is written; closing the iterator stops it."""


class Answerer:
    """Answers the mails of one account."""

    def __init__(
        self,
        record: AccountRecord,
        ledger: Ledger,
        drafter: Drafts,
        *,
        folders: tuple[str, ...],
        zone: tzinfo | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Join the parts.

        Args:
            record: Whose mail it is.
            ledger: Remembers how far each draft is.
            drafter: Writes.
            folders: Where mails to answer lie.
            zone: In which times are told; None is this machine's.
            sleep: Waits for a server that is slow to find things.
        """
        self._record = record
        self._ledger = ledger
        self._drafter = drafter
        self._folders = folders
        self._zone = zone
        self._sleep = sleep

    def want(self, email: Email) -> None:
        """Enter a mail to answer into the ledger; once is enough, more do no harm."""
        name = self._record.name
        self._ledger.want(name, email.message_id, draft_message_id(name, email.message_id, self._record.owner))

    def advance(self, row: DraftRow, mailbox: Mailbox, stop: Event) -> None:
        """Bring a mail's draft from where it is to the Drafts folder.

        Raises:
            EngineDown: the model server is not ready; the row stays for another time.
            AccountError: the mailbox failed, likewise.
            CyranoError: nothing could be written.
        """
        if row.state is State.WRITTEN and self._is_there(mailbox, row):
            self._ledger.set_appended(row.draft_id)
            return
        email = self._find_answered(mailbox, row)
        if email is None:
            self._ledger.withdraw(row.draft_id, "The mail to answer is not there any more.")
            return
        if row.state is not State.WRITTEN:
            self._write(row, email, stop)
        written = self._ledger.get(row.draft_id)
        if written is not None and written.state is State.WRITTEN:
            self._append(mailbox, written, email)

    def reconcile(self, mailbox: Mailbox, now: datetime) -> None:
        """Take out the second of two drafts that are the same (rule 3)."""
        for row in self._ledger.recent(self._record.name, RECENT):
            if row.state is State.APPENDED and row.answers and now - row.changed_at < RECENT_AGE:
                self._remove_doubles(mailbox, row)

    def _write(self, row: DraftRow, email: Email, stop: Event) -> None:
        request = Request(
            account=self._record.name,
            owner=self._record.owner,
            subject=reply_subject(email.subject),
            recipients=reply_recipients(email),
            thread=(ThreadMessage(sender=email.sender, text=email.text, sent_at=email.sent_at),),
        )
        asked = DraftRequest(request=request, draft_id=row.draft_id, exclude=frozenset({email.message_id}))
        with closing(self._drafter.draft(asked)) as events:  # type: ignore[type-var]  # drafts are generators
            for _ in events:
                if stop.is_set():
                    raise EngineDown("Cyrano is stopping.")

    def _append(self, mailbox: Mailbox, row: DraftRow, email: Email) -> None:
        raw = compose_reply(
            email,
            row.text,
            record=self._record,
            message_id=row.message_id,
            draft_id=row.draft_id,
            date=row.changed_at.astimezone(self._zone),  # of the row, so that a second try makes the same bytes
            language=row.language,
        )
        if not self._is_there(mailbox, row):
            mailbox.append_draft(raw)
            self._verify(mailbox, row)
        self._ledger.set_appended(row.draft_id)
        logger.info("draft %s: appended, %d bytes", row.draft_id, len(raw))

    def _verify(self, mailbox: Mailbox, row: DraftRow) -> None:
        """Look whether the draft is found. The server said it took it: if not, its search is to blame."""
        for wait_s in VERIFY_S:
            self._sleep(wait_s)
            if self._is_there(mailbox, row):
                return
        logger.warning("draft %s: appended, but the server does not find it", row.draft_id)

    def _is_there(self, mailbox: Mailbox, row: DraftRow) -> bool:
        return bool(mailbox.find_by_message_id(mailbox.drafts, row.message_id))

    def _find_answered(self, mailbox: Mailbox, row: DraftRow) -> Email | None:
        for folder in self._folders:
            for uid in mailbox.find_by_message_id(folder, row.answers or ""):
                raw = mailbox.fetch(folder, uid)
                if raw is not None:
                    return parse(raw)
        return None

    def _remove_doubles(self, mailbox: Mailbox, row: DraftRow) -> None:
        first, *others = sorted(mailbox.find_by_message_id(mailbox.drafts, row.message_id)) or [0]
        if not others:
            return
        kept = mailbox.fetch(mailbox.drafts, first)
        for uid in others:
            if kept is not None and mailbox.fetch(mailbox.drafts, uid) == kept:
                mailbox.expunge(mailbox.drafts, uid)
                logger.warning("draft %s: was there twice, the second one is taken out", row.draft_id)


def read(mailbox: Mailbox, entry: MailboxEntry) -> Email | None:
    """Return a message of a mailbox, or None if it is gone, unreadable, or has no id to answer to."""
    raw = mailbox.fetch(entry.folder, entry.uid)
    if raw is None:
        return None
    try:
        email = parse(raw)
    except UnreadableMessage:
        return None
    # Of a message without a usable id one is made up: nothing could be found again by it.
    return email if email.message_id == entry.message_id else None
