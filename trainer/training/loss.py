"""The loss: how surprised a model is by the replies, and by nothing else."""

import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn import functional

from connectors.errors import UsageError
from trainer.data.packing import Batch, Example, batches, collate, pack
from trainer.training.hardware import Arithmetic
from trainer.training.output_layer import chunked_nll, has_plain_output, is_last, liger_nll, output_layer

logger = logging.getLogger(__name__)

Nll = Callable[[nn.Module, Batch], torch.Tensor]
"""Negative log-likelihood of all reply tokens of a batch, summed, in nats."""
Way = Literal["auto", "plain", "chunked", "liger"]

_IS_LAST: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()
"""By output layer, what was found out about it."""


def reply_nll(model: nn.Module, batch: Batch, *, way: Way = "auto") -> torch.Tensor:
    """Return the negative log-likelihood of all reply tokens of a batch, summed, in nats.

    "auto" takes Liger's kernel where it is and can, else chunks, which were never slower than the plain way, see
    LOG.md; a model that changes its logits after the output layer gets the plain way.

    Raises:
        UsageError: Liger's kernel is asked for, and is not there or has no GPU.
    """
    if way == "liger":
        _require_liger(batch)
    if way == "plain" or not _may_replace(model, batch):
        return plain_nll(model, batch)
    is_by_liger = way == "liger" or (way == "auto" and batch.input_ids.is_cuda and _has_liger())
    if is_by_liger and has_plain_output(model):
        return liger_nll(model, batch)
    return chunked_nll(model, batch)


def plain_nll(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Return what `reply_nll` does, with the logits [rows, columns, vocabulary] of all columns that count at once."""
    logits = model(
        input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False, logits_to_keep=batch.columns
    ).logits
    return functional.cross_entropy(
        logits.float().flatten(0, 1), batch.labels[:, batch.columns].flatten(), reduction="sum"
    )


def packed(examples: Sequence[Example], *, is_packed: bool = True, has_one_row: bool = False) -> Batch:
    """Return examples as a batch: sharing rows, or each in a row of its own, filled up to the longest."""
    return collate(pack(examples, has_one_row=has_one_row) if is_packed else [[example] for example in examples])


def packed_for(model: nn.Module, examples: Sequence[Example], *, is_packed: bool = True) -> Batch:
    """Return examples as a batch of the shape that the model's attention reads."""
    return collate(rows_for(model, examples, is_packed=is_packed))


def rows_for(model: nn.Module, examples: Sequence[Example], *, is_packed: bool = True) -> list[list[Example]]:
    """Return examples in the rows in which the model's attention reads them."""
    attention = str(getattr(model.config, "_attn_implementation", ""))
    if not is_packed:
        return [[example] for example in examples]
    return pack(examples, has_one_row=attention.startswith("flash"))


def nats_per_byte(
    model: nn.Module, examples: Sequence[Example], arithmetic: Arithmetic, batch_size: int, *, way: Way = "auto"
) -> float:
    """Return the mean loss over the bytes of the replies. The model is left in training mode if it was."""
    was_training = model.training
    model.eval()
    total = torch.zeros((), device=arithmetic.device)
    with torch.no_grad():
        for some in batches(examples, batch_size):
            with arithmetic.autocast():
                total += reply_nll(model, packed_for(model, some).to(arithmetic.device), way=way)
    model.train(was_training)
    return total.item() / sum(example.reply_bytes for example in examples)


def forget(model: nn.Module) -> None:
    """Forget what was found out about a model by calling it; workers that share one must all call it, or none."""
    _IS_LAST.pop(output_layer(model), None)


def _may_replace(model: nn.Module, batch: Batch) -> bool:
    layer = output_layer(model)
    if layer not in _IS_LAST:
        _IS_LAST[layer] = is_last(model, batch.input_ids.device)
        if not _IS_LAST[layer]:
            logger.info("This model changes its logits after the output layer: the loss is computed the plain way.")
    return _IS_LAST[layer]


def _has_liger() -> bool:
    return find_spec("liger_kernel") is not None


def _require_liger(batch: Batch) -> None:
    if not batch.input_ids.is_cuda:
        raise UsageError("Liger's kernels need a GPU.", hint='Set [train] loss = "auto".')
    if not _has_liger():
        raise UsageError(
            "Liger's kernels are not installed.",
            hint="pip install 'cyrano-mail[kernels]', or set [train] loss = \"auto\".",
        )
