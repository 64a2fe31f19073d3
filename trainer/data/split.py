"""Which threads are learned from, which choose the best epoch, and which judge the end.

The rules this module keeps:
1. No thread stands on two sides.
2. There is a cut in time: mail that is learned from, or chooses, is not newer, and of what is held out that judges
   which is. So it is judges that are counted, not mails held out, of which few may be new enough.
3. A thread that goes on across the cut is held out whole, where few of its mails are older, or learned from up to the
   cut; what it holds after that waits for a later run. A long one that still goes on would take too much from
   learning if it were held out, and learned from whole it would leave nothing newer than itself to judge.
4. Of the cuts that let enough mails judge, the one is taken that leaves most to learn from.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trainer.data.source import SentMail
from trainer.data.threads import by_age

FEWEST, MOST = 6, 100
"""Mails that judge: below this a loss is mostly chance, and above it they say nothing new."""
FEWEST_TO_CHOOSE, MOST_TO_CHOOSE = 4, 50
"""The same of mails that choose the best epoch: one is to be told from the other, no more."""
LARGEST_SHARE, LARGEST_SHARE_TO_CHOOSE = 0.3, 0.2
"""Of few mails, the share that is kept from learning so that some judge, and that which chooses."""
MOST_KEPT = 3
"""Mails that are kept from learning at most for each one that is to judge."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_AT_LAST = datetime.max.replace(tzinfo=UTC)

Thread = Sequence[SentMail]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Mails to learn from, to choose the best epoch by, and to judge by, each oldest first."""

    learned: tuple[SentMail, ...]
    validation: tuple[SentMail, ...]
    held_out: tuple[SentMail, ...]
    waiting: tuple[SentMail, ...] = ()
    """The newest mails of threads that do not judge: nothing is done with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A time after which nothing is learned from, and what is held out then."""

    at: datetime
    held_out: Sequence[Thread]
    judges: int
    kept: int
    """How many mails it keeps from learning."""


def split(mails: Sequence[SentMail], share: float, *, validation: float, fewest: int = FEWEST) -> Split:
    """Hold out threads of which about `share` of the mails judge, but `fewest` at least, and take those that choose.

    Fewer judge where more would leave too little to learn from. Of two threads none chooses, and of one nothing is
    learned: whoever asks looks whether a side is empty.
    """
    newest_first = _newest_first(threads(mails))
    cut = _cut(newest_first, wanted=max(fewest, min(MOST, round(len(mails) * share))), count=len(mails))
    others = _without(newest_first, cut.held_out)
    rest = _newest_first(known for thread in others if (known := thread[: _older(thread, cut.at)]))
    wanted = min(MOST_TO_CHOOSE, max(FEWEST_TO_CHOOSE, round(len(mails) * validation)))
    # The longest is learned from, whatever there is besides.
    may_choose = _without(rest, [max(reversed(rest), key=len)] if rest else [])
    choosing = _newest(may_choose, min(wanted, round(len(mails) * LARGEST_SHARE_TO_CHOOSE)))
    return Split(
        learned=_in_order(_without(rest, choosing)),
        validation=_in_order(choosing),
        held_out=_in_order(cut.held_out),
        waiting=_in_order(thread[_older(thread, cut.at) :] for thread in others),
    )


def threads(mails: Sequence[SentMail]) -> list[list[SentMail]]:
    """Group mails into threads, each oldest first."""
    grouped: dict[str, list[SentMail]] = {}
    for mail in sorted(mails, key=lambda mail: by_age(mail.email)):
        grouped.setdefault(mail.conversation, []).append(mail)
    return list(grouped.values())


def _cut(newest_first: Sequence[Thread], *, wanted: int, count: int) -> _Cut:
    """Return the best cut; where none lets any mail judge, the newest threads are held out all the same."""
    most = min(round(count * LARGEST_SHARE), MOST_KEPT * wanted)
    best: _Cut | None = None
    for at in sorted({_when(mail) for thread in newest_first for mail in thread}, reverse=True):
        cut = _cut_at(at, newest_first, wanted=wanted, most=most)
        if cut.kept > most:
            break
        if cut.judges and (best is None or _worth(cut, wanted) > _worth(best, wanted)):
            best = cut
    if best is not None:
        return best
    held_out = _newest(newest_first, min(wanted, most))
    return _Cut(at=_AT_LAST, held_out=held_out, judges=0, kept=sum(map(len, held_out)))


def _worth(cut: _Cut, wanted: int) -> tuple[int, int]:
    return min(cut.judges, wanted), -cut.kept


def _cut_at(at: datetime, newest_first: Sequence[Thread], *, wanted: int, most: int) -> _Cut:
    """Hold out the threads with the fewest mails before a time for those after it, until enough mails judge."""
    older_and_newer: list[tuple[int, int, Thread]] = []
    for thread in newest_first:
        if _when(thread[-1]) <= at:
            break
        older = _older(thread, at)
        older_and_newer.append((older, len(thread) - older, thread))
    held_out: list[Thread] = []
    judges, kept = 0, sum(newer for _, newer, _ in older_and_newer)
    for older, newer, thread in sorted(older_and_newer, key=lambda each: each[0] / each[1]):
        if kept + older <= most and (judges < wanted or not older):
            held_out.append(thread)
            judges += newer
            kept += older
    return _Cut(at=at, held_out=held_out, judges=judges, kept=kept)


def _newest(newest_first: Sequence[Thread], wanted: int) -> list[Thread]:
    """Return the newest threads that come nearest to so many mails together, without longer ones; one in any case."""
    taken: list[Thread] = []
    mails = 0
    short = [thread for thread in newest_first if len(thread) <= wanted]
    for thread in short or sorted(newest_first, key=len)[:1]:
        if taken and abs(mails + len(thread) - wanted) >= abs(mails - wanted):
            break
        taken.append(thread)
        mails += len(thread)
    return taken


def _newest_first(some: Iterable[Thread]) -> list[Thread]:
    return sorted(some, key=lambda thread: by_age(thread[-1].email), reverse=True)


def _without(some: Sequence[Thread], others: Sequence[Thread]) -> list[Thread]:
    names = {thread[0].conversation for thread in others}
    return [thread for thread in some if thread[0].conversation not in names]


def _older(thread: Thread, at: datetime) -> int:
    """Return how many mails of a thread were sent up to a time; undated ones are among them."""
    return bisect_right(thread, at, key=_when)


def _when(mail: SentMail) -> datetime:
    return mail.email.sent_at or _LONG_AGO


def _in_order(some: Iterable[Thread]) -> tuple[SentMail, ...]:
    return tuple(sorted((mail for thread in some for mail in thread), key=lambda mail: by_age(mail.email)))
