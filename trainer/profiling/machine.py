"""What a profile was measured on, and how fast that multiplies at its best."""

import importlib.metadata
import os
import platform
import time
from pathlib import Path

import torch

from trainer.memory.devices import here
from trainer.profiling.records import Machine, Outcome
from trainer.training.hardware import DTYPES, look

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes")
SIDES = (1024, 2048, 4096)
"""Sides of the squares that are multiplied; the best of them counts."""
LASTS_S = 0.3
FP16_ON_CPU = "fp16"
"""Processors take so long over fp16 products that no run chooses them."""


def look_around() -> Outcome:
    """Tell what this machine is."""
    hardware = look()
    known = here()
    is_gpu = hardware.device == "cuda"
    formats = [name for name in DTYPES if is_gpu or name != FP16_ON_CPU]
    said = {name: flops for name, flops in known.flops.items() if flops} if is_gpu else {}
    return Outcome(
        machine=Machine(
            device=known.name if is_gpu else f"{_processor()}, {torch.get_num_threads()} threads",
            is_gpu=is_gpu,
            memory_bytes=known.memory_bytes,
            system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
            versions={name: importlib.metadata.version(name) for name in PACKAGES},
            flops=said or {name: max(_multiply(name, hardware.device, side) for side in SIDES) for name in formats},
            is_measured=not said,
        )
    )


def _multiply(name: str, device: str, side: int) -> float:
    """Return the operations per second of a product of squares."""
    left = torch.randn(side, side, device=device).to(DTYPES[name])
    times, began = -1, time.perf_counter()
    while (passed := time.perf_counter() - began) < LASTS_S or times < 1:
        torch.mm(left, left)
        if device == "cuda":
            torch.cuda.synchronize()
        times += 1
        if times == 0:  # the first one waits for the library
            began = time.perf_counter()
    return 2 * side**3 * times / passed


def _processor() -> str:
    """Return the processor's name, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
