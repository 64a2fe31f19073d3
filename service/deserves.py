"""Whether a mail deserves a draft. Pure: the mail, whose it is, and the time decide."""

import re
from datetime import datetime, timedelta

from connectors.account import AccountRecord
from connectors.compose import reply_recipients
from connectors.message import Email, Kind

_NOBODY = re.compile(
    r"(?:no|do-?not|ne-?pas)-?_?\.?re(?:ply|pondre).*|mailer-daemon|postmaster|bounces?|notifications?", re.IGNORECASE
)


def why_no_draft(email: Email, record: AccountRecord, *, now: datetime, max_age: timedelta) -> str:  # noqa: PLR0911  a reason each
    """Return why a mail gets no draft, in a few words; "" if it deserves one."""
    recipients = reply_recipients(email)
    if email.sender.addr in record.addresses or all(each.addr in record.addresses for each in recipients):
        return "own mail"
    if email.kind is Kind.AUTO:
        return "written by a program"
    if email.kind is Kind.BULK:
        return "sent to many"
    if any("@" not in each.addr or _NOBODY.fullmatch(each.addr.partition("@")[0]) for each in recipients):
        return "nobody reads the answer"
    if not email.text:
        return "no text"
    if email.sent_at is not None and now - email.sent_at > max_age:
        return "too old"
    return ""
