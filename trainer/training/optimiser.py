"""The optimiser, and how its learning rate rises and falls."""

import math
from collections.abc import Callable

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from connectors.train_settings import TrainSettings
from trainer.training.workers import trained

_FALLS: dict[str, Callable[[float], float]] = {
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
    "constant": lambda _: 1.0,
}
"""Share of the learning rate by the share of the steps after the rise that are done."""


def make_optimiser(model: nn.Module, settings: TrainSettings) -> Optimizer:
    """Return the optimiser of what is trained."""
    return AdamW(
        trained(model).values(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
    )


def make_schedule(optimiser: Optimizer, settings: TrainSettings, total: int) -> LambdaLR:
    """Return the schedule over `total` steps."""
    warmup = max(1, round(settings.warmup * total if settings.warmup < 1 else settings.warmup))
    fall = _FALLS[settings.schedule]

    def share_of_rate(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return fall(min(1.0, (step - warmup) / max(1, total - warmup)))

    return LambdaLR(optimiser, share_of_rate)
