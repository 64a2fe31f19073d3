"""Threads are held out whole, the newest first."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Email
from tests.trainer.mails import START, mail, mails, sent
from trainer.data.source import SentMail
from trainer.data.split import FEWEST, MOST, split, threads

LINKS = st.lists(st.one_of(st.none(), st.integers(0, 39)), min_size=1, max_size=40)


def linked(links: list[int | None]) -> list[SentMail]:
    """Return mails of which each answers the one its link names, or none."""
    return sent([mail(number, answers="" if link is None else f"m{link}@Ana Sá") for number, link in enumerate(links)])


def names(found: Iterable[SentMail]) -> list[str]:
    """Return their ids."""
    return [each.email.message_id for each in found]


@given(LINKS)
def test_no_thread_stands_on_both_sides(links: list[int | None]) -> None:
    """No id that a held-out mail names is that of a learned one or named by it, and every mail is on one side."""
    given_mails = linked(links)
    parts = split(given_mails, 0.2)

    def ids(side: tuple[SentMail, ...]) -> set[str]:
        emails = [each.email for each in side]
        return {each for email in emails for each in (email.message_id, email.in_reply_to, *email.references) if each}

    assert not ids(parts.learned) & ids(parts.held_out)
    assert sorted(names(parts.learned + parts.held_out)) == sorted(names(given_mails))


@given(LINKS)
def test_the_newest_threads_are_held_out(links: list[int | None]) -> None:
    """Every held-out thread ends later than every thread that is learned from."""
    given_mails = linked(links)
    held_out = set(names(split(given_mails, 0.2).held_out))
    last = [thread[-1].email for thread in threads(given_mails)]
    ends = [(email.sent_at, email.message_id in held_out) for email in last]
    newest_learned = max((end for end, is_out in ends if end and not is_out), default=START - timedelta(days=1))
    assert all(end > newest_learned for end, is_out in ends if end and is_out)


def test_the_share_has_a_floor_and_a_ceiling() -> None:
    """Few mails still hold out enough to measure by, many no more than tells something."""
    assert len(split(sent(mails(20)), 0.1).held_out) == FEWEST
    assert len(split(sent(mails(200)), 0.1).held_out) == 20
    assert len(split(sent(mails(2000)), 0.1).held_out) == MOST


def test_cut_references_do_not_tear_a_thread() -> None:
    """Mails are one thread when a third one names both, whatever the root each knows."""
    first, second = mail(1), mail(2)
    both = Email(
        message_id="x", references=("m1@Ana Sá",), in_reply_to="m2@Ana Sá", sender=first.sender, sent_at=START
    )  # fmt: skip
    assert len(threads(sent([first, second, both]))) == 1


def test_a_mail_without_a_date_is_old() -> None:
    """A mail that nobody can date is not taken for a new one."""
    undated = Email(message_id="u", sender=mail(0).sender, text="x")
    assert "u" in names(split(sent([*mails(20), undated]), 0.1).learned)
