"""What every corpus is read into, whatever its kind: parts that are never split, and a note of what was left out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from trainer.data.packing import Example


class Part(Protocol):
    """A dialogue or a document: all of it is learned, or all of it measures."""

    def examples(self, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Iterator[Example | None]:
        """Yield its examples, None for each that is longer than `max_tokens`."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was found, in order, and what was not: in numbers by reason, and in a line for each."""

    parts: list[Part] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def leave_out(self, name: str, reason: str, detail: str = "") -> None:
        """Note what could not be read, by its number or file name, and why; never by its text."""
        self.dropped[reason] += 1
        self.problems.append(f"{name}: {detail or reason}")
