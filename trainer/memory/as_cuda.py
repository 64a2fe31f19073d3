"""Let the processor's operations keep what a GPU's would: the few that autograd handles otherwise there."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

_LAYER_NORM = functional.layer_norm


@contextmanager
def as_cuda() -> Iterator[None]:
    """Have operations save for their backward pass what they save on a GPU, within the block.

    The functions themselves are exchanged: a mode of torch's would not hold inside the backward pass, where
    checkpointing computes activations again.
    """
    exchanged: list[tuple[Any, str, object]] = [
        (functional, "dropout", _dropout),
        (functional, "layer_norm", _layer_norm),
    ]
    if library := sys.modules.get("bitsandbytes"):  # imported where weights are quantised
        exchanged.append((library, "matmul", _int8_matmul))
        exchanged.append((logging.getLogger("bitsandbytes.autograd._functions"), "disabled", True))
    kept = [getattr(owner, name) for owner, name, _ in exchanged]
    try:
        for owner, name, other in exchanged:
            setattr(owner, name, other)
        yield
    finally:
        for (owner, name, _), own in zip(exchanged, kept, strict=True):
            setattr(owner, name, own)


def _dropout(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:  # noqa: A002, ARG001, FBT001, FBT002  torch's signature
    """A GPU keeps a byte for each number; a processor keeps a factor in the numbers' own format."""
    return torch.native_dropout(input, p, training)[0] if training and p > 0 else input


def _layer_norm(*args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401  torch's signature
    """Autocast computes it in fp32 on a GPU, and in its own format on a processor."""
    if not torch.is_autocast_enabled("cpu"):
        return _LAYER_NORM(*args, **kwargs)
    with torch.autocast("cpu", enabled=False):
        return _LAYER_NORM(*map(_full, args), **{name: _full(value) for name, value in kwargs.items()})


def _int8_matmul(x: torch.Tensor, weight: torch.Tensor, *, bias: torch.Tensor | None, state: Any) -> torch.Tensor:  # noqa: ANN401  bitsandbytes'
    """A GPU quantises what comes in and sums in 32 bits; a processor unpacks the weight."""
    from bitsandbytes.autograd._functions import MatMul8bitLt  # noqa: PLC0415  slow to import, and only needed here

    product: torch.Tensor = MatMul8bitLt.apply(x, weight, None, bias, state)
    return product


def _full(value: Any) -> Any:  # noqa: ANN401  a tensor, or what else belongs to a norm
    return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
