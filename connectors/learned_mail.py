"""What there is to learn from, told without reading any of it: how much, whether it changed, and what is new."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from connectors import schema
from connectors.archive_queries import LEARNED, SENT

_message = schema.message


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedMail:
    """The mail of an account that is learned from."""

    count: int
    digest: str
    """Changes with any mail that comes or goes."""
    newest: datetime | None
    """When the newest of it was sent, whatever dates in the future some mails bear."""


def learned_mail(engine: Engine, account: str, now: datetime) -> LearnedMail:
    """Look at an account's mail that is learned from."""
    is_ours = (_message.c.account == account, LEARNED, SENT)
    ids = select(_message.c.message_id).where(*is_ours).order_by(_message.c.message_id)
    newest = select(func.max(_message.c.sent_at)).where(*is_ours, _message.c.sent_at <= now)
    digest, count = hashlib.sha256(), 0
    with engine.connect() as connection:
        for message_id in connection.execute(ids).scalars():
            digest.update(message_id.encode("utf-8", "replace") + b"\n")
            count += 1
        return LearnedMail(count=count, digest=digest.hexdigest(), newest=connection.execute(newest).scalar())


def sent_after(engine: Engine, account: str, then: datetime | None) -> list[datetime]:
    """Return when each mail that is learned from was sent, of those sent after a time, oldest first."""
    query = select(_message.c.sent_at).where(_message.c.account == account, LEARNED, SENT)
    if then is not None:
        query = query.where(_message.c.sent_at > then)
    with engine.connect() as connection:
        times = connection.execute(query.where(_message.c.sent_at.is_not(None)).order_by(_message.c.sent_at)).scalars()
        return [sent_at for sent_at in times if sent_at is not None]
