"""Who may ask: tokens per account, and the names this service answers to.

The rules this module keeps:
1. A token opens one account. It is shown once, when it is made; only its sha256 is kept.
2. A request that does not name this very service as its host is refused: a page of another site that has its name
   point at this machine (DNS rebinding) gets nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Engine, delete, insert, select, update

from connectors.schema import token as table
from service.problems import NotAllowed, WrongHost

PREFIX = "cyr_"
USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every request costs a write."""

_HINT = "Make one: cyrano token create --label browser. Send it as: Authorization: Bearer cyr_…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request may do: draft for `account`. `token_id` tells tokens apart without giving them away."""

    account: str
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is listed; the token itself is not kept."""

    account: str
    label: str
    created_at: datetime
    used_at: datetime | None


def _now() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """The table of tokens."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _now) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, account: str, label: str) -> str:
        """Make a token for an account; this is the only time it can be seen."""
        token = PREFIX + secrets.token_urlsafe(32)
        row = {"token_hash": _hash(token), "account": account, "label": label, "created_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(row))
        return token

    def check(self, header: str | None) -> Access:
        """Return what the value of an Authorization header allows.

        Raises:
            NotAllowed: there is none, or no token we know.
        """
        scheme, _, token = (header or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAllowed("This needs a token.", hint=_HINT)
        # The lookup is by hash: how long it takes tells nothing about the tokens that exist.
        token_id = _hash(token.strip())
        with self._engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.token_hash == token_id)).one_or_none()
        if row is None or not hmac.compare_digest(row.token_hash, token_id):
            raise NotAllowed("This token is not known, or was revoked.", hint=_HINT)
        self._note_use(token_id, row.used_at)
        return Access(account=row.account, token_id=token_id)

    def list(self) -> list[TokenRow]:
        """Return all tokens, oldest first."""
        columns = (table.c.account, table.c.label, table.c.created_at, table.c.used_at)
        with self._engine.begin() as connection:
            rows = connection.execute(select(*columns).order_by(table.c.created_at))
            return [TokenRow(**row._asdict()) for row in rows]

    def revoke(self, account: str, label: str) -> int:
        """Revoke an account's tokens of a label; return how many there were."""
        these = (table.c.account == account) & (table.c.label == label)
        with self._engine.begin() as connection:
            return connection.execute(delete(table).where(these)).rowcount

    def _note_use(self, token_id: str, used_at: datetime | None) -> None:
        now = self._clock()
        if used_at is None or now - used_at >= USE_NOTED_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(table).where(table.c.token_hash == token_id).values(used_at=now))


def check_host(host: str, allowed: Collection[str], port: int) -> None:
    """Refuse a Host header that names another service.

    Args:
        host: The header's value, such as "127.0.0.1:8380" or "[::1]:8380".
        allowed: Names without port (good with our port, or with none), or with the one port they are good with.
        port: The port we listen on.

    Raises:
        WrongHost: it is not among them.
    """
    name, given = _split(host)
    for entry in allowed:
        entry_name, entry_port = _split(entry)
        if name and name == entry_name and given in ({entry_port} if entry_port else {None, port}):
            return
    raise WrongHost(
        "This service does not go by that name.",
        hint=f"Use http://127.0.0.1:{port}, or add the name to [http] allowed_hosts in cyrano.toml.",
    )


def _split(host: str) -> tuple[str, int | None]:
    """Part name and port; ("", None) for what is no host."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return "", None
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in host)
    return (parts.hostname or "", port) if is_plain else ("", None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
