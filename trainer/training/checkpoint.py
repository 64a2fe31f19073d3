"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer.files import disk_errors, write_whole
from trainer.training.workers import Weights

FILE = "checkpoint.pt"

MOST_STEPS = 1024
"""Records of steps that are kept; when there are more, neighbours become one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Numbers of one step, or of several that follow each other."""

    number: int
    """The last of these steps, counted from 1."""
    loss: float
    """Mean over the items by weight: nats per token for replies."""
    rate: float
    """The learning rate."""
    gradient: float
    """Length of the gradient before it was shortened; the longest of several."""
    tokens: int
    """Tokens that went through the model, fillers aside."""
    seconds: float


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
    steps: list[Step] = field(default_factory=list)
    """Every step, or every few steps of a long run: at most `MOST_STEPS` records."""
    peak_bytes: int = 0
    """Most memory in use so far: of the GPU's by tensors, or of the machine's by the whole process."""

    @property
    def tokens_per_second(self) -> float:
        """Tokens by the seconds of the steps alone, without measuring and saving."""
        seconds = sum(each.seconds for each in self.steps)
        return sum(each.tokens for each in self.steps) / seconds if seconds else 0.0

    def add(self, step: Step) -> None:
        """Note a step."""
        self.steps.append(step)
        if len(self.steps) > MOST_STEPS:
            last = self.steps.pop() if len(self.steps) % 2 else None
            self.steps = [_join(*pair) for pair in zip(self.steps[::2], self.steps[1::2], strict=True)]
            self.steps += [last] if last else []


def save(folder: Path, progress: Progress, weights: Weights, machinery: dict[str, Any]) -> None:
    """Write a checkpoint, in place of the one before. `machinery` is made of plain state dictionaries.

    Raises:
        StoreError: the disk is full; the checkpoint before is still there.
    """
    kept = {name: getattr(progress, name) for name in Progress.__slots__}
    content = {
        "progress": {**kept, "steps": [asdict(each) for each in progress.steps]},
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
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    torch.set_rng_state(content["random"])
    torch.cuda.set_rng_state_all(content["random_gpu"])
    kept = content["progress"]
    progress = Progress(**{**kept, "steps": [Step(**each) for each in kept["steps"]]})
    return progress, content["weights"], content["machinery"]


def _join(first: Step, second: Step) -> Step:
    tokens = first.tokens + second.tokens
    return Step(
        number=second.number,
        loss=(first.loss * first.tokens + second.loss * second.tokens) / tokens,
        rate=second.rate,
        gradient=max(first.gradient, second.gradient),
        tokens=tokens,
        seconds=first.seconds + second.seconds,
    )
