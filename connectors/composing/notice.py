"""A draft to the account's owner that says something about Cyrano itself. Pure; nothing here can send.

Rules:
1. It goes to nobody but its owner, and says of itself that a program wrote it (RFC 3834).
2. The same notice has the same Message-ID, so that it is found again instead of made twice.
3. It begins with words by which it is known wherever it goes: nothing learns from it, even if it is sent.
"""

import hashlib
from datetime import datetime
from email.utils import format_datetime

from connectors.cleaning.notes import OPENING
from connectors.composing import headers
from connectors.composing.body import plain, tidy
from connectors.composing.flowed import Line
from connectors.composing.headers import is_id
from connectors.composing.instruction import disarm
from connectors.message import Address


def notice_message_id(account: str, subject: str, owner: Address) -> str:
    """Return the id of a notice, without angle brackets; `subject` is what it is about, such as a run's id."""
    digest = hashlib.sha256(f"notice\0{account}\0{subject}".encode()).hexdigest()[:32]
    domain = owner.addr.rpartition("@")[2]
    return f"cyrano.{digest}@{domain if is_id(f'x@{domain}') else 'localhost'}"


def compose_notice(text: str, *, title: str, owner: Address, message_id: str, date: datetime) -> bytes:
    """Return a notice as a draft.

    Args:
        text: What it says, below its opening words.
        title: Its subject.
        owner: Whose mailbox it is for.
        message_id: See `notice_message_id`.
        date: Now, aware.
    """
    fields = [
        ("From", headers.addresses([owner], "From")),
        ("To", headers.addresses([owner], "To")),
        ("Subject", headers.words(headers.one_line(title), "Subject")),
        ("Date", format_datetime(date)),
        ("Message-ID", f"<{message_id}>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]
    lines = tidy(disarm(f"{OPENING}\n\n{text}")).split("\n")
    content = plain((Line(0, line) for line in lines), is_flowed=True)
    return headers.head([*fields, *content.fields]) + content.body
