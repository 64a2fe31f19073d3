"""What this machine calculates with, and what that means for a model of a given size."""

import resource
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec

import torch

SMALL_FOR_MEMORY = 500_000_000
"""Parameters below which activations are kept rather than computed again."""

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The device that trains, and whether it multiplies bf16 by itself."""

    device: str
    has_bf16: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """The device and the number format of matrix products."""

    device: str
    dtype: torch.dtype

    def autocast(self) -> AbstractContextManager[object]:
        """Calculate in this format within the block; sums that need it stay in fp32."""
        return torch.autocast(self.device, dtype=self.dtype, enabled=self.dtype != torch.float32)

    def gradient_scaler(self) -> torch.amp.GradScaler:
        """Return what keeps small fp16 gradients from vanishing; it does nothing for other formats."""
        return torch.amp.GradScaler(self.device, enabled=self.dtype == torch.float16)


def look() -> Hardware:
    """Find out what this machine has."""
    if torch.cuda.is_available():
        # Compute capability 8.0 (Ampere) is the first with bf16; older ones, such as the T4, only emulate it.
        return Hardware(device="cuda", has_bf16=torch.cuda.get_device_capability() >= (8, 0))
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001  no public way
    return Hardware(device="cpu", has_bf16=has_bf16)


def choose_arithmetic(precision: str, hardware: Hardware) -> Arithmetic:
    """Choose the number format; `precision` other than "auto" is taken at its word."""
    if precision == "auto":
        precision = _best_precision(hardware)
    return Arithmetic(device=hardware.device, dtype=DTYPES[precision])


def should_checkpoint(switch: str, parameters: int) -> bool:
    """Tell whether activations are computed again instead of kept."""
    return switch == "on" or (switch == "auto" and parameters >= SMALL_FOR_MEMORY)


def choose_attention(arithmetic: Arithmetic, hardware: Hardware) -> str:
    """Choose the attention a model is loaded with: "flash_attention_2" passes over what lies between packed examples.

    It wants the package flash-attn, an Ampere GPU or a newer one, and 16-bit numbers; "sdpa" runs everywhere.
    """
    is_able = hardware.device == "cuda" and hardware.has_bf16 and arithmetic.dtype != torch.float32
    return "flash_attention_2" if is_able and find_spec("flash_attn") else "sdpa"


def peak_bytes(device: str) -> int:
    """Return the most memory used so far: of a GPU by tensors, or of the machine by this process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB


def _best_precision(hardware: Hardware) -> str:
    if hardware.has_bf16:
        return "bf16"  # on processors too: 1.3 to 1.8 times as fast as fp32 from 1M to 134M parameters, see LOG.md
    return "fp16" if hardware.device == "cuda" else "fp32"
