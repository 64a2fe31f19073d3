"""Put together what trains, as a run does, on weights that may be made up; alone, or as one of several workers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainer.data.packing import Example
from trainer.methods import METHODS
from trainer.profiling.records import Order
from trainer.training.batch_size import find_batch_size
from trainer.training.hardware import Arithmetic, choose_arithmetic, look
from trainer.training.loop import Training, prepare
from trainer.training.model import load_model
from trainer.training.objective import Replies
from trainer.training.prepare import prepare_model
from trainer.training.sharding import Sharded, in_turn, shard


def start(order: Order, learned: Sequence[Example], folder: Path, workers: Sharded | None = None) -> Training[Example]:
    """Return what trains a fresh model for the order's steps.

    Args:
        order: The settings, and how many steps.
        learned: What it will learn from.
        folder: Keeps what a method chooses beforehand.
        workers: Who shares the model, if not this process alone.

    Raises:
        MemoryError: the largest batch is looked for, and not even one example fits; or torch's errors for the same.
    """
    settings = order.settings
    arithmetic = choose_arithmetic(settings.precision, look())
    objective = Replies(is_packed=settings.packing, way=settings.loss)
    make = _alone if workers is None else _part
    training = prepare(
        make(order, learned, objective, arithmetic, folder), objective, settings,
        arithmetic=arithmetic, total=order.warmup_steps + order.steps, workers=workers,
    )  # fmt: skip
    if settings.batch_size != "auto":
        return training
    return replace(training, batch_size=find_batch_size(training, learned))


def step_size(training: Training[Example]) -> int:
    """Return how many examples a step has, whatever batch it is cut into."""
    settings = training.settings
    if settings.batch_size == "auto":
        return math.ceil(settings.step_size / training.batch_size) * training.batch_size
    return settings.step_size


def load_base(order: Order, arithmetic: Arithmetic) -> Any:  # noqa: ANN401  a transformers model
    """Return the base model as it is."""
    torch.manual_seed(order.settings.seed)
    model: nn.Module = load_model(
        order.model,
        arithmetic.dtype,
        arithmetic.device,
        quantisation=order.settings.quantisation,
        is_random=order.is_random,
    )
    return model


def step_items(learned: Sequence[Example], size: int, step: int) -> list[Example]:
    """Return the examples of a step, from the start again after the last."""
    return [learned[(step * size + index) % len(learned)] for index in range(size)]


def _alone(
    order: Order, learned: Sequence[Example], objective: Replies, arithmetic: Arithmetic, folder: Path
) -> nn.Module:
    model = prepare_model(order.model, order.settings, arithmetic, is_random=order.is_random)
    METHODS[order.settings.method].choose(model, order.settings, objective, learned, arithmetic, folder)
    return model


def _part(
    order: Order, learned: Sequence[Example], objective: Replies, arithmetic: Arithmetic, folder: Path
) -> nn.Module:
    """Return a worker's part of the model, which each makes whole on the processor first, one after the other."""
    settings = order.settings
    with in_turn():
        model = prepare_model(order.model, settings, arithmetic, device="cpu", is_random=order.is_random)
        METHODS[settings.method].choose(model, settings, objective, learned, arithmetic, folder)
        shard(model, arithmetic, is_offloaded=settings.offload)
    return model
