"""Plots as numbers: everything stays within its drawing, whatever the values."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.evaluation import Interval
from service.outcomes import Week
from service.web.plots import bars, curve, split, whisker

NUMBERS = st.floats(min_value=-1e6, max_value=1e6)


@given(st.lists(NUMBERS, min_size=2, max_size=40))
def test_curve_stays_within_its_drawing(values: list[float]) -> None:
    """Every dot is inside, from left to right, and the marked one is the lowest value."""
    drawn = curve(values)
    assert drawn
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in drawn.dots)
    assert [x for x, _ in drawn.dots] == sorted(x for x, _ in drawn.dots)
    assert values[drawn.best] == min(values)
    assert len(drawn.columns) <= 9


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")], [float("inf"), 1.0]])
def test_what_makes_no_line_is_not_drawn(values: list[float]) -> None:
    """Too few values, and such as are none, leave the table alone to speak."""
    assert curve(values) is None


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), st.booleans())
def test_whisker_is_on_its_side(values: list[float], is_higher_better: bool) -> None:  # noqa: FBT001  as drawn by the test
    """A difference is better or worse where its whole span is on one side, and drawn inside."""
    low, value, high = values
    drawn = whisker(Interval(value=value, low=low, high=high), is_higher_better=is_higher_better)
    assert 0 <= drawn.low <= drawn.at <= drawn.high <= drawn.width
    is_clear = low > 0 or high < 0
    assert (drawn.tone != "even") == is_clear
    if is_clear:
        assert (drawn.tone == "better") == ((low > 0) == is_higher_better)


def test_stages_fill_their_bar() -> None:
    """Each stage is as long as it took; a run that took no time has no lengths."""
    pieces = split({"sync": 1.0, "train": 3.0})
    assert [(piece.at, piece.length) for piece in pieces] == [(0.0, 150.0), (150.0, 450.0)]
    assert [piece.length for piece in split({"sync": 0.0})] == [0.0]


def test_weeks_of_several_writers_share_a_bar() -> None:
    """Drafts of a week stand on one another, whoever wrote them, and the tallest bar fills the drawing."""
    monday = date(2026, 11, 16)
    drawn = bars(
        [
            Week(starts=monday, adapter="ana@v2", as_is=3, waiting=9),
            Week(starts=monday, adapter="ana@v1", as_is=1, ignored=2),
            Week(starts=monday - timedelta(weeks=1), adapter="", light=3),
        ]
    )
    earlier, later = drawn.bars
    assert (earlier.total, later.total) == (3, 6)
    assert [piece.words for piece in later.pieces] == ["4 sent as it was", "2 ignored"]
    assert sum(piece.length for piece in later.pieces) == 2 * sum(piece.length for piece in earlier.pieces)
    assert min(piece.at for piece in later.pieces) >= 0
    assert bars([]).bars == ()
