"""The token of this machine's own command line and console link, kept in a file only the owner can read."""

from contextlib import suppress
from pathlib import Path

from service.auth import Tokens
from service.problems import NotAllowed

LABEL = "this machine"


def local_token(home: Path, tokens: Tokens, account: str) -> str:
    """Return the account's token for this machine; make one where there is none that still holds."""
    path = _file(home, account)
    if path.exists():
        token = path.read_text(encoding="ascii")
        with suppress(NotAllowed):
            tokens.check(f"Bearer {token}")
            return token
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    tokens.revoke(account, LABEL)
    token = tokens.create(account, LABEL)
    path.touch(mode=0o600)
    path.write_text(token, encoding="ascii")
    return token


def forget_local_token(home: Path, account: str) -> None:
    """Delete the account's token of this machine, if there is one."""
    _file(home, account).unlink(missing_ok=True)


def _file(home: Path, account: str) -> Path:
    return home / "run" / "tokens" / account
