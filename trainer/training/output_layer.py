"""Losses that stand inside the model's output layer, so that the logits of a whole batch never exist.

The rules this module keeps:
1. The model is called as ever, from its root: only what its output layer answers is another, for the length of one
   call. Hooks on the way (gathering of sharded weights, checkpointing, compiled layers) run as they always do.
2. A loss from here equals the plain one, in value and in gradient. Where a model changes its logits after the output
   layer (Gemma 2 caps them, Granite and Cohere scale them), `is_last` says so and nothing from here may be used.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from trainer.data.packing import Batch
from trainer.training.compiling import uncompiled

Score = Callable[[torch.Tensor], torch.Tensor]
"""The output layer: from hidden states [tokens, width] to logits [tokens, vocabulary]."""

CHUNK_NUMBERS = 2**24
"""Logits that stand at once. With all that is made of them they take some 14 bytes each: a quarter of a gigabyte."""


def chunked_nll(model: nn.Module, batch: Batch, *, chunk_numbers: int = CHUNK_NUMBERS) -> torch.Tensor:
    """Return what `reply_nll` does, with the logits of some reply tokens at a time, forward and backward."""
    size = max(1, chunk_numbers // _vocabulary(model))
    return _answered(model, batch, partial(_nll_in_chunks, size=size))


def liger_nll(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Return what `reply_nll` does by Liger's kernel, which needs a GPU and an output layer without an adapter."""
    return _answered(model, batch, _nll_by_liger)


def has_plain_output(model: nn.Module) -> bool:
    """Tell whether the output layer is one matrix and nothing beside it, as Liger's kernel wants it."""
    return type(output_layer(model)) is nn.Linear


def output_layer(model: nn.Module) -> nn.Module:
    """Return what makes logits [tokens, vocabulary] of hidden states [tokens, width]."""
    layer: nn.Module = model.get_output_embeddings()  # type: ignore[operator]
    return layer


@torch.no_grad()
def is_last(model: nn.Module, device: torch.device) -> bool:
    """Tell whether the model's logits are what its output layer says, with nothing done to them after.

    The layer is made to say numbers of either sign up to a thousand, and these must come out as they are: no cap and
    no factor lets them through. `device` is where the model calculates, wherever its weights lie.
    """
    was_training = model.training
    model.eval()
    said = torch.linspace(-1000, 1000, _vocabulary(model), device=device).expand(1, 1, -1)
    with uncompiled():
        logits = _call(model, lambda _hidden: said, input_ids=torch.zeros((1, 1), dtype=torch.long, device=device))
    model.train(was_training)
    return logits.shape == said.shape and torch.equal(logits.to(said.dtype), said)


def _answered(
    model: nn.Module, batch: Batch, nll: Callable[[nn.Module, Score, torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Return the loss over the hidden states [reply tokens, width] that predict a reply token."""
    layer = output_layer(model)
    score = layer.forward

    def answer(hidden: torch.Tensor) -> torch.Tensor:
        chosen = hidden.flatten(0, 1).index_select(0, batch.places)
        return nll(layer, score, chosen, batch.targets).reshape(1, 1, 1)

    loss = _call(
        model, answer, input_ids=batch.input_ids, position_ids=batch.position_ids, logits_to_keep=batch.columns
    )
    return loss.reshape(())


def _call(model: nn.Module, answer: Score, **inputs: torch.Tensor) -> torch.Tensor:
    """Call the model with an output layer that answers by `answer`."""
    layer = output_layer(model)
    before = vars(layer).get("forward")
    layer.forward = answer
    try:
        logits: torch.Tensor = model(**inputs, use_cache=False).logits
    finally:
        if before is None:
            del layer.forward
        else:
            layer.forward = before
    return logits


def _nll_in_chunks(
    layer: nn.Module, score: Score, hidden: torch.Tensor, targets: torch.Tensor, *, size: int
) -> torch.Tensor:
    weights = [weight for weight in layer.parameters() if weight.requires_grad]
    loss: torch.Tensor = _ChunkedNll.apply(score, size, targets, hidden, *weights)  # type: ignore[no-untyped-call]
    return loss


def _nll_by_liger(layer: nn.Module, _score: Score, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss  # noqa: PLC0415  needs a GPU

    assert isinstance(layer, nn.Linear)
    nll = LigerFusedLinearCrossEntropyLoss(reduction="sum", accum_dtype=torch.float32)
    loss: torch.Tensor = nll(layer.weight, hidden.to(layer.weight.dtype), targets, layer.bias)
    return loss


class _ChunkedNll(torch.autograd.Function):
    """The loss with its gradient found on the way: chunk by chunk, while the chunk's logits stand."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch's
        score: Score,
        size: int,
        targets: torch.Tensor,
        hidden: torch.Tensor,
        *weights: torch.Tensor,
    ) -> torch.Tensor:
        has_gradient = any(ctx.needs_input_grad)
        slopes = [torch.zeros_like(each) for each in (hidden, *weights)] if has_gradient else []
        loss = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(targets), size):
            part = slice(start, start + size)
            with torch.set_grad_enabled(has_gradient):
                some = hidden[part].detach().requires_grad_(has_gradient)
                nll = functional.cross_entropy(score(some).float(), targets[part], reduction="sum")
            loss += nll.detach()
            if has_gradient:
                found = torch.autograd.grad(nll, (some, *weights))
                slopes[0][part] = found[0]
                torch._foreach_add_(slopes[1:], found[1:]) if weights else None
        ctx.save_for_backward(*slopes)
        return loss

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        return None, None, None, *(each * slope for each in ctx.saved_tensors)


def _vocabulary(model: nn.Module) -> int:
    return int(model.config.get_text_config().vocab_size)  # type: ignore[operator, union-attr]
