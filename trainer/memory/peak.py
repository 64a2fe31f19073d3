"""The peak of memory that tensors hold while something runs: what the planner's numbers are measured against.

On a GPU the allocator keeps count itself. On a processor every allocation is recorded by torch's profiler, so tensors
that autograd saves, and those that live only inside an operation, are counted to the byte; what other libraries take
by themselves is not.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(slots=True)
class Peak:
    """What a block held at its fullest; 0 until the block has ended."""

    bytes: int = 0


@contextmanager
def measure_peak(device: str, *, already: int = 0) -> Iterator[Peak]:
    """Measure the peak of the memory tensors hold while the block runs.

    Args:
        device: "cuda", where what was there before is counted too, or "cpu", where it is not.
        already: bytes that were there before, to be added on a processor: of weights that were loaded earlier, say.
    """
    peak = Peak()
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        try:
            yield peak
        finally:
            peak.bytes = torch.cuda.max_memory_allocated()
        return
    recorder = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with _hushed():
        recorder.start()
    try:
        yield peak
    finally:
        with _hushed():
            recorder.stop()
        results: Any = recorder.profiler and recorder.profiler.kineto_results
        assert results is not None
        peak.bytes = already + _highest(results.experimental_event_tree())


def tensor_bytes(tensors: Sequence[torch.Tensor]) -> int:
    """Return the bytes of the memory behind some tensors, each piece counted once."""
    return sum({id(piece): piece.nbytes() for piece in (tensor.untyped_storage() for tensor in tensors)}.values())


def _highest(roots: Sequence[Any]) -> int:
    """Return the most that was held at a time. A block is known by its address; those from before are not counted."""
    events = sorted(_allocations(roots), key=lambda event: event.start_time_ns)
    held: dict[int, int] = {}
    now = highest = 0
    for event in events:
        fields = event.extra_fields
        now -= held.pop(fields.ptr, 0)
        if fields.alloc_size > 0:
            held[fields.ptr] = fields.alloc_size
            now += fields.alloc_size
            highest = max(highest, now)
    return highest


def _allocations(roots: Sequence[Any]) -> Iterator[Any]:
    waiting = list(roots)
    while waiting:
        event = waiting.pop()
        waiting.extend(event.children)
        if event.tag.name == "Allocation" and event.extra_fields.device.type == "cpu":
            yield event


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep the lines out of stderr that the profiler's native part writes there, whatever its log level is."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  a device
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
