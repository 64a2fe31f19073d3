"""The optimiser, and how its learning rate rises and falls."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from connectors.train_settings import TrainSettings
from trainer.training.workers import trained

BETAS = (0.9, 0.99)

_FALLS: dict[str, Callable[[float], float]] = {
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
    "constant": lambda _: 1.0,
}
"""Share of the learning rate by the share of the steps after the rise that are done."""


def make_optimiser(
    model: nn.Module, settings: TrainSettings, *, rate_of: Callable[[str], float] = lambda _: 1.0
) -> Optimizer:
    """Return the optimiser of what is trained. `rate_of` tells by name how many times the learning rate one gets."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in trained(model).items():
        groups.setdefault(rate_of(name), []).append(parameter)
    return _OPTIMISERS[settings.optimiser](
        [{"params": parameters, "lr": settings.learning_rate * rate} for rate, parameters in groups.items()],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        betas=BETAS,
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


def _adamw(groups: list[dict[str, Any]], **options: Any) -> Optimizer:  # noqa: ANN401  as torch takes them
    # One pass over memory instead of a dozen, on processors too.
    return AdamW(groups, fused=True, **options)


def _adamw_8bit(groups: list[dict[str, Any]], **options: Any) -> Optimizer:  # noqa: ANN401
    # State in 8 bits with a scale for every 256 numbers. Tensors of fewer than 4,096 numbers keep theirs in 32 bits.
    from bitsandbytes.optim import AdamW8bit  # noqa: PLC0415  takes seconds to load

    optimiser: Optimizer = AdamW8bit(groups, **options)
    return optimiser


def _paged_adamw_8bit(groups: list[dict[str, Any]], **options: Any) -> Optimizer:  # noqa: ANN401
    from bitsandbytes.optim import PagedAdamW8bit  # noqa: PLC0415  takes seconds to load

    optimiser: Optimizer = PagedAdamW8bit(groups, **options)
    return optimiser


_OPTIMISERS: Mapping[str, Callable[..., Optimizer]] = {
    "adamw": _adamw,
    "adamw_8bit": _adamw_8bit,
    "paged_adamw_8bit": _paged_adamw_8bit,
}
