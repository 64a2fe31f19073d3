"""How often something may be asked."""

import pytest

from service.access.limits import Pace
from service.problems import TooFast


def test_so_many_and_no_more_within_the_time() -> None:
    """The one too many is told when there is room again, and then there is."""
    now = [100.0]
    pace = Pace(3, 60.0, what="drafts", hint="Wait.", monotonic=lambda: now[0])
    for at in (100.0, 110.0, 120.0):
        now[0] = at
        pace.take("a")
    now[0] = 121.5
    with pytest.raises(TooFast) as caught:
        pace.take("a")
    assert caught.value.retry_after_s == 39
    assert caught.value.hint == "Wait."
    now[0] = 121.5 + 39
    pace.take("a")
    with pytest.raises(TooFast):
        pace.take("a")


def test_keys_are_apart() -> None:
    """One token's haste slows no other."""
    pace = Pace(1, 60.0, what="drafts", hint="", monotonic=lambda: 1.0)
    pace.take("a")
    pace.take("b")
    with pytest.raises(TooFast):
        pace.take("a")


def test_the_same_thing_again_takes_no_place() -> None:
    """Within the time; after it, it counts once more."""
    now = [0.0]
    pace = Pace(2, 10.0, what="tokens", hint="", monotonic=lambda: now[0])
    for thing in ("x", "x", "y", "x", "y"):
        pace.take("a", thing)
    with pytest.raises(TooFast):
        pace.take("a", "z")
    pace.take("b", "z")
    now[0] = 10.0
    pace.take("a", "z")


def test_being_refused_does_not_make_it_longer() -> None:
    """Who keeps asking is let in at the same time as who waits."""
    now = [0.0]
    pace = Pace(1, 10.0, what="tries", hint="", monotonic=lambda: now[0])
    pace.take("a")
    for second in range(1, 10):
        now[0] = float(second)
        with pytest.raises(TooFast):
            pace.take("a")
    now[0] = 10.0
    pace.take("a")


def test_those_who_asked_once_are_forgotten() -> None:
    """A million addresses do not fill the memory."""
    now = [0.0]
    pace = Pace(1, 1.0, what="tries", hint="", monotonic=lambda: now[0])
    for number in range(5000):
        now[0] = number / 100
        pace.take(str(number))
    assert len(pace._taken) <= 1200
