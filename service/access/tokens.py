"""Tokens: who may ask, for which account, and for what.

The rules this module keeps:
1. A token opens one account. It is shown once, when it is made; only its sha256 is kept.
2. A token of a paired browser is bound to that extension's origin (`service.access.origins`).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from connectors.clock import now_utc
from connectors.schema import token as table
from service.access.origins import is_extension
from service.access.scopes import ALL, Scope, read_scopes
from service.problems import NotAllowed

PREFIX = "cyr_"
USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every request costs a write."""
HANDLE = 16
"""Letters of a token's id by which its owner names it."""

_HINT = (
    "Make one: cyrano token create --label NAME. Send it as: Authorization: Bearer cyr_…"
    " The extension in a browser is paired instead: cyrano pair"
)
_A_HANDLE = re.compile(rf"[0-9a-f]{{{HANDLE},64}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request may do for `account`. `token_id` tells tokens apart without giving them away."""

    account: str
    token_id: str
    label: str = ""
    scopes: frozenset[Scope] = frozenset(ALL)
    origin: str = ""
    """The extension that alone may show the token; "" is the console, or any program."""

    @property
    def handle(self) -> str:
        """By what its owner names the token."""
        return self.token_id[:HANDLE]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is listed; the token itself is not kept."""

    account: str
    label: str
    handle: str
    scopes: tuple[Scope, ...]
    origin: str
    created_at: datetime
    used_at: datetime | None

    @property
    def kind(self) -> str:
        """Who may show it."""
        return {"chrome-extension": "Chrome", "moz-extension": "Firefox"}.get(self.origin.partition(":")[0], "")


class Tokens:
    """The table of tokens."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, account: str, label: str, *, scopes: Collection[Scope] = ALL, origin: str = "") -> str:
        """Make a token for an account; this is the only time it can be seen."""
        token, row = new_token(account, label, scopes=scopes, origin=origin, now=self._clock())
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(row))
        return token

    def check(self, header: str | None) -> Access:
        """Return what the value of an Authorization header allows.

        Raises:
            NotAllowed: there is none, or no token we know.
        """
        token = shown_token(header)
        if not token:
            raise NotAllowed("This needs a token.", hint=_HINT)
        # The lookup is by hash: how long it takes tells nothing about the tokens that exist.
        token_id = id_of(token)
        with self._engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.token_hash == token_id)).one_or_none()
        if row is None or not hmac.compare_digest(row.token_hash, token_id):
            raise NotAllowed("This token is not known, or was revoked.", hint=_HINT)
        self._note_use(token_id, row.used_at)
        return Access(
            account=row.account,
            token_id=token_id,
            label=row.label,
            scopes=read_scopes(row.scopes),
            origin=row.origin,
        )

    def is_bound(self, origin: str) -> bool:
        """Tell whether some token is bound to an origin."""
        if not is_extension(origin):
            return False  # whatever pages of other sites call themselves costs no question to the database
        query = select(table.c.token_hash).where(table.c.origin == origin).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def list(self, account: str = "") -> Sequence[TokenRow]:
        """Return all tokens, or those of an account, oldest first."""
        query = select(table).order_by(table.c.created_at, table.c.token_hash)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(table.c.account == account) if account else query)
            return [_read(row) for row in rows]

    def revoke(self, account: str, label: str) -> int:
        """Revoke an account's tokens of a label; return how many there were."""
        return self._delete((table.c.account == account) & (table.c.label == label))

    def revoke_one(self, account: str, handle: str) -> int:
        """Revoke the token of an account that a handle, or its whole id, names; return how many there were."""
        if not _A_HANDLE.fullmatch(handle):
            return 0
        return self._delete((table.c.account == account) & table.c.token_hash.startswith(handle))

    def _delete(self, these: Any) -> int:  # noqa: ANN401  an SQL expression
        with self._engine.begin() as connection:
            return connection.execute(delete(table).where(these)).rowcount

    def _note_use(self, token_id: str, used_at: datetime | None) -> None:
        now = self._clock()
        if used_at is None or now - used_at >= USE_NOTED_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(table).where(table.c.token_hash == token_id).values(used_at=now))


def shown_token(header: str | None) -> str:
    """Return the token that an Authorization header shows, good or not; "" where it shows none."""
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def new_token(
    account: str, label: str, *, scopes: Collection[Scope], origin: str, now: datetime
) -> tuple[str, Mapping[str, Any]]:
    """Return a new token, and its row."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = {
        "token_hash": id_of(token),
        "account": account,
        "label": label,
        "scopes": [scope.value for scope in ALL if scope in scopes],
        "origin": origin,
        "created_at": now,
    }
    return token, row


def _read(row: Row[Any]) -> TokenRow:
    scopes = read_scopes(row.scopes)
    return TokenRow(
        account=row.account,
        label=row.label,
        handle=row.token_hash[:HANDLE],
        scopes=tuple(scope for scope in ALL if scope in scopes),
        origin=row.origin,
        created_at=row.created_at,
        used_at=row.used_at,
    )


def id_of(token: str) -> str:
    """Return by what a token is known without giving it away."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
