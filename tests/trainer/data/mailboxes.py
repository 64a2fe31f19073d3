"""Random mailboxes: threads that fork, lie, go in circles and lose mail, for tests of what a prompt may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.message import ArchivedEmail, Email, Kind
from tests.trainer.mails import ANA, BEN, START


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail of a random mailbox, before it has an id."""

    day: int | None
    """None: it has no date."""
    answers: int | None
    """Which mail it says it answers; that may be a newer one, itself, or none there is."""
    has_references: bool
    is_reply: bool
    is_quoting: bool
    is_received: bool
    is_kept: bool
    is_excluded: bool


LETTERS = st.lists(
    st.builds(
        Letter,
        day=st.sampled_from([None, *range(10)]),
        answers=st.sampled_from([None, *range(13)]),
        has_references=st.booleans(),
        is_reply=st.sampled_from([True, True, False]),
        is_quoting=st.booleans(),
        is_received=st.sampled_from([False, False, True]),
        is_kept=st.sampled_from([True, True, True, False]),
        is_excluded=st.sampled_from([False, False, False, True]),
    ),
    min_size=10,
    max_size=12,
)


def text_of(number: int) -> str:
    """Return the text of a mail: no other holds it."""
    return f"Dear all, letter {number} speaks of nothing but number {number}."


def emails_of(letters: Sequence[Letter]) -> list[Email]:
    """Return the mails; one quotes what it answers only if that was there before it."""
    sent = [START + timedelta(days=each.day) if each.day is not None else None for each in letters]
    return [_email(number, letter, sent) for number, letter in enumerate(letters)]


def _email(number: int, letter: Letter, sent: Sequence[datetime | None]) -> Email:
    parent, own = letter.answers, sent[number]
    answers = f"m{parent}" if parent is not None else ""
    quoted = ""
    if letter.is_quoting and parent is not None and parent < len(sent):
        earlier = sent[parent]
        quoted = text_of(parent) if own and earlier and earlier < own else ""
    return Email(
        message_id=f"m{number}",
        in_reply_to="" if letter.has_references else answers,
        references=(answers,) if letter.has_references and answers else (),
        sender=BEN if letter.is_received else ANA,
        to=(ANA,) if letter.is_received else (BEN,),
        sent_at=own,
        subject=f"Letter {number}",
        text=text_of(number),
        quoted=quoted,
        language="en",
        kind=Kind.REPLY if letter.is_reply else Kind.NEW,
    )


def fill(archive: Archive, letters: Sequence[Letter]) -> list[Email]:
    """Make Ana's account anew, with these mails in it; return them."""
    if any(record.name == "ana" for record in archive.accounts()):
        archive.remove_account("ana")
    archive.add_account(
        AccountRecord(name="ana", kind="mbox", owner=ANA, addresses=frozenset({ANA.addr}), settings={})
    )  # fmt: skip
    emails = emails_of(letters)
    archived = [
        ArchivedEmail(
            account="ana", email=email, kept=letter.is_kept and not letter.is_received, is_received=letter.is_received
        )
        for email, letter in zip(emails, letters, strict=True)
    ]
    archive.store("ana", archived, "1")
    for email, letter in zip(emails, letters, strict=True):
        if letter.is_excluded:
            archive.exclude("ana", email.message_id)
    return emails
