"""The tokens of an account, sealed, and the lock under which they are renewed.

Rules:
1. Whoever renews holds the lock of the account, and reads what is stored first: another process may just have done it.
2. What is renewed is stored before it is used, since the refresh token before it may be worth nothing any more.
3. Of two sets of tokens the later generation is the true one, whatever any clock says.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from connectors.errors import ConfigError, StoreError, Unreachable
from connectors.oauth.endpoint import Grant
from connectors.secrets import OAUTH, OAUTH_CLIENT_SECRET, Secrets

LOCK_TIMEOUT_S = 60.0
_LOOK_EVERY_S = 0.05
_SPARE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tokens:
    """What was handed out for an account. It has no `repr`, so that no traceback and no log shows it."""

    refresh_token: str
    access_token: str
    renew_at: float
    """Seconds since 1970: somewhat before the access token ends, so that work begun with it does not outlast it."""
    generation: int
    """Counts up with every set of tokens."""
    consented_at: float = 0.0
    """When the person consented that all these tokens come from, seconds since 1970."""

    def renewed(self, grant: Grant, now: float) -> "Tokens":
        """Return the tokens after a grant; without a new refresh token the old one stays good."""
        return Tokens(
            refresh_token=grant.refresh_token or self.refresh_token,
            access_token=grant.access_token,
            renew_at=now + grant.expires_in_s - min(_SPARE_S, grant.expires_in_s / 4),
            generation=self.generation + 1,
            consented_at=self.consented_at,
        )


NOTHING = Tokens(refresh_token="", access_token="", renew_at=0.0, generation=0)


class TokenStore:
    """The tokens of one account, on disk."""

    def __init__(self, account: str, secrets: Secrets, home: Path) -> None:
        self.account = account
        self._secrets = secrets
        self._lock_file = home / "run" / f"oauth-{account}.lock"

    @property
    def client_secret(self) -> str:
        """The client's secret; "" for a public client."""
        return self._secrets.find(self.account, OAUTH_CLIENT_SECRET) or ""

    def read(self) -> Tokens:
        """Return the tokens stored, or NOTHING.

        Raises:
            ConfigError: what is stored is broken.
        """
        stored = self._secrets.find_stored(self.account, OAUTH)
        if stored is None:
            return NOTHING
        try:
            found: dict[str, Any] = json.loads(stored)
            return Tokens(**found)
        except (ValueError, TypeError) as error:
            hint = f"Sign in again: cyrano account login {self.account}"
            raise ConfigError(f"The tokens of {self.account} are damaged.", hint=hint) from error

    def write(self, tokens: Tokens) -> None:
        """Keep tokens.

        Raises:
            StoreError: they cannot be written.
        """
        self._secrets.store(self.account, json.dumps(asdict(tokens)), OAUTH)

    def begin(self, grant: Grant, now: float) -> None:
        """Keep what a new consent brought, in place of all there was.

        Raises:
            StoreError: it cannot be written.
        """
        with self.lock():
            try:
                before = self.read()
            except ConfigError:
                before = NOTHING
            self.write(replace(before.renewed(grant, now), consented_at=now))

    def forget(self) -> None:
        """Delete tokens and client secret."""
        for name in (OAUTH, OAUTH_CLIENT_SECRET):
            self._secrets.delete(self.account, name)
        self._lock_file.unlink(missing_ok=True)

    @contextmanager
    def lock(
        self,
        timeout_s: float = LOCK_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[None]:
        """Hold the account's tokens, against other threads and other processes.

        Raises:
            Unreachable: somebody else has held them for too long.
            StoreError: the lock's file cannot be made.
        """
        gives_up_at = clock() + timeout_s
        with self._opened() as descriptor:
            while not _take(descriptor):
                if clock() > gives_up_at:
                    hint = "If another Cyrano hangs, stop it."
                    raise Unreachable(f"The tokens of {self.account} are being renewed elsewhere.", hint=hint)
                sleep(_LOOK_EVERY_S)
            yield

    @contextmanager
    def _opened(self) -> Iterator[int]:
        # A descriptor of its own for everybody who asks: the lock belongs to that, not to the process.
        try:
            self._lock_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "Check that this user may write there and that the disk is not full."
            raise StoreError(f"{self._lock_file} cannot be made: {error.strerror}.", hint=hint) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
