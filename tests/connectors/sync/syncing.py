"""Mailboxes in memory, and what tests of sync ask of an archive."""

import functools
import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from connectors.account import AccountRecord, RawMessage
from connectors.archive import Archive
from connectors.cleaning import mime
from connectors.errors import Unreachable
from connectors.mbox import MboxAccount
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import account_record, archived, raw_mail

NAMES = itertools.count()
PARSE = functools.cache(mime.parse)
MANY = [raw_mail(number) for number in range(450)]
SIGNED = """Hello Ben, this is mail number {} and there is nothing more to it.

Best,
Ana

Ana Example | Example GmbH
Tel. +49 30 1234567
www.example.org
"""


@dataclass(kw_only=True)
class ListAccount:
    """A mailbox in memory, which can break off after some messages."""

    messages: list[bytes]
    record: AccountRecord = field(default_factory=account_record)
    breaks_after: int | None = None
    inbox: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The ids of received mail that was asked for."""

    def count_since(self, cursor: str | None) -> int | None:
        """Return how many are left."""
        return len(self.messages) - int(cursor or 0)

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield messages; a cursor is how many came before."""
        for read, position in enumerate(range(int(cursor or 0), len(self.messages))):
            if read == self.breaks_after:
                raise Unreachable("The connection was lost.")
            yield RawMessage(ref=f"list;{position}", raw=self.messages[position], cursor=str(position + 1))

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield mail of the inbox."""
        self.asked.extend(message_ids)
        for number, raw in enumerate(self.inbox):
            if any(f"<{message_id}>".encode() in raw for message_id in message_ids):
                yield RawMessage(ref=f"inbox;{number}", raw=raw, cursor="", server_id=f"s{number}")

    def close(self) -> None:
        """Do nothing."""


def run(account: ListAccount | MboxAccount, archive: Archive) -> SyncReport:
    """Sync without a progress bar."""
    return sync(account, archive, SyncSettings(), lambda _done, _total: None, parse=PARSE)


def ids(archive: Archive, account: str = "ana") -> list[str]:
    """Name the archived mail."""
    return [mail.email.message_id for mail in archive.mails(account)]


def expected(count: int) -> list[str]:
    """Name the sample mail."""
    return [archived(number).email.message_id for number in range(count)]


def reply(number: int, *, answers: int) -> bytes:
    """Write a reply to a sample mail."""
    raw = raw_mail(number).replace(b"Subject: Mail", b"Subject: Re: Mail")
    return raw.replace(b"\n\n", f"\nIn-Reply-To: <m{answers}@example.org>\n\n".encode(), 1)


def received(number: int) -> bytes:
    """Write a mail from somebody else."""
    return raw_mail(number, sender="Ben <ben@example.net>", body="Could you send me the plans for Friday?\n")


def new_account(archive: Archive) -> AccountRecord:
    """Add an account that no example before used."""
    record = account_record(f"a{next(NAMES)}")
    archive.add_account(record)
    return record
