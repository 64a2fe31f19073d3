"""Taking a person, a message or old mail out of the database for good.

The rules this module keeps:
1. What is forgotten leaves every table in one transaction, with a mark by which the next sync knows it (`forgotten`).
2. A mail that names a forgotten address anywhere goes as a whole. Of a mail that answers a forgotten message only what
   it quotes goes, and the ids: the rest is its writer's.
3. A draft that goes leaves no row. One that answers other mail, and only leaned on what is forgotten, loses its words
   and keeps its row: that mail gets no second draft. Of a draft on request all changed versions go together.
4. After `shred` no file of the database holds what was deleted.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, and_, delete, select, text, true, update

from connectors import schema
from connectors.errors import StoreBusy
from connectors.forgotten import Scope, addresses_in, mark, without_quotes
from connectors.instruction import GIVEN
from connectors.message import Email
from connectors.rows import mail_of_row

_PAGE = 500
_DATE_HEADER = re.compile(rb"^date:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_GIVEN_UP = "It leaned on mail that was forgotten."


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMail:
    """A mail to be forgotten."""

    message_id: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an account's tables hold of what is to be forgotten."""

    mails: tuple[FoundMail, ...] = ()
    ids: frozenset[str] = frozenset()
    """Of the mails, and of messages that are only named."""
    quoting: tuple[str, ...] = ()
    """Message-IDs of mails that answer one of them, and may quote it."""
    drafts: tuple[str, ...] = ()
    """Ids of drafts that go as a whole."""
    leaning: tuple[str, ...] = ()
    """Ids of drafts whose text goes: they answer other mail and leaned on this."""
    quarantined: tuple[str, ...] = ()

    @property
    def touched(self) -> frozenset[str]:
        """Message-IDs of all mails of which something goes: what learned from one of them is tainted."""
        return self.ids.union(self.quoting)


def find(engine: Engine, account: str, scope: Scope) -> Found:
    """Look for what an account holds of what is to be forgotten."""
    with engine.connect() as connection:
        mails = tuple(
            FoundMail(message_id=email.message_id, sent_at=email.sent_at)
            for email in _mails(connection, account)
            if scope.hides(email)
        )
        ids = frozenset(mail.message_id for mail in mails) | ({scope.message_id} - {""})
        quoting = tuple(email.message_id for email in _mails(connection, account) if _answers(email, ids))
        drafts, leaning = _find_drafts(connection, account, scope, ids)
        return Found(
            mails=mails,
            ids=ids,
            quoting=tuple(message_id for message_id in quoting if message_id not in ids),
            drafts=drafts,
            leaning=leaning,
            quarantined=tuple(_find_quarantined(connection, account, scope)),
        )


def erase(engine: Engine, account: str, scope: Scope, found: Found, now: datetime) -> None:
    """Take what was found out of all tables, and mark it as forgotten.

    Raises:
        StoreError: the database failed; nothing was changed.
    """
    with engine.begin() as connection:
        _overwrite_what_goes(connection)
        mark(connection, account, scope, now)
        for email in list(_mails(connection, account, found.quoting)):
            _cut_quotes(connection, account, email, found.ids)
        is_made = schema.instruction.c.source != GIVEN
        _delete(connection, account, schema.instruction, "message_id", found.quoting, also=is_made)
        for table in (schema.message, schema.instruction, schema.unfound):
            _delete(connection, account, table, "message_id", found.ids)
        _drop_unanswered(connection, account)
        _delete(connection, account, schema.outcome, "sent_id", found.ids)
        _delete(connection, account, schema.draft, "draft_id", found.drafts)
        _delete(connection, account, schema.quarantine, "ref", found.quarantined)
        _blank(connection, account, found, now)


def empty(engine: Engine, account: str) -> None:
    """Take everything out of all tables that is kept for an account. The account itself stays.

    Raises:
        StoreError: the database failed; nothing was changed.
    """
    with engine.begin() as connection:
        _overwrite_what_goes(connection)
        for table in reversed(schema.metadata.sorted_tables):
            if "account" in table.c:
                connection.execute(delete(table).where(table.c.account == account))


def shred(engine: Engine) -> None:
    """Write the database anew, so that none of its files holds what was deleted.

    Raises:
        StoreBusy: another process reads it.
        StoreError: there is no room for it.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text("VACUUM (FULL)"))
            return
        connection.execute(text("VACUUM"))
        is_busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
    if is_busy:
        raise StoreBusy(
            "What was forgotten is deleted, but another process keeps it in the database's files.",
            hint="Stop all of Cyrano, then run the command again.",
        )


def _overwrite_what_goes(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA secure_delete = ON"))


def _answers(email: Email, ids: frozenset[str]) -> bool:
    return email.in_reply_to in ids or not ids.isdisjoint(email.references)


def _mails(connection: Connection, account: str, message_ids: Collection[str] | None = None) -> Iterator[Email]:
    query = select(schema.message).where(schema.message.c.account == account)
    pages = [query] if message_ids is None else [
        query.where(schema.message.c.message_id.in_(page)) for page in _pages(message_ids)
    ]  # fmt: skip
    for page in pages:
        rows = connection.execute(page, execution_options={"yield_per": _PAGE}).mappings()
        yield from (mail_of_row(row).email for row in rows)


def _find_drafts(
    connection: Connection, account: str, scope: Scope, ids: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of drafts that go, and of those whose text goes."""
    gone: list[str] = []
    leaning: list[str] = []
    asked: dict[str, str] = {}
    draft, outcome = schema.draft.c, schema.outcome.c
    joined = select(schema.draft, outcome.sent_id).outerjoin(schema.outcome, outcome.draft_id == draft.draft_id)
    for row in connection.execute(joined.where(draft.account == account)):
        names = [row.answers, row.message_id, row.sent_id]
        is_for_other = bool(row.answers) and row.answers not in ids
        if not row.answers:
            asked[row.draft_id] = row.replaces
        if not ids.isdisjoint(names) or _is_of(row, scope):
            gone.append(row.draft_id)
        elif not ids.isdisjoint([row.thread_id, *row.source_ids]):
            (leaning if is_for_other else gone).append(row.draft_id)
    return tuple(dict.fromkeys([*gone, *_relatives(asked, gone)])), tuple(leaning)


def _relatives(replaces: Mapping[str, str], drafts: Iterable[str]) -> Iterator[str]:
    """Yield the drafts on request that are versions of one of these, before it or after: their words are its words.

    A draft for the mailbox that takes the place of another is written anew, from the mail that it answers.
    """
    kin: defaultdict[str, list[str]] = defaultdict(list)
    for draft_id, before in replaces.items():
        kin[draft_id].append(before)
        kin[before].append(draft_id)
    known = {draft_id for draft_id in drafts if draft_id in replaces}
    waiting = list(known)
    while waiting:
        new = {each for each in kin[waiting.pop()] if each} - known
        known |= new
        waiting.extend(new)
        yield from new & replaces.keys()


def _is_of(row: Row[Any], scope: Scope) -> bool:
    """Tell whether a draft is as old, or written to the person, as is to be forgotten."""
    if scope.before:
        return bool(row.created_at < scope.before)
    if not scope.address:
        return False
    said = (row.subject, row.instruction, row.text, (row.original or b"").decode("utf-8", "replace"), row.reason)
    return scope.address in row.recipients or any(scope.address in addresses_in(passage) for passage in said)


def _find_quarantined(connection: Connection, account: str, scope: Scope) -> Iterator[str]:
    columns = schema.quarantine.c
    query = select(columns.ref, columns.raw, columns.found_at).where(columns.account == account)
    for row in connection.execute(query, execution_options={"yield_per": 1}):
        word = (scope.address or scope.message_id).encode("utf-8", "replace")
        is_old = scope.before is not None and (_date(row.raw) or row.found_at) < scope.before
        if is_old or (word and word.lower() in row.raw.lower()):
            yield row.ref


def _date(raw: bytes) -> datetime | None:
    """Return the date of a message that could not be read, if that much of it can."""
    found = _DATE_HEADER.search(raw)
    try:
        date = parsedate_to_datetime(found[1].decode("ascii", "replace")) if found else None
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC) if date else None


def _cut_quotes(connection: Connection, account: str, email: Email, ids: Collection[str]) -> None:
    cut = without_quotes(email, ids)
    values = {
        "quoted": "",
        "references": list(cut.references),
        "in_reply_to": cut.in_reply_to,
        "thread_id": cut.thread_id,
    }
    this = (schema.message.c.account == account, schema.message.c.message_id == email.message_id)
    connection.execute(update(schema.message).where(*this).values(values))


def _drop_unanswered(connection: Connection, account: str) -> None:
    """Drop the ids of mails that no mail of the account answers any more: they would tell of what is forgotten."""
    answered = select(schema.message.c.in_reply_to).where(schema.message.c.account == account)
    unfound = schema.unfound
    these = and_(unfound.c.account == account, unfound.c.message_id.not_in(answered))
    connection.execute(delete(unfound).where(these))


def _delete(
    connection: Connection,
    account: str,
    table: Table,
    column: str,
    values: Collection[str],
    *,
    also: ColumnElement[bool] | None = None,
) -> None:
    extra = true() if also is None else also
    for page in _pages(values):
        connection.execute(delete(table).where(table.c.account == account, table.c[column].in_(page), extra))


def _blank(connection: Connection, account: str, found: Found, now: datetime) -> None:
    """Take the words out of drafts, and give up those that are still to be put into Drafts with them."""
    draft = schema.draft
    empty: dict[str, Any] = {"text": "", "subject": "", "instruction": "", "original": None, "source_ids": []}
    for page in _pages(found.leaning):
        these = and_(draft.c.account == account, draft.c.draft_id.in_(page))
        unlaid = draft.c.state.in_(("generating", "written", "failed"))
        given_up = {"state": "withdrawn", "reason": _GIVEN_UP, "changed_at": now}
        connection.execute(update(draft).where(these, unlaid).values(given_up))
        connection.execute(update(draft).where(these).values(empty))
        in_thread = draft.c.thread_id.in_(found.ids)
        connection.execute(update(draft).where(these, in_thread).values(thread_id=""))


def _pages(values: Collection[str]) -> Iterator[list[str]]:
    ordered = list(values)
    return (ordered[start : start + _PAGE] for start in range(0, len(ordered), _PAGE))
