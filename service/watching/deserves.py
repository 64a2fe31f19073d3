"""Whether a mail deserves a draft. Pure: the mail, whose it is, the rules and the time decide."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.account import AccountRecord
from connectors.cleaning.mime import parse
from connectors.cleaning.parts import Part
from connectors.composing.headers import MAX_ID
from connectors.composing.reply import reply_recipients
from connectors.message import Email, Kind

_NOBODY = re.compile(
    r"(?:.*[-_.+])?(?:(?:no|do-?_?not|ne-?_?pas)-?_?\.?re(?:ply|pondre)|nicht-?_?antworten).*|"
    r"mailer-daemon|postmaster|bounces?|notifications?",
    re.IGNORECASE,
)
_SPAM_LEVEL = 5
"""Of Exchange's nine, from which mail goes to the junk folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail that came in, with what its headers and parts say beside it."""

    email: Email
    is_spam: bool = False
    """Whether a filter before us took it for spam."""
    is_calendar: bool = False
    """Whether a calendar wrote it: an invitation, a change, a cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the owner set. Lists hold addresses ("ben@example.net") and domains ("example.net"), lower case."""

    max_age: timedelta
    allow: tuple[str, ...] = ()
    """Where it names any, nobody else gets a draft."""
    deny: tuple[str, ...] = ()
    is_forgotten: Callable[[Email], bool] = lambda _: False
    """Tells which mail they had forgotten: nothing is written down of it, a draft least of all."""


def read_incoming(raw: bytes) -> Incoming:
    """Read a mail that came in.

    Raises:
        UnreadableMessage: it cannot be parsed.
    """
    message = Part(raw)
    headers = message.headers
    says_spam = (headers.raw("x-spam-flag"), headers.raw("x-spam-status"))
    level = headers.raw("x-ms-exchange-organization-scl").strip()
    return Incoming(
        email=parse(raw),
        is_spam=any(words.strip().lower().startswith("yes") for words in says_spam)
        or (level.isdecimal() and int(level) >= _SPAM_LEVEL),
        is_calendar=any(leaf.content_type == "text/calendar" for leaf in message.leaves()),
    )


def why_no_draft(mail: Incoming, record: AccountRecord, rules: Rules, *, now: datetime, is_chosen: bool) -> str:
    """Return why a mail gets no draft, in a few words; "" if it deserves one.

    Args:
        mail: What came in.
        record: Whose mailbox it is.
        rules: What they set.
        now: Aware.
        is_chosen: Whether they chose it by hand: then it need not be addressed to them.
    """
    email = mail.email
    recipients = [each.addr for each in reply_recipients(email)]
    senders = (email.sender.addr, *recipients)
    checks = (
        (email.sender.addr in record.addresses or record.addresses.issuperset(recipients), "own mail"),
        (rules.is_forgotten(email), "forgotten"),
        (_names(rules.deny, senders), "its sender is on the deny list"),
        (rules.allow and not _names(rules.allow, senders), "its sender is not on the allow list"),
        (mail.is_spam, "spam"),
        (email.kind is Kind.AUTO, "written by a program"),
        (mail.is_calendar, "written by a calendar"),
        (email.kind is Kind.BULK, "sent to many"),
        (any(map(_is_nobody, recipients)), "nobody reads the answer"),
        (not is_chosen and record.addresses.isdisjoint(each.addr for each in email.to), "not addressed to its owner"),
        (not email.text, "no text"),
        (len(email.message_id) > MAX_ID, "its id is too long to be named in an answer"),
        (email.sent_at is not None and now - email.sent_at > rules.max_age, "too old"),
    )
    return next((reason for is_so, reason in checks if is_so), "")


def _is_nobody(address: str) -> bool:
    return "@" not in address or _NOBODY.fullmatch(address.partition("@")[0]) is not None


def _names(wanted: Iterable[str], addresses: Iterable[str]) -> bool:
    """Whether a list names one of these addresses, or its domain or one above that."""
    names = {name.lower().removeprefix("@") for name in wanted}
    return any(not names.isdisjoint(_names_of(address.lower())) for address in addresses)


def _names_of(address: str) -> list[str]:
    labels = address.rpartition("@")[2].split(".")
    return [address, *(".".join(labels[start:]) for start in range(len(labels)))]
