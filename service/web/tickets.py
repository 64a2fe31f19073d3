"""Short-lived addresses for what a browser opens by itself, where no token can be sent along.

The rule this module keeps: a ticket opens one page of one account for some minutes, and nothing else. It is signed with
a key that dies with the process.
"""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from dataclasses import asdict, dataclass

from service.problems import NotAllowed

GOOD_FOR_S = 600.0
_SEAL_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a ticket opens."""

    account: str
    version: int
    name: str


class Tickets:
    """Gives tickets out and takes them back."""

    def __init__(self, *, clock: Callable[[], float] = time.time, key: bytes = b"") -> None:
        self._clock = clock
        self._key = key or secrets.token_bytes(_SEAL_BYTES)

    def give(self, shown: Shown) -> str:
        """Return a ticket."""
        words = json.dumps({**asdict(shown), "until": self._clock() + GOOD_FOR_S}).encode()
        return urlsafe_b64encode(self._seal(words) + words).decode()

    def take(self, ticket: str) -> Shown:
        """Return what a ticket opens.

        Raises:
            NotAllowed: it is none of ours, or too old.
        """
        try:
            raw = urlsafe_b64decode(ticket.encode("ascii", "replace"))
        except Error:
            raw = b""
        seal, words = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if hmac.compare_digest(seal, self._seal(words)):
            fields = json.loads(words)
            if self._clock() <= fields.pop("until"):
                return Shown(**fields)
        hint = "Go back to the page Adapters, and open the report from there."
        raise NotAllowed("This link is not good any more.", hint=hint)

    def _seal(self, words: bytes) -> bytes:
        return hmac.new(self._key, words, "sha256").digest()
