"""The one shape of every account kind: what the sync needs of a mailbox, whatever it is made of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connectors.message import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """An account as the archive remembers it. `settings` holds what its kind needs, never a secret."""

    name: str
    """Lower-case letters, digits, "-", "_" and "."; it names folders and adapters."""
    kind: str
    owner: Address
    """Whom the drafts are written for; its `addr` is the main one."""
    addresses: frozenset[str]
    """All addresses of the owner, lower case: mail from any other sender is not theirs."""
    settings: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One message as the mailbox holds it.

    `ref` finds it again ("INBOX.Sent;4;1207"). `cursor` is where to go on once this message is durably stored.
    """

    ref: str
    raw: bytes
    """Empty for one that was left out, such as one that is too large; and, with a `server_id` and nothing left out, for
    one that the archive holds already, of which only the cursor counts."""
    cursor: str
    server_id: str = ""
    """The mailbox's own lasting id (Gmail's message id, X-GM-MSGID), by which a full resync skips what is archived."""
    left_out: str = ""
    """Why the mailbox did not hand the message over, in a few words; it is put aside and reported."""


def too_large(size: int, limit: int) -> str:
    """Say why a message of `size` bytes is left out."""
    return f"It is {size / 1e6:.1f} MB; more than {limit / 1e6:.1f} MB are left out (sync.max_message_mb)."


class Account(Protocol):
    """A mailbox from which sent mail is read.

    A cursor is text only its own kind understands; None means from the beginning. Reading on from a cursor yields
    every message that came after it, at least once; the archive makes that exactly once.
    """

    record: AccountRecord

    def count_since(self, cursor: str | None) -> int | None:
        """How many messages `sent_since` would yield, or None where only reading would tell."""

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield sent messages after `cursor`, oldest first.

        Raises:
            AccountError: the mailbox cannot be read; what was yielded before stays good.
        """

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield those of these messages that the mailbox holds, wherever it keeps received mail; in any order.

        They are what the owner answered. `cursor` of what is yielded means nothing.

        Raises:
            AccountError: the mailbox cannot be read; what was yielded before stays good.
        """

    def close(self) -> None:
        """Let go of files and connections."""
