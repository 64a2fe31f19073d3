"""Threads stand on one side whole, the newest judge, and those before them choose."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Email
from tests.trainer.mails import START, mail, mails, sent
from trainer.data.source import SentMail
from trainer.data.split import FEWEST, FEWEST_TO_CHOOSE, MOST, MOST_TO_CHOOSE, Split, split, threads

LINKS = st.lists(st.one_of(st.none(), st.integers(0, 39)), min_size=1, max_size=40)


def linked(links: list[int | None]) -> list[SentMail]:
    """Return mails of which each answers the one its link names, or none."""
    return sent([mail(number, answers="" if link is None else f"m{link}@Ana Sá") for number, link in enumerate(links)])


def cut(given_mails: list[SentMail]) -> Split:
    """Split mails with shares that give every side something."""
    return split(given_mails, 0.2, validation=0.1)


def sides(parts: Split) -> tuple[tuple[SentMail, ...], ...]:
    """Return the three sides, those with the newest threads last."""
    return parts.learned, parts.validation, parts.held_out


def names(found: Iterable[SentMail]) -> list[str]:
    """Return their ids."""
    return [each.email.message_id for each in found]


@given(LINKS)
def test_no_thread_stands_on_two_sides(links: list[int | None]) -> None:
    """No id that a mail of one side names is of another side or named there, and every mail is on one side."""
    given_mails = linked(links)
    parts = sides(cut(given_mails))

    def ids(side: tuple[SentMail, ...]) -> set[str]:
        emails = [each.email for each in side]
        return {each for email in emails for each in (email.message_id, email.in_reply_to, *email.references) if each}

    found = [ids(side) for side in parts]
    assert sum(map(len, found)) == len(set().union(*found))
    assert sorted(name for side in parts for name in names(side)) == sorted(names(given_mails))


@given(LINKS)
def test_newer_threads_stand_on_later_sides(links: list[int | None]) -> None:
    """Every held-out thread ends later than any that chooses, and these end later than any that is learned from."""
    given_mails = linked(links)
    parts = [set(names(side)) for side in sides(cut(given_mails))]
    ends: list[list[object]] = [[], [], []]
    for thread in threads(given_mails):
        side = next(number for number, ids in enumerate(parts) if thread[0].email.message_id in ids)
        ends[side].append(thread[-1].email.sent_at or START - timedelta(days=1))
    ordered = [(min(each), max(each)) for each in ends if each]  # type: ignore[type-var]
    assert all(earlier[1] < later[0] for earlier, later in pairwise(ordered))  # type: ignore[operator]


def test_the_shares_have_floors_and_ceilings() -> None:
    """Few mails still leave enough to judge by, many no more than tells something."""
    for count, held_out, validation in (
        (20, FEWEST, FEWEST_TO_CHOOSE),
        (200, 20, 10),
        (2000, MOST, MOST_TO_CHOOSE),
    ):
        parts = split(sent(mails(count)), 0.1, validation=0.05)
        assert [len(side) for side in sides(parts)] == [count - held_out - validation, validation, held_out]


def test_of_few_mails_most_are_learned_from() -> None:
    """Floors give way before nothing is left to learn from."""
    parts = split(sent(mails(8)), 0.1, validation=0.05)
    assert [len(side) for side in sides(parts)] == [4, 2, 2]


def test_two_threads_leave_none_to_choose_by() -> None:
    """Whoever asks sees an empty side, not a thread on two."""
    parts = split(linked([None, 0, None, 2]), 0.1, validation=0.05)
    assert [names(side) for side in sides(parts)] == [["m0@Ana Sá", "m1@Ana Sá"], [], ["m2@Ana Sá", "m3@Ana Sá"]]


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
    assert "u" in names(cut(sent([*mails(20), undated])).learned)
