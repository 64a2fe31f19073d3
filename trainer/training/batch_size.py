"""How many examples fit through the model together, found by trying.

The rules this module keeps:
1. A trial changes nothing: neither weights, nor the optimiser's state, nor random numbers.
2. What is learned does not depend on what is found: a step has the same items either way.
"""

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch.optim.lr_scheduler import LambdaLR

from trainer.training.loop import Training, step
from trainer.training.optimiser import make_optimiser
from trainer.training.shortage import is_shortage

Item = TypeVar("Item")


def find_batch_size(
    training: Training[Item],
    items: Sequence[Item],
    *,
    limit: int | None = None,
    fits: Callable[[int], bool] = lambda _: True,
) -> int:
    """Return the largest number of items, up to those of a step, that train together on this machine.

    Tried are the longest items, so all others fit too. A step of 8 of which 5 fit is cut into 4 and 4, not 5 and 3.

    Args:
        training: As `prepare` made it, of a process that trains alone: workers would wait for one that ran out.
        items: What will be learned from.
        limit: The most that is of use; the settings' step size if not said.
        fits: What is asked before each trial. A processor's memory overflows to the disk long before a trial fails, so
            say there what an estimate says.

    Raises:
        MemoryError: not even one fits; or torch's errors for the same.
    """
    most = min(limit or training.settings.step_size, len(items))
    longest = sorted(items, key=training.objective.length, reverse=True)

    def has_room(size: int) -> bool:
        return fits(size) and _try(training, longest[:size], most)

    found = largest(most, has_room)
    if found == 0:
        raise MemoryError
    if training.arithmetic.device == "cuda":
        torch.cuda.reset_peak_memory_stats()  # the run's peak, not that of a trial which failed
    return math.ceil(most / math.ceil(most / found))


def largest(limit: int, fits: Callable[[int], bool]) -> int:
    """Return the largest size up to `limit` that fits, or 0: powers of two upwards, then halves of what is between."""
    good, bad, size = 0, limit + 1, 1
    while bad - good > 1:
        if fits(size):
            good = size
        else:
            bad = size
        size = min(2 * good, limit) if bad > limit else (good + bad) // 2
    return good


def _try(training: Training[Item], items: Sequence[Item], most: int) -> bool:
    """Tell whether two steps on these items fit.

    The second begins with an optimiser that has its state, and where a step has several batches, its last batch meets
    the gradients of those before: no real step holds more.
    """
    trial = _harmless(training, len(items))
    devices = range(torch.cuda.device_count()) if training.arithmetic.device == "cuda" else ()
    was_training = training.model.training
    training.model.train()
    try:
        with torch.random.fork_rng(devices):
            for _ in range(2):
                step(trial, [*items, *items][:most])
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        is_full = True
    else:
        is_full = False
    finally:
        training.model.train(was_training)
        training.model.zero_grad(set_to_none=True)
    # Only here: until its handler ended, the error held the tensors of every call it came through.
    del trial
    gc.collect()
    torch.cuda.empty_cache()
    return not is_full


def _harmless(training: Training[Item], batch_size: int) -> Training[Item]:
    """Return a training whose steps do all the work and change no weight, for their learning rate is 0."""
    optimiser = make_optimiser(training.model, training.settings)
    return replace(
        training,
        batch_size=batch_size,
        optimiser=optimiser,
        schedule=LambdaLR(optimiser, lambda _: 0.0),
        scaler=training.arithmetic.gradient_scaler(),
    )
