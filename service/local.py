"""The token of this machine's own command line and console link, kept in a file only the owner can read."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.access.tokens import Tokens
from service.problems import NotAllowed

LABEL = "this machine"


def local_token(home: Path, tokens: Tokens, account: str) -> str:
    """Return the account's token for this machine; make one where there is none that still holds."""
    path = _file(home, account)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(path.parent):
        if path.exists():
            token = path.read_text(encoding="ascii")
            with suppress(NotAllowed):
                tokens.check(f"Bearer {token}")
                return token
        tokens.revoke(account, LABEL)
        token = tokens.create(account, LABEL)
        path.touch(mode=0o600)
        path.write_text(token, encoding="ascii")
    return token


def forget_local_token(home: Path, account: str) -> None:
    """Delete the account's token of this machine, if there is one."""
    _file(home, account).unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one thread or process at a time look and make: the one that came second would revoke the first one's."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _file(home: Path, account: str) -> Path:
    return home / "run" / "tokens" / account
