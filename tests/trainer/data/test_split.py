"""Threads are held out whole, the newest first."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Email
from tests.trainer.mails import START, mail, mails
from trainer.data.split import FEWEST, MOST, split, threads

LINKS = st.lists(st.one_of(st.none(), st.integers(0, 39)), min_size=1, max_size=40)


def linked(links: list[int | None]) -> list[Email]:
    """Return mails of which each answers the one its link names, or none."""
    return [mail(number, answers="" if link is None else f"m{link}@Ana Sá") for number, link in enumerate(links)]


@given(LINKS)
def test_no_thread_stands_on_both_sides(links: list[int | None]) -> None:
    """No id that a held-out mail names is that of a learned one or named by it, and every mail is on one side."""
    emails = linked(links)
    parts = split(emails, 0.2)

    def ids(side: tuple[Email, ...]) -> set[str]:
        return {each for email in side for each in (email.message_id, email.in_reply_to, *email.references) if each}

    assert not ids(parts.learned) & ids(parts.held_out)
    assert sorted(e.message_id for e in parts.learned + parts.held_out) == sorted(e.message_id for e in emails)


@given(LINKS)
def test_the_newest_threads_are_held_out(links: list[int | None]) -> None:
    """Every held-out thread ends later than every thread that is learned from."""
    emails = linked(links)
    held_out = {email.message_id for email in split(emails, 0.2).held_out}
    ends = [(thread[-1].sent_at, thread[-1].message_id in held_out) for thread in threads(emails)]
    newest_learned = max((sent for sent, is_out in ends if sent and not is_out), default=START - timedelta(days=1))
    assert all(sent > newest_learned for sent, is_out in ends if sent and is_out)


def test_the_share_has_a_floor_and_a_ceiling() -> None:
    """Few mails still hold out enough to measure by, many no more than tells something."""
    assert len(split(mails(20), 0.1).held_out) == FEWEST
    assert len(split(mails(200), 0.1).held_out) == 20
    assert len(split(mails(2000), 0.1).held_out) == MOST


def test_cut_references_do_not_tear_a_thread() -> None:
    """Mails are one thread when a third one names both, whatever the root each knows."""
    first, second = mail(1), mail(2)
    both = Email(
        message_id="x", references=("m1@Ana Sá",), in_reply_to="m2@Ana Sá", sender=first.sender, sent_at=START
    )  # fmt: skip
    assert len(threads([first, second, both])) == 1


def test_a_mail_without_a_date_is_old() -> None:
    """A mail that nobody can date is not taken for a new one."""
    undated = Email(message_id="u", sender=mail(0).sender, text="x")
    assert undated in split([*mails(20), undated], 0.1).learned
