"""Whether a run fits a device, and if not, what would make it fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from connectors.errors import UsageError
from connectors.train_settings import TrainSettings
from trainer.memory.devices import Device, here
from trainer.memory.estimate import Estimate, Precision, estimate
from trainer.memory.shapes import Shapes, read_shapes
from trainer.methods.masks import GROUP_BYTES
from trainer.training.hardware import DTYPES, Hardware, choose_arithmetic, should_checkpoint
from trainer.training.launch import check_possible

MOST_ROWS = 64
"""Larger batches are not looked for: they no longer make a run faster."""
_NAMES: dict[torch.dtype, Precision] = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}
ALONE = {"quantisation": "none", "optimiser": "adamw", "compile": "auto"}
"""All that goes with several processes."""
SHORTEST = 256
"""Tokens below which it is not proposed to cut examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run and the device it is for."""

    shapes: Shapes
    settings: TrainSettings
    sequence: int
    """Tokens of the longest row."""
    device: Device
    replies: float = 1.0
    gpus: int | None = None
    """How many of them there are; without a number, as many as are asked for."""

    @property
    def hardware(self) -> Hardware:
        """The device as training sees it."""
        return Hardware(device=self.device.kind, has_bf16=self.device.has_bf16)

    @property
    def precision(self) -> Precision:
        """The format of products on this device."""
        return _NAMES[choose_arithmetic(self.settings.precision, self.hardware).dtype]

    @property
    def is_spread(self) -> bool:
        """Whether it is trained in processes of their own."""
        return self.settings.processes > 1 or self.settings.offload

    def check(self) -> None:
        """Refuse what training would refuse before it starts.

        Raises:
            UsageError: what, and what to set instead.
        """
        if self.is_spread:
            gpus = self.settings.processes if self.gpus is None else self.gpus
            check_possible(self.settings, self.hardware, gpus=gpus)

    @property
    def batch(self) -> int:
        """Rows that go through the model together; with "auto" the fewest, for it takes what fits."""
        return 1 if self.settings.batch_size == "auto" else self.settings.batch_size

    def estimate(self, *, batch: int | None = None, is_whole: bool = False) -> Estimate:
        """Estimate the peak of a step."""
        return estimate(
            self.shapes,
            self.settings,
            batch=batch or self.batch,
            sequence=self.sequence,
            precision=self.precision,
            device=self.device.kind,
            replies=self.replies,
            is_whole=is_whole,
        )

    def changed(self, **settings: Any) -> "Plan":  # noqa: ANN401  as the settings take them
        """Return the plan with other settings; `max_tokens` cuts the rows too."""
        sequence = min(self.sequence, settings.get("max_tokens", self.sequence))
        return replace(self, settings=self.settings.model_copy(update=settings), sequence=sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a run fits."""

    is_fit: bool
    estimate: Estimate
    room: int
    """Bytes that are left, or missing if negative."""
    advice: tuple[str, ...] = ()
    """Lines for the section [train] with which it fits; without any, nothing that is known here helps."""


def check_fit(
    model: str, settings: TrainSettings, *, sequence: int, device: Device | None = None, replies: float = 1.0
) -> Verdict:
    """Tell whether a run fits a device, this machine's if none is given, and which settings would if it does not.

    Args:
        model: As `read_shapes` takes it.
        settings: How it is trained.
        sequence: Tokens of the longest row.
        device: Where.
        replies: Share of the tokens that is learned from.

    Raises:
        ModelMissing: the model's configuration is not on this machine.
    """
    plan = Plan(
        shapes=read_shapes(model),
        settings=settings,
        sequence=sequence,
        device=device or here(),
        replies=replies,
    )
    return judge(plan)


def needed_bytes(plan: Plan) -> int:
    """Return what tensors hold at the peak of a run, without looking whether that fits."""
    return _needed(plan, plan.estimate())


def mildest(plan: Plan, *, most: int = 2) -> tuple[str, ...]:
    """Return the first changes that need less, as lines of [train], without tracing how much less."""
    changes = [change for change in _changes(plan) if _is_possible(plan.changed(**change))]
    return tuple(f"{name} = {_toml(value)}" for change in changes[:most] for name, value in change.items())


def judge(plan: Plan, *, is_whole: bool = False) -> Verdict:
    """Tell whether a plan fits; `is_whole` traces all its layers."""
    found = plan.estimate(is_whole=is_whole)
    room = plan.device.usable_bytes - _needed(plan, found)
    advice = () if room >= 0 else advise(plan)
    return Verdict(is_fit=room >= 0, estimate=found, room=room, advice=advice)


def largest_batch(plan: Plan, *, limit: int = MOST_ROWS) -> int:
    """Return how many rows fit through the model together, or 0 if not even one does.

    Memory grows almost evenly with the rows: two estimates say where to look, and the neighbours are tried.
    """
    usable = plan.device.usable_bytes

    def total(rows: int) -> int:
        return _needed(plan, plan.estimate(batch=rows))

    one, other = total(1), total(max(2, plan.batch))
    per_row = max(1.0, (other - one) / (max(2, plan.batch) - 1))
    rows = max(0, min(limit, 1 + int((usable - one) // per_row)))
    while rows > 0 and total(rows) > usable:
        rows -= 1
    while 0 < rows < limit and total(rows + 1) <= usable:
        rows += 1
    return rows


def advise(plan: Plan) -> tuple[str, ...]:
    """Return the mildest changes with which a plan fits, as lines of [train]; () if there are none.

    Changes are added from the mildest on until it fits; then each that turns out not to be needed is taken back.
    """
    taken: dict[str, Any] = {}
    for change in _changes(plan):
        if not _is_possible(plan.changed(**(taken | change))):
            continue
        taken |= change
        if _fits(plan.changed(**taken)):
            break
    else:
        return ()
    for name in [name for name in taken if name not in {"batch_size", "accumulation"}]:
        rest = {key: value for key, value in taken.items() if key != name}
        if rest and _is_possible(changed := plan.changed(**rest)) and _fits(changed):
            taken = rest
    return tuple(f"{name} = {_toml(value)}" for name, value in taken.items())


def _changes(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield what saves memory, mildest first: the same result but slower, nearly the same, less text, another way."""
    settings = plan.settings
    is_full, is_gpu = settings.method == "full", plan.device.kind == "cuda"
    if not should_checkpoint(settings.checkpointing, plan.shapes.parameters):
        yield {"checkpointing": "on"}
    if settings.loss == "plain":
        yield {"loss": "auto"}
    for rows in (size for size in (8, 4, 2, 1) if size < plan.batch):
        yield {"batch_size": rows, "accumulation": -(-settings.step_size // rows)}
    if is_full and settings.optimiser == "adamw":
        yield {"optimiser": "adamw_8bit"}
    if is_full and is_gpu:
        yield {"optimiser": "paged_adamw_8bit"}
    if settings.method == "lora" and settings.quantisation != "nf4":
        yield {"quantisation": "nf4"}
    yield from ({"max_tokens": tokens} for tokens in (plan.sequence // 2, plan.sequence // 4) if tokens >= SHORTEST)
    if settings.method != "lora":
        yield {"method": "lora", "optimiser": "adamw"}
        yield {"quantisation": "nf4"}
    if is_gpu:
        rowwise = {"batch_size": 1, "accumulation": settings.step_size} if settings.batch_size == "auto" else {}
        yield from ({"processes": number, **ALONE, **rowwise} for number in (2, 4, 8) if number > settings.processes)


def _is_possible(plan: Plan) -> bool:
    try:
        plan.check()
    except UsageError:
        return False
    return True


def _fits(plan: Plan) -> bool:
    return _needed(plan, plan.estimate()) <= plan.device.usable_bytes


def _needed(plan: Plan, step: Estimate) -> int:
    """Return the peak of a run: a step's, or that of what comes before the first one."""
    return max(step.total, _choosing_bytes(plan, step))


def _choosing_bytes(plan: Plan, step: Estimate) -> int:
    """Return what rosa holds while it chooses what to train: gradients and sums of as many layers as it takes at once.

    Activations are at most those of a step, and there is no optimiser yet.
    """
    if plan.settings.method != "rosa":
        return 0
    linear = plan.shapes.parameters - plan.shapes.vocabulary * plan.shapes.hidden * (1 if plan.shapes.is_tied else 2)
    sums = min(GROUP_BYTES, linear * (DTYPES[plan.precision].itemsize + 4))
    return step.parameters + step.adapter + step.activations + step.loss + sums


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
