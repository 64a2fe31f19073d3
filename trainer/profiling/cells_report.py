"""A matrix in the report: its tables, bars for every cell, and lines over the batch where that is an axis."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from connectors.profile_job import Matrix, Value
from trainer.pages.numbers import UNKNOWN
from trainer.pages.page import Cell, Plot, Section, Table
from trainer.profiling.plan import Cell as Measurement
from trainer.profiling.plan import Measured, name_cell
from trainer.profiling.records import Outcome, Training

GIB, MIB = 2**30, 2**20
BATCH = "batch_size"
FEW = 2
"""Points that make no curve."""
CROSS = "× is out of memory."  # noqa: RUF001  the mark in the tables

Measure = Callable[[Training], float | None]


def matrix_section(measured: Measured, matrix: Matrix) -> Section:
    """Return all about one matrix."""
    return Section(
        matrix.name,
        tuple(_remarks(measured, matrix)),
        tables=(memory_table(measured, matrix), speed_table(measured, matrix)),
        plots=(*_bars(measured, matrix), *_sweeps(measured, matrix)),
    )


def memory_table(measured: Measured, matrix: Matrix) -> Table:
    """Return the peak of each cell, what it consists of, and what the planner foresaw."""
    unit, size = memory_unit(measured)
    purposes: dict[str, Measure] = {
        "peak": lambda found: found.memory.peak / size,
        "planned": lambda found: found.memory.planned / size if found.memory.planned else None,
        "error, %": _error,
        "parameters": lambda found: found.memory.parameters / size,
        "adapter": lambda found: found.memory.adapter / size,
        "gradients": lambda found: found.memory.gradients / size,
        "optimiser": lambda found: found.memory.optimiser / size,
        "activations": lambda found: found.memory.activations / size,
    }
    return _table(f"{matrix.name}: memory, {unit}", measured, matrix, purposes)


def speed_table(measured: Measured, matrix: Matrix) -> Table:
    """Return how quickly each cell went, and what it did to the loss."""
    return _table(f"{matrix.name}: computation", measured, matrix, {
        "s per step": lambda found: found.speed.step_s,
        "tokens per s": lambda found: found.speed.tokens_per_s,
        "MFU, %": lambda found: mfu(measured, found),
        "trained, %": lambda found: 100 * found.trained / found.parameters,
        "loss before": lambda found: found.loss_before,
        "loss after": lambda found: found.loss_after,
    })  # fmt: skip


def memory_unit(measured: Measured) -> tuple[str, int]:
    """Return the unit in which the largest peak is at least 1, and its bytes."""
    peaks = [found.memory.peak for found in _trainings(measured)]
    return ("GiB", GIB) if max(peaks, default=0) >= GIB else ("MiB", MIB)


def mfu(measured: Measured, found: Training) -> float | None:
    """Return how much of the devices' speed was used, in percent; None where that speed is not known."""
    machine = measured.outcome(measured.plan.machine).machine
    flops = machine.flops.get(found.precision) if machine else None
    return 100 * found.speed.flops_per_s / (found.devices * flops) if flops else None


def _table(title: str, measured: Measured, matrix: Matrix, columns: dict[str, Measure]) -> Table:
    rows = []
    for cell in _cells(measured, matrix):
        outcome = measured.outcome(cell.order)
        numbers = [_number(outcome, measure) for measure in columns.values()]
        rows.append((*(_text(value) for value in said_values(measured, cell).values()), *numbers))
    return Table(
        title,
        (*(axis.replace("_", " ") for axis in matrix.axes), *columns),
        tuple(rows),
        _note(row[-1] for row in rows),
    )


def _number(outcome: Outcome, measure: Measure) -> Cell:
    if outcome.training is None:
        return None if outcome.status == "out of memory" else UNKNOWN
    number = measure(outcome.training)
    return UNKNOWN if number is None or not math.isfinite(number) else float(number)


def said_values(measured: Measured, cell: Measurement) -> dict[str, Value]:
    """Return a cell's values as all tables and plots say them: in place of "auto", what it came to."""
    return {axis: _said(measured, cell, axis) for axis in cell.values}


def _said(measured: Measured, cell: Measurement, axis: str) -> Value:
    found = measured.outcome(cell.order).training
    came: Value | None = None
    if axis == "precision":
        came = _precision(measured)
    elif axis == BATCH and found:
        came = found.batch_size
    value = cell.values[axis]
    if value != "auto" or came is None:
        return value
    return f"auto ({came})" if came in cell.matrix.axes[axis] else came


def _precision(measured: Measured) -> str | None:
    """Return the number format that "auto" comes to here, as far as any cell tells."""
    auto = (cell.order for cell in measured.plan.cells if cell.order.settings.precision == "auto")
    return next((found.precision for order in auto if (found := measured.outcome(order).training)), None)


def _text(value: Value) -> str:
    return "yes" if value is True else "no" if value is False else str(value)


def _remarks(measured: Measured, matrix: Matrix) -> Iterator[str]:
    if count := measured.plan.excluded.get(matrix.name):
        yield f"{count} combinations exclude each other and are left out."
    if "accumulation" in matrix.axes and BATCH not in matrix.axes and matrix.same_step:
        yield "A step sees as many examples whatever the accumulation: the batch is the smaller, the more often."
    for cell in _cells(measured, matrix):
        outcome = measured.outcome(cell.order)
        if outcome.status != "ok":
            yield f"{name_cell(said_values(measured, cell))}: {outcome.status} ({outcome.reason})."


def _bars(measured: Measured, matrix: Matrix) -> Iterator[Plot]:
    unit, size = memory_unit(measured)
    cells = [
        (name_cell(said_values(measured, cell)), measured.outcome(cell.order)) for cell in _cells(measured, matrix)
    ]
    planned = {"planned": lambda found: found.memory.planned / size} if _has_plans(measured) else {}
    yield _bar_plot("Peak memory", unit, cells, {"measured": lambda found: found.memory.peak / size, **planned})
    yield _bar_plot("Runtime", "seconds per step", cells, {"seconds per step": lambda found: found.speed.step_s})


def _bar_plot(title: str, unit: str, cells: Sequence[tuple[str, Outcome]], series: dict[str, Measure]) -> Plot:
    drawn = {
        name: [
            (label, measure(outcome.training) if outcome.training else None)
            for label, outcome in cells
            if outcome.status != "failed"
        ]
        for name, measure in series.items()
    }
    return Plot(title, "bars", "", unit, drawn, _note_plot(drawn))


def _sweeps(measured: Measured, matrix: Matrix) -> Iterator[Plot]:
    if len(matrix.axes.get(BATCH, ())) <= FEW:
        return
    unit, size = memory_unit(measured)
    yield _sweep("Peak memory by batch", unit, measured, matrix, lambda found: found.memory.peak / size)
    yield _sweep("Speed by batch", "tokens per second", measured, matrix, lambda found: found.speed.tokens_per_s)


def _sweep(title: str, unit: str, measured: Measured, matrix: Matrix, measure: Measure) -> Plot:
    lines: dict[str, list[tuple[float | str, float | None]]] = {}
    for cell in _cells(measured, matrix):
        outcome = measured.outcome(cell.order)
        batch = cell.values[BATCH]
        if outcome.status == "failed" or isinstance(batch, str):
            continue
        said = said_values(measured, cell)
        name = name_cell({axis: value for axis, value in said.items() if axis != BATCH}) or "all"
        lines.setdefault(name, []).append((batch, measure(outcome.training) if outcome.training else None))
    return Plot(title, "lines", "batch", unit, lines, _note_plot(lines))


def _note_plot(series: Mapping[str, Sequence[tuple[float | str, float | None]]]) -> str:
    return _note(y for points in series.values() for _, y in points)


def _note(values: Iterable[Cell]) -> str:
    """Explain the mark where it is."""
    return CROSS if any(value is None for value in values) else ""


def _error(found: Training) -> float | None:
    memory = found.memory
    return 100 * (memory.planned / memory.peak - 1) if memory.planned else None


def _has_plans(measured: Measured) -> bool:
    return all(found.memory.planned for found in _trainings(measured))


def _trainings(measured: Measured) -> list[Training]:
    found = (measured.outcome(cell.order).training for cell in measured.plan.cells)
    return [training for training in found if training]


def _cells(measured: Measured, matrix: Matrix) -> list[Measurement]:
    return [cell for cell in measured.plan.cells if cell.matrix == matrix]
