"""What the planner says of a cell, to stand beside what was measured."""

from collections.abc import Sequence

import torch

from trainer.data.packing import Example
from trainer.memory.estimate import Precision, estimate
from trainer.memory.shapes import read_shapes
from trainer.profiling.records import Order
from trainer.training.loop import Training
from trainer.training.loss import packed_for

PRECISIONS: dict[torch.dtype, Precision] = {
    torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"
}  # fmt: skip


def foresee(order: Order, training: Training[Example], items: Sequence[Example]) -> int:
    """Return the planned peak in bytes of a step on these items."""
    settings = order.settings
    some, _ = next(training.workers.rounds(items, training.batch_size))
    batch = packed_for(training.model, some, is_packed=settings.packing)
    rows, length = batch.input_ids.shape
    # The plain loss makes logits of whole columns, the others of the replies' tokens alone.
    asked = rows * len(batch.columns) if settings.loss == "plain" else len(batch.targets)
    return estimate(
        read_shapes(order.model),
        settings,
        batch=rows,
        sequence=length,
        precision=PRECISIONS[training.arithmetic.dtype],
        device="cuda" if training.arithmetic.device == "cuda" else "cpu",
        replies=asked / (rows * length),
    ).total
