"""The training loop: set up, train, validate, save.

The rules this module keeps:
1. A step's gradient is that of all its items together, however they are cut into batches and spread over workers: the
   sum of their losses divided by the weight of the whole step.
2. A run that was killed and started again ends with the same weights as one that was not, and takes no step more.
3. No weight is changed by a gradient that is no number. In fp16, where a gradient can be too large for the format, the
   step is taken again with a smaller scale, so that no item is passed over and the learning rate follows its schedule.
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

from connectors.errors import TrainError
from connectors.train_settings import TrainSettings
from trainer.training import checkpoint
from trainer.training.checkpoint import Progress, Step
from trainer.training.compiling import compile_layers, should_compile, uncompiled
from trainer.training.hardware import Arithmetic, peak_bytes
from trainer.training.objective import Objective
from trainer.training.optimiser import make_optimiser, make_schedule
from trainer.training.workers import Alone, Workers

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Report = Callable[[int, int, str], None]

MOST_TRIES = 24
"""How often an fp16 step is taken again; its scale begins at 2^16, so after these even 1 would be too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a step came to."""

    loss: float
    """Mean over the items by weight."""
    gradient: float
    """Length of the gradient before it was shortened."""


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
        """Return how far the model is from held-out items: the mean over all workers' batches, by size."""
        total, size = 0.0, self.objective.size
        for some, counts in self.workers.rounds(held_out, self.batch_size):
            with uncompiled():
                loss = self.objective.measure(self.model, some, self.arithmetic, self.batch_size)
            total += counts * loss * sum(size(item) for item in some)
        return self.workers.total(total) / sum(size(item) for item in held_out)


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
    """Put together what trains a wrapped model for `total` steps.

    Raises:
        UsageError: the model shall be compiled, and this machine cannot.
    """
    if should_compile(settings.compile, arithmetic.device, total):
        compile_layers(model)
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
        TrainError: the numbers grew beyond all bounds.
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

    while progress.step < total and not has_stalled(progress.losses, settings.patience):
        # Train.
        epoch, position = divmod(progress.step, per_epoch)
        _take(progress, training, _step_items(items, settings, epoch, position), clock)

        # Validate.
        is_epoch_end = position == per_epoch - 1
        if is_epoch_end:
            _finish_epoch(progress, training, training.measure(held_out), per_epoch)
        report(progress.step, total, f"held-out {progress.losses[-1]:.3f} nats per byte")

        # Save.
        if is_epoch_end or workers.total(clock() - saved_at >= settings.save_every_s):
            weights, state = workers.weights(training.model), training.state()
            if workers.is_first:
                checkpoint.save(folder, progress, weights, state)
            saved_at = clock()

    workers.put(training.model, progress.best)
    return progress


def step(training: Training[Item], items: Sequence[Item]) -> Taken:
    """Take one step on some items.

    Raises:
        TrainError: the gradient is no number, and no scale makes it one.
    """
    for _ in range(MOST_TRIES if training.scaler.is_enabled() else 1):
        loss = _add_gradients(training, items)
        training.scaler.unscale_(training.optimiser)
        length = float(training.workers.clip(training.model, training.settings.max_gradient))
        if math.isfinite(length):
            training.scaler.step(training.optimiser)
            training.scaler.update()
            training.optimiser.zero_grad(set_to_none=True)
            training.schedule.step()
            return Taken(loss=training.workers.total(loss.item()), gradient=length)
        training.optimiser.zero_grad(set_to_none=True)
        # Said, not left to the scaler: of several workers some may have seen nothing wrong in their part.
        training.scaler.update(training.scaler.get_scale() / 2)
    raise TrainError(
        "The numbers have grown beyond all bounds; the model would have been spoilt.",
        hint='Lower [train] learning_rate, or set precision to "fp32".',
    )


def has_stalled(losses: Sequence[float], patience: int) -> bool:
    """Tell whether the last `patience` epochs brought no better held-out loss. The first loss is from before all."""
    epochs = losses[1:]
    return 0 < patience <= len(epochs) - 1 - (epochs.index(min(epochs)) if epochs else 0)


def steps_per_epoch(items: int, settings: TrainSettings) -> int:
    """Return how many steps see every item once."""
    return math.ceil(items / settings.step_size)


def _add_gradients(training: Training[Item], items: Sequence[Item]) -> torch.Tensor:
    """Add up the gradients of all items, and return this worker's part of their mean loss by weight."""
    weight = sum(training.objective.weigh(item) for item in items)
    loss = torch.zeros((), device=training.arithmetic.device)
    for some, counts in training.workers.rounds(items, training.batch_size):
        with training.arithmetic.autocast():
            part = training.objective.loss(training.model, some, training.arithmetic) * (counts / weight)
        training.workers.backward(training.scaler.scale(part))
        loss += part.detach()  # read when all is done: on a GPU each reading makes it wait
    return loss


def _take(progress: Progress, training: Training[Item], items: Sequence[Item], clock: Callable[[], float]) -> None:
    """Take a step and note its numbers."""
    rate = float(training.schedule.get_last_lr()[0])
    began = clock()
    taken = step(training, items)
    progress.step += 1
    progress.epoch_loss += taken.loss
    progress.peak_bytes = max(progress.peak_bytes, peak_bytes(training.arithmetic.device))
    progress.add(
        Step(
            number=progress.step,
            loss=taken.loss,
            rate=rate,
            gradient=taken.gradient,
            tokens=sum(training.objective.length(item) for item in items),
            seconds=clock() - began,
        )
    )


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
    if loss < min(progress.losses[1:], default=math.inf):
        progress.best = training.workers.weights(training.model)
    progress.losses.append(loss)
    progress.train_losses.append(progress.epoch_loss / per_epoch)
    progress.epoch_loss = 0.0
    logger.info("Epoch %d: held-out loss %.4f nats per byte.", len(progress.train_losses), loss)
