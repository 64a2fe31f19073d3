"""Threads, and which of them are held out to measure by.

The rules this module keeps:
1. No thread stands on both sides.
2. The threads held out are the newest: their last mail is newer than the last one of those learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.message import Email

FEWEST, MOST = 4, 100
"""Held-out mails below which a loss is mostly chance, and above which it says nothing new."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Mails to learn from and mails to measure by, each oldest first."""

    learned: tuple[Email, ...]
    held_out: tuple[Email, ...]


def split(emails: Sequence[Email], share: float) -> Split:
    """Hold out the newest threads, until they hold about `share` of the mails."""
    wanted = min(MOST, max(FEWEST, round(len(emails) * share)))
    held_out: set[str] = set()
    for thread in sorted(threads(emails), key=lambda thread: _sent(thread[-1]), reverse=True):
        # One more thread is held out only if that comes nearer to what is wanted; the first one in any case.
        if held_out and abs(len(held_out) + len(thread) - wanted) >= abs(len(held_out) - wanted):
            break
        held_out.update(email.message_id for email in thread)
    ordered = sorted(emails, key=_sent)
    return Split(
        learned=tuple(email for email in ordered if email.message_id not in held_out),
        held_out=tuple(email for email in ordered if email.message_id in held_out),
    )


def threads(emails: Sequence[Email]) -> list[list[Email]]:
    """Group mails into threads, each oldest first.

    Mails belong together when any id that they name connects them, since programs cut `References` at either end.
    """
    root: dict[str, str] = {}

    def find(message_id: str) -> str:
        while (parent := root.setdefault(message_id, message_id)) != message_id:
            root[message_id] = root[parent]
            message_id = parent
        return message_id

    for email in emails:
        for other in (*email.references, email.in_reply_to):
            if other:
                root[find(other)] = find(email.message_id)
    grouped: dict[str, list[Email]] = {}
    for email in sorted(emails, key=_sent):
        grouped.setdefault(find(email.message_id), []).append(email)
    return list(grouped.values())


def _sent(email: Email) -> datetime:
    return email.sent_at or _LONG_AGO
