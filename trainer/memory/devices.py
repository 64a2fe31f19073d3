"""The devices a run may have: how much memory they have, and how fast they multiply.

Numbers are those their makers publish: memory as it is sold, and dense tensor-core products (without the doubling by
sparsity). A device that is at hand is asked for its memory.
"""

import os
import re
from dataclasses import dataclass
from typing import Literal

import torch

from connectors.errors import UsageError

GIB = 2**30
TERA = 1e12

CONTEXT_BYTES = 600 * 2**20
"""What a CUDA process takes before its first tensor: kernels and the workspaces of its libraries. Assumed, not measured
here: 0.3 to 0.8 GiB have been seen, by device and driver."""
FRAGMENTS = 0.05
"""Share of the peak that lies in gaps between tensors. Assumed too."""
PROGRAM_BYTES = 3 * GIB
"""What the system, Python and its libraries take of a machine's memory. Assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A GPU, or a processor with its machine's memory."""

    name: str
    kind: Literal["cuda", "cpu"]
    memory_bytes: int
    has_bf16: bool
    flops: dict[str, float]
    """Products and sums a second by number format, at best; empty where it is not published."""

    @property
    def usable_bytes(self) -> int:
        """What tensors may hold at their peak."""
        if self.kind == "cpu":
            return max(0, self.memory_bytes - PROGRAM_BYTES)
        return int((self.memory_bytes - CONTEXT_BYTES) / (1 + FRAGMENTS))


def _gpu(name: str, gigabytes: float, fp16: float, fp32: float, *, has_bf16: bool = True) -> Device:
    """Describe a GPU; `fp16` and `fp32` in tera-operations. What NVIDIA sells as 16 GB are about 16 GiB."""
    flops = {"fp16": fp16 * TERA, "fp32": fp32 * TERA}
    if has_bf16:
        flops["bf16"] = fp16 * TERA
    return Device(name=name, kind="cuda", memory_bytes=int(gigabytes * GIB), has_bf16=has_bf16, flops=flops)


_KNOWN = (
    _gpu("T4", 15, 65, 8.1, has_bf16=False),  # 16 GB of which 1 corrects errors
    _gpu("V100-16", 16, 125, 15.7, has_bf16=False),
    _gpu("V100-32", 32, 125, 15.7, has_bf16=False),
    _gpu("A10", 22.5, 125, 31.2),
    _gpu("L4", 22.5, 121, 30.3),
    _gpu("L40", 45, 181, 90.5),
    _gpu("L40S", 45, 362, 91.6),
    _gpu("RTX3060", 12, 51, 12.7),
    _gpu("RTX3090", 24, 71, 35.6),
    _gpu("RTX4090", 24, 165, 82.6),
    _gpu("A6000", 48, 155, 38.7),
    _gpu("A100-40", 40, 312, 19.5),
    _gpu("A100-80", 80, 312, 19.5),
    _gpu("H100", 80, 989, 67),
    _gpu("H100 PCIe", 80, 756, 51),
    _gpu("H200", 141 * 1e9 / GIB, 989, 67),
)


_UNSAID = re.compile(
    r"nvidia|geforce|tesla|quadro|sxm\d?|\d+gb|hbm\d+e?|rtx(?= a\d)|(?<=a100.)pcie|(?<=a100.80gb.)pcie|[\s-]"
)
"""What a driver adds to a name that has no other speed for it: an A100 is as fast in either slot."""


def known_devices() -> tuple[Device, ...]:
    """Return the GPUs that have a name here."""
    return _KNOWN


def named(name: str) -> Device:
    """Return a GPU by its name ("A100-80", "rtx 4090") or its memory ("24GiB", "16 GB").

    Raises:
        UsageError: neither is meant.
    """
    wanted = _plain(name)
    for device in _KNOWN:
        if wanted == _plain(device.name):
            return device
    if size := re.fullmatch(r"(\d+(?:\.\d+)?)(gib|gb|g)", name.lower().replace(" ", "")):
        unit = 1e9 if size[2] == "gb" else GIB
        return Device(
            name=f"GPU of {name}", kind="cuda", memory_bytes=int(float(size[1]) * unit), has_bf16=True, flops={}
        )
    names = ", ".join(device.name for device in _KNOWN)
    raise UsageError(f"No GPU is known as {name}.", hint=f"Known are {names}; or give its memory, such as 24GiB.")


def here() -> Device:
    """Return this machine's first GPU, or its processor with all its memory."""
    if torch.cuda.is_available():
        found = torch.cuda.get_device_properties(0)
        has_bf16 = (found.major, found.minor) >= (8, 0)
        return Device(
            name=found.name,
            kind="cuda",
            memory_bytes=found.total_memory,
            has_bf16=has_bf16,
            flops=_published(found.name, found.total_memory),
        )
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001  no public way
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Device(name="this machine's processor", kind="cpu", memory_bytes=pages, has_bf16=has_bf16, flops={})


def _published(name: str, memory: int) -> dict[str, float]:
    """Return the published speed of a GPU by what its driver calls it, such as "NVIDIA A100-SXM4-80GB".

    Only whole names count: an L40 is no L4, and a GPU whose name goes on otherwise ("RTX 4090 Laptop") is not known.
    """
    plain = _UNSAID.sub("", name.lower())
    candidates = [device for device in _KNOWN if _UNSAID.sub("", device.name.partition("-")[0].lower()) == plain]
    nearest = min(candidates, key=lambda device: abs(device.memory_bytes - memory), default=None)
    return nearest.flops if nearest else {}


def _plain(name: str) -> str:
    plain = re.sub(r"[\s_-]|nvidia|geforce", "", name.lower())
    return re.sub(r"(?<=\d)g(i?b)?$", "", plain)
