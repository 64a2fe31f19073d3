"""Numbers, times and states in words."""

from datetime import UTC, datetime

import pytest

from connectors.evaluation import Interval
from service.desk import Standing
from service.refresh.runs import RunState, Stage
from service.web import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (0.44, "0.4 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    """As exact as anybody cares for."""
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(812, "812 bytes"), (4200, "4.1 KB"), (33_816_576, "32.2 MB"), (9 * 2**40, "9216 GB")]
)
def test_sizes(number: int, said: str) -> None:
    """In the unit that leaves a number one can read."""
    assert words.size(number) == said


def test_interval_has_its_decimals_alike() -> None:
    """A value and its borders are as exact as each other, and a minus is one."""
    said = words.interval(Interval(value=-0.0264, low=-0.0416, high=0.01))
    assert said == '\N{MINUS SIGN}0.026 <span class="small">\N{MINUS SIGN}0.042 to 0.010</span>'
    assert words.interval(Interval(value=0, low=0, high=0)).startswith("0 ")
    assert words.interval(Interval(value=float("nan"), low=0, high=1)).startswith("nan")


def test_every_state_and_stage_has_words() -> None:
    """No state that is added later shows as a name of the program."""
    assert set(words.RUN_STATES) == set(RunState)
    assert set(words.STANDINGS) == set(Standing)
    assert set(words.STAGES) == set(Stage)


def test_moment_is_a_time_that_the_page_can_move() -> None:
    """Times of records and of cards come out alike; what is no time is shown as it is."""
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    said = '<time datetime="2026-11-21T12:00:00+00:00">21 Nov 2026, 12:00 UTC</time>'
    assert words.moment(at) == words.moment("2026-11-21T13:00:00+01:00") == words.moment("2026-11-21T12:00:00") == said
    assert words.moment("<b>") == "&lt;b&gt;"
    assert words.moment(None) == "at no known time"
