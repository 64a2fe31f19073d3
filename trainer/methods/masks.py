"""Which of a model's numbers are worth training: those whose loss changes most with them.

A number's score is its squared gradient, averaged over some batches; of each layer the numbers with the highest scores
are taken (RoSA, arXiv 2401.04679). The gradients are those of the base model: nothing has been learned yet.

The rules this module keeps:
1. Gradients and sums of the whole model are never there together: layers go in groups, and each group has its own
   passes over the same batches. More groups take more time, not more memory.
2. The choice depends on the weights and the items alone, not on how the items are cut into parts for memory's sake.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import torch
from torch import nn

from trainer.data.packing import batches
from trainer.methods.sparse import SparseLinear
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Objective

GROUP_BYTES = 2 * 2**30
"""Gradients and sums that are there at once; one layer alone may need more."""
SCALE = 1024.0
"""What losses are multiplied by, lest fp16 lose small gradients. It changes no order."""

Item = TypeVar("Item")


def choose_positions(
    model: nn.Module,
    layers: Mapping[str, SparseLinear],
    objective: Objective[Item],
    steps: Sequence[Sequence[Item]],
    arithmetic: Arithmetic,
    *,
    part: int,
    group_bytes: int = GROUP_BYTES,
) -> None:
    """Tell each layer which of its numbers are trained.

    Args:
        model: What the layers are in; they must be off.
        layers: Those to choose for.
        objective: The loss.
        steps: The batches, each with one gradient.
        arithmetic: How losses are computed.
        part: How many items go through the model together.
        group_bytes: Gradients and sums that are there at once.
    """
    for group in _groups(list(layers.values()), group_bytes):
        scores = _scores(model, group, objective, steps, arithmetic=arithmetic, part=part)
        for layer, score in zip(group, scores, strict=True):
            layer.take(highest(score, len(layer.values)))


def highest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Return the places of the highest scores in the flattened tensor, ascending, as int32."""
    return scores.flatten().topk(count).indices.sort().values.to(torch.int32)


def _groups(layers: Sequence[SparseLinear], group_bytes: int) -> Iterator[list[SparseLinear]]:
    """Yield the layers in order, as many at a time as fit."""
    group: list[SparseLinear] = []
    held = 0
    for layer in layers:
        needed = layer.weight.numel() * (layer.weight.element_size() + torch.float32.itemsize)
        if group and held + needed > group_bytes:
            yield group
            group, held = [], 0
        group.append(layer)
        held += needed
    if group:
        yield group


def _scores(
    model: nn.Module,
    group: Sequence[SparseLinear],
    objective: Objective[Item],
    steps: Sequence[Sequence[Item]],
    *,
    arithmetic: Arithmetic,
    part: int,
) -> list[torch.Tensor]:
    """Return the mean squared gradient of each layer's weight, [out, in], in fp32."""
    sums = [torch.zeros_like(layer.weight, dtype=torch.float32) for layer in group]
    weights = [layer.weight.requires_grad_() for layer in group]
    try:
        for items in steps:
            weight = sum(objective.weigh(item) for item in items)
            for some in batches(items, part):
                with arithmetic.autocast():
                    loss = objective.loss(model, some, arithmetic) / weight
                (loss * SCALE).backward()  # type: ignore[no-untyped-call]
            for each, squares in zip(weights, sums, strict=True):
                if each.grad is not None:
                    squares.add_((each.grad.float() / SCALE).square(), alpha=1 / len(steps))
                    each.grad = None
    finally:
        for each in weights:
            each.requires_grad_(False)  # noqa: FBT003  torch's own
            each.grad = None
    return sums
