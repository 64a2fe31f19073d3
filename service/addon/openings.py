"""Which mail somebody has open, remembered from the moment they opened it.

Google gives the token that opens a mail with the event of its opening; what a button sends later may come without it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

KEPT_S = 45 * 60.0
"""Google's tokens live an hour."""
MOST = 1000


class Openings:
    """Tokens of open mails, by whoever opened them and mail. Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def remember(self, owner: str, message_id: str, token: str) -> None:
        """Remember the token of a mail that was opened."""
        with self._lock:
            self._tokens[owner, message_id] = (self._clock() + KEPT_S, token)
            self._tokens.move_to_end((owner, message_id))
            while len(self._tokens) > MOST or next(iter(self._tokens.values()))[0] < self._clock():
                self._tokens.popitem(last=False)

    def token(self, owner: str, message_id: str) -> str:
        """Return the token of a mail; "" where it is not known any more."""
        with self._lock:
            until, token = self._tokens.get((owner, message_id), (0.0, ""))
        return token if self._clock() <= until else ""
