"""The training loop: set up, train, validate, save.

The rules this module keeps:
1. A step's gradient is that of all its items together, however they are cut into batches and spread over workers: the
   sum of their losses divided by the weight of the whole step.
2. A run that was killed and started again ends with the same weights as one that was not.
"""

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from connectors.train_settings import TrainSettings
from trainer.data.packing import batches
from trainer.training import checkpoint
from trainer.training.checkpoint import Progress
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Objective
from trainer.training.optimiser import make_optimiser, make_schedule
from trainer.training.workers import Alone, Workers

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Generic[Item]):
    """What a run needs beside its items; `batch_size` is how many of them go through the model together."""

    model: nn.Module
    objective: Objective[Item]
    settings: TrainSettings
    arithmetic: Arithmetic
    workers: Workers
    batch_size: int
    optimiser: Optimizer
    schedule: LambdaLR
    scaler: torch.amp.GradScaler

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps beside the weights."""
        return {
            "optimiser": self.workers.optimiser_state(self.model, self.optimiser),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what a checkpoint kept."""
        self.workers.restore(self.model, self.optimiser, state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])

    def measure(self, held_out: Sequence[Item]) -> float:
        """Return how far the model is from held-out items."""
        return self.objective.measure(self.model, held_out, self.arithmetic, self.batch_size)


def prepare(
    model: nn.Module,
    objective: Objective[Item],
    settings: TrainSettings,
    *,
    arithmetic: Arithmetic,
    total: int,
    batch_size: int | None = None,
    workers: Workers | None = None,
) -> Training[Item]:
    """Put together what trains a wrapped model for `total` steps."""
    optimiser = make_optimiser(model, settings)
    return Training(
        model=model,
        objective=objective,
        settings=settings,
        arithmetic=arithmetic,
        workers=workers or Alone(),
        batch_size=batch_size or settings.step_size // settings.accumulation,
        optimiser=optimiser,
        schedule=make_schedule(optimiser, settings, total),
        scaler=arithmetic.gradient_scaler(),
    )


def train(
    training: Training[Item],
    items: Sequence[Item],
    held_out: Sequence[Item],
    *,
    folder: Path,
    report: Report,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Train a wrapped model in place, and leave it with the weights of its best epoch.

    `folder` keeps the checkpoints. `report` is told the step, the number of steps and a few words.

    Raises:
        StoreError: a checkpoint could not be written or read.
    """
    # Set up.
    settings, workers = training.settings, training.workers
    per_epoch = steps_per_epoch(len(items), settings)
    total = per_epoch * settings.epochs
    torch.manual_seed(settings.seed)
    progress = _resume(folder, training) or Progress()
    if not progress.losses:
        progress.losses.append(training.measure(held_out))
    training.model.train()
    saved_at = clock()

    while progress.step < total:
        # Train.
        epoch, position = divmod(progress.step, per_epoch)
        progress.epoch_loss += step(training, _step_items(items, settings, epoch, position))
        progress.step += 1

        # Validate.
        is_epoch_end = position == per_epoch - 1
        if is_epoch_end:
            _finish_epoch(progress, training, training.measure(held_out), per_epoch)
        report(progress.step, total, f"held-out {progress.losses[-1]:.3f} nats per byte")

        # Save.
        if is_epoch_end or clock() - saved_at >= settings.save_every_s:
            checkpoint.save(folder, progress, workers.weights(training.model), training.state())
            saved_at = clock()

    workers.put(training.model, progress.best)
    return progress


def step(training: Training[Item], items: Sequence[Item]) -> float:
    """Take one step on some items, and return their mean loss by weight."""
    weight = sum(training.objective.weigh(item) for item in items)
    loss = 0.0
    for some in batches(training.workers.share(items), training.batch_size):
        with training.arithmetic.autocast():
            part = training.objective.loss(training.model, some, training.arithmetic) / weight
        training.workers.backward(training.scaler.scale(part))
        loss += part.item()
    training.scaler.unscale_(training.optimiser)
    training.workers.clip(training.model, training.settings.max_gradient)
    training.scaler.step(training.optimiser)
    training.scaler.update()
    training.optimiser.zero_grad(set_to_none=True)
    training.schedule.step()
    return training.workers.total(loss)


def steps_per_epoch(items: int, settings: TrainSettings) -> int:
    """Return how many steps see every item once."""
    return math.ceil(items / settings.step_size)


def _resume(folder: Path, training: Training[Item]) -> Progress | None:
    found = checkpoint.load(folder)
    if found is None:
        return None
    progress, weights, state = found
    training.workers.put(training.model, weights)
    training.restore(state)
    logger.info("Going on from step %d.", progress.step)
    return progress


def _step_items(items: Sequence[Item], settings: TrainSettings, epoch: int, position: int) -> Sequence[Item]:
    """Return the items of a step. The order follows from seed and epoch alone, so a checkpoint need not hold it."""
    order = list(range(len(items)))
    random.Random(f"{settings.seed} {epoch}").shuffle(order)  # noqa: S311  dice, not secrets
    size = settings.step_size
    return [items[index] for index in order[position * size : (position + 1) * size]]


def _finish_epoch(progress: Progress, training: Training[Item], loss: float, per_epoch: int) -> None:
    if not progress.best or loss < min(progress.losses[1:]):
        progress.best = training.workers.weights(training.model)
    progress.losses.append(loss)
    progress.train_losses.append(progress.epoch_loss / per_epoch)
    progress.epoch_loss = 0.0
    logger.info("Epoch %d: held-out loss %.4f nats per byte.", len(progress.train_losses), loss)
