"""What is answered: the JSON of the HTTP service, made from the records inside.

Sentences of our own are English, and codes stand beside them for clients that speak another language: a problem's
`type` and `reason`, a notice's `kind`.
"""

import re
from datetime import date, datetime
from html import escape

from pydantic import BaseModel, Field

from connectors.reason import Reason
from retrieval.prompt import Source
from service.draft_row import DraftRow
from service.drafting.draft import Done, Meta
from service.drafting.facts import Fact, FactKind
from service.health import PartHealth
from service.notices import Notice, NoticeKind
from service.outcomes import Week
from service.problems import URN, describe_types


class SourceItem(BaseModel):
    """A mail of yours the draft leans on."""

    message_id: str
    subject: str
    to: tuple[str, ...]
    sent_at: datetime | None
    text: str
    score: float = Field(description="0 to 1, higher is nearer.")


class FactItem(BaseModel):
    """A fact in the text that traces to nothing its reader may know."""

    kind: FactKind
    text: str
    start: int = Field(description="Where it begins, in Unicode characters.")
    end: int
    is_left_out: bool = Field(description="Whether it goes into no mail unless its owner says so: it leads somewhere.")


class TimingsItem(BaseModel):
    """Milliseconds since the request was taken up."""

    retrieved: int
    first_token: int
    total: int


class NoticeItem(BaseModel):
    """What is not as it should be, for clients that say it in a language of their own."""

    kind: NoticeKind = Field(description=NoticeKind.described())
    about: str = Field(description='The adapter ("ana@v3") or the account that it names.')
    text: str = Field(description="The same in English, with what to do: for a kind that the client does not know.")


class MetaItem(BaseModel):
    """The event `meta`: what is known before the first word."""

    draft_id: str
    subject: str
    language: str = Field(description='ISO 639-1, or "und".')
    adapter: str | None = Field(description="What writes; null is the base model.")
    notice: str = Field(description="Why it is not the adapter one would expect, in English, or empty.")
    noticed: NoticeItem | None = Field(description="The same with its kind.")
    sources: tuple[SourceItem, ...]
    unread: int = Field(description="How many messages of the thread, the oldest, did not fit and were not read.")


class TokenItem(BaseModel):
    """The event `token`: the next piece of the text."""

    text: str


class DraftAnswer(MetaItem):
    """The whole draft; also the event `done`."""

    text: str
    html: str = Field(description="The text as paragraphs, escaped.")
    unsupported: tuple[FactItem, ...]
    timings_ms: TimingsItem


class PartItem(BaseModel):
    """How the sync or the watch of an account's mailbox does."""

    part: str = Field(description='"sync" or "watch".')
    state: str
    tried_at: datetime
    done_at: datetime | None = Field(description="When it last went well.")
    waiting: int = Field(description="Mails whose draft is still to come.")
    report: str
    error: str
    hint: str = Field(description="What to do about the error.")


class AccountItem(BaseModel):
    """An account the token may draft for."""

    name: str
    owner: str
    adapter: str | None = Field(description="The adapter in service; null is the base model.")
    notices: tuple[str, ...] = Field(description="What is not as it should be, and what to do, in English.")
    noticed: tuple[NoticeItem, ...] = Field(description="The same with their kinds.")
    parts: tuple[PartItem, ...] = Field(description="How its mailbox does.")


class AccountsAnswer(BaseModel):
    """The accounts the token may draft for."""

    accounts: tuple[AccountItem, ...]


class WeekItem(BaseModel):
    """What became of the drafts of one week that one adapter wrote."""

    starts: date = Field(description="A Monday.")
    adapter: str | None = Field(description="What wrote them; null is the base model.")
    as_is: int = Field(description="Sent as they were.")
    light: int = Field(description="Sent after small changes.")
    rewritten: int
    ignored: int = Field(description="Thrown away, or not used within two weeks.")
    waiting: int = Field(description="May still be sent.")
    inserted: int = Field(description="Of them all, those put into a mail where they were asked for.")


class StatsAnswer(BaseModel):
    """How useful the account's drafts were, oldest week first."""

    weeks: tuple[WeekItem, ...]


class DraftItem(BaseModel):
    """A draft as the ledger remembers it."""

    draft_id: str
    state: str
    reason: str
    instruction: str
    subject: str
    text: str
    language: str
    adapter: str | None
    is_answer: bool = Field(description="Whether it answers a watched mail.")
    created_at: datetime


class DraftsAnswer(BaseModel):
    """The account's last drafts, newest first."""

    drafts: tuple[DraftItem, ...]


class ReadyAnswer(BaseModel):
    """Whether the service can draft, and a word on each part."""

    is_ready: bool
    parts: dict[str, str]


class ProblemAnswer(BaseModel):
    """An error, by RFC 9457."""

    type: str = Field(description=f"{URN} and one of these. {describe_types()}")
    title: str
    status: int
    detail: str = Field(description="What happened, in English.")
    hint: str = Field(default="", description="What to do about it, in English.")
    reason: Reason | None = Field(default=None, description=Reason.described())
    about: str = Field(default="", description="What the reason names.")
    faults: tuple[dict[str, str], ...] = ()
    retry_after_s: int | None = None


def meta_item(meta: Meta) -> MetaItem:
    """Return the event `meta`."""
    return MetaItem(
        draft_id=meta.draft_id,
        subject=meta.subject,
        language=meta.language,
        adapter=meta.adapter or None,
        notice=meta.notice.text if meta.notice else "",
        noticed=notice_item(meta.notice) if meta.notice else None,
        sources=_sources(meta.sources),
        unread=meta.unread,
    )


def draft_answer(done: Done) -> DraftAnswer:
    """Return the whole draft."""
    timings = done.timings_ms
    return DraftAnswer(
        draft_id=done.draft_id,
        subject=done.subject,
        language=done.language,
        adapter=done.adapter or None,
        notice=done.notice.text if done.notice else "",
        noticed=notice_item(done.notice) if done.notice else None,
        sources=_sources(done.sources),
        unread=done.unread,
        text=done.text,
        html=to_html(done.text),
        unsupported=tuple(map(_fact, done.unsupported)),
        timings_ms=TimingsItem(retrieved=timings.retrieved, first_token=timings.first_token, total=timings.total),
    )


def notice_item(notice: Notice) -> NoticeItem:
    """Return a notice."""
    return NoticeItem(kind=notice.kind, about=notice.about, text=notice.text)


def part_item(health: PartHealth) -> PartItem:
    """Return how a part of an account does."""
    return PartItem.model_validate(health, from_attributes=True)


def week_item(week: Week) -> WeekItem:
    """Return what became of a week's drafts."""
    return WeekItem(
        starts=week.starts,
        adapter=week.adapter or None,
        as_is=week.as_is,
        light=week.light,
        rewritten=week.rewritten,
        ignored=week.ignored,
        waiting=week.waiting,
        inserted=week.inserted,
    )


def draft_item(row: DraftRow) -> DraftItem:
    """Return a draft of the ledger."""
    return DraftItem(
        draft_id=row.draft_id,
        state=row.state,
        reason=row.reason,
        instruction=row.instruction,
        subject=row.subject,
        text=row.text,
        language=row.language,
        adapter=row.adapter or None,
        is_answer=row.answers is not None,
        created_at=row.created_at,
    )


def to_html(text: str) -> str:
    """Return a text as paragraphs, with nothing in it that a browser would act on."""
    paragraphs = (escape(part).replace("\n", "<br>") for part in re.split(r"\n{2,}", text) if part.strip())
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _sources(sources: tuple[Source, ...]) -> tuple[SourceItem, ...]:
    return tuple(
        SourceItem(
            message_id=source.message_id,
            subject=source.subject,
            to=tuple(map(str, source.recipients)),
            sent_at=source.sent_at,
            text=source.text,
            score=round(source.score, 3),
        )
        for source in sources
    )


def _fact(fact: Fact) -> FactItem:
    return FactItem(kind=fact.kind, text=fact.text, start=fact.start, end=fact.end, is_left_out=fact.is_left_out)
