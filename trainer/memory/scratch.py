"""Operations that fake tensors do not tell all about: what they take for themselves, or what depends on the numbers."""

import math
from collections.abc import Callable
from typing import Any

import torch

QUANTISED_BLOCK = 64
"""Numbers of a 4-bit weight that share a scale, which is unpacked to fp32 too."""


def scratch_bytes(name: str, args: tuple[Any, ...]) -> int:
    """Return the bytes an operation holds, beside what it was given, when it makes its result."""
    return _SCRATCH[name](*args) if name in _SCRATCH else 0


def _unpacked(x: torch.Tensor, _: torch.Tensor, shape: tuple[int, int], *_rest: object) -> int:
    """A 4-bit weight is unpacked whole, with its scales, before the product."""
    numbers = math.prod(shape)
    return numbers * x.element_size() + numbers // QUANTISED_BLOCK * torch.float32.itemsize


def _summed(_: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, *_rest: object) -> int:
    """An 8-bit product is summed in 32 bits."""
    return x.shape[0] * weight.shape[0] * torch.int32.itemsize


def _quantise_rows(x: torch.Tensor, threshold: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Eight bits for each number and a scale for each row; no column is so large that it is left as it is."""
    outliers = torch.empty(0, dtype=torch.int64) if threshold else None
    return torch.empty_like(x, dtype=torch.int8), x.new_empty(x.shape[0], dtype=torch.float32), outliers


def _mixed_product(x: torch.Tensor, _: torch.Tensor, weight: torch.Tensor, *_rest: object, **__: object) -> Any:  # noqa: ANN401
    return x.new_empty(*x.shape[:-1], weight.shape[0]), x.new_empty(0)


_SCRATCH: dict[str, Callable[..., int]] = {
    "bitsandbytes.gemm_4bit.default": _unpacked,
    "bitsandbytes.int8_mixed_scaled_mm.default": _summed,
}
STAND_INS: dict[str, Callable[..., Any]] = {
    "bitsandbytes.int8_vectorwise_quant.default": _quantise_rows,
    "bitsandbytes.int8_mixed_scaled_mm.default": _mixed_product,
}
"""In place of operations whose result's size depends on the numbers."""
