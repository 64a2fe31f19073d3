"""Which threads are learned from, which choose the best epoch, and which judge the end.

The rules this module keeps:
1. No thread stands on two sides.
2. The threads held out are the newest, those that choose the best epoch the newest of the rest: their last mail is
   newer than the last one of all those learned from.
3. More than half of the mails are learned from, however few there are, unless a thread is longer than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.data.source import SentMail
from trainer.data.threads import by_age

FEWEST, MOST = 6, 100
"""Held-out mails below which a loss is mostly chance, and above which it says nothing new."""
FEWEST_TO_CHOOSE, MOST_TO_CHOOSE = 4, 50
"""The same of mails that choose the best epoch: one is to be told from the other, no more."""
LARGEST_SHARE, LARGEST_SHARE_TO_CHOOSE = 0.3, 0.2
"""Of few mails, the share that is held out at most, and that which chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Mails to learn from, to choose the best epoch by, and to judge by, each oldest first."""

    learned: tuple[SentMail, ...]
    validation: tuple[SentMail, ...]
    held_out: tuple[SentMail, ...]


def split(mails: Sequence[SentMail], share: float, *, validation: float) -> Split:
    """Hold out the newest threads, until they hold about `share` of the mails, and take those that choose before them.

    Of two threads none chooses, and of one nothing is learned: whoever asks looks whether a side is empty.
    """
    count = len(mails)
    newest_first = sorted(threads(mails), key=lambda thread: by_age(thread[-1].email), reverse=True)
    held_out = _take(newest_first, min(MOST, max(FEWEST, round(count * share)), round(count * LARGEST_SHARE)))
    rest = newest_first[held_out:]
    wanted = max(FEWEST_TO_CHOOSE, round(count * validation))
    choosing = _take(rest[:-1], min(MOST_TO_CHOOSE, wanted, round(count * LARGEST_SHARE_TO_CHOOSE)))
    return Split(
        learned=_in_order(rest[choosing:]),
        validation=_in_order(rest[:choosing]),
        held_out=_in_order(newest_first[:held_out]),
    )


def threads(mails: Sequence[SentMail]) -> list[list[SentMail]]:
    """Group mails into threads, each oldest first."""
    grouped: dict[str, list[SentMail]] = {}
    for mail in sorted(mails, key=lambda mail: by_age(mail.email)):
        grouped.setdefault(mail.conversation, []).append(mail)
    return list(grouped.values())


def _take(newest_first: Sequence[Sequence[SentMail]], wanted: int) -> int:
    """Return how many threads come nearest to so many mails together; one in any case."""
    taken = mails = 0
    for thread in newest_first:
        if taken and abs(mails + len(thread) - wanted) >= abs(mails - wanted):
            break
        taken += 1
        mails += len(thread)
    return taken


def _in_order(some: Sequence[Sequence[SentMail]]) -> tuple[SentMail, ...]:
    return tuple(sorted((mail for thread in some for mail in thread), key=lambda mail: by_age(mail.email)))
