"""The training loop: set up, train, validate, save.

The rules this module keeps:
1. A step's gradient is that of all its examples together, however they are cut into batches: the sum over reply
   tokens divided by their number in the whole step.
2. A run that was killed and started again ends with the same weights as one that was not.
"""

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from connectors.job import TrainSettings
from trainer import checkpoint
from trainer.checkpoint import Progress, Weights
from trainer.hardware import Arithmetic
from trainer.loss import nats_per_byte, reply_nll
from trainer.packing import Example, batches, collate, pack

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machinery:
    """The parts of a run that have a state of their own."""

    optimiser: Optimizer
    schedule: LambdaLR
    scaler: torch.amp.GradScaler

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what a checkpoint kept."""
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])


def train(
    model: nn.Module,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    settings: TrainSettings,
    *,
    arithmetic: Arithmetic,
    folder: Path,
    report: Callable[[int, int, str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Train a wrapped model in place, and leave it with the weights of its best epoch.

    `folder` keeps the checkpoints. `report` is told the step, the number of steps and a few words.

    Raises:
        StoreError: a checkpoint could not be written or read.
    """
    # Set up.
    per_epoch = steps_per_epoch(len(examples), settings)
    total = per_epoch * settings.epochs
    machinery = _machinery(model, settings, arithmetic, total)
    torch.manual_seed(settings.seed)
    progress = _resume(folder, model, machinery) or Progress()
    if not progress.losses:
        progress.losses.append(nats_per_byte(model, held_out, arithmetic, settings.batch_size))
    model.train()
    saved_at = clock()

    while progress.step < total:
        # Train.
        epoch, position = divmod(progress.step, per_epoch)
        some = _step_examples(examples, settings, epoch, position)
        progress.epoch_loss += step(model, some, settings, arithmetic, machinery)
        progress.step += 1

        # Validate.
        is_epoch_end = position == per_epoch - 1
        if is_epoch_end:
            _finish_epoch(progress, model, nats_per_byte(model, held_out, arithmetic, settings.batch_size), per_epoch)
        report(progress.step, total, f"held-out {progress.losses[-1]:.3f} nats per byte")

        # Save.
        if is_epoch_end or clock() - saved_at >= settings.save_every_s:
            checkpoint.save(folder, progress, trainable(model), machinery.state())
            saved_at = clock()

    _put(model, progress.best)
    return progress


def step(
    model: nn.Module,
    examples: Sequence[Example],
    settings: TrainSettings,
    arithmetic: Arithmetic,
    machinery: Machinery,
) -> float:
    """Take one step on some examples, and return their mean loss in nats per reply token."""
    targets = sum(example.reply_tokens for example in examples)
    loss = 0.0
    for some in batches(examples, settings.batch_size):
        with arithmetic.autocast():
            share = reply_nll(model, collate(pack(some)).to(arithmetic.device)) / targets
        machinery.scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        loss += share.item()
    machinery.scaler.unscale_(machinery.optimiser)
    nn.utils.clip_grad_norm_(_trained(model).values(), settings.max_gradient)
    machinery.scaler.step(machinery.optimiser)
    machinery.scaler.update()
    machinery.optimiser.zero_grad(set_to_none=True)
    machinery.schedule.step()
    return loss


def steps_per_epoch(examples: int, settings: TrainSettings) -> int:
    """Return how many steps see every example once."""
    return math.ceil(examples / (settings.batch_size * settings.accumulation))


def trainable(model: nn.Module) -> Weights:
    """Return copies of the parameters that are trained."""
    return {name: parameter.detach().cpu().clone() for name, parameter in _trained(model).items()}


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _put(model: nn.Module, weights: Weights) -> None:
    with torch.no_grad():
        for name, parameter in _trained(model).items():
            parameter.copy_(weights[name])


def _machinery(model: nn.Module, settings: TrainSettings, arithmetic: Arithmetic, total: int) -> Machinery:
    optimiser = AdamW(
        _trained(model).values(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
    )
    warmup = max(1, round(total * settings.warmup))

    def share_of_rate(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))

    schedule = LambdaLR(optimiser, share_of_rate)
    return Machinery(optimiser=optimiser, schedule=schedule, scaler=arithmetic.gradient_scaler())


def _resume(folder: Path, model: nn.Module, machinery: Machinery) -> Progress | None:
    found = checkpoint.load(folder)
    if found is None:
        return None
    progress, weights, state = found
    _put(model, weights)
    machinery.restore(state)
    logger.info("Going on from step %d.", progress.step)
    return progress


def _step_examples(
    examples: Sequence[Example], settings: TrainSettings, epoch: int, position: int
) -> Sequence[Example]:
    """Return the examples of a step. The order follows from seed and epoch alone, so a checkpoint need not hold it."""
    order = list(range(len(examples)))
    random.Random(f"{settings.seed} {epoch}").shuffle(order)  # noqa: S311  dice, not secrets
    size = settings.batch_size * settings.accumulation
    return [examples[index] for index in order[position * size : (position + 1) * size]]


def _finish_epoch(progress: Progress, model: nn.Module, loss: float, per_epoch: int) -> None:
    if not progress.best or loss < min(progress.losses[1:]):
        progress.best = trainable(model)
    progress.losses.append(loss)
    progress.train_losses.append(progress.epoch_loss / per_epoch)
    progress.epoch_loss = 0.0
    logger.info("Epoch %d: held-out loss %.4f nats per byte.", len(progress.train_losses), loss)
