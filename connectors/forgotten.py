"""What was forgotten, and how it is known again when a mailbox still holds it.

The rule this module keeps: a mark tells nothing of what it stands for. Addresses and ids are digests, under a key made
for the account; the key lies beside them, so that no mark outlives it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain

from sqlalchemy import Connection, Engine, insert, select

from connectors import schema
from connectors.message import Email

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'=/]+@[^\s<>()\[\]:;,\"'=/]+[^\s<>()\[\]:;,\"'=/.!?]")


class Mark(StrEnum):
    """What stands in `forgotten`."""

    KEY = "key"
    ADDRESS = "address"
    MESSAGE = "message"
    BEFORE = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to forget: one of the three."""

    address: str = ""
    """Lower case."""
    message_id: str = ""
    """Without angle brackets."""
    before: datetime | None = None
    """Mail sent earlier goes; mail without a date stays."""

    def hides(self, email: Email) -> bool:
        """Tell whether a mail is to be forgotten."""
        return _hides(email, self.address.__eq__, self.message_id.__eq__, self.before, looks=bool(self.address))


def forgotten(engine: Engine, account: str) -> Callable[[Email], bool]:
    """Return what tells whether a mail is one that its owner forgot."""
    marks = _read(engine, account)
    before = max(map(datetime.fromisoformat, marks.known[Mark.BEFORE]), default=None)

    def hides(email: Email) -> bool:
        return _hides(
            email,
            lambda address: marks.has(Mark.ADDRESS, address),
            lambda message_id: marks.has(Mark.MESSAGE, message_id),
            before,
            looks=bool(marks.known[Mark.ADDRESS]),
        )

    return hides


def cut_forgotten(engine: Engine, account: str) -> Callable[[Email], Email]:
    """Return what takes out of a mail all that repeats a forgotten message it answers: what it quotes, and the ids."""
    marks = _read(engine, account)

    def cut(email: Email) -> Email:
        if not marks.known[Mark.MESSAGE]:
            return email
        gone = {each for each in {email.in_reply_to, *email.references} if marks.has(Mark.MESSAGE, each)}
        return without_quotes(email, gone) if gone else email

    return cut


def without_quotes(email: Email, ids: Collection[str]) -> Email:
    """Return a mail without what it quotes, and without these ids."""
    references = tuple(each for each in email.references if each not in ids)
    in_reply_to = "" if email.in_reply_to in ids else email.in_reply_to
    return replace(email, quoted="", references=references, in_reply_to=in_reply_to)


@dataclass(frozen=True, slots=True)
class _Marks:
    """An account's marks."""

    known: Mapping[str, Collection[str]]

    def has(self, kind: Mark, value: str) -> bool:
        """Tell whether a value is marked."""
        marked = self.known[kind]
        return bool(marked) and any(_digest(key.encode(), value) in marked for key in self.known[Mark.KEY])


def _read(engine: Engine, account: str) -> _Marks:
    marks = schema.forgotten.c
    with engine.connect() as connection:
        rows = connection.execute(select(marks.kind, marks.value).where(marks.account == account)).all()
    return _Marks({kind: {row.value for row in rows if row.kind == kind} for kind in Mark})


def mark(connection: Connection, account: str, scope: Scope, now: datetime) -> None:
    """Note, in the transaction that takes it out, what is forgotten."""
    marks = schema.forgotten
    of_account = select(marks.c.kind, marks.c.value).where(marks.c.account == account)
    known = {(row.kind, row.value) for row in connection.execute(of_account)}
    key = min((value for kind, value in known if kind == Mark.KEY), default=secrets.token_hex(32))
    wanted = {(Mark.KEY, key)}
    if scope.address:
        wanted.add((Mark.ADDRESS, _digest(key.encode(), scope.address)))
    if scope.message_id:
        wanted.add((Mark.MESSAGE, _digest(key.encode(), scope.message_id)))
    if scope.before:
        wanted.add((Mark.BEFORE, scope.before.isoformat()))
    for kind, value in wanted - known:
        row = {"account": account, "kind": kind, "value": value, "forgotten_at": now}
        connection.execute(insert(marks).values(row))


def _hides(
    email: Email,
    is_address: Callable[[str], bool],
    is_message: Callable[[str], bool],
    before: datetime | None,
    *,
    looks: bool,
) -> bool:
    if is_message(email.message_id) or (before and email.sent_at and email.sent_at < before):
        return True
    return looks and any(is_address(address) for address in _addresses(email))


def _addresses(email: Email) -> Iterator[str]:
    """Yield every address a mail names, wherever it does."""
    people = chain([email.sender], email.to, email.cc, email.bcc, email.reply_to)
    yield from {person.addr.lower() for person in people}
    for passage in (email.subject, email.text, email.quoted, email.signature, *email.attachments):
        yield from addresses_in(passage)


def addresses_in(passage: str) -> Iterator[str]:
    """Yield the mail addresses that stand in a text, lower case."""
    if "@" in passage:
        yield from (match[0].lower() for match in _ADDRESS.finditer(passage))


def _digest(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
