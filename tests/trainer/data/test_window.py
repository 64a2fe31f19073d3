"""A bounded number of questions is under way, and who leaves waits for nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.window import answers

TICK_S = 0.01


@given(st.lists(st.integers(), max_size=60), st.integers(1, 9))
def test_each_question_is_answered_once(questions: list[int], width: int) -> None:
    """Whatever the number of questions and of threads."""
    found = [answer for answer in answers(lambda n: n + 1, questions, width=width, tick_s=1) if answer is not None]
    assert sorted(found) == sorted(number + 1 for number in questions)


def test_so_many_are_under_way_and_as_many_wait() -> None:
    """Neither threads nor questions taken grow with the number of questions, however slowly answers are read."""
    lock, at_once, most = threading.Lock(), 0, 0
    taken: list[int] = []

    def ask(number: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.001)
        with lock:
            at_once -= 1
        return number

    def questions() -> Iterator[int]:
        for number in range(200):
            taken.append(number)
            yield number

    read = 0
    for answer in answers(ask, questions(), width=4, tick_s=TICK_S):
        read += answer is not None
        assert len(taken) <= read + 8
        time.sleep(0.001 * (read % 20 == 0))
    assert most == 4
    assert read == 200


def test_the_caller_hears_that_nothing_came() -> None:
    """While answers are slow the caller gets its turn to store what it has."""
    come = threading.Event()
    seen = []
    for answer in answers(lambda _: come.wait(5), [1], width=1, tick_s=TICK_S):
        seen.append(answer)
        if len(seen) == 3:
            come.set()
    assert seen[:3] == [None, None, None]
    assert seen[-1] is True


def test_an_error_ends_it_at_once() -> None:
    """The error of one question reaches the caller; those that wait are not asked, those under way not waited for."""
    asked: list[int] = []
    stuck = threading.Event()

    def ask(number: int) -> int:
        asked.append(number)
        if number == 1:
            raise ValueError("no")
        stuck.wait(5)
        return number

    began = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        list(answers(ask, range(100), width=2, tick_s=1))
    assert time.monotonic() - began < 1
    stuck.set()
    time.sleep(0.05)
    assert len(asked) <= 3


def test_who_leaves_leaves_no_question_behind() -> None:
    """After the caller has gone no further question is asked, and the threads end."""
    asked: list[int] = []
    before = threading.active_count()

    def ask(number: int) -> int:
        asked.append(number)
        time.sleep(0.02)
        return number

    with closing(answers(ask, range(1000), width=3, tick_s=1)) as coming:
        assert next(coming) is not None
    time.sleep(0.1)
    assert len(asked) <= 6
    assert threading.active_count() <= before
