"""What a watcher needs of a mailbox, whatever it is made of. Nothing here can send, and no kind may add what does.

A `ref` names one message where it lies. Only the kind that made it understands it, and the message it names never
changes: a message that is edited gets another ref.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import Literal, Protocol

Trigger = Literal["flagged", "folder", "all", "off"]
"""Which mail gets a draft: what the owner flags (stars), what they move into a folder (label), or all mail."""


class Place(StrEnum):
    """Where to look."""

    RECEIVED = "received"
    """Wherever mail from others lies that a draft may answer: the inbox, the trigger's folder, the archive."""
    DRAFTS = "drafts"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxEntry:
    """A message in a mailbox. `message_id` is without angle brackets; "" where the message has none."""

    ref: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEntry:
    """A message in Drafts, with the headers by which it is followed. Ids are without angle brackets."""

    ref: str
    message_id: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    cyrano_id: str = ""
    """X-Cyrano-Draft, which some mail programs drop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Mail a trigger selects, oldest first, and the cursor to go on from once all of it is remembered."""

    entries: tuple[MailboxEntry, ...]
    cursor: str = ""


class Mailbox(Protocol):
    """A mailbox over one connection, for one thread.

    All methods raise AccountError. After Unreachable the connection is gone, and opening another is the caller's part.
    """

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """Return the mail a trigger selects.

        "flagged" and "folder" return all there is now. "all" returns what came into the inbox after `cursor`, at least
        once and none left out, however long ago that was; None means from now on.
        """

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place with exactly this id, oldest first."""

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place that name this id in In-Reply-To or References, oldest first."""

    def drafts(self) -> list[DraftEntry]:
        """Return all messages in Drafts, oldest first."""

    def fetch(self, ref: str) -> bytes | None:
        """Return a message without marking it seen, or None if it is not there any more."""

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:
        """Put a message into Drafts.

        Args:
            raw: The message.
            answers: The Message-ID of the mail it answers, for mailboxes that keep threads by themselves.
            replaces: The ref of a draft whose place it may take at once, where the mailbox can do that. Where it
                cannot, that draft stays, and is the caller's to remove.
        """

    def remove_draft(self, ref: str) -> None:
        """Take one message out of Drafts, and no other. One that is gone already does no harm."""

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """Wait until inbox, trigger folder or Drafts may have changed; return False when the time is up."""

    def close(self) -> None:
        """Let go of the connection."""


def seal(raw: bytes) -> str:
    """Return what tells whether a draft is still what Cyrano put there: 64 hexadecimal digits of its bytes."""
    return hashlib.sha256(raw).hexdigest()
