"""What techniques do, and how well the planner foresaw it, in the report."""

import statistics
from collections.abc import Iterator

from trainer.pages.page import Cell, Plot, Section, Table
from trainer.profiling.cells_report import memory_unit, said_values
from trainer.profiling.effects import COMPUTATION, QUANTITIES, SAME, SAME_TIME, arrow, find_effects
from trainer.profiling.plan import Measured, name_cell


def effects_section(measured: Measured) -> Iterator[Section]:
    """Yield the directions of each technique's effect, where cells differ in one alone."""
    found = find_effects(measured)
    if not found:
        return
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            effect.technique,
            *(arrow(effect.changes[name], same=SAME_TIME if name == COMPUTATION else SAME) for name in QUANTITIES),
            effect.pairs,
        )
        for effect in found
    )
    note = (
        f"Median change over all pairs of cells that differ in this setting alone. = is a change below {SAME:.0%} in "
        f"memory and below {SAME_TIME:.0%} in time (seconds per step)."
    ).replace("%", " %")
    yield Section(
        "What each technique does",
        ("Read from the cells above, not from a textbook.",),
        tables=(Table("Direction of the effect", ("technique", *QUANTITIES, "pairs"), rows, note),),
    )


def planner_section(measured: Measured) -> Iterator[Section]:
    """Yield how far the planner's peaks are from the measured ones."""
    unit, size = memory_unit(measured)
    found = [
        (name_cell(said_values(measured, cell)), training.memory.peak, training.memory.planned)
        for cell in measured.plan.cells
        if (training := measured.outcome(cell.order).training) and training.memory.planned
    ]
    if not found:
        return
    errors = [abs(planned / peak - 1) for _, peak, planned in found]
    worst = max(range(len(found)), key=errors.__getitem__)
    points = [(peak / size, planned / size) for _, peak, planned in found]
    most = max(max(point) for point in points)
    yield Section(
        "The planner beside what was measured",
        (
            f"{len(found)} cells; the planner is off by {statistics.median(errors):.1%} in the median, and by "
            f"{errors[worst]:.1%} at worst ({found[worst][0]}).".replace("%", " %"),
        ),
        plots=(
            Plot(
                "Planned and measured peaks", "points", f"measured, {unit}", f"planned, {unit}",
                {"cells": points, "equal": [(most * part / 20, most * part / 20) for part in range(21)]},
            ),
        ),
    )  # fmt: skip
