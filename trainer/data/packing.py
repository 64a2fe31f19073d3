"""Packing: several examples in one row, with no attention between them.

The rule this module keeps: a packed example has the logits it would have alone. Positions start again at 0 with each
example; transformers reads the borders from them, as long as no attention mask and no cache is given. For sdpa and
eager attention it does so in every row of a batch, for flash attention in a batch of one row only: `has_one_row`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
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
    """Rows of packed examples, and where in them replies are predicted."""

    input_ids: torch.Tensor
    """[rows, length]"""
    position_ids: torch.Tensor
    """[rows, length]"""
    labels: torch.Tensor
    """[rows, length]: at each position the token that should come next, or `IGNORED`."""
    columns: torch.Tensor
    """[columns]: where along the rows some row predicts a reply token. Prompts are most of a batch."""
    places: torch.Tensor
    """[reply tokens]: where these are predicted, in the flattened [rows, columns]."""
    targets: torch.Tensor
    """[reply tokens]: what is predicted there."""

    def to(self, device: torch.device | str) -> "Batch":
        """Return the same batch on another device."""
        return Batch(**{each.name: getattr(self, each.name).to(device, non_blocking=True) for each in fields(self)})


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def pack(examples: Sequence[Example], *, has_one_row: bool = False) -> list[list[Example]]:
    """Spread examples over rows of nearly equal length.

    There are as many rows as fit without one longer than about the longest example: shorter rows cost less attention.
    Flash attention passes over what lies between examples and wants them all in one row, which then has no filler.
    """
    if has_one_row:
        return [list(examples)]
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
    input_ids = torch.zeros(shape, dtype=torch.long)
    position_ids = torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, IGNORED, dtype=torch.long)
    for index, row in enumerate(rows):
        start = 0
        for example in row:
            end = start + len(example.tokens)
            tokens = torch.tensor(example.tokens)
            input_ids[index, start:end] = tokens
            position_ids[index, start:end] = torch.arange(len(tokens))
            labels[index, start + example.prompt_tokens - 1 : end - 1] = tokens[example.prompt_tokens :]
            start = end
    return _with_places(input_ids, position_ids, labels)


def _with_places(input_ids: torch.Tensor, position_ids: torch.Tensor, labels: torch.Tensor) -> Batch:
    # Found here, on the processor: on a GPU each of these counts would make it wait.
    columns = (labels != IGNORED).any(dim=0).nonzero().squeeze(1)
    candidates = labels[:, columns].flatten()
    places = (candidates != IGNORED).nonzero().squeeze(1)
    return Batch(
        input_ids=input_ids,
        position_ids=position_ids,
        labels=labels,
        columns=columns,
        places=places,
        targets=candidates[places],
    )
