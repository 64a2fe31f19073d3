"""The records of mail that every floor shares. Nothing here does any work."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What sort of mail it is, by who wrote it and why."""

    NEW = "new"
    REPLY = "reply"
    FORWARD = "forward"
    AUTO = "auto"
    """Written by a program: vacation replies, bounces, receipts, calendar answers."""
    BULK = "bulk"
    """Sent to a list or by a mailing program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox. `addr` is lower case; `name` may be empty."""

    addr: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.addr}>" if self.name else self.addr


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """One message, parsed and cleaned. Text fields have single line feeds and carry no trailing blanks.

    `message_id`, `in_reply_to` and `references` are without angle brackets. A message that came without an id has
    one made from its content, so that it keeps it. `sent_at` is aware and UTC, or None where no date could be read.
    """

    message_id: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    sent_at: datetime | None = None
    subject: str = ""
    text: str = ""
    """What its sender typed, the sign-off included."""
    quoted: str = ""
    """What they quoted, without quote marks and attribution lines."""
    signature: str = ""
    language: str = "und"
    """ISO 639-1 code of `text`, or "und"."""
    attachments: tuple[str, ...] = ()
    kind: Kind = Kind.NEW

    @property
    def thread_id(self) -> str:
        """The id of the thread's first message, as far as this message knows it."""
        if self.references:
            return self.references[0]
        return self.in_reply_to or self.message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEmail:
    """A message of an account, with the verdict on whether it is learned from."""

    account: str
    email: Email
    kept: bool
    reason: str = ""
    """Why it is not learned from, in a few words; empty where it is."""
    server_id: str = ""
    """The mailbox's own lasting id of it, where it has one."""
    is_received: bool = False
    """Whether it is a mail the owner answered: context, never learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadMessage:
    """One message of a conversation, as a prompt shows it."""

    sender: Address
    text: str
    sent_at: datetime | None = None
    is_own: bool = False
    """Whether it is known to be the owner's own, because it lay in Sent. A sender's name proves nothing."""
