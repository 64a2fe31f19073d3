"""The ways to compute the loss by name, as they can be run on tensors without memory."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from trainer.data.packing import Batch
from trainer.training.loss import Nll, plain_nll
from trainer.training.output_layer import CHUNK_NUMBERS, chunked_nll

CHUNKS = 3
"""Of the chunks of a loss each takes the memory that the one before has left: more need not be traced."""


def few_chunks_nll(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Go through the chunked loss over all hidden states, but stop after some chunks."""
    size = max(1, CHUNK_NUMBERS // int(model.config.get_text_config().vocab_size))  # type: ignore[operator, union-attr]
    return chunked_nll(model, replace(batch, targets=batch.targets[: CHUNKS * size]))


def liger_like_nll(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Hold what Liger's fused kernel holds; it runs on a GPU only.

    It cuts the tokens into as many pieces as the vocabulary is wider than the hidden states, keeps one piece's logits,
    and writes their gradient over them.
    """
    head: nn.Module = model.get_output_embeddings()  # type: ignore[operator]
    weight: torch.Tensor = head.weight  # type: ignore[assignment]

    def answer(hidden: torch.Tensor) -> torch.Tensor:
        chosen = hidden.flatten(0, 1).index_select(0, batch.places)
        loss: torch.Tensor = _Fused.apply(chosen.to(weight.dtype), weight)  # type: ignore[no-untyped-call]
        return loss.reshape(1, 1, 1)

    head.forward = answer
    try:
        result: torch.Tensor = model(
            input_ids=batch.input_ids, position_ids=batch.position_ids, logits_to_keep=batch.columns, use_cache=False
        ).logits
    finally:
        del head.forward
    return result.reshape(())


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:  # noqa: ANN401  torch's
        tokens, width = hidden.shape
        pieces = _power_of_two(-(-weight.shape[0] // width))
        rows = _power_of_two(-(-tokens // pieces))
        slope = torch.zeros_like(hidden)
        weight_slope = torch.zeros_like(weight, dtype=torch.float32) if weight.requires_grad else None
        logits = hidden[:rows] @ weight.t()
        found = logits @ weight
        del logits, found
        ctx.save_for_backward(slope, weight_slope)
        return hidden.new_zeros((), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        to_hidden, to_weight = ctx.saved_tensors
        return to_hidden * slope, to_weight if to_weight is None else to_weight * slope


def _power_of_two(number: int) -> int:
    return 1 << max(0, number - 1).bit_length()


NLLS: dict[str, Nll] = {"plain": plain_nll, "chunked": few_chunks_nll, "liger": liger_like_nll}
