"""Several processes that train one model: each keeps a part of every weight, gradient and optimiser state (FSDP2).

The rules this module keeps:
1. All workers make the same calls in the same order. Calls of the model, and of every method here but `share`, wait for
   the others.
2. Gradients are summed over the workers, not averaged: the loop divides by the weight of the whole step.
3. What leaves it is whole, on the processor and as one process would have it, and only the first worker gets it.

Random numbers: all workers begin with the same seed and draw by what they compute, so what is dropped out in a run by
two is not what is dropped out in a run by one. Checkpoints hold the numbers of all workers: a run that goes on with as
many as before repeats their masks, with fewer or more it draws others.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from trainer.data.packing import batches
from trainer.training.hardware import Arithmetic
from trainer.training.loss import forget
from trainer.training.workers import Weights, trained

Item = TypeVar("Item")

PATIENCE = timedelta(hours=1)
"""How long workers wait for one that writes a large checkpoint; whoever started them notices a dead one at once."""
BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""Whom tensors travel by. Offloaded weights and the optimiser's state lie on the processor beside a GPU too."""
RANDOM = "random"


class Sharded:
    """One of several workers with parts of one model, which `shard` has cut."""

    def __init__(self, *, number: int, count: int, device: str) -> None:
        self._number = number
        self._count = count
        self._device = device

    @property
    def is_first(self) -> bool:
        """Whether this one speaks and writes for all."""
        return self._number == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return every n-th item, so that shares differ by one at most."""
        return items[self._number :: self._count]

    def rounds(self, items: Sequence[Item], size: int) -> Iterator[tuple[Sequence[Item], int]]:
        """Yield this worker's items, at most `size` at a time, then one that does not count while others have more."""
        mine = self.share(items)
        for some in batches(mine, size):
            yield some, 1
        most = math.ceil(math.ceil(len(items) / self._count) / size)
        for _ in range(most - math.ceil(len(mine) / size)):
            yield items[:1], 0

    def total(self, value: float) -> float:
        """Return the sum of a number over all workers."""
        tensor = torch.tensor(value, dtype=torch.float64, device=self._device)
        distributed.all_reduce(tensor)
        return float(tensor.item())

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradient of the losses of all workers, each keeping its part."""
        loss.backward()  # type: ignore[no-untyped-call]

    def clip(self, model: nn.Module, longest: float) -> torch.Tensor:
        """Shorten the gradient of the whole model to `longest`, and return the length it had."""
        length = nn.utils.clip_grad_norm_(trained(model).values(), longest)
        return length.full_tensor() if isinstance(length, DTensor) else length

    def weights(self, model: nn.Module) -> Weights:
        """Return whole copies of what is trained; nothing but on the first worker."""
        whole = {name: self._whole(parameter) for name, parameter in trained(model).items()}
        return {name: tensor for name, tensor in whole.items() if tensor is not None}

    def put(self, model: nn.Module, weights: Weights) -> None:
        """Set what is trained to what the first worker was given."""
        with torch.no_grad():
            for name, parameter in trained(model).items():
                assert isinstance(parameter, DTensor)
                whole = weights[name] if self.is_first else torch.empty(parameter.shape, dtype=parameter.dtype)
                whole = whole.to(self._device, parameter.dtype)
                part = distribute_tensor(whole, parameter.device_mesh, parameter.placements)
                parameter.to_local().copy_(part.to_local())

    def optimiser_state(self, model: nn.Module, optimiser: Optimizer) -> dict[str, Any]:  # noqa: ARG002  Alone's likewise
        """Return the optimiser's whole state and everybody's random numbers; nothing but on the first worker."""
        state = optimiser.state_dict()
        whole = {
            number: {name: self._whole(value) for name, value in entries.items()}
            for number, entries in state["state"].items()
        }
        numbers: list[Any] = [None] * self._count
        distributed.all_gather_object(numbers, _random_state())
        return {**state, "state": whole, RANDOM: numbers} if self.is_first else {}

    def restore(self, model: nn.Module, optimiser: Optimizer, state: dict[str, Any]) -> None:
        """Take this worker's part of a state, which each of them has read whole."""
        parameters = dict(enumerate(trained(model).values()))
        parts = {
            number: {name: self._part(value, parameters[number]) for name, value in entries.items()}
            for number, entries in state["state"].items()
        }
        optimiser.load_state_dict({"state": parts, "param_groups": state["param_groups"]})
        numbers = state.get(RANDOM, [])
        if len(numbers) == self._count:
            _set_random_state(numbers[self._number])

    def _whole(self, value: Any) -> Any:  # noqa: ANN401  whatever an optimiser remembers
        """Gather a tensor from all; only the first worker keeps it."""
        if isinstance(value, DTensor):
            value = value.full_tensor()
        if not self.is_first:
            return None
        return value.detach().cpu().clone() if isinstance(value, torch.Tensor) else value

    def _part(self, value: Any, parameter: nn.Parameter) -> Any:  # noqa: ANN401  whatever an optimiser remembers
        """Cut a state as its parameter is cut, by rows; a number of its own, such as the count of steps, stays."""
        assert isinstance(parameter, DTensor)
        if not isinstance(value, torch.Tensor) or value.shape != parameter.shape:
            return value
        rows = math.ceil(len(value) / self._count)
        part = value[self._number * rows : (self._number + 1) * rows].to(parameter.to_local().device, copy=True)
        return DTensor.from_local(
            part, parameter.device_mesh, parameter.placements, shape=value.shape, stride=value.stride(), run_check=False
        )  # fmt: skip


def shard(model: nn.Module, arithmetic: Arithmetic, *, is_offloaded: bool) -> None:
    """Cut a wrapped model, layer by layer, so that this worker keeps its part of each; before its optimiser is made.

    The model is on the processor or on the device; its parts end on the device, or on the processor if offloaded.
    """
    forget(model)  # the first worker may have called it alone, to choose RoSA's numbers
    policy: dict[str, Any] = {
        "mesh": init_device_mesh(arithmetic.device, (distributed.get_world_size(),)),
        "mp_policy": _precision(model, arithmetic),
        "offload_policy": CPUOffloadPolicy(pin_memory=arithmetic.device == "cuda") if is_offloaded else OffloadPolicy(),
        # Also the outermost, which would else stay whole after measuring.
        "reshard_after_forward": True,
    }
    for layer in _layers(model):
        fully_shard(layer, **policy)
    fully_shard(model, **policy)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(enable=True)  # gloo has no operation that divides


@contextmanager
def together(meeting: Path, *, number: int, count: int, device: str) -> Iterator[Sharded]:
    """Be worker `number` of `count` within the block. They find each other by a file that is not there before."""
    store = distributed.FileStore(str(meeting), count)  # type: ignore[attr-defined]
    if device == "cuda":
        torch.cuda.set_device(number)
    distributed.init_process_group(
        BACKENDS[device], store=store, rank=number, world_size=count, timeout=PATIENCE
    )  # fmt: skip
    yield Sharded(number=number, count=count, device=device)
    # Not after an error: the others would miss their partner before this one has told the cause.
    distributed.destroy_process_group()


@contextmanager
def in_turn() -> Iterator[None]:
    """Let one worker after the other do what is in the block: a whole model in memory once, and not for each."""
    for _ in range(distributed.get_rank()):
        distributed.barrier()
    yield
    for _ in range(distributed.get_world_size() - distributed.get_rank()):
        distributed.barrier()


def _layers(model: nn.Module) -> Sequence[nn.Module]:
    """Return the decoder's layers: the outermost list of modules."""
    return list(next((module for module in model.modules() if isinstance(module, nn.ModuleList)), ()))


def _precision(model: nn.Module, arithmetic: Arithmetic) -> MixedPrecisionPolicy:
    """Gather fp32 masters in the format of the arithmetic; a base kept in that, with fp32 adapters, as they are."""
    if any(parameter.dtype != torch.float32 for parameter in model.parameters()):
        return MixedPrecisionPolicy()
    return MixedPrecisionPolicy(param_dtype=arithmetic.dtype, reduce_dtype=torch.float32)


def _random_state() -> list[torch.Tensor]:
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_available() else [])]


def _set_random_state(states: list[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1 and torch.cuda.is_available():
        torch.cuda.set_rng_state(states[1])
