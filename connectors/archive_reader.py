"""What the archive is asked, apart from what changes it.

The rules this module keeps:
1. Every query names its account.
2. What the owner received and answered stands apart: `get` and `received` show it, and nothing else does.
3. No question changes anything.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, select

from connectors import schema
from connectors.account import AccountRecord
from connectors.archive_queries import (
    LEARNED,
    SENT,
    changed_drafts,
    instructions_for,
    mails_of,
    missing_parents,
    newest_learned,
)
from connectors.errors import UsageError
from connectors.instruction import Instruction
from connectors.message import ArchivedEmail
from connectors.rows import account_of_row, mail_of_row

_PAGE = 500

_account, _message = schema.account, schema.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much an account's archive holds."""

    total: int
    kept: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDraft:
    """What had been drafted where its owner sent something else."""

    message_id: str
    """Of the mail that was sent."""
    text: str
    """As it was drafted."""
    instruction: str
    """What its owner asked for; "" where it was drafted from a thread alone."""


class ArchiveReader:
    """The mail store, to be looked into. Threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # Accounts

    def accounts(self) -> list[AccountRecord]:
        """Return all accounts, by name."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(_account).order_by(_account.c.name)).mappings()
            return [account_of_row(row) for row in rows]

    def account(self, name: str) -> AccountRecord:
        """Return the account of that name.

        Raises:
            UsageError: there is none.
        """
        with self.engine.connect() as connection:
            row = connection.execute(select(_account).where(_account.c.name == name)).mappings().first()
        if row is None:
            raise no_account(name)
        return account_of_row(row)

    # How far the sync has come

    def cursor(self, account: str) -> str | None:
        """Return how far the sync has come, or None before the first one."""
        with self.engine.connect() as connection:
            return connection.execute(
                select(schema.cursor.c.value).where(schema.cursor.c.account == account)
            ).scalar_one_or_none()

    def quarantined(self, account: str) -> list[tuple[str, str]]:
        """Return (ref, reason) of every message put aside."""
        columns = schema.quarantine.c
        with self.engine.connect() as connection:
            query = select(columns.ref, columns.reason).where(columns.account == account).order_by(columns.ref)
            return [(ref, reason) for ref, reason in connection.execute(query)]

    def known_ids(self, account: str, message_ids: Collection[str]) -> set[str]:
        """Return which of these sent mails the archive holds."""
        return self._known(account, _message.c.message_id, message_ids, SENT)

    def known_server_ids(self, account: str, server_ids: Collection[str]) -> set[str]:
        """Return which of these sent mails the archive holds, by the mailbox's own ids."""
        return self._known(account, _message.c.server_id, server_ids, SENT)

    def missing_parents(self, account: str, *, newest: int) -> list[str]:
        """Return the ids of the mails that the newest replies learned from answer, as far as they were never sought."""
        with self.engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(missing_parents(account, newest)).scalars()))

    def known_texts(self, account: str, text_hashes: Collection[str]) -> set[str]:
        """Return which of these texts the archive holds in a mail that was judged worth learning from."""
        is_worth = _message.c.kept | _message.c.is_excluded
        return self._known(account, _message.c.text_hash, text_hashes, is_worth)

    def signature(self, account: str) -> str:
        """Return the account's signature block; "" while none was found."""
        with self.engine.connect() as connection:
            query = select(_account.c.signature).where(_account.c.name == account)
            return connection.execute(query).scalar_one_or_none() or ""

    # Mail

    def mails(self, account: str, *, kept: bool | None = None) -> Iterator[ArchivedEmail]:
        """Yield sent mail, oldest first, undated mail before all; only what is kept, or is not, where asked."""
        conditions = () if kept is None else (LEARNED,) if kept else (~LEARNED,)
        return self._read(mails_of(account, SENT, *conditions))

    def texts(self, account: str, *, newest: int | None = None) -> Iterator[str]:
        """Yield the texts that are learned from, the newest first; all, or only some."""
        query = newest_learned(account, _message.c.text, newest)
        with self.engine.connect() as connection:
            yield from connection.execution_options(yield_per=_PAGE).execute(query).scalars()

    def signatures(self, account: str, *, newest: int) -> list[str]:
        """Return the signatures of the newest mails that are learned from, the newest first; "" where one has none."""
        with self.engine.connect() as connection:
            return list(connection.execute(newest_learned(account, _message.c.signature, newest)).scalars())

    def get(self, account: str, message_id: str) -> ArchivedEmail | None:
        """Return one mail, sent or received, or None."""
        return next(self._read(mails_of(account, _message.c.message_id == message_id)), None)

    def received(self, account: str) -> Iterator[ArchivedEmail]:
        """Yield the mails that the owner answered, oldest first."""
        return self._read(mails_of(account, _message.c.is_received))

    def count(self, account: str) -> Counts:
        """Count what the archive holds of an account's sent mail."""
        query = select(func.count(), func.count().filter(LEARNED)).where(_message.c.account == account, SENT)
        put_aside = select(func.count()).where(schema.quarantine.c.account == account)
        with self.engine.connect() as connection:
            total, kept = connection.execute(query).one()
            return Counts(total=total, kept=kept, quarantined=connection.execute(put_aside).scalar_one())

    def unindexed(self, account: str) -> Iterator[ArchivedEmail]:
        """Yield the kept mail that is not in the index yet, oldest first."""
        return self._read(mails_of(account, LEARNED, ~_message.c.is_indexed))

    def outdated(self, account: str) -> list[str]:
        """Return the ids of mails that are in the index and not learned from any more."""
        query = select(_message.c.message_id).where(_message.c.account == account, ~LEARNED, _message.c.is_indexed)
        with self.engine.connect() as connection:
            return list(connection.scalars(query))

    # What is learned beside it

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return the instructions for a prompt version and model by Message-ID; those given by a person win."""
        with self.engine.connect() as connection:
            rows = connection.execute(instructions_for(account, prompt_version, model)).mappings()
            return {row["message_id"]: Instruction(**row) for row in rows}

    def pairs(self, account: str) -> list[ChangedDraft]:
        """Return the drafts that their owner changed and sent as mail that is learned from, oldest first."""
        with self.engine.connect() as connection:
            return [ChangedDraft(**row) for row in connection.execute(changed_drafts(account)).mappings()]

    # Inside

    def _read(self, query: Select[Any]) -> Iterator[ArchivedEmail]:
        with self.engine.connect() as connection:
            rows = connection.execution_options(yield_per=_PAGE).execute(query).mappings()
            yield from map(mail_of_row, rows)

    def _known(
        self, account: str, column: ColumnElement[str], values: Collection[str], *conditions: ColumnElement[bool]
    ) -> set[str]:
        found: set[str] = set()
        with self.engine.connect() as connection:
            for page in pages(list(values)):
                query = select(column).where(_message.c.account == account, column.in_(page), *conditions)
                found.update(connection.execute(query).scalars())
        return found


def pages(values: list[str]) -> Iterator[list[str]]:
    """Part values into so many as one statement can hold."""
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))


def no_account(name: str) -> UsageError:
    """Make the error of a name that no account has."""
    return UsageError(f'There is no account "{name}".', hint="List them with: cyrano account list")
