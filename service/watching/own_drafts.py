"""Cyrano's drafts in a mailbox: which they are, who touched them, how one is taken out again.

Rules:
1. A draft is Cyrano's by its place, its Message-ID or X-Cyrano-Draft. Mail programs change all three.
2. Untouched is a draft in the place where it was last seen, or one whose bytes are still those that were seen there
   first. Any other is its owner's, and is never removed or replaced.
3. Nothing is removed but what a fresh look shows untouched by its bytes: not every server keeps what a place holds from
   changing. And nothing at all while a touched copy lies beside it: a mail program that saves puts the new one there
   before it takes the old one out.
4. The ledger knows that a draft is taken out before it is, and again once it is.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.cleaning.mime import parse, read_body
from connectors.errors import UnreadableMessage
from connectors.mailbox import DraftEntry, Mailbox, MailboxEntry, Place, seal
from connectors.message import Kind
from service.draft_row import DraftRow, State
from service.ledger import Ledger

logger = logging.getLogger(__name__)

SUPERSEDED = "A newer message came."
ANSWERED = "Its owner answered without it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The copies of one draft that lie in Drafts, oldest first."""

    untouched: tuple[DraftEntry, ...] = ()
    touched: tuple[DraftEntry, ...] = ()


class DraftIndex:
    """All drafts of a mailbox, to be looked up by their marks: many rows are looked up in many drafts."""

    def __init__(self, drafts: Sequence[DraftEntry]) -> None:
        self._drafts = drafts
        self._at: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for at, entry in enumerate(drafts):
            for mark in (("ref", entry.ref), ("id", entry.message_id), ("cyrano", entry.cyrano_id)):
                self._at[mark].append(at)

    def find_own(self, row: DraftRow) -> list[DraftEntry]:
        """Return the same as `find_own` does."""
        marks = (("ref", row.ref), ("id", row.message_id), ("cyrano", row.draft_id))
        found = {at for mark in marks if mark[1] for at in self._at.get(mark, ())}
        return [self._drafts[at] for at in sorted(found)]


def find_own(row: DraftRow, drafts: Iterable[DraftEntry]) -> list[DraftEntry]:
    """Return the copies of a draft of Cyrano's among all drafts, oldest first."""
    return [
        entry
        for entry in drafts
        if (row.ref and entry.ref == row.ref)
        or (row.message_id and entry.message_id == row.message_id)
        or entry.cyrano_id == row.draft_id
    ]


def find_answering(answers: str, drafts: Iterable[DraftEntry]) -> list[DraftEntry]:
    """Return the drafts that answer a mail, whoever began them."""
    return [entry for entry in drafts if (entry.in_reply_to or next(iter(entry.references[-1:]), "")) == answers]


def find_theirs(answers: str, drafts: Iterable[DraftEntry], own: Iterable[DraftRow]) -> list[DraftEntry]:
    """Return the drafts that answer a mail and carry nothing of Cyrano's: begun by the owner, or saved so by them.

    Args:
        answers: The Message-ID of the mail.
        drafts: All drafts.
        own: Rows whose drafts do not count.
    """
    candidates = [entry for entry in find_answering(answers, drafts) if not entry.cyrano_id]
    claimed = {entry.ref for row in own for entry in find_own(row, candidates)}
    return [entry for entry in candidates if entry.ref not in claimed]


def sort_copies(mailbox: Mailbox, row: DraftRow, drafts: Iterable[DraftEntry], *, trusts_ref: bool = False) -> Copies:
    """Tell the untouched copies of a draft from those that are the owner's; what is gone meanwhile is neither.

    Args:
        mailbox: Where they lie.
        row: The draft.
        drafts: All drafts.
        trusts_ref: Whether it is enough that a copy lies where it was seen last. Not for one that is to go.
    """
    untouched: list[DraftEntry] = []
    touched: list[DraftEntry] = []
    for entry in find_own(row, drafts):
        if trusts_ref and row.ref and entry.ref == row.ref:
            untouched.append(entry)
        elif (raw := mailbox.fetch(entry.ref)) is not None:
            (untouched if seal(raw) == row.seal else touched).append(entry)
    return Copies(untouched=tuple(untouched), touched=tuple(touched))


def find_sent(mailbox: Mailbox, answers: str) -> MailboxEntry | None:
    """Return the mail the owner sent as an answer; passing a mail on, and what a program sends for them, is none."""
    for entry in mailbox.find_answers(Place.SENT, answers):
        raw = mailbox.fetch(entry.ref)
        if raw is not None and _is_answer(raw):
            return entry
    return None


def _is_answer(raw: bytes) -> bool:
    try:
        return parse(raw).kind not in {Kind.FORWARD, Kind.AUTO}
    except UnreadableMessage:
        return True  # it was sent, and names the mail: rather no draft than one too many


def says_same(one: bytes, other: bytes) -> bool:
    """Tell whether two drafts say the same to the same people, however a mailbox wrote them down."""
    try:
        return one == other or _said(one) == _said(other)
    except UnreadableMessage:
        return False


def _said(raw: bytes) -> tuple[object, ...]:
    email = parse(raw)
    people = [frozenset(each.addr for each in field) for field in (email.to, email.cc, email.bcc)]
    return (*people, " ".join(email.subject.split()), " ".join(read_body(raw).text.split()), email.attachments)


class OwnDrafts:
    """Takes drafts of one account out of its mailbox."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def retire(self, mailbox: Mailbox, heir: DraftRow, reason: str) -> None:
        """Take out the drafts whose place one has taken that lies in Drafts now."""
        old = self._ledger.get(heir.replaces) if heir.replaces else None
        while old is not None:
            if old.state is State.APPENDED:
                self.take_out(mailbox, old, reason)
            old = self._ledger.get(old.replaces) if old.replaces else None

    def take_out(self, mailbox: Mailbox, row: DraftRow, reason: str) -> bool:
        """Withdraw a draft that was appended, unless it turns out to be the owner's; tell whether it was withdrawn."""
        self._ledger.withdraw(row.draft_id, reason)
        return self.remove_rest(mailbox, row)

    def remove_rest(self, mailbox: Mailbox, row: DraftRow) -> bool:
        """Remove what is left in Drafts of a draft that is withdrawn; tell whether it was not its owner's."""
        copies = sort_copies(mailbox, row, mailbox.drafts())
        if copies.touched:
            self._ledger.set_edited(row.draft_id, ref=copies.touched[-1].ref)
            return False
        self._remove(mailbox, row, copies.untouched)
        self._ledger.set_ref(row.draft_id, "")
        return True

    def remove_doubles(self, mailbox: Mailbox, row: DraftRow) -> None:
        """Remove all copies of a draft but the last, unless one is the owner's.

        The last, because a mail program that moves a draft puts the new copy in before it takes the old one out.
        """
        copies = sort_copies(mailbox, row, mailbox.drafts())
        if copies.untouched and not copies.touched:
            self._remove(mailbox, row, copies.untouched[:-1])
            self._ledger.set_ref(row.draft_id, copies.untouched[-1].ref)

    def _remove(self, mailbox: Mailbox, row: DraftRow, entries: Sequence[DraftEntry]) -> None:
        for entry in entries:
            mailbox.remove_draft(entry.ref)
            logger.info("draft %s: taken out of Drafts", row.draft_id)
