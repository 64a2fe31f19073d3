"""What a report is made of, before it is HTML or Markdown. Every text here may come from mail: nothing is markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Cell = str | int | float | None
"""What stands in a table. None is drawn as a cross: there is no such number, for want of memory as a rule."""

Kind = Literal["lines", "bars", "points", "intervals"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. Columns of numbers are set flush right, with as many digits as their largest deserves."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of the table {self.title!r} has not as many cells as there are columns")


@dataclass(frozen=True, slots=True)
class Plot:
    """Series of points by their names. A y of None is drawn as a cross; text for x makes categories, in their order.

    Intervals lie: each x is a line of its own, each y a mark between the borders that `spans` has for it.
    """

    title: str
    kind: Kind
    x_label: str
    y_label: str
    series: Mapping[str, Sequence[tuple[float | str, float | None]]]
    note: str = ""
    spans: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    """Of intervals: by series, the lower and the upper border of each point."""


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs, tables, plots, and texts shown side by side (`samples`: a label and a text each)."""

    heading: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    samples: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """A report: its title, what was measured where (name and value), and its sections."""

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
