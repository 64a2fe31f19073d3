"""The mails that judge: newer than all that is learned, with the prompts that drafting would have shown for them.

The rule this module keeps: retrieved mail is of the side that is learned from, older than the mail that judges, and
chosen as the service chooses it. Nothing of what judges stands in any prompt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trainer.data.examples import Author, Finder, Made, Writing, fit, request_for, unlike
from trainer.data.packing import Example
from trainer.data.source import SentMail
from trainer.data.split import MOST
from trainer.data.threads import by_age

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A mail that judges, as two examples of it."""

    message_id: str
    sent_at: str
    """ISO 8601."""
    language: str
    text: str
    """What was sent."""
    plain: Example
    plain_shown: str
    """What the prompt shows, as text."""
    helped: Example
    """With retrieved mail."""
    helped_shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """Texts by which drafts are told to be the author's, or to be copied."""

    own: Mapping[str, str] = field(default_factory=dict)
    """What was learned from, by Message-ID."""
    others: tuple[str, ...] = ()
    """What other people wrote."""


def make_judges(
    mails: Sequence[SentMail],
    known: Sequence[SentMail],
    author: Author,
    writing: Writing,
    finder: Finder,
    *,
    thread_messages: int,
    most: int = MOST,
) -> tuple[Judge, ...]:
    """Return what judges, oldest first: those of the mails that are newer than all that are known.

    Args:
        mails: Held out.
        known: Learned from, or chosen by.
        author: Whose mail it is.
        writing: How a prompt becomes tokens, as long as the model reads.
        finder: Finds mail among what was learned from.
        thread_messages: How many messages of a thread a prompt shows.
        most: Of more than these, the newest judge.
    """
    newest = newest_of(known) or _LONG_AGO
    fresh = [mail for mail in mails if mail.email.sent_at and mail.email.text and mail.email.sent_at > newest]
    ordered = sorted(fresh, key=lambda mail: by_age(mail.email))[-most:]
    made = (_make(mail, author, writing, finder, thread_messages) for mail in ordered)
    return tuple(judge for judge in made if judge is not None)


def newest_of(mails: Sequence[SentMail]) -> datetime | None:
    """Return when the newest mail was sent; None where no mail has a date."""
    return max((mail.email.sent_at for mail in mails if mail.email.sent_at), default=None)


def told(time: datetime | None) -> str:
    """Return a time as ISO 8601; "" where there is none."""
    return time.isoformat() if time else ""


def _make(mail: SentMail, author: Author, writing: Writing, finder: Finder, thread_messages: int) -> Judge | None:
    email = mail.email
    request = request_for(mail, author, thread_messages=thread_messages)
    plain = fit(email, request, (), writing)
    if plain is None or email.sent_at is None:
        return None
    found = unlike(finder.find(request, before=email.sent_at, exclude=(email.message_id,)), email)
    helped = (fit(email, request, found, writing) if found else None) or plain
    return Judge(
        message_id=email.message_id,
        sent_at=email.sent_at.isoformat(),
        language=email.language,
        text=email.text,
        plain=plain.example,
        plain_shown=_shown(plain),
        helped=helped.example,
        helped_shown=_shown(helped),
    )


def _shown(made: Made) -> str:
    return "\n".join(message["content"] for message in made.messages)
