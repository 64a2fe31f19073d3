"""A year of one person's mail: what they wrote, when, to whom, and what it answered."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from deploy.demo.occasions import LANGUAGES, Letter, answer, compose, phrasebook
from deploy.demo.people import FRIENDS, Person
from deploy.demo.quoting import STYLES, Quoted
from deploy.demo.voices import Voice, passing_voice

FIRST_DAY = datetime(2025, 10, 6, tzinfo=UTC)
DAYS = 370
REPLY_SHARE = 0.45
FOLLOW_UP_SHARE = 0.25
"""How many of the replies lead to one more exchange in their thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail that somebody else wrote."""

    message_id: str
    sender: Person
    sent_at: datetime
    subject: str
    text: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that the owner wrote. `quoted` is what stands below it, as its program put it there."""

    message_id: str
    letter: Letter
    sent_at: datetime
    subject: str
    answers: Received | None = None
    quoted: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose mailbox it is."""

    person: Person
    voice: Voice
    counts: tuple[int, int, int]
    """How many mails in each of LANGUAGES."""


def write_year(owner: Owner, rng: random.Random) -> list[Sent]:
    """Write all mails of a year, oldest first."""
    sent: list[Sent] = []
    for language, count in zip(LANGUAGES, owner.counts, strict=True):
        written: list[Sent] = []
        while len(written) < count:
            written += _exchange(owner, language, rng)
        sent += written[:count]
    return sorted(sent, key=lambda mail: mail.sent_at)


def receive(sender: Person, owner: Person, letter: Letter, sent_at: datetime, rng: random.Random) -> Received:
    """Make the mail that a letter answers, in its sender's own voice."""
    voice = passing_voice(random.Random(sender.full))
    text = voice.write([letter.heard], to=(owner,), owner=sender, language=letter.language, rng=rng)
    return Received(
        message_id=_message_id(sender, rng), sender=sender, sent_at=sent_at, subject=letter.subject, text=text
    )


def _exchange(owner: Owner, language: str, rng: random.Random) -> list[Sent]:
    friend = rng.choice(FRIENDS[language])
    at = FIRST_DAY + timedelta(days=rng.randrange(DAYS), hours=rng.randrange(8, 18), minutes=rng.randrange(60))
    if rng.random() >= REPLY_SHARE:
        letter = _letter(owner, friend, language, rng, is_reply=False)
        return [Sent(message_id=_message_id(owner.person, rng), letter=letter, sent_at=at, subject=letter.subject)]
    first = _reply(owner, friend, language, at, rng)
    if rng.random() >= FOLLOW_UP_SHARE:
        return [first]
    return [first, _reply(owner, friend, language, at + timedelta(days=1, hours=3), rng, earlier=first)]


def _letter(owner: Owner, friend: Person, language: str, rng: random.Random, *, is_reply: bool) -> Letter:
    book = phrasebook(language)
    occasion = rng.choice([occasion for occasion in book.occasions if is_reply or not occasion.reply])
    return compose(book, voice=owner.voice, owner=owner.person, to=(friend,), rng=rng, occasion=occasion)


def _reply(
    owner: Owner, friend: Person, language: str, at: datetime, rng: random.Random, *, earlier: Sent | None = None
) -> Sent:
    letter = _letter(owner, friend, language, rng, is_reply=True)
    received = receive(friend, owner.person, letter, at - timedelta(hours=rng.randrange(1, 20)), rng)
    if earlier is not None:
        received = replace(received, subject=earlier.subject, references=(*earlier.references, earlier.message_id))
    subject = received.subject if earlier else f"{'AW' if language == 'de' else 'Re'}: {received.subject}"
    style = STYLES[random.Random(friend.first).choice(sorted(STYLES))]
    quoted = Quoted(
        sender=friend,
        owner=owner.person,
        sent_at=received.sent_at,
        subject=received.subject,
        text=received.text,
        language=language,
    )
    return Sent(
        message_id=_message_id(owner.person, rng),
        letter=letter,
        sent_at=at,
        subject=subject,
        answers=received,
        quoted=style(quoted),
        references=(*received.references, received.message_id),
    )


def incoming(owner: Person, counts: tuple[int, int, int], start: datetime, rng: random.Random) -> list[Received]:
    """Make mail that waits for an answer, oldest first: what is asked for can be answered from it alone."""
    mails: list[Received] = []
    for language, count in zip(LANGUAGES, counts, strict=True):
        for _ in range(count):
            sender = rng.choice(FRIENDS[language])
            letter = answer(phrasebook(language), voice=passing_voice(rng), owner=owner, sender=sender, rng=rng)
            at = start + timedelta(hours=5 * len(mails), minutes=rng.randrange(60))
            mails.append(receive(sender, owner, letter, at, rng))
    return mails


def _message_id(sender: Person, rng: random.Random) -> str:
    return f"{rng.getrandbits(48):012x}@{sender.host}"
