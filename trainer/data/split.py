"""Which threads are held out to measure by.

The rules this module keeps:
1. No thread stands on both sides.
2. The threads held out are the newest: their last mail is newer than the last one of those learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.data.source import SentMail
from trainer.data.threads import by_age

FEWEST, MOST = 4, 100
"""Held-out mails below which a loss is mostly chance, and above which it says nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Mails to learn from and mails to measure by, each oldest first."""

    learned: tuple[SentMail, ...]
    held_out: tuple[SentMail, ...]


def split(mails: Sequence[SentMail], share: float) -> Split:
    """Hold out the newest threads, until they hold about `share` of the mails."""
    wanted = min(MOST, max(FEWEST, round(len(mails) * share)))
    held_out: set[str] = set()
    for thread in sorted(threads(mails), key=lambda thread: by_age(thread[-1].email), reverse=True):
        # One more thread is held out only if that comes nearer to what is wanted; the first one in any case.
        if held_out and abs(len(held_out) + len(thread) - wanted) >= abs(len(held_out) - wanted):
            break
        held_out.update(mail.email.message_id for mail in thread)
    ordered = sorted(mails, key=lambda mail: by_age(mail.email))
    return Split(
        learned=tuple(mail for mail in ordered if mail.email.message_id not in held_out),
        held_out=tuple(mail for mail in ordered if mail.email.message_id in held_out),
    )


def threads(mails: Sequence[SentMail]) -> list[list[SentMail]]:
    """Group mails into threads, each oldest first."""
    grouped: dict[str, list[SentMail]] = {}
    for mail in sorted(mails, key=lambda mail: by_age(mail.email)):
        grouped.setdefault(mail.conversation, []).append(mail)
    return list(grouped.values())
