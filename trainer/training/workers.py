"""Who trains: this process alone, or several that share the model."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import nn
from torch.optim import Optimizer

from trainer.data.packing import batches

Weights = dict[str, torch.Tensor]
Item = TypeVar("Item")


class Workers(Protocol):
    """What the loop asks of the processes that train together; each runs the same loop on its share of every step.

    Weights and states are whole, on the processor, and under the names they have in an unwrapped model, so that what
    many wrote one can read.
    """

    @property
    def is_first(self) -> bool:
        """Whether this one speaks and writes for all."""

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return this worker's part of some items; nobody else has it, and together they are all."""

    def rounds(self, items: Sequence[Item], size: int) -> Iterator[tuple[Sequence[Item], int]]:
        """Yield this worker's part of some items, at most `size` at a time, each with how often it counts.

        That is once, or not at all: all workers call the model equally often, so one that has nothing left to do goes
        along with an item of another.
        """

    def total(self, value: float) -> float:
        """Return the sum of a number over all workers."""

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradient of this worker's loss; after the last one of a step it is that of the sum over workers."""

    def clip(self, model: nn.Module, longest: float) -> torch.Tensor:
        """Shorten the gradient of the whole model to `longest`, and return the length it had over all workers."""

    def weights(self, model: nn.Module) -> Weights:
        """Return copies of what is trained."""

    def put(self, model: nn.Module, weights: Weights) -> None:
        """Set what is trained."""

    def optimiser_state(self, model: nn.Module, optimiser: Optimizer) -> dict[str, Any]:
        """Return the optimiser's state."""

    def restore(self, model: nn.Module, optimiser: Optimizer, state: dict[str, Any]) -> None:
        """Set the optimiser's state."""


class Alone:
    """One process that has the whole model."""

    is_first = True

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return all items."""
        return items

    def rounds(self, items: Sequence[Item], size: int) -> Iterator[tuple[Sequence[Item], int]]:
        """Yield all items, `size` at a time."""
        for some in batches(items, size):
            yield some, 1

    def total(self, value: float) -> float:
        """Return the number."""
        return value

    def backward(self, loss: torch.Tensor) -> None:
        """Add the gradient of the loss."""
        loss.backward()  # type: ignore[no-untyped-call]

    def clip(self, model: nn.Module, longest: float) -> torch.Tensor:
        """Shorten the gradient of the model to `longest`, and return the length it had."""
        return nn.utils.clip_grad_norm_(trained(model).values(), longest)

    def weights(self, model: nn.Module) -> Weights:
        """Return copies of the parameters that are trained."""
        return {name: parameter.detach().cpu().clone() for name, parameter in trained(model).items()}

    def put(self, model: nn.Module, weights: Weights) -> None:
        """Set the parameters that are trained."""
        with torch.no_grad():
            for name, parameter in trained(model).items():
                parameter.copy_(weights[name])

    def optimiser_state(self, model: nn.Module, optimiser: Optimizer) -> dict[str, Any]:  # noqa: ARG002  whoever shards needs it
        """Return the optimiser's state."""
        return optimiser.state_dict()

    def restore(self, model: nn.Module, optimiser: Optimizer, state: dict[str, Any]) -> None:  # noqa: ARG002  as above
        """Set the optimiser's state."""
        optimiser.load_state_dict(state)


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
