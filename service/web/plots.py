"""Small plots as numbers that a template draws; pure. Every plot has a table beside it that says the same.

Lengths are in the units of the drawing's own view box.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.evaluation import Interval
from service.outcomes import Week
from service.web.words import number

FATES = {"as_is": "sent as it was", "light": "lightly edited", "rewritten": "rewritten", "ignored": "ignored"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    at: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Values in their order, joined by a line."""

    width: float
    height: float
    dots: tuple[tuple[float, float], ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    left: float
    best: int
    """Which dot is the lowest."""

    @property
    def line(self) -> str:
        """The dots as SVG wants them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.dots)


_WIDTH, _HEIGHT = 320.0, 150.0
_LEFT, _RIGHT, _TOP, _FOOT = 44.0, 10.0, 12.0, 24.0
_MOST_COLUMNS = 8


def curve(values: Sequence[float], *, first: int = 0) -> Curve | None:
    """Place the values of epochs, the first of them being epoch `first`; None where there is no line to draw."""
    if len(values) < 2 or not all(map(math.isfinite, values)):  # noqa: PLR2004  a line has two ends
        return None
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _FOOT
    xs = [_LEFT + across * index / (len(values) - 1) for index in range(len(values))]
    every = max(1, math.ceil(len(values) / _MOST_COLUMNS))
    return Curve(
        width=_WIDTH,
        height=_HEIGHT,
        dots=tuple((x, _TOP + down * (high - value) / span) for x, value in zip(xs, values, strict=True)),
        rows=tuple(Tick(at=_TOP + down * (high - at) / span, words=number(at)) for at in dict.fromkeys((high, low))),
        columns=tuple(Tick(at=xs[index], words=str(index + first)) for index in range(0, len(values), every)),
        left=_LEFT,
        best=values.index(low),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisker:
    """A difference with its interval, beside nought."""

    width: float
    low: float
    high: float
    at: float
    nought: float
    tone: str
    """"better" or "worse" where the whole interval is on one side, else "even"."""


_FOREST = 132.0


def whisker(difference: Interval, *, is_higher_better: bool) -> Whisker:
    """Place a difference; the drawing goes as far from nought as its interval does."""
    middle, room = _FOREST / 2, _FOREST / 2 - 6
    reach = max(abs(difference.low), abs(difference.high)) or 1.0

    def place(value: float) -> float:
        return middle + room * max(-1.0, min(1.0, value / reach))

    sign = (difference.low > 0) - (difference.high < 0)
    tone = "even" if not sign else "better" if (sign > 0) == is_higher_better else "worse"
    low, at, high = (place(value) for value in (difference.low, difference.value, difference.high))
    return Whisker(width=_FOREST, low=low, at=at, high=high, nought=middle, tone=tone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a bar."""

    kind: str
    at: float
    length: float
    words: str


_SPLIT = 600.0


def split(seconds: Mapping[str, float]) -> tuple[Piece, ...]:
    """Lay the stages of a run end to end, each as long as it took."""
    whole = sum(seconds.values())
    pieces, at = [], 0.0
    for index, (stage, took) in enumerate(seconds.items()):
        length = _SPLIT * took / whole if whole else 0.0
        pieces.append(Piece(kind=f"s{index % 6}", at=at, length=length, words=stage))
        at += length
    return tuple(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A week's drafts, one above the other by what became of them."""

    starts: date
    at: float
    total: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Weeks side by side, the oldest first."""

    width: float
    height: float
    foot: float
    thick: float
    bars: tuple[Bar, ...]
    rows: tuple[Tick, ...]
    left: float


_BAR, _GAP, _TALL = 34.0, 14.0, 150.0


def bars(weeks: Sequence[Week]) -> Bars:
    """Place what became of the drafts of each week, whoever wrote them."""
    starts = sorted({week.starts for week in weeks})
    totals = {day: sum(week.settled for week in weeks if week.starts == day) for day in starts}
    tallest = max([1, *totals.values()])
    left = 30.0
    placed = tuple(
        Bar(
            starts=day,
            at=left + _GAP + index * (_BAR + _GAP),
            total=totals[day],
            pieces=tuple(_pieces([week for week in weeks if week.starts == day], tallest)),
        )
        for index, day in enumerate(starts)
    )
    marks = sorted({0, round(tallest / 2), tallest})
    return Bars(
        width=left + _GAP + len(starts) * (_BAR + _GAP),
        height=_TALL + 34,
        foot=_TALL + 8,
        thick=_BAR,
        bars=placed,
        rows=tuple(Tick(at=8 + _TALL * (1 - mark / tallest), words=str(mark)) for mark in marks),
        left=left,
    )


def _pieces(weeks: Sequence[Week], tallest: int) -> list[Piece]:
    pieces, top = [], 8 + _TALL
    for fate, words in FATES.items():
        count = sum(getattr(week, fate) for week in weeks)
        if count:
            length = _TALL * count / tallest
            top -= length
            pieces.append(Piece(kind=fate, at=top, length=length, words=f"{count} {words}"))
    return pieces
