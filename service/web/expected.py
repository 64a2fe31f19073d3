"""When each account's next run is, as a page that asks again and again is told: looked up anew once in a while.

To say it all mail that is learned from is looked through, which is too much for every few seconds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from service.desk import Outlook
from service.refresh.runs import RunRecord

KEEP_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    outlook: Outlook
    last: RunRecord | None
    at: float


class Expected:
    """What was said last, of each account. Threads may share it."""

    def __init__(self, look: Callable[[str], Outlook], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Join the parts.

        Args:
            look: Says when an account's next run is.
            clock: Seconds that only grow.
        """
        self._look = look
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def of(self, account: str, last: RunRecord | None, *, anew: bool = False) -> Outlook:
        """Say when an account's next run is; after another run than the last time that is looked up at once."""
        told = self._told.get(account)
        if anew or told is None or told.last != last or self._clock() - told.at >= KEEP_S:
            told = self._told[account] = _Told(outlook=self._look(account), last=last, at=self._clock())
        return told.outlook
