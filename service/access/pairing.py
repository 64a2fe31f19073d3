"""Pairing: a code of six digits, shown on this machine, lets one browser in.

The rules this module keeps:
1. One code lives at a time, for two minutes, for five tries, and for one use. The database counts, so that this holds
   for all threads and processes together.
2. A try is taken off before the code is compared: however many ask at once, five guesses are all there are.
3. Wrong, used, run out and never made are the same refusal. Which it was is told only where the code was shown.
4. What a code opens is decided where it is made; whoever shows it gets tokens that draft, bound to its origin.
5. Pairing takes no token away. Chrome gives an extension the same origin in every profile and on every machine: tokens
   of one origin may be several browsers'. A browser that pairs again gives its old ones back itself.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from connectors import schema
from connectors.clock import now_utc
from connectors.schema import pairing as table
from service.access.scopes import Scope
from service.access.tokens import new_token
from service.problems import PairingRefused

DIGITS = 6
GOOD_FOR = timedelta(minutes=2)
TRIES = 5
_USED = -1
"""What `tries_left` says once a code was used."""
_NEWEST = select(table).order_by(table.c.expires_at.desc()).limit(1)
"""Two who make a code at the same moment may leave two rows: the newer one is the code."""


class State(StrEnum):
    """How a code stands."""

    LIVE = "live"
    USED = "used"
    TRIED = "tried"
    """It was guessed at until no try was left."""
    OVER = "over"
    """Its time ran out."""
    REPLACED = "replaced"
    """A newer one took its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code as it was made. `key` names it without giving it away."""

    code: str
    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """An account that was opened, and the token for it."""

    account: str
    token: str


class Pairings:
    """The table that holds the code."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime] = now_utc,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._draw = draw

    def make(self, accounts: Sequence[str]) -> Code:
        """Make a code that opens accounts; the one before, if any, is good no more."""
        code, salt = f"{self._draw(10**DIGITS):0{DIGITS}}", secrets.token_hex(16)
        made = Code(code=code, key=_hash(salt, code), expires_at=self._clock() + GOOD_FOR)
        row = {"code_hash": made.key, "salt": salt, "accounts": list(dict.fromkeys(accounts))}
        with self._engine.begin() as connection:
            connection.execute(delete(table))
            connection.execute(insert(table).values(**row, expires_at=made.expires_at, tries_left=TRIES))
        return made

    def redeem(self, code: str, *, origin: str, label: str) -> Sequence[Paired]:
        """Use a code, and return a new token for each account it opens.

        Raises:
            PairingRefused: it is not the one, or not any more.
        """
        opened = self._open(code.strip().replace(" ", ""), origin, label)
        if not opened:
            hint = "Make a new one: cyrano pair, or “Pair a browser” in the console. It is good for two minutes."
            raise PairingRefused("This code is not good, or not any more.", hint=hint)
        return opened

    def state(self, key: str) -> State:
        """Say how the code of a key stands."""
        with self._engine.connect() as connection:
            row = connection.execute(_NEWEST).first()
        if row is None or row.code_hash != key:
            return State.REPLACED
        if row.tries_left <= 0:
            return State.USED if row.tries_left == _USED else State.TRIED
        return State.LIVE if self._clock() < row.expires_at else State.OVER

    def drop(self, account: str) -> None:
        """Drop the code if it opens an account, which is to go."""
        with self._engine.begin() as connection:
            for row in connection.execute(select(table)).all():
                if account in row.accounts:
                    connection.execute(delete(table).where(table.c.code_hash == row.code_hash))

    def _open(self, code: str, origin: str, label: str) -> Sequence[Paired]:
        if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
            return ()  # no guess: it costs no try
        now = self._clock()
        # Committed whatever comes of it: a try that was taken off stays so.
        with self._engine.begin() as connection:
            row = self._take_try(connection, now)
            if row is None or not hmac.compare_digest(row.code_hash, _hash(row.salt, code)):
                return ()
            connection.execute(update(table).where(table.c.code_hash == row.code_hash).values(tries_left=_USED))
            return [_let_in(connection, name, origin, label, now) for name in _still_there(connection, row.accounts)]

    def _take_try(self, connection: Connection, now: datetime) -> Row[Any] | None:
        """Take a try off the code, and return it; None where there is no code that can be tried."""
        row = connection.execute(_NEWEST).first()
        if row is None:
            return None
        # What was read may have changed meanwhile. The update looks again, and holds the row to the end of this
        # transaction: whoever asks at the same time waits here, and finds what we leave.
        is_live = (table.c.code_hash == row.code_hash) & (table.c.tries_left > 0) & (table.c.expires_at > now)
        taken = connection.execute(update(table).where(is_live).values(tries_left=table.c.tries_left - 1))
        return row if taken.rowcount else None


def _still_there(connection: Connection, accounts: Sequence[str]) -> Sequence[str]:
    found = set(connection.execute(select(schema.account.c.name).where(schema.account.c.name.in_(accounts))).scalars())
    return [name for name in accounts if name in found]


def _let_in(connection: Connection, account: str, origin: str, label: str, now: datetime) -> Paired:
    made, row = new_token(account, label, scopes=[Scope.DRAFT], origin=origin, now=now)
    connection.execute(insert(schema.token).values(row))
    return Paired(account=account, token=made)


def _hash(salt: str, code: str) -> str:
    return hashlib.sha256(f"{salt}{code}".encode()).hexdigest()
