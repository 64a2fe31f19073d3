"""What a step lowers: of replies, how surprised the model is by them."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import torch
from torch import nn

from trainer.data.packing import Example
from trainer.training.hardware import Arithmetic
from trainer.training.loss import Way, nats_per_byte, packed_for, reply_nll

Item = TypeVar("Item", contravariant=True)  # noqa: PLC0105


class Objective(Protocol[Item]):
    """A loss over items of some kind. Sums, not means: a step divides by the weight of all its items."""

    def weigh(self, item: Item) -> int:
        """Return how much an item counts in its step: its reply tokens, or 1."""

    def size(self, item: Item) -> int:
        """Return how much an item counts in a measurement: the bytes of its reply, or 1."""

    def length(self, item: Item) -> int:
        """Return how many tokens of an item go through the model."""

    def loss(self, model: nn.Module, items: Sequence[Item], arithmetic: Arithmetic) -> torch.Tensor:
        """Return the summed loss of some items that go through the model together, with its gradient."""

    def measure(self, model: nn.Module, items: Sequence[Item], arithmetic: Arithmetic, batch_size: int) -> float:
        """Return how far the model is from held-out items, lower is better. It is left in training mode if it was."""


class Replies:
    """The objective of fine-tuning: the reply's tokens, and nothing of the prompt."""

    def __init__(self, *, is_packed: bool = True, way: Way = "auto") -> None:
        self._is_packed = is_packed
        self._way = way

    def weigh(self, item: Example) -> int:
        """Return the number of reply tokens."""
        return item.reply_tokens

    def size(self, item: Example) -> int:
        """Return the bytes of the reply."""
        return item.reply_bytes

    def length(self, item: Example) -> int:
        """Return the tokens of prompt and reply."""
        return len(item.tokens)

    def loss(self, model: nn.Module, items: Sequence[Example], arithmetic: Arithmetic) -> torch.Tensor:
        """Return the negative log-likelihood of all reply tokens, summed, in nats."""
        batch = packed_for(model, items, is_packed=self._is_packed)
        return reply_nll(model, batch.to(arithmetic.device), way=self._way)

    def measure(self, model: nn.Module, items: Sequence[Example], arithmetic: Arithmetic, batch_size: int) -> float:
        """Return the mean loss in nats per byte of the replies."""
        return nats_per_byte(model, items, arithmetic, batch_size, way=self._way)
