"""Small mails to learn from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connectors.message import Address, ArchivedEmail, Email, Kind
from trainer.data.source import SentMail
from trainer.data.threads import conversations, shown_thread

ANA = Address(addr="ana@example.org", name="Ana Sá")
BEN = Address(addr="ben@example.org", name="Ben")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
THINGS = ("invoice", "meeting", "report", "budget", "lunch", "ticket", "garden", "printer")


def mail(number: int, *, answers: str = "", sender: Address = ANA, text: str = "") -> Email:
    """Return the mail sent `number` days after the start: a reply where it answers one, else a new mail."""
    thing = THINGS[number % len(THINGS)]
    return Email(
        message_id=f"m{number}@{sender.name}",
        in_reply_to=answers,
        references=(answers,) if answers else (),
        sender=sender,
        to=(Address(addr="eve@example.net", name="Eve"),),
        sent_at=START + timedelta(days=number),
        subject=f"The {thing} {number}",
        text=text
        or f"Hello Eve,\nplease look at the {thing} number {number} before Friday.\nKind regards\n{sender.name}",
        quoted=f"Where is the {thing} {number}?" if answers else "",
        signature="ACME Ltd., registered office",
        language="en",
        kind=Kind.REPLY if answers else Kind.NEW,
    )


def mails(count: int, *, sender: Address = ANA) -> list[Email]:
    """Return mails, oldest first; every third is a reply to a mail from outside."""
    return [mail(n, answers=f"q{n}@out" if n % 3 == 2 else "", sender=sender) for n in range(count)]


def archived(email: Email, account: str) -> ArchivedEmail:
    """Return the mail as the archive keeps it."""
    return ArchivedEmail(account=account, email=email, kept=True)


def sent(emails: Sequence[Email]) -> list[SentMail]:
    """Return mails as a source gives them that knows no other mail; threads are what they quote."""
    names = conversations(emails)
    return [
        SentMail(
            email=email,
            conversation=names[email.message_id],
            thread=shown_thread(email, lambda _: None, 2),
        )
        for email in emails
    ]
