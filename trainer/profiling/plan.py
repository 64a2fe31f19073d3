"""From a job to the orders of its cells, in the order in which they are carried out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.profile_job import Matrix, ProfileJob, Value
from connectors.train_settings import TrainSettings
from trainer.profiling.records import Order, Outcome

BASE = "base"
"""The model before any training, among the methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A combination of a matrix, and what is ordered for it."""

    matrix: Matrix
    values: Mapping[str, Value]
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All orders of a job."""

    machine: Order
    cells: tuple[Cell, ...]
    excluded: Mapping[str, int]
    """By matrix, how many combinations there are that settings do not allow."""
    generation: Order | None
    learning: Mapping[str, Order]
    """By method, and `base`."""

    def orders(self) -> Iterator[tuple[str, Order]]:
        """Yield each order once, with a few words about it."""
        seen = {self.machine.key}
        yield "machine", self.machine
        for label, order in self._all():
            if order.key not in seen:
                seen.add(order.key)
                yield label, order

    def _all(self) -> Iterator[tuple[str, Order]]:
        for cell in self.cells:
            yield name_cell(cell.values), cell.order
        if self.generation:
            yield "generation", self.generation
        for method, order in self.learning.items():
            yield f"learning: {method}", order


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A plan and how its orders ended, by their keys."""

    plan: Plan
    outcomes: Mapping[str, Outcome]

    def outcome(self, order: Order) -> Outcome:
        """Return how an order ended."""
        return self.outcomes[order.key]


def plan_cells(job: ProfileJob, model: str, material: str) -> Plan:
    """Return what a job orders. `model` is where the model lies, `material` the digest of the examples."""
    common = Order(
        task="train", model=model, is_random=job.is_random, settings=job.settings,
        steps=job.steps, warmup_steps=job.warmup_steps, memory_gib=job.memory_gib, material=material,
    )  # fmt: skip
    cells, excluded = list[Cell](), dict[str, int]()
    for matrix in job.matrices:
        for values in matrix.combinations():
            settings = matrix.settings(values, job.settings)
            if settings is None:
                excluded[matrix.name] = excluded.get(matrix.name, 0) + 1
                continue
            cells.append(Cell(matrix=matrix, values=values, order=common.model_copy(update={"settings": settings})))
    writing = {"warmup_steps": 0, "memory_gib": None, "generation_tokens": job.generation_tokens}
    return Plan(
        machine=Order(task="machine", model=""),
        cells=tuple(cells),
        excluded=excluded,
        generation=common.model_copy(update={"task": "generate", "steps": 1, **writing}) if job.generation else None,
        learning=_learning(job, common.model_copy(update={"task": "learn", **writing})) if job.quality else {},
    )


def name_cell(values: Mapping[str, Value]) -> str:
    """Return a combination in a few words."""
    return " ".join(name for axis, value in values.items() if (name := name_value(axis, value)))


def name_value(axis: str, value: Value) -> str:
    """Return a value in a few words, "" where it is what is left out."""
    if isinstance(value, bool):
        return axis if value else f"no {axis}"
    if axis == "quantisation" and value == "none":
        return ""
    known = {
        "batch_size": "batch {}", "accumulation": "acc. {}", "processes": "{} processes",
        "checkpointing": "checkpointing {}", "learning_rate": "lr {}", "rank": "rank {}",
    }  # fmt: skip
    default = "{}" if isinstance(value, str) else f"{axis} {{}}"
    return known.get(axis, default).format(value)


def _learning(job: ProfileJob, common: Order) -> dict[str, Order]:
    base = _method(job.settings, "lora", job.settings.learning_rate)
    orders = {BASE: common.model_copy(update={"settings": base, "is_trained": False, "steps": 0})}
    for method in job.quality_methods:
        settings = _method(job.settings, method, job.quality_rates.get(method, job.settings.learning_rate))
        orders[method] = common.model_copy(update={"settings": settings, "steps": job.quality_steps})
    return orders


def _method(settings: TrainSettings, method: str, rate: float) -> TrainSettings:
    """Return settings for a method, without what it cannot do: all are compared on the same weights."""
    changed = {"method": method, "learning_rate": rate, "quantisation": "none"}
    if method != "lora":
        changed["variant"] = "plain"
    return TrainSettings(**(settings.model_dump() | changed))
