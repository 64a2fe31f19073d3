"""What an optimiser keeps of each number between steps, on tensors without memory."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.optim import Optimizer  # noqa: TC002  stands beside nn

from connectors.train_settings import TrainSettings
from trainer.training.optimiser import make_optimiser

BLOCK = 256
"""Numbers that share a scale in an 8-bit state."""
SMALLEST_8BIT = 4096
"""bitsandbytes keeps the state of smaller tensors in 32 bits."""
SMALLEST_PAGED = 100_000
"""Nor does it let smaller ones flow over into the machine's memory."""


class Update:
    """An optimiser after its first step, of tensors without memory."""

    def __init__(self, model: nn.Module, settings: TrainSettings, *, is_on_gpu: bool) -> None:
        """Have it keep what it keeps from its first step on."""
        self._real: Optimizer | None = None
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if settings.optimiser == "adamw":
            self._real = make_optimiser(model, settings)
            for group in self._real.param_groups:
                # It asks for the tensors' class and device: of those without memory it would take one at a time.
                group["foreach"] = is_on_gpu and not group.get("fused")
            for parameter in trained:
                parameter.grad = torch.empty_like(parameter)
            self._real.step()
            self._real.zero_grad(set_to_none=True)
            self.state = [tensor for each in self._real.state.values() for tensor in each.values()]
        else:
            self.state = [tensor for parameter in trained for tensor in _in_8_bits(parameter, settings.optimiser)]

    def step(self) -> None:
        """Take a step. In 8 bits it needs nothing beside its state."""
        if self._real is not None:
            self._real.step()


def _in_8_bits(parameter: torch.Tensor, optimiser: str) -> Iterator[torch.Tensor]:
    numbers = parameter.numel()
    for _ in range(2):
        if numbers < SMALLEST_8BIT:
            yield torch.empty_like(parameter, dtype=torch.float32)
        elif optimiser == "adamw_8bit" or numbers < SMALLEST_PAGED:
            yield torch.empty_like(parameter, dtype=torch.uint8)
            yield torch.empty(-(-numbers // BLOCK))
