"""What was done with drafts, as the table has it."""

from sqlalchemy import Engine, select

from connectors.schema import feedback as table
from service.feedback import FeedbackKind


def kinds_of(engine: Engine, account: str, draft_id: str) -> list[FeedbackKind]:
    """What was done with a draft, the newest last."""
    mine = (table.c.account == account, table.c.draft_id == draft_id)
    with engine.connect() as connection:
        found = connection.scalars(select(table.c.kind).where(*mine).order_by(table.c.given_at))
        return list(map(FeedbackKind, found))
