"""Threads stand on one side whole, enough mails judge, and these are newer than all that has a part in learning."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Email
from tests.trainer.mails import START, mail, mails, sent
from trainer.data.judging import newest_of
from trainer.data.source import SentMail
from trainer.data.split import (
    FEWEST,
    FEWEST_TO_CHOOSE,
    LARGEST_SHARE,
    MOST,
    MOST_TO_CHOOSE,
    Split,
    split,
    threads,
)

LINKS = st.lists(st.one_of(st.none(), st.integers(0, 39)), min_size=1, max_size=40)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def linked(links: list[int | None]) -> list[SentMail]:
    """Return mails of which each answers the one its link names, or none."""
    return sent([mail(number, answers="" if link is None else f"m{link}@Ana Sá") for number, link in enumerate(links)])


def going_on(count: int, *, seed: int, new: float = 0.4, days: int = 10) -> list[SentMail]:
    """Return an ordinary mailbox: most mails go on in threads of the last days, some begin one."""
    dice = random.Random(seed)  # noqa: S311  dice, not secrets
    sent_at, last = START, dict[str, datetime]()
    found = []
    for single in sent(mails(count)):
        sent_at += timedelta(hours=dice.expovariate(1 / 20))
        alive = [name for name, at in last.items() if sent_at - at < timedelta(days=days)]
        is_new = not alive or dice.random() < new
        name = single.email.message_id if is_new else dice.choice(alive)
        last[name] = sent_at
        found.append(replace(single, email=replace(single.email, sent_at=sent_at), conversation=name))
    return found


def cut(given_mails: list[SentMail]) -> Split:
    """Split mails with shares that give every side something."""
    return split(given_mails, 0.2, validation=0.1)


def sides(parts: Split) -> tuple[tuple[SentMail, ...], ...]:
    """Return the three sides."""
    return parts.learned, parts.validation, parts.held_out


def judging(parts: Split) -> list[SentMail]:
    """Return what judges of what is held out."""
    newest = newest_of(parts.learned + parts.validation) or LONG_AGO
    return [each for each in parts.held_out if each.email.sent_at and each.email.sent_at > newest]


def names(found: Iterable[SentMail]) -> list[str]:
    """Return their ids."""
    return [each.email.message_id for each in found]


@given(LINKS)
def test_no_thread_stands_on_two_sides(links: list[int | None]) -> None:
    """No id that a mail of one side names is of another side or named there, and each mail is on one side or waits."""
    given_mails = linked(links)
    parts = cut(given_mails)

    def ids(side: tuple[SentMail, ...]) -> set[str]:
        emails = [each.email for each in side]
        return {each for email in emails for each in (email.message_id, email.in_reply_to, *email.references) if each}

    found = [{each.conversation for each in side} for side in sides(parts)]
    assert sum(map(len, found)) == len(set().union(*found))
    assert not ids(parts.held_out) & (ids(parts.learned) | ids(parts.validation))
    assert sorted(name for side in (*sides(parts), parts.waiting) for name in names(side)) == sorted(names(given_mails))


@given(LINKS)
def test_what_waits_is_newer_than_all_that_is_known(links: list[int | None]) -> None:
    """And goes on in a thread that does not judge: nothing else is left out."""
    parts = cut(linked(links))
    newest = newest_of(parts.learned + parts.validation) or LONG_AGO
    assert all(each.email.sent_at and each.email.sent_at > newest for each in parts.waiting)
    assert not {each.conversation for each in parts.waiting} & {each.conversation for each in parts.held_out}
    assert judging(parts) or not parts.waiting


@given(LINKS)
def test_most_mails_are_left(links: list[int | None]) -> None:
    """No more than three in ten are kept from learning, unless even the shortest thread is longer, or none judges."""
    given_mails = linked(links)
    parts = cut(given_mails)
    most = round(len(given_mails) * LARGEST_SHARE) * (1 if judging(parts) else 1.5)
    shortest = min(map(len, threads(given_mails)))
    assert len(parts.held_out) + len(parts.waiting) <= max(most, shortest)


@given(LINKS, st.integers(1, 12))
def test_as_many_judge_as_when_the_newest_threads_are_held_out_whole(links: list[int | None], fewest: int) -> None:
    """Wherever that leaves enough to learn from, and gives enough judges or fewer."""
    given_mails = linked(links)
    newest_first = sorted(threads(given_mails), key=lambda thread: thread[-1].email.sent_at or LONG_AGO, reverse=True)
    found = len(judging(split(given_mails, 0.01, validation=0.1, fewest=fewest)))
    most = min(round(len(given_mails) * LARGEST_SHARE), 3 * fewest)
    for count in range(1, len(newest_first)):
        held_out = [each for thread in newest_first[:count] for each in thread]
        newest = newest_first[count][-1].email.sent_at
        judges = [each for each in held_out if each.email.sent_at and newest and each.email.sent_at > newest]
        assert len(held_out) > most or found >= min(fewest, len(judges))


@given(LINKS, st.randoms(use_true_random=False))
def test_the_order_of_the_mails_does_not_matter(links: list[int | None], dice: random.Random) -> None:
    """The same mails are split in the same way."""
    given_mails = linked(links)
    shuffled = list(given_mails)
    dice.shuffle(shuffled)
    assert cut(shuffled) == cut(given_mails)


@pytest.mark.parametrize("count", [60, 100, 200])
def test_enough_judge_where_threads_go_on(count: int) -> None:
    """However the newest mails are woven into older threads, as many judge as are asked for."""
    for seed in range(10):
        parts = split(going_on(count, seed=seed), 0.1, validation=0.05, fewest=8)
        assert len(judging(parts)) >= max(8, count // 10)
        assert len(parts.learned) > count * 0.6


def test_a_long_thread_that_goes_on_is_learned_from() -> None:
    """It takes nothing but its newest mails from learning, and does not keep the others from judging."""
    many = going_on(600, seed=1)
    mixed = [replace(each, conversation="long") if number % 3 == 0 else each for number, each in enumerate(many, 1)]
    parts = split(mixed, 0.1, validation=0.05)
    assert len(judging(parts)) >= 60
    assert sum(each.conversation == "long" for each in parts.learned) > 150
    assert {each.conversation for each in parts.waiting} >= {"long"}


def test_one_can_ask_for_more_judges() -> None:
    """More than `MOST` where the gate wants so many."""
    for fewest in (12, MOST + 20):
        assert len(judging(split(going_on(500, seed=2), 0.01, validation=0.05, fewest=fewest))) >= fewest


def test_the_shares_have_floors_and_ceilings() -> None:
    """Few mails still leave enough to judge by, many no more than tells something."""
    for count, held_out, validation in (
        (20, FEWEST, FEWEST_TO_CHOOSE),
        (200, 20, 10),
        (2000, MOST, MOST_TO_CHOOSE),
    ):
        parts = split(sent(mails(count)), 0.1, validation=0.05)
        assert [len(side) for side in sides(parts)] == [count - held_out - validation, validation, held_out]
        assert [names(side) for side in sides(parts)] == [
            [f"m{number}@Ana Sá" for number in numbers]
            for numbers in (
                range(count - held_out - validation),
                range(count - held_out - validation, count - held_out),
                range(count - held_out, count),
            )
        ]


def test_of_few_mails_most_are_learned_from() -> None:
    """Floors give way before nothing is left to learn from."""
    parts = split(sent(mails(8)), 0.1, validation=0.05)
    assert [len(side) for side in sides(parts)] == [4, 2, 2]


def test_two_threads_leave_none_to_choose_by() -> None:
    """Whoever asks sees an empty side, not a thread on two."""
    parts = split(linked([None, 0, None, 2]), 0.1, validation=0.05)
    assert [names(side) for side in sides(parts)] == [["m0@Ana Sá", "m1@Ana Sá"], [], ["m2@Ana Sá", "m3@Ana Sá"]]


def test_a_long_thread_does_not_choose() -> None:
    """Where single mails can choose, and where nothing else is there to learn from."""
    parts = split(linked([None, None, *[0] * 20, *[None] * 10]), 0.1, validation=0.05)
    assert all(each.conversation == "m0@Ana Sá" for each in parts.learned[2:20])
    parts = split(linked([None, *[0] * 20, None, None]), 0.1, validation=0.05)
    assert len(parts.learned) > 15


def test_cut_references_do_not_tear_a_thread() -> None:
    """Mails are one thread when a third one names both, whatever the root each knows."""
    first, second = mail(1), mail(2)
    both = Email(
        message_id="x", references=("m1@Ana Sá",), in_reply_to="m2@Ana Sá", sender=first.sender, sent_at=START
    )  # fmt: skip
    assert len(threads(sent([first, second, both]))) == 1


def test_a_mail_without_a_date_is_old() -> None:
    """A mail that nobody can date is not taken for a new one, and where none has a date none judges."""
    undated = Email(message_id="u", sender=mail(0).sender, text="x")
    assert "u" in names(cut(sent([*mails(20), undated])).learned)
    parts = cut(sent([replace(each, sent_at=None) for each in mails(20)]))
    assert parts.learned
    assert not judging(parts)
