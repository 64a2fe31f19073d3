"""What a technique does to memory and time: read from pairs of cells that differ in it alone."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.profile_job import Value
from trainer.pages.numbers import UNKNOWN
from trainer.profiling.plan import Cell, Measured
from trainer.profiling.records import Training

QUANTITIES: Mapping[str, Callable[[Training], float]] = {
    "parameters": lambda found: found.memory.parameters + found.memory.adapter,
    "activations": lambda found: found.memory.activations,
    "gradients": lambda found: found.memory.gradients,
    "optimiser": lambda found: found.memory.optimiser,
    "peak": lambda found: found.memory.peak,
    "computation": lambda found: found.speed.step_s,
}
"""The memory of these purposes in bytes, and the seconds of a step."""
COMPUTATION = "computation"
SAME = 0.01
SAME_TIME = 0.05
"""Smaller changes are none: memory is counted to the byte, but no two steps take equally long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change of one setting, and the median change of each quantity over all pairs, as a share of what it was."""

    technique: str
    pairs: int
    changes: Mapping[str, float | None]


def find_effects(measured: Measured) -> list[Effect]:
    """Return the effect of each value of each axis, against the axis's first value."""
    found: dict[tuple[str, Value, Value], list[tuple[Training, Training]]] = {}
    for cell in measured.plan.cells:
        after = measured.outcome(cell.order).training
        for axis, value in cell.values.items():
            first = cell.matrix.axes[axis][0]
            other = _beside(measured.plan.cells, cell, axis, first) if value != first else None
            before = measured.outcome(other.order).training if other else None
            if before and after:
                found.setdefault((axis, first, value), []).append((before, after))
    return [_effect(*change, pairs) for change, pairs in found.items()]


def arrow(change: float | None, *, same: float = SAME) -> str:
    """Return a change as its direction and size."""
    if change is None:
        return UNKNOWN
    if abs(change) < same:
        return "="
    return f"{'↑' if change > 0 else '↓'} {abs(change):,.0%}".replace("%", " %")


def _beside(cells: Sequence[Cell], cell: Cell, axis: str, value: Value) -> Cell | None:
    """Return the cell of the same matrix that has another value on one axis alone."""
    wanted = {**cell.values, axis: value}
    return next((other for other in cells if other.matrix is cell.matrix and other.values == wanted), None)


def _effect(axis: str, first: Value, value: Value, pairs: Sequence[tuple[Training, Training]]) -> Effect:
    before, after = (_say(axis, each, [pair[side] for pair in pairs]) for side, each in enumerate((first, value)))
    return Effect(
        technique=f"{axis.replace('_', ' ')}: {after} instead of {before}",
        pairs=len(pairs),
        changes={name: _median_change(measure, pairs) for name, measure in QUANTITIES.items()},
    )


def _say(axis: str, value: Value, found: Sequence[Training]) -> str:
    """Return a value; of a number format that was left to the hardware, which one that was."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return found[0].precision if axis == "precision" and value == "auto" else str(value)


def _median_change(measure: Callable[[Training], float], pairs: Sequence[tuple[Training, Training]]) -> float | None:
    changes = [measure(after) / measure(before) - 1 for before, after in pairs if measure(before)]
    return statistics.median(changes) if changes else None
