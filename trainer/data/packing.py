"""Packing: several examples in one row, with no attention between them.

The rule this module keeps: a packed example has the logits it would have alone. Positions start again at 0 with each
example; transformers reads the borders from them, as long as no attention mask and no cache is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

Item = TypeVar("Item")

IGNORED = -100
"""The label of a position that is not learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt and its reply as tokens; only those from `prompt_tokens` on are learned from."""

    message_id: str
    tokens: tuple[int, ...]
    prompt_tokens: int
    reply_bytes: int
    """Length of the reply in UTF-8, by which losses of unlike tokenizers compare."""

    @property
    def reply_tokens(self) -> int:
        """How many tokens are learned from."""
        return len(self.tokens) - self.prompt_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of packed examples, each tensor [rows, length].

    `labels` holds at each position the token that should come next.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    labels: torch.Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """Return the same batch on another device."""
        return Batch(
            input_ids=self.input_ids.to(device),
            position_ids=self.position_ids.to(device),
            labels=self.labels.to(device),
        )


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def pack(examples: Sequence[Example]) -> list[list[Example]]:
    """Spread examples over rows of nearly equal length.

    There are as many rows as fit without one longer than about the longest example: shorter rows cost less attention.
    """
    total = sum(len(example.tokens) for example in examples)
    longest = max(len(example.tokens) for example in examples)
    rows: list[list[Example]] = [[] for _ in range(max(1, total // longest))]
    lengths = [0] * len(rows)
    for example in sorted(examples, key=lambda each: len(each.tokens), reverse=True):
        shortest = lengths.index(min(lengths))
        rows[shortest].append(example)
        lengths[shortest] += len(example.tokens)
    return [row for row in rows if row]


def collate(rows: Sequence[Sequence[Example]]) -> Batch:
    """Make tensors of packed rows, filled up at the end to the longest."""
    length = max(sum(len(example.tokens) for example in row) for row in rows)
    shape = (len(rows), length)
    # Each filler is an example of its own (position 0), so nothing attends to it.
    batch = Batch(
        input_ids=torch.zeros(shape, dtype=torch.long),
        position_ids=torch.zeros(shape, dtype=torch.long),
        labels=torch.full(shape, IGNORED, dtype=torch.long),
    )
    for index, row in enumerate(rows):
        start = 0
        for example in row:
            end = start + len(example.tokens)
            tokens = torch.tensor(example.tokens)
            batch.input_ids[index, start:end] = tokens
            batch.position_ids[index, start:end] = torch.arange(len(tokens))
            batch.labels[index, start + example.prompt_tokens - 1 : end - 1] = tokens[example.prompt_tokens :]
            start = end
    return batch
