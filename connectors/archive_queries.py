"""The archive's questions to the database. Pure: each names its account."""

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from connectors import schema
from connectors.instruction import GIVEN
from connectors.message import Kind

CHANGED = ("light", "rewritten")
"""Verdicts on drafts that their owner changed before they sent them."""

_message, _instruction = schema.message, schema.instruction

LEARNED = _message.c.kept & ~_message.c.is_excluded
"""Mail that is learned from."""
SENT = ~_message.c.is_received
"""Mail of the owner's own."""
_NEWEST_FIRST = (_message.c.sent_at.desc().nulls_last(), _message.c.message_id)


def mails_of(account: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Ask for mails, oldest first, undated ones before all."""
    order = (_message.c.sent_at.asc().nulls_first(), _message.c.message_id)
    return select(_message).where(_message.c.account == account, *conditions).order_by(*order)


def newest_learned(account: str, column: ColumnElement[str], newest: int | None) -> Select[str]:
    """Ask for one column of the newest mails that are learned from, the newest first."""
    query = select(column).where(_message.c.account == account, LEARNED)
    return query.order_by(*_NEWEST_FIRST).limit(newest)


def key_of(account: str, message_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Name one mail."""
    return _message.c.account == account, _message.c.message_id == message_id


def missing_parents(account: str, newest: int) -> Select[str]:
    """Ask for what the newest replies answer and the archive neither holds nor sought, newest replies first."""
    replies = (
        select(_message.c.in_reply_to, _message.c.sent_at)
        .where(
            _message.c.account == account, LEARNED, _message.c.kind == Kind.REPLY.value, _message.c.in_reply_to != ""
        )
        .order_by(*_NEWEST_FIRST)
        .limit(newest)
        .subquery()
    )
    held = select(_message.c.message_id).where(_message.c.account == account)
    sought = select(schema.unfound.c.message_id).where(schema.unfound.c.account == account)
    answered = replies.c.in_reply_to
    query = select(answered).where(answered.not_in(held), answered.not_in(sought))
    return query.order_by(replies.c.sent_at.desc().nulls_last())


def instructions_for(account: str, prompt_version: str, model: str) -> Select[Any]:
    """Ask for instructions made for a prompt version and model; those given by a person come last."""
    columns = _instruction.c
    is_made_for = (columns.prompt_version == prompt_version) & (columns.model == model)
    return (
        select(columns.message_id, columns.text, columns.source, columns.asked)
        .where(columns.account == account, or_(is_made_for, columns.source == GIVEN))
        .order_by(columns.source == GIVEN)
    )


def changed_drafts(account: str) -> Select[Any]:
    """Ask for drafts that were changed and sent as mail that is learned from, in the order they were sent."""
    draft, outcome = schema.draft, schema.outcome
    is_sent = (_message.c.account == outcome.c.account) & (_message.c.message_id == outcome.c.sent_id)
    return (
        select(outcome.c.sent_id.label("message_id"), draft.c.text, draft.c.instruction)
        .select_from(outcome)
        .join(draft, draft.c.draft_id == outcome.c.draft_id)
        .join(_message, is_sent)
        .where(outcome.c.account == account, outcome.c.verdict.in_(CHANGED), draft.c.text != "", LEARNED, SENT)
        .order_by(outcome.c.sent_at.asc().nulls_first(), draft.c.created_at, draft.c.draft_id)
    )
