"""What the machine needs of a mail server: the side on which its owner and the world act, and the way in for Cyrano."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from connectors.account import Account, AccountRecord
from connectors.mailbox import Mailbox, Trigger

FOLDER = "Cyrano"
"""Where the owner moves mail that is to be answered, with trigger "folder"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message as the server holds it."""

    key: str
    raw: bytes


class MailServer(Protocol):
    """One mailbox. All of this is done by its owner's mail program and by the world, never by Cyrano."""

    record: AccountRecord
    """As Cyrano knows it."""

    def deliver(self, raw: bytes, *, trigger: Trigger | None = None, is_spam: bool = False) -> None:
        """Have a mail come in, chosen at once for a trigger where one is named."""

    def choose(self, message_id: str, trigger: Trigger) -> None:
        """Flag a mail of the inbox, or move it into the folder."""

    def file_away(self, message_id: str) -> None:
        """Move a mail out of the inbox, into the archive."""

    def received(self) -> list[Held]:
        """Return all mail that came in, wherever it lies."""

    def drafts(self) -> list[Held]:
        """Return what lies in Drafts."""

    def sent(self) -> list[Held]:
        """Return what lies in Sent."""

    def save(self, raw: bytes, *, replaces: str = "") -> None:
        """Save a draft, in place of another where one is named."""

    def discard(self, key: str) -> None:
        """Delete a draft."""

    def send(self, raw: bytes, key: str = "") -> None:
        """Have a mail in Sent, and the draft it was made of out of Drafts."""

    def forget(self) -> None:
        """Let all ids and cursors that were handed out so far mean nothing any more."""

    def connect(self) -> Mailbox:
        """Open the mailbox for Cyrano's watcher."""

    def account(self, known: "Known") -> Account:
        """Open it for Cyrano's sync."""

    def cut_next(self, after_bytes: int) -> None:
        """Cut Cyrano's next connection after so many bytes, where there is a wire; mend it with -1."""

    def check_wire(self) -> None:
        """Assert that nothing was asked for on the wire that must not be."""


class Known(Protocol):
    """Tells which of these messages the archive holds, by the server's ids."""

    def __call__(self, server_ids: Collection[str], /) -> set[str]:
        """Return them."""
