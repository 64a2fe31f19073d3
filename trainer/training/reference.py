"""What a model thinks of replies, and what it thought of them as the stage of preferences began."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from trainer.data.packing import Example, batches, collate
from trainer.data.pairs import Pair
from trainer.files import disk_errors, write_whole
from trainer.training.hardware import Arithmetic
from trainer.training.loss import rows_for
from trainer.training.workers import Weights, Workers

FILE = "reference.json"

Reference = Mapping[str, tuple[float, float]]
"""By message: log-probability of the reply that was sent, and of the one that was drafted, as the stage began."""


def pair_log_probs(
    model: nn.Module, pairs: Sequence[Pair], arithmetic: Arithmetic, *, is_packed: bool = True
) -> torch.Tensor:
    """Return the log-probabilities of both replies of each pair, in nats: [pairs, 2], the sent one first."""
    examples = list(chain.from_iterable((pair.chosen, pair.rejected) for pair in pairs))
    return reply_log_probs(model, examples, arithmetic, is_packed=is_packed).view(-1, 2)


def reply_log_probs(
    model: nn.Module, examples: Sequence[Example], arithmetic: Arithmetic, *, is_packed: bool = True
) -> torch.Tensor:
    """Return the log-probability of each example's reply, in nats: [examples]."""
    rows = rows_for(model, examples, is_packed=is_packed)
    batch = collate(rows).to(arithmetic.device)
    logits = model(
        input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False, logits_to_keep=batch.columns
    ).logits
    nll = functional.cross_entropy(
        logits.flatten(0, 1)[batch.places].float(), batch.targets, reduction="none"
    )  # fmt: skip
    # Targets stand in the order of the rows, and in each in the order of its examples.
    placed = list(chain.from_iterable(rows))
    sums = dict(zip(map(id, placed), torch.split(nll, [example.reply_tokens for example in placed]), strict=True))
    return torch.stack([-sums[id(example)].sum() for example in examples])


def find_reference(
    model: nn.Module,
    pairs: Sequence[Pair],
    start: Weights,
    *,
    folder: Path,
    arithmetic: Arithmetic,
    batch_size: int,
    workers: Workers,
    is_packed: bool = True,
) -> Reference:
    """Return what the model thinks of all pairs; or what it thought, when the stage goes on after a kill.

    Args:
        model: With the weights the stage begins with.
        pairs: All of the stage.
        start: These weights.
        folder: The stage's own; what another beginning left there is deleted.
        arithmetic: How losses are computed.
        batch_size: How many pairs go through the model together.
        workers: Who trains the model.
        is_packed: Whether replies share rows.

    Raises:
        StoreError: the disk is full, or what it holds cannot be read.
    """
    path = folder / FILE
    key = _fingerprint(start, pairs) if workers.is_first else ""
    # What one worker does all do, for a call of the model needs all.
    if workers.total(workers.is_first and _has_key(path, key)):
        return {name: (chosen, rejected) for name, (chosen, rejected) in _content(path)["log_probs"].items()}
    with measuring(model), arithmetic.autocast():
        found = [pair_log_probs(model, some, arithmetic, is_packed=is_packed) for some in batches(pairs, batch_size)]
    reference = {
        pair.message_id: (chosen, rejected)
        for pair, (chosen, rejected) in zip(pairs, torch.cat(found).tolist(), strict=True)
    }
    if workers.is_first:
        # A checkpoint of another beginning is worth nothing.
        shutil.rmtree(folder, ignore_errors=True)
        _write(path, {"key": key, "log_probs": reference})
    workers.total(0.0)  # and nobody looks for one before
    return reference


@contextmanager
def measuring(model: nn.Module) -> Iterator[None]:
    """Keep the model from learning and dropping out within the block."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


@contextmanager
def no_dropout(model: nn.Module) -> Iterator[None]:
    """Let nothing be dropped out within the block: what the model thinks now is compared with what it thought then."""
    layers = [(module, module.p) for module in model.modules() if isinstance(module, nn.Dropout)]
    for module, _ in layers:
        module.p = 0.0
    try:
        yield
    finally:
        for module, share in layers:
            module.p = share


def _write(path: Path, content: Mapping[str, object]) -> None:
    with disk_errors(f"{path.name} could not be written"):
        path.parent.mkdir(exist_ok=True)
    write_whole(path, lambda file: file.write(json.dumps(content).encode()))


def _has_key(path: Path, key: str) -> bool:
    return path.exists() and _content(path)["key"] == key


def _content(path: Path) -> dict[str, Any]:
    with disk_errors(f"{path} could not be read"):
        content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def _fingerprint(weights: Weights, pairs: Sequence[Pair]) -> str:
    """Change with what the stage begins with."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    for pair in pairs:
        digest.update(repr(pair).encode())
    return digest.hexdigest()
