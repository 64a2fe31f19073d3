"""Looking through the mail that an owner sent: what is learned from, what is not, and why.

The rules this module keeps:
1. Every question names its account, and sees sent mail alone: what was received and answered stands apart.
2. What is sought is data: no letter of it has a meaning of its own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Engine, Text, and_, case, cast, false, func, or_, select, true

from connectors.archive_queries import LEARNED, SENT
from connectors.message import ArchivedEmail
from connectors.rows import EXCLUDED, mail_of_row
from connectors.schema import message

PAGE = 25
MOST_WORDS = 12
"""What is sought beyond so many words narrows nothing that a person would notice."""


class Which(StrEnum):
    """Mail by what became of it."""

    LEARNED = "learned"
    LEFT_OUT = "left-out"
    ALL = "all"


class Where(StrEnum):
    """What is looked through."""

    ANYWHERE = "anywhere"
    PEOPLE = "people"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is sought: mail that holds every one of the words, upper case or lower."""

    words: str = ""
    where: Where = Where.ANYWHERE
    which: Which = Which.LEARNED
    reason: str = ""
    """Only mail that was left out for this."""
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of what was found, the newest first."""

    total: int
    page: int
    mails: tuple[ArchivedEmail, ...]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // PAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much mail of an account is learned from, and how much is left out for which reason."""

    learned: int
    left_out: dict[str, int]
    """The most common reason first."""


def search(engine: Engine, account: str, sought: Search) -> Found:
    """Return a page of an account's sent mail; the last page there is, where a later one is asked for."""
    conditions = (message.c.account == account, SENT, _is_among(sought), *_matches(sought))
    newest_first = (message.c.sent_at.desc().nulls_last(), message.c.message_id)
    with engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(message).where(*conditions)).scalar_one()
        page = max(0, min(sought.page, (total - 1) // PAGE))
        query = select(message).where(*conditions).order_by(*newest_first).offset(page * PAGE).limit(PAGE)
        mails = tuple(map(mail_of_row, connection.execute(query).mappings()))
    return Found(total=total, page=page, mails=mails)


def count_stock(engine: Engine, account: str) -> Stock:
    """Count an account's sent mail by what became of it."""
    reason = case((message.c.is_excluded, EXCLUDED), (message.c.kept, ""), else_=message.c.reason)
    query = select(reason.label("reason"), func.count().label("number")).where(message.c.account == account, SENT)
    with engine.connect() as connection:
        rows = connection.execute(query.group_by(reason)).all()
    numbers = {row.reason: row.number for row in rows}
    learned = numbers.pop("", 0)
    return Stock(learned=learned, left_out=dict(sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))))


def _is_among(sought: Search) -> ColumnElement[bool]:
    if sought.which is Which.LEARNED:
        return LEARNED
    if sought.which is Which.ALL:
        return true()
    if not sought.reason:
        return ~LEARNED
    if sought.reason == EXCLUDED:
        return message.c.is_excluded
    return and_(~LEARNED, ~message.c.is_excluded, message.c.reason == sought.reason)


def _matches(sought: Search) -> Iterator[ColumnElement[bool]]:
    """Yield what must hold for each word."""
    for word in sought.words.split()[:MOST_WORDS]:
        found = []
        if sought.where is not Where.PEOPLE:
            found.append(_holds(message.c.subject, _writings(word)))
        if sought.where is Where.ANYWHERE:
            found.append(_holds(message.c.text, _writings(word)))
        # As it may be pasted: "Marta Kling <marta@example.org>,".
        if sought.where is not Where.SUBJECT and (name := word.strip("<>()[]{},;:\"'")):
            # JSON writes what is not ASCII as escapes.
            found.append(_holds(_people(), {json.dumps(each)[1:-1] for each in _writings(name)}))
        yield or_(false(), *found)


def _people() -> ColumnElement[str]:
    """Return whom a mail went to, as it stands in the row, without the names of the fields.

    Its sender is its owner: that tells no mail from another.
    """
    people: ColumnElement[str] = cast(message.c.recipients, Text)
    for field in ("to", "cc", "bcc", "reply_to"):
        people = func.replace(people, f'"{field}": [', "[")
    return people


def _writings(word: str) -> set[str]:
    """Return the usual writings of a word: SQLite knows upper and lower case of ASCII alone."""
    return {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}


def _holds(column: ColumnElement[str], writings: set[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(each, autoescape=True) for each in sorted(writings)))
