"""The archive: every mail that was synced, what was judged of it, and how far the sync has come.

The rules this module keeps:
1. A cursor moves in the transaction that stores the mail before it, or not at all.
2. A mail is stored once, by (account, Message-ID); storing it again changes nothing, so an excluded one stays so.
3. Every change names its account, save one: a lost index is lost for all.

What it is asked, and the rules for that, stand in `archive_reader.py`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Engine, Table, delete, update
from sqlalchemy.exc import IntegrityError

from connectors import schema
from connectors.account import AccountRecord
from connectors.archive_queries import key_of
from connectors.archive_reader import ArchiveReader, no_account, pages
from connectors.database import open_database
from connectors.errors import UsageError
from connectors.instruction import Instruction
from connectors.message import ArchivedEmail
from connectors.rows import row_of_account, row_of_mail
from connectors.upsert import insert_into

_account, _message, _instruction = schema.account, schema.message, schema.instruction


class ArchiveSettings(BaseModel):
    """Where the archive lies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    """A SQLAlchemy URL, such as "postgresql+psycopg://cyrano@db/cyrano"; empty for a file in the home folder."""


class Archive(ArchiveReader):
    """The mail store. Threads may share it."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(engine)
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

    def change_settings(self, name: str, settings: Mapping[str, str | int | bool]) -> None:
        """Replace the settings of an account.

        Raises:
            UsageError: there is none.
        """
        with self.engine.begin() as connection:
            statement = update(_account).where(_account.c.name == name).values(settings=dict(settings))
            if not connection.execute(statement).rowcount:
                raise no_account(name)

    def remove_account(self, name: str) -> None:
        """Forget an account and everything that was kept for it.

        Raises:
            UsageError: there is none.
        """
        with self.engine.begin() as connection:
            if not connection.execute(delete(_account).where(_account.c.name == name)).rowcount:
                raise no_account(name)

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
                connection.execute(insert_into(schema.unfound, self.engine).on_conflict_do_nothing(), missing)
            if cursor is not None:
                row = {"account": account, "value": cursor, "moved_at": self._clock()}
                self._upsert(connection, schema.cursor, [row])
        return new

    def quarantine(self, account: str, ref: str, reason: str, raw: bytes) -> None:
        """Put aside a message that could not be read.

        Raises:
            UsageError: there is no such account.
        """
        row = {"account": account, "ref": ref, "reason": reason, "raw": raw, "found_at": self._clock()}
        with self._writing(account) as connection:
            self._upsert(connection, schema.quarantine, [row])

    # What changes mail that is stored

    def set_signature(self, account: str, signature: str, rewritten: Iterable[ArchivedEmail]) -> None:
        """Remember the signature block and replace the mails it was cut off from, all in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(update(_account).where(_account.c.name == account).values(signature=signature))
            for mail in rewritten:
                row = row_of_mail(mail) | ({"is_indexed": False} if mail.kept else {})
                connection.execute(update(_message).where(*key_of(account, mail.email.message_id)).values(row))

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

    def mark_indexed(self, account: str, message_ids: Collection[str], *, is_indexed: bool = True) -> None:
        """Note that these mails are in the index, or are not."""
        with self.engine.begin() as connection:
            for page in pages(list(message_ids)):
                statement = update(_message).where(_message.c.account == account, _message.c.message_id.in_(page))
                connection.execute(statement.values(is_indexed=is_indexed))

    def forget_index(self) -> None:
        """Note that no mail of any account is in the index: it is to be built anew."""
        with self.engine.begin() as connection:
            connection.execute(update(_message).values(is_indexed=False))

    # Instructions

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

    # Inside

    @contextmanager
    def _writing(self, account: str) -> Iterator[Connection]:
        """Begin a transaction for rows of an account, which somebody may just have removed."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            raise no_account(account) from error

    def _insert_new(self, connection: Connection, mails: Sequence[ArchivedEmail]) -> int:
        rows: dict[str, dict[str, Any]] = {}
        for mail in mails:
            rows.setdefault(mail.email.message_id, row_of_mail(mail))
        if not rows:
            return 0
        insert = insert_into(_message, self.engine)
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
        insert = insert_into(table, self.engine)
        key = [column.name for column in table.primary_key]
        fresh = {column.name: insert.excluded[column.name] for column in table.c if column.name not in key}
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=fresh), rows)
