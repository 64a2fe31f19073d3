"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer.files import disk_errors, write_whole
from trainer.training.workers import Weights

FILE = "checkpoint.pt"


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run has come: what a checkpoint holds beside the optimiser and the random numbers."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    """Held-out loss before training and after each epoch, in nats per byte."""
    train_losses: list[float] = field(default_factory=list)
    """Mean loss of each epoch's steps, in nats per token."""
    epoch_loss: float = 0.0
    """Sum of the losses of the steps of the epoch under way."""
    best: Weights = field(default_factory=dict)
    """The weights after the epoch with the lowest held-out loss."""


def save(folder: Path, progress: Progress, weights: Weights, machinery: dict[str, Any]) -> None:
    """Write a checkpoint, in place of the one before. `machinery` is made of plain state dictionaries.

    Raises:
        StoreError: the disk is full; the checkpoint before is still there.
    """
    content = {
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
        "weights": weights,
        "machinery": machinery,
        "random": torch.get_rng_state(),
        "random_gpu": torch.cuda.get_rng_state_all(),
    }
    write_whole(folder / FILE, lambda file: torch.save(content, file))


def load(folder: Path) -> tuple[Progress, Weights, dict[str, Any]] | None:
    """Return the last checkpoint and set the random numbers to where they were, or return None if there is none.

    Raises:
        StoreError: it cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    with disk_errors(f"{path} could not be read"):
        content = torch.load(path, map_location="cpu", weights_only=True)
    torch.set_rng_state(content["random"])
    torch.cuda.set_rng_state_all(content["random_gpu"])
    return Progress(**content["progress"]), content["weights"], content["machinery"]
