"""The archive: every mail that was synced, what was judged of it, and how far the sync has come.

The rules this module keeps:
1. A cursor moves in the transaction that stores the mail before it, or not at all.
2. A mail is stored once, by (account, Message-ID); storing it again changes nothing, so an excluded one stays so.
3. Every query names its account.
4. What the owner received and answered stands apart: `get` and `received` show it, and nothing else does.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from connectors import schema
from connectors.account import AccountRecord
from connectors.archive_queries import (
    GIVEN,
    LEARNED,
    SENT,
    changed_drafts,
    instructions_for,
    key_of,
    mails_of,
    missing_parents,
    newest_learned,
)
from connectors.database import open_database
from connectors.errors import UsageError
from connectors.message import ArchivedEmail
from connectors.rows import account_of_row, mail_of_row, row_of_account, row_of_mail

__all__ = ["GIVEN", "Archive", "ArchiveSettings", "ChangedDraft", "Counts", "Instruction"]

_PAGE = 500

_account, _message, _instruction = schema.account, schema.message, schema.instruction


class ArchiveSettings(BaseModel):
    """Where the archive lies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    """A SQLAlchemy URL, such as "postgresql+psycopg://cyrano@db/cyrano"; empty for a file in the home folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much an account's archive holds."""

    total: int
    kept: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """The words that would have led to a mail, and where they came from: "model", "extract" or "given"."""

    message_id: str
    text: str
    source: str
    asked: str = ""
    """A digest of the question that it answers, where a model was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDraft:
    """What had been drafted where its owner sent something else."""

    message_id: str
    """Of the mail that was sent."""
    text: str
    """As it was drafted."""
    instruction: str
    """What its owner asked for; "" where it was drafted from a thread alone."""


class Archive:
    """The mail store. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.engine = engine
        self._clock = clock

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the archive at a SQLAlchemy URL, making it or bringing it up to date where needed.

        Raises:
            StoreError: it cannot be opened.
        """
        return cls(open_database(url))

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Accounts

    def add_account(self, record: AccountRecord) -> None:
        """Remember an account.

        Raises:
            UsageError: there is one of that name.
        """
        try:
            with self.engine.begin() as connection:
                connection.execute(_account.insert(), row_of_account(record))
        except IntegrityError as error:
            hint = f"Take another name, or remove it first: cyrano account remove {record.name}"
            raise UsageError(f'There is already an account "{record.name}".', hint=hint) from error

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
            raise _no_account(name)
        return account_of_row(row)

    def change_settings(self, name: str, settings: Mapping[str, str | int | bool]) -> None:
        """Replace the settings of an account.

        Raises:
            UsageError: there is none.
        """
        with self.engine.begin() as connection:
            statement = update(_account).where(_account.c.name == name).values(settings=dict(settings))
            if not connection.execute(statement).rowcount:
                raise _no_account(name)

    def remove_account(self, name: str) -> None:
        """Forget an account and everything that was kept for it.

        Raises:
            UsageError: there is none.
        """
        with self.engine.begin() as connection:
            if not connection.execute(delete(_account).where(_account.c.name == name)).rowcount:
                raise _no_account(name)

    # Sync

    def store(
        self, account: str, mails: Sequence[ArchivedEmail], cursor: str | None, *, unfound: Collection[str] = ()
    ) -> int:
        """Store mails, then move the cursor there unless it is None, in one transaction; return how many were new.

        Args:
            account: Whose mail it is.
            mails: The mails.
            cursor: How far the sync has come with them.
            unfound: The ids of mails the owner answered that the mailbox does not hold, so as not to look again.

        Raises:
            UsageError: there is no such account.
        """
        with self._writing(account) as connection:
            new = self._insert_new(connection, mails)
            if unfound:
                missing = [{"account": account, "message_id": message_id} for message_id in unfound]
                connection.execute(self._insert(schema.unfound).on_conflict_do_nothing(), missing)
            if cursor is not None:
                row = {"account": account, "value": cursor, "moved_at": self._clock()}
                self._upsert(connection, schema.cursor, [row])
        return new

    def cursor(self, account: str) -> str | None:
        """Return how far the sync has come, or None before the first one."""
        with self.engine.connect() as connection:
            return connection.execute(
                select(schema.cursor.c.value).where(schema.cursor.c.account == account)
            ).scalar_one_or_none()

    def quarantine(self, account: str, ref: str, reason: str, raw: bytes) -> None:
        """Put aside a message that could not be read.

        Raises:
            UsageError: there is no such account.
        """
        row = {"account": account, "ref": ref, "reason": reason, "raw": raw, "found_at": self._clock()}
        with self._writing(account) as connection:
            self._upsert(connection, schema.quarantine, [row])

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

    # The signature that repeats under the owner's mail

    def signature(self, account: str) -> str:
        """Return the account's signature block; "" while none was found."""
        with self.engine.connect() as connection:
            query = select(_account.c.signature).where(_account.c.name == account)
            return connection.execute(query).scalar_one_or_none() or ""

    def set_signature(self, account: str, signature: str, rewritten: Iterable[ArchivedEmail]) -> None:
        """Remember the signature block and replace the mails it was cut off from, all in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(update(_account).where(_account.c.name == account).values(signature=signature))
            for mail in rewritten:
                row = row_of_mail(mail) | ({"is_indexed": False} if mail.kept else {})
                connection.execute(update(_message).where(*key_of(account, mail.email.message_id)).values(row))

    # Reading

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

    def exclude(self, account: str, message_id: str) -> None:
        """Take a mail out of what is learned from, for good. In the index it is outdated from then on.

        Raises:
            UsageError: there is no such mail.
        """
        with self.engine.begin() as connection:
            statement = update(_message).where(*key_of(account, message_id)).values(is_excluded=True)
            if not connection.execute(statement).rowcount:
                hint = f"List the ids with: cyrano export --all --account {account}"
                raise UsageError(f'The account "{account}" holds no mail <{message_id}>.', hint=hint)

    # Index

    def unindexed(self, account: str) -> Iterator[ArchivedEmail]:
        """Yield the kept mail that is not in the index yet, oldest first."""
        return self._read(mails_of(account, LEARNED, ~_message.c.is_indexed))

    def outdated(self, account: str) -> list[str]:
        """Return the ids of mails that are in the index and not learned from any more."""
        query = select(_message.c.message_id).where(_message.c.account == account, ~LEARNED, _message.c.is_indexed)
        with self.engine.connect() as connection:
            return list(connection.scalars(query))

    def mark_indexed(self, account: str, message_ids: Collection[str], *, is_indexed: bool = True) -> None:
        """Note that these mails are in the index, or are not."""
        with self.engine.begin() as connection:
            for page in _pages(list(message_ids)):
                statement = update(_message).where(_message.c.account == account, _message.c.message_id.in_(page))
                connection.execute(statement.values(is_indexed=is_indexed))

    def forget_index(self) -> None:
        """Note that no mail of any account is in the index: it is to be built anew."""
        with self.engine.begin() as connection:
            connection.execute(update(_message).values(is_indexed=False))

    # Instructions

    def instructions(self, account: str, prompt_version: str, model: str) -> dict[str, Instruction]:
        """Return the instructions for a prompt version and model by Message-ID; those given by a person win."""
        with self.engine.connect() as connection:
            rows = connection.execute(instructions_for(account, prompt_version, model)).mappings()
            return {row["message_id"]: Instruction(**row) for row in rows}

    def store_instructions(
        self, account: str, prompt_version: str, model: str, instructions: Sequence[Instruction]
    ) -> None:
        """Keep instructions made by a model for a prompt version; newer ones replace older ones.

        Raises:
            UsageError: there is no such account.
        """
        rows = [
            {
                "account": account,
                "message_id": each.message_id,
                "prompt_version": prompt_version,
                "model": model,
                "text": each.text,
                "source": each.source,
                "asked": each.asked,
            }
            for each in instructions
        ]
        with self._writing(account) as connection:
            self._upsert(connection, _instruction, rows)

    def pairs(self, account: str) -> list[ChangedDraft]:
        """Return the drafts that their owner changed and sent as mail that is learned from, oldest first."""
        with self.engine.connect() as connection:
            return [ChangedDraft(**row) for row in connection.execute(changed_drafts(account)).mappings()]

    # Inside

    @contextmanager
    def _writing(self, account: str) -> Iterator[Connection]:
        """Begin a transaction for rows of an account, which somebody may just have removed."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            raise _no_account(account) from error

    def _read(self, query: Select[Any]) -> Iterator[ArchivedEmail]:
        with self.engine.connect() as connection:
            rows = connection.execution_options(yield_per=_PAGE).execute(query).mappings()
            yield from map(mail_of_row, rows)

    def _known(
        self, account: str, column: ColumnElement[str], values: Collection[str], *conditions: ColumnElement[bool]
    ) -> set[str]:
        found: set[str] = set()
        with self.engine.connect() as connection:
            for page in _pages(list(values)):
                query = select(column).where(_message.c.account == account, column.in_(page), *conditions)
                found.update(connection.execute(query).scalars())
        return found

    def _insert_new(self, connection: Connection, mails: Sequence[ArchivedEmail]) -> int:
        rows: dict[str, dict[str, Any]] = {}
        for mail in mails:
            rows.setdefault(mail.email.message_id, row_of_mail(mail))
        if not rows:
            return 0
        insert = self._insert(_message)
        # A mail that was fetched because the owner answered it, and now turns out to be sent by them, is theirs.
        insert = insert.on_conflict_do_update(
            index_elements=["account", "message_id"],
            set_={name: insert.excluded[name] for name in next(iter(rows.values()))},
            where=_message.c.is_received & ~insert.excluded.is_received,
        )
        return len(connection.execute(insert.returning(_message.c.message_id), list(rows.values())).all())

    def _upsert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        insert = self._insert(table)
        key = [column.name for column in table.primary_key]
        fresh = {column.name: insert.excluded[column.name] for column in table.c if column.name not in key}
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=fresh), rows)

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return postgresql.insert(table) if self.engine.dialect.name == "postgresql" else sqlite.insert(table)


def _pages(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))


def _no_account(name: str) -> UsageError:
    return UsageError(f'There is no account "{name}".', hint="List them with: cyrano account list")
