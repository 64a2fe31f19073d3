"""Mail for the tests of accounts, archive and sync."""

from datetime import UTC, datetime, timedelta

from connectors.account import AccountRecord
from connectors.message import Address, ArchivedEmail, Email

ANA = Address(addr="ana@example.org", name="Ana")


def raw_mail(number: int, *, body: str = "", sender: str = str(ANA)) -> bytes:
    """Write a message whose id and text carry a number."""
    minute = datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(minutes=number)
    text = body or f"Hello Ben, this is mail number {number} and it says no more than that.\n\nBest,\nAna\n"
    lines = (
        f"From: {sender}",
        "To: Ben <ben@example.net>",
        f"Date: {minute:%a, %d %b %Y %H:%M:%S} +0000",
        f"Subject: Mail {number}",
        f"Message-ID: <m{number}@example.org>",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
    )
    return "\n".join(lines).encode()


def archived(number: int, *, account: str = "ana", kept: bool = True, text: str = "") -> ArchivedEmail:
    """Make a mail as the archive takes it."""
    email = Email(
        message_id=f"m{number}@example.org",
        sender=ANA,
        to=(Address(addr="ben@example.net", name="Ben"),),
        sent_at=datetime(2026, 1, 5, 8, tzinfo=UTC) + timedelta(minutes=number),
        subject=f"Mail {number}",
        text=text or f"Hello Ben, this is mail number {number}.",
        language="en",
    )
    return ArchivedEmail(account=account, email=email, kept=kept, reason="" if kept else "too short")


def account_record(name: str = "ana", kind: str = "mbox", **settings: str | int | bool) -> AccountRecord:
    """Make Ana's account."""
    return AccountRecord(name=name, kind=kind, owner=ANA, addresses=frozenset({ANA.addr}), settings=settings)


def as_mbox(messages: list[bytes]) -> bytes:
    """Write messages the mboxrd way."""
    parts = []
    for raw in messages:
        lines = (b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in raw.split(b"\n"))
        parts.append(b"From ana@example.org Mon Jan  5 08:00:00 2026\n" + b"\n".join(lines) + b"\n")
    return b"".join(parts)
