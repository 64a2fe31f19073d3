"""The one shape of every account kind: what the sync needs of a mailbox, whatever it is made of."""

from collections.abc import Iterator, Mapping
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
    cursor: str


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

    def close(self) -> None:
        """Let go of files and connections."""
