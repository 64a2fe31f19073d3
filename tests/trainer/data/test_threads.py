"""A thread is shown as drafting shows it, and never what is newer than the reply or was taken out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from connectors.message import Address, ArchivedEmail, Email, Kind, ThreadMessage
from connectors.rows import EXCLUDED
from tests.trainer.mails import ANA, BEN, START, mail
from trainer.data.threads import conversations, shown_thread


def message(name: str, day: int, answers: str = "", *, sender: Address = BEN, text: str = "") -> Email:
    """Return a message of a thread."""
    return Email(
        message_id=name,
        in_reply_to=answers,
        sender=sender,
        sent_at=START + timedelta(days=day),
        text=text or f"This is {name}.",
        kind=Kind.REPLY if answers else Kind.NEW,
    )


def archive(*emails: Email, excluded: str = "") -> Mapping[str, ArchivedEmail]:
    """Return what is known by id."""
    return {
        each.message_id: ArchivedEmail(
            account="ana", email=each, kept=False, reason=EXCLUDED if each.message_id == excluded else ""
        )
        for each in emails
    }


FIRST, SECOND = message("r1", 1), message("a2", 2, "r1", sender=ANA)
THIRD, REPLY = message("r3", 3, "a2"), replace(message("a4", 4, "r3", sender=ANA), to=(BEN,), quoted="as I said")


def texts(email: Email, known: Mapping[str, ArchivedEmail], count: int = 4) -> list[str]:
    """Return the texts that a reply's prompt shows."""
    return [each.text for each in shown_thread(email, known.get, count)]


def test_the_last_messages_are_shown_oldest_first() -> None:
    """Received and own ones alike, up to a number; the one that is answered is the last."""
    known = archive(FIRST, SECOND, THIRD)
    assert texts(REPLY, known) == ["This is r1.", "This is a2.", "This is r3."]
    assert texts(REPLY, known, 2) == ["This is a2.", "This is r3."]
    assert shown_thread(REPLY, known.get, 1) == (
        ThreadMessage(sender=BEN, text="This is r3.", sent_at=THIRD.sent_at),
    )  # fmt: skip


def test_a_thread_is_followed_by_its_references_too() -> None:
    """Some programs name what they answer there alone."""
    bare = replace(REPLY, in_reply_to="", references=("r1", "r3"))
    assert texts(bare, archive(FIRST, SECOND, THIRD), 1) == ["This is r3."]


def test_a_thread_ends_where_a_message_is_missing() -> None:
    """What came before it would stand there without what it led to."""
    assert texts(REPLY, archive(FIRST, THIRD)) == ["This is r3."]


def test_a_quote_stands_for_a_mail_that_is_not_at_hand() -> None:
    """It is what its writer had before them, said by whom they answer."""
    assert shown_thread(REPLY, archive(FIRST, SECOND).get, 4) == (ThreadMessage(sender=BEN, text="as I said"),)
    assert texts(replace(REPLY, quoted=""), archive(FIRST)) == []
    assert texts(replace(REPLY, to=()), archive(FIRST)) == []


def test_only_replies_have_a_thread() -> None:
    """What a new mail quotes is not the message it answers."""
    assert texts(replace(REPLY, kind=Kind.NEW), archive(FIRST, SECOND, THIRD)) == []


def test_nothing_newer_or_undated_is_shown() -> None:
    """A clock that is wrong, or a header that lies, brings nothing into a prompt from later."""
    for wrong in (START + timedelta(days=4), START + timedelta(days=9), None):
        assert texts(REPLY, archive(SECOND, replace(THIRD, sent_at=wrong))) == ["as I said"]
    assert texts(REPLY, archive(FIRST, replace(SECOND, sent_at=START + timedelta(days=9)), THIRD)) == ["This is r3."]
    assert texts(replace(REPLY, sent_at=None), archive(THIRD)) == ["as I said"]


def test_what_was_taken_out_is_not_shown() -> None:
    """Neither as a message nor in the quote of who answers it."""
    assert texts(REPLY, archive(FIRST, SECOND, THIRD, excluded="r3")) == []
    assert texts(REPLY, archive(FIRST, SECOND, THIRD, excluded="a2")) == ["This is r3."]


def test_messages_that_answer_each_other_end_somewhere() -> None:
    """Nobody promises that headers make a tree."""
    one, other = replace(THIRD, in_reply_to="a2"), replace(SECOND, in_reply_to="r3")
    assert texts(REPLY, archive(one, other)) == ["This is a2.", "This is r3."]
    assert texts(replace(REPLY, in_reply_to="a4"), archive(REPLY)) == ["as I said"]


def test_a_mail_in_between_joins_two_to_one_thread() -> None:
    """Two mails may not name each other, and still be of one thread by the one that lies between."""
    mine, theirs, answer = mail(1), message("r", 2, "m1@Ana Sá"), mail(3, answers="r")
    apart, joined = conversations([mine, answer]), conversations([mine, theirs, answer])
    assert apart[mine.message_id] != apart[answer.message_id]
    assert joined[mine.message_id] == joined[answer.message_id] == mine.message_id
