"""Google's public keys, kept as long as Google says they are good.

google-auth fetches them anew for every token; this stands in its way. A caller with a made-up token cannot make us ask
Google more often.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import httpx2
from google.auth.transport import Request, Response

from connectors.errors import Unreachable

logger = logging.getLogger(__name__)

TIMEOUT_S = 5.0
SHORTEST_S, LONGEST_S = 60.0, 86_400.0
"""However short or long Google says they are good."""
STALE_S = 86_400.0
"""How much longer they serve where Google cannot be reached: it announces new keys days before it uses them."""

_OK = 200
_MAX_AGE = re.compile(r"max-age=(\d+)")


class Keys(Response):
    """An answer in google-auth's shape."""

    def __init__(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self._status, self._data, self._headers = status, data, headers

    @property
    def status(self) -> int:
        """HTTP's status."""
        return self._status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        return self._headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self._data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    answer: Keys
    good_until: float
    ask_at: float
    """When to ask Google next; with no answer, a little later than `good_until`."""


def fetch(url: str) -> Keys:
    """Ask Google for its keys."""
    answer = httpx2.get(url, timeout=TIMEOUT_S, follow_redirects=False)
    return Keys(answer.status_code, answer.content, dict(answer.headers))


class Certificates(Request):
    """What google-auth asks for keys. Safe to share between threads."""

    def __init__(self, *, fetch: Callable[[str], Keys] = fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def __call__(self, url: str, method: str = "GET", *_: object, **__: object) -> Keys:
        """Return the keys, fetched or kept.

        Raises:
            Unreachable: there are none, or they are too old.
        """
        assert method == "GET", "keys are only ever read"
        with self._lock:
            kept = self._kept.get(url)
            if kept is None or self._clock() >= kept.ask_at:
                kept = self._renewed(url, kept)
                self._kept[url] = kept
            return kept.answer

    def _renewed(self, url: str, old: _Kept | None) -> _Kept:
        now = self._clock()
        try:
            answer = self._fetch(url)
        except (httpx2.HTTPError, OSError) as error:
            logger.info("Google's keys could not be fetched: %s", type(error).__name__)
            answer = None
        if answer is not None and answer.status == _OK:
            until = now + _good_for_s(answer.headers)
            return _Kept(answer=answer, good_until=until, ask_at=until)
        if old is not None and now < old.good_until + STALE_S:
            return replace(old, ask_at=now + SHORTEST_S)
        hint = "Check the network of the machine that Cyrano runs on, and try again."
        raise Unreachable("Google's keys cannot be fetched, so nobody can be let in.", hint=hint)


def _good_for_s(headers: Mapping[str, str]) -> float:
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    return min(max(float(found[1]) if found else 0.0, SHORTEST_S), LONGEST_S)
