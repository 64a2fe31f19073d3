"""Google's public keys, kept as long as Google says they are good.

google-auth fetches them anew for every token; this stands in its way. A caller with a made-up token cannot make us ask
Google more often, nor hold up others while Google does not answer.
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
"""For a fetch; half of it for each of its steps."""
WAIT_S = 1.0
"""How long a request waits for the fetch of another one."""
FAILED_S = 10.0
"""How long Google is not asked again after a fetch that failed, where there are no keys at all."""
LARGEST_BYTES = 1 << 20
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
    answer: Keys | None
    """None where there was none, or it is too old."""
    good_until: float
    ask_at: float
    """When to ask Google next; with no answer, a little later than `good_until`."""


def fetch(url: str) -> Keys:
    """Ask Google for its keys."""
    end, body = time.monotonic() + TIMEOUT_S, bytearray()
    with httpx2.stream("GET", url, timeout=TIMEOUT_S / 2, follow_redirects=False) as answer:
        for block in answer.iter_bytes():
            body += block
            # The client's own limit is for each step, and an answer can be made of many.
            if time.monotonic() > end or len(body) > LARGEST_BYTES:
                raise httpx2.ReadTimeout("too slow or too much", request=answer.request)
        return Keys(answer.status_code, bytes(body), dict(answer.headers))


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
        kept = self._kept.get(url)
        if self._is_due(kept):
            kept = self._fetched(url)
        if kept is None or kept.answer is None:
            hint = "Check the network of the machine that Cyrano runs on, and try again."
            raise Unreachable("Google's keys cannot be fetched, so nobody can be let in.", hint=hint)
        return kept.answer

    def _is_due(self, kept: _Kept | None) -> bool:
        return kept is None or self._clock() >= kept.ask_at

    def _fetched(self, url: str) -> _Kept | None:
        """Fetch keys, one caller at a time; who waited too long for another one gets what is there."""
        old = self._kept.get(url)
        is_usable = old is not None and old.answer is not None and self._clock() < old.good_until + STALE_S
        if not self._lock.acquire(timeout=0 if is_usable else WAIT_S):
            return old if is_usable else None
        try:
            kept = self._kept.get(url)
            if self._is_due(kept):
                kept = self._kept[url] = self._renewed(url, kept)
            return kept
        finally:
            self._lock.release()

    def _renewed(self, url: str, old: _Kept | None) -> _Kept:
        try:
            answer = self._fetch(url)
        except (httpx2.HTTPError, OSError) as error:
            logger.info("Google's keys could not be fetched: %s", type(error).__name__)
            answer = None
        now = self._clock()
        if answer is not None and answer.status == _OK:
            until = now + _good_for_s(answer.headers)
            return _Kept(answer=answer, good_until=until, ask_at=until)
        if old is not None and old.answer is not None and now < old.good_until + STALE_S:
            return replace(old, ask_at=min(now + SHORTEST_S, old.good_until + STALE_S))
        return _Kept(answer=None, good_until=now, ask_at=now + FAILED_S)


def _good_for_s(headers: Mapping[str, str]) -> float:
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    return min(max(float(found[1]) if found else 0.0, SHORTEST_S), LONGEST_S)
