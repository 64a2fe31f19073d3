"""Measure steps of training: their memory by its purpose, their time, and what they do to the loss.

Of several workers each does all of this, since they train together; what the first one saw counts.
"""

import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from trainer.data.packing import Example
from trainer.memory.peak import measure_peak, tensor_bytes
from trainer.methods.base import count_trainable
from trainer.profiling import records
from trainer.profiling.flops import step_flops
from trainer.profiling.foresee import PRECISIONS, foresee
from trainer.profiling.material import Material
from trainer.profiling.records import Memory, Order, Outcome, Speed
from trainer.profiling.start import start, step_items, step_size
from trainer.training.loop import Training, step
from trainer.training.sharding import Sharded
from trainer.training.workers import trained

MEASURED = 4
"""Held-out examples that the loss before and after is measured on."""


def measure_training(order: Order, material: Material, folder: Path, workers: Sharded | None = None) -> Outcome:
    """Train for some steps and tell how it went."""
    training = start(order, material.learned, folder, workers)
    held_out = material.held_out[:MEASURED]
    before = training.measure(held_out)
    training.model.train()
    steps = _steps(order, training, material.learned)
    for _ in range(order.warmup_steps):
        step(training, next(steps))
    timed = [next(steps) for _ in range(order.steps)]
    seconds = [_time_step(training, items) for items in timed]
    after = training.measure(held_out)
    count, whole = count_trainable(training.model)
    return Outcome(
        training=records.Training(
            precision=PRECISIONS[training.arithmetic.dtype],
            batch_size=training.batch_size,
            devices=order.settings.processes if training.arithmetic.device == "cuda" else 1,
            parameters=whole,
            trained=count,
            memory=_measure_memory(order, training, next(steps)),
            speed=sum_up(training, timed, seconds),
            loss_before=before,
            loss_after=after,
        )
    )


def sum_up(training: Training[Example], timed: Sequence[Sequence[Example]], seconds: Sequence[float]) -> Speed:
    """Return how quickly some steps went, each told by its items and its seconds."""
    items = [item for step_items in timed for item in step_items]
    return Speed(
        step_s=statistics.median(seconds),
        timed_s=sum(seconds),
        steps=len(seconds),
        step_tokens=sum(len(item.tokens) for item in items) / len(seconds),
        step_flops=step_flops(training.model, items, is_full=training.settings.method == "full") / len(seconds),
    )


def _steps(order: Order, training: Training[Example], learned: Sequence[Example]) -> Iterator[list[Example]]:
    for index in range(order.warmup_steps + order.steps + 1):
        yield step_items(learned, step_size(training), index)


def _time_step(training: Training[Example], items: Sequence[Example]) -> float:
    began = time.perf_counter()
    step(training, items)
    if training.arithmetic.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _measure_memory(order: Order, training: Training[Example], items: Sequence[Example]) -> Memory:
    """Take one more step and watch what it holds on the device."""
    device = training.arithmetic.device
    own, adapter = _weights(training)
    optimiser = _bytes(_tensors(training.optimiser.state), device)
    learned = list(trained(training.model).values())
    activations = _measure_forward(training, items)
    gc.collect()
    with measure_peak(device, already=own + adapter + optimiser) as peak:
        step(training, items)
    return Memory(
        parameters=own,
        adapter=adapter,
        gradients=_bytes(learned, device),  # of the shape and format of what is trained
        optimiser=optimiser,
        activations=activations,
        peak=peak.bytes,
        planned=foresee(order, training, items),
    )


def _measure_forward(training: Training[Example], items: Sequence[Example]) -> int:
    """Return what the step's largest batch adds on its way forward, and leave everything as it was."""
    device = training.arithmetic.device
    batches = [some for some, _ in training.workers.rounds(items, training.batch_size)]
    largest = max(batches, key=lambda some: sum(len(item.tokens) for item in some))
    gc.collect()
    before = torch.cuda.memory_allocated() if device == "cuda" else 0
    with measure_peak(device) as peak, training.arithmetic.autocast():
        loss = training.objective.loss(training.model, largest, training.arithmetic)
    # Backward too: workers that share a model put its parts away only then.
    training.workers.backward(loss)
    training.optimiser.zero_grad(set_to_none=True)
    return peak.bytes - before


def _weights(training: Training[Example]) -> tuple[int, int]:
    """Return the bytes of the model's own weights, and of those that its method put beside them."""
    tensors = dict(training.model.named_parameters()) | dict(training.model.named_buffers())
    is_full = training.settings.method == "full"
    added = [tensor for name, tensor in tensors.items() if not is_full and _is_added(name)]
    own = [tensor for name, tensor in tensors.items() if is_full or not _is_added(name)]
    # What quantised weights are read back with lies beside them.
    states = [state for tensor in own for state in _tensors(getattr(tensor, "quant_state", None))]
    device = training.arithmetic.device
    return _bytes([*own, *states], device), _bytes(added, device)


def _is_added(name: str) -> bool:
    return any(part.startswith("lora_") or part in ("values", "positions") for part in name.split("."))


def _bytes(tensors: Iterator[torch.Tensor] | Sequence[torch.Tensor], device: str) -> int:
    """Return what tensors hold on a device; of those cut among workers, the part that is here."""
    here = [tensor.to_local() if isinstance(tensor, DTensor) else tensor for tensor in tensors]
    return tensor_bytes([tensor for tensor in here if tensor.device.type == device])


def _tensors(holder: Any) -> Iterator[torch.Tensor]:  # noqa: ANN401  whatever an optimiser or a quantised weight keeps
    """Yield the tensors in a nest of states."""
    if isinstance(holder, torch.Tensor):
        yield holder
    elif isinstance(holder, dict):
        for value in holder.values():
            yield from _tensors(value)
    elif hasattr(holder, "absmax"):
        yield from _tensors(vars(holder))
