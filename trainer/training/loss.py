"""The loss: how surprised a model is by the replies, and by nothing else."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from trainer.data.packing import IGNORED, Batch, Example, batches, collate, pack
from trainer.training.hardware import Arithmetic


def reply_nll(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Return the negative log-likelihood of all reply tokens of a batch, summed, in nats."""
    # Logits are made only for columns where some row predicts a reply token: prompts are most of a batch.
    columns = (batch.labels != IGNORED).any(dim=0).nonzero().squeeze(1)
    logits = model(
        input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False, logits_to_keep=columns
    ).logits
    labels = batch.labels[:, columns]
    return functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def packed(examples: Sequence[Example], *, is_packed: bool = True) -> Batch:
    """Return examples as a batch: sharing rows, or each in a row of its own, filled up to the longest."""
    return collate(pack(examples) if is_packed else [[example] for example in examples])


def nats_per_byte(model: nn.Module, examples: Sequence[Example], arithmetic: Arithmetic, batch_size: int) -> float:
    """Return the mean loss over the bytes of the replies. The model is left in training mode if it was."""
    was_training = model.training
    model.eval()
    total = 0.0
    with torch.no_grad():
        for some in batches(examples, batch_size):
            with arithmetic.autocast():
                total += reply_nll(model, packed(some).to(arithmetic.device)).item()
    model.train(was_training)
    return total / sum(example.reply_bytes for example in examples)
