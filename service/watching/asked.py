"""Drafts in which their owner asks Cyrano to write: which they are, and what they answer. It changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.account import AccountRecord
from connectors.cleaning.mime import parse
from connectors.composing.instruction import Instruction, digest
from connectors.composing.reply import draft_message_id
from connectors.errors import UnreadableMessage
from connectors.mailbox import DraftEntry, Mailbox, Place
from connectors.message import Address, Email, ThreadMessage
from service.draft_row import DraftRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The owner's draft with the instruction, as it lies in Drafts now."""

    ref: str
    raw: bytes


def key_of(entry: DraftEntry, raw: bytes) -> str:
    """Return what a row for a draft with an instruction says it answers: its Message-ID, and what it asks."""
    return f"{entry.message_id}#{digest(raw)}"


def asked_id(row: DraftRow) -> str:
    """Return the Message-ID of the draft that held the instruction."""
    return (row.answers or "").rpartition("#")[0]


def find_asked(mailbox: Mailbox, row: DraftRow, drafts: Sequence[DraftEntry]) -> Asked | None:
    """Return the owner's draft if it still says what the row was made for, wherever it was saved again."""
    for entry in drafts:
        if entry.message_id != asked_id(row):
            continue
        raw = mailbox.fetch(entry.ref)
        if raw is not None and row.answers == key_of(entry, raw):
            return Asked(ref=entry.ref, raw=raw)
    return None


def note_id(record: AccountRecord, row: DraftRow) -> str:
    """Return the Message-ID of the draft that gives the owner their words back."""
    return draft_message_id(record.name, f"{row.answers}#note", record.owner)


def note_mark(row: DraftRow) -> str:
    """Return its X-Cyrano-Draft: some mailboxes give drafts other ids."""
    return f"{row.draft_id}.note"


def is_note(record: AccountRecord, row: DraftRow, entry: DraftEntry) -> bool:
    """Whether a draft is the owner's words put back."""
    return entry.message_id == note_id(record, row) or entry.cyrano_id == note_mark(row)


def recipients_of(email: Email) -> tuple[str, ...]:
    """Return the addresses a draft is written to."""
    return tuple(each.addr for each in (*email.to, *email.cc, *email.bcc))


def read_or_none(raw: bytes) -> Email | None:
    """Parse a message; None where that cannot be done."""
    try:
        return parse(raw)
    except UnreadableMessage:
        return None


def find_thread(mailbox: Mailbox, instruction: Instruction) -> tuple[ThreadMessage, ...]:
    """Return the mail that is answered: as the mailbox holds it, else as the draft quotes it."""
    email = instruction.email
    for place in (Place.RECEIVED, Place.SENT) if email.in_reply_to else ():
        for entry in mailbox.find(place, email.in_reply_to):
            if (raw := mailbox.fetch(entry.ref)) is not None and (parent := read_or_none(raw)):
                is_own = place is Place.SENT
                return (ThreadMessage(sender=parent.sender, text=parent.text, sent_at=parent.sent_at, is_own=is_own),)
    if not email.quoted:
        return ()
    sender = email.to[0] if email.to else Address(addr="")
    return (ThreadMessage(sender=sender, text=email.quoted),)
