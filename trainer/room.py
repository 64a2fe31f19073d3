"""Whether a run has room on this machine, before hours go into it; and how much it needs, for those it shares with."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import nn

from connectors.errors import TrainError
from connectors.job import TrainJob
from connectors.pipe import Room
from connectors.train_settings import TrainSettings
from trainer.data.packing import Example, pack
from trainer.memory.available import available_bytes
from trainer.memory.devices import CONTEXT_BYTES, FRAGMENTS, GIB, Device, here
from trainer.memory.fit import Plan, judge, mildest, needed_bytes
from trainer.memory.shapes import Shapes, read_shapes

PARAMETER_BYTES = 32
"""More than any method holds of a parameter: weight, gradient, the optimiser's two moments, and copies of them."""
TOKEN_UNITS = 128
"""More numbers than a decoder layer keeps of a token, in units of its width."""
GROWTH_BYTES = GIB // 2
"""What the program itself, without its tensors, grows by while it trains on a processor. Assumed."""


def need_room(job: TrainJob, learned: Sequence[Example]) -> None:
    """Refuse a run that cannot fit.

    Raises:
        TrainError: it cannot; the hint says what would fit.
    """
    shapes, device = read_shapes(job.model), _free(here())
    if _bound(shapes, learned, job.settings.step_size) < device.usable_bytes:
        return
    plan = _plan(shapes, device, job, learned)
    verdict = judge(plan)
    if verdict.is_fit:
        return
    needed, there = verdict.estimate.total / GIB, device.usable_bytes / GIB
    changes = "; ".join(verdict.advice)
    raise TrainError(
        f"This run needs about {needed:.1f} GiB of memory at its peak, and {device.name} has {there:.1f} GiB free.",
        hint=f"With these lines in [train] it fits: {changes}." if changes else "Choose a smaller model; cyrano plan.",
    )


def room_of(job: TrainJob, learned: Sequence[Example], *, free: int | None = None) -> Room:
    """Return what a run asks for before its model is loaded, and what nobody holds now.

    Where far more than it can need is free, nothing is traced, and that is what it asks for.

    Args:
        job: The run.
        learned: What it learns from.
        free: The bytes that nobody holds; looked up if not given.
    """
    shapes, device = read_shapes(job.model), here()
    if free is None:
        free = available_bytes() if device.kind == "cpu" else torch.cuda.mem_get_info()[0]
    # Processes that train together have a GPU each, and the machine's memory in common.
    shares = job.settings.processes if device.kind == "cpu" else 1
    bound = shares * _with_overhead(_bound(shapes, learned, job.settings.step_size), device)
    if bound <= free:
        return Room(needs=bound, free=free, device=device.kind)
    plan = _plan(shapes, device, job, learned)
    longest = max(len(example.tokens) for example in learned)
    measuring = plan.estimate().parameters + drafting_bytes(
        shapes, plan.batch * longest, longest, _unit(device, job.settings)
    )
    needs = max(shares * _with_overhead(needed_bytes(plan), device), _with_overhead(measuring, device))
    return Room(needs=needs, free=free, device=device.kind, advice=mildest(plan))


def room_to_evaluate(
    model: str, settings: TrainSettings, examples: Sequence[Example], batch_size: int, *, free: int | None = None
) -> Room:  # fmt: skip
    """Return what the evaluation of an adapter asks for, and what nobody holds now.

    Args:
        model: The base model's folder or name.
        settings: How numbers are to be held.
        examples: What it is asked; at least one.
        batch_size: How many of them at once.
        free: The bytes that nobody holds; looked up if not given.
    """
    shapes, device = read_shapes(model), here()
    if free is None:
        free = available_bytes() if device.kind == "cpu" else torch.cuda.mem_get_info()[0]
    longest, unit = max(len(example.tokens) for example in examples), _unit(device, settings)
    # Two models: an adapter may be a whole one, and the base is loaded beside it.
    tensors = 2 * shapes.parameters * unit + drafting_bytes(shapes, batch_size * longest, longest, unit)
    return Room(needs=_with_overhead(tensors, device), free=free, device=device.kind)


def drafting_bytes(shapes: Shapes, tokens: int, longest: int, unit: int) -> int:
    """Return about what drafts take beyond the model that writes them.

    Args:
        shapes: The model's.
        tokens: As many at once, in all prompts and drafts.
        longest: Tokens of the longest.
        unit: Bytes of a number.
    """
    kept = 2 * shapes.layers * shapes.kv_heads * shapes.head_dim
    # What comes and goes in one layer: its inputs, the feed-forward part, and how each token attends to each.
    passing = 4 * shapes.hidden + 3 * shapes.intermediate + shapes.heads * longest
    rows = -(-tokens // longest)
    return unit * tokens * (2 * kept + passing) + 4 * rows * 2 * shapes.vocabulary


def _unit(device: Device, settings: TrainSettings) -> int:
    """Return the bytes of a number that a model writes with, at most."""
    return 4 if device.kind == "cpu" or settings.precision == "fp32" else 2


def _with_overhead(tensors: int, device: Device) -> int:
    """Return what a process holds that has so many bytes of tensors at its peak."""
    if device.kind == "cpu":
        return tensors + GROWTH_BYTES
    return int(tensors * (1 + FRAGMENTS)) + CONTEXT_BYTES


def room_for(job: TrainJob, learned: Sequence[Example]) -> Callable[[int], bool]:
    """Return what tells whether so many of the longest examples have room together."""
    shapes, device = read_shapes(job.model), _free(here())
    longest = sorted(learned, key=lambda example: len(example.tokens), reverse=True)

    def has_room(size: int) -> bool:
        if _bound(shapes, learned, size) < device.usable_bytes:
            return True
        plan = _plan(shapes, device, job, longest[:size])
        rows = len(pack(longest[:size])) if job.settings.packing else size
        return plan.estimate(batch=rows).total <= device.usable_bytes

    return has_room


def where_to_measure(model: nn.Module, device: str) -> str:
    """Return where a model that was trained in parts can be measured whole, with its base beside it."""
    if device == "cpu":
        return device
    whole = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    free, _ = torch.cuda.mem_get_info()
    return device if free > 3 * whole else "cpu"


def _plan(shapes: Shapes, device: Device, job: TrainJob, learned: Sequence[Example]) -> Plan:
    """Plan for the largest batch there can be: the longest examples together."""
    longest = sorted(learned, key=lambda example: len(example.tokens), reverse=True)
    together = longest[: 1 if job.settings.batch_size == "auto" else job.settings.batch_size]
    rows = len(pack(together)) if job.settings.packing else len(together)
    tokens = sum(len(example.tokens) for example in together)
    return Plan(
        shapes=shapes,
        settings=job.settings.model_copy(
            update={"batch_size": rows, "accumulation": -(-job.settings.step_size // rows)}
        ),
        sequence=max(len(example.tokens) for example in together),
        device=device,
        replies=sum(example.reply_tokens for example in together) / tokens,
    )


def _bound(shapes: Shapes, learned: Sequence[Example], together: int) -> int:
    """Return more bytes than a run can need: where even these are there, nothing has to be traced."""
    tokens = together * max(len(example.tokens) for example in learned)
    width = max(shapes.hidden, shapes.intermediate)
    of_tokens = 4 * (TOKEN_UNITS * shapes.layers * width + 4 * shapes.vocabulary)
    return shapes.parameters * PARAMETER_BYTES + tokens * of_tokens


def _free(device: Device) -> Device:
    """Return the device with the memory that nobody holds: the engine may be on it too."""
    if device.kind == "cpu":
        return device
    free, _ = torch.cuda.mem_get_info()
    return replace(device, memory_bytes=free)
