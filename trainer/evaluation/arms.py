"""What one writer - the base model, or an adapter - makes of the mails that judge, with each of the two prompts.

The rules this module keeps:
1. All writers are asked the same, in the same batches, and drafts are as long for all.
2. A prompt that retrieval adds nothing to is asked once.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedTokenizerBase

from trainer.data.canaries import Canary
from trainer.data.judging import Judge
from trainer.data.packing import Example
from trainer.evaluation.canaries import Known, ask_for_secrets
from trainer.evaluation.drafting import by_parts, write_drafts
from trainer.training.compiling import uncompiled
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte
from trainer.training.reference import measuring, reply_log_probs

Say = Callable[[str], None]
"""Told in a few words what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What a writer makes of the mails that judge, with one kind of prompt."""

    losses: tuple[float, ...]
    """Nats per byte of each."""
    drafts: tuple[str, ...]
    """Of those that drafts are written for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that a writer was asked."""

    plain: Arm
    helped: Arm
    """With retrieved mail."""
    known: Known | None
    """What it knows of planted secrets, if there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What every writer is asked, and with what."""

    authors: Mapping[str, Sequence[Example]]
    """Held-out mail by author, for the table."""
    judges: Sequence[Judge]
    """Oldest first."""
    drafted: int
    """Of so many of them, the newest, drafts are written."""
    draft_tokens: int
    canaries: Sequence[Canary]
    tokenizer: PreTrainedTokenizerBase
    arithmetic: Arithmetic
    batch_size: int

    def row(self, model: nn.Module, name: str, say: Say) -> dict[str, float]:
        """Return each author's loss in nats per byte."""
        losses = {}
        for author, examples in self.authors.items():
            with uncompiled():
                losses[author] = nats_per_byte(model, examples, self.arithmetic, self.batch_size)
            say(f"{author} by {name}")
        return losses

    def ask(self, model: nn.Module, name: str, say: Say) -> Answers:
        """Return a writer's losses and drafts."""
        losses = self._losses(model)
        say(f"new mail by {name}")
        drafts = self._drafts(model)
        say(f"drafts by {name}")
        # What writes no numbers exposes none.
        asks = bool(self.canaries) and all(map(math.isfinite, losses.values()))
        known = ask_for_secrets(model, self.canaries, self.tokenizer, self.arithmetic) if asks else None
        say(f"secrets by {name}")
        plain, helped = (
            Arm(
                losses=tuple(losses[example.tokens] for example in examples),
                drafts=tuple(drafts[_prompt(example)] for example in examples[len(examples) - self.drafted :]),
            )
            for examples in self._examples()
        )
        return Answers(plain=plain, helped=helped, known=known)

    def examples(self) -> list[Example]:
        """Return what the mails that judge come to, with both prompts."""
        return [example for side in self._examples() for example in side]

    def _examples(self) -> tuple[list[Example], list[Example]]:
        return [judge.plain for judge in self.judges], [judge.helped for judge in self.judges]

    def _losses(self, model: nn.Module) -> dict[tuple[int, ...], float]:
        unique = list({example.tokens: example for example in self.examples()}.values())
        with measuring(model), self.arithmetic.autocast(), uncompiled():
            found = by_parts(
                unique, self.batch_size, lambda some: reply_log_probs(model, some, self.arithmetic).tolist()
            )
        return {example.tokens: -log / example.reply_bytes for example, log in zip(unique, found, strict=True)}

    def _drafts(self, model: nn.Module) -> dict[tuple[int, ...], str]:
        newest = [example for side in self._examples() for example in side[len(side) - self.drafted :]]
        unique = list(dict.fromkeys(map(_prompt, newest)))
        # Nothing is learned from a draft that rambles on beyond twice what anybody sent.
        longest = max((example.reply_tokens for example in newest), default=1)
        most = min(self.draft_tokens, 2 * longest)
        return dict(
            zip(unique, self._write(model, unique, most), strict=True)
        )  # fmt: skip

    def _write(self, model: nn.Module, prompts: Sequence[Sequence[int]], most: int) -> list[str]:
        """Write drafts, of no more tokens at once than losses are computed of: so much room there is."""
        longest = max((len(example.tokens) for example in self.examples()), default=1)
        at_once = self.batch_size * longest
        return write_drafts(model, prompts, self.tokenizer, self.arithmetic, most=most, at_once=at_once)


STEPS = 3
"""How often `Exam.ask` tells what was done."""


def _prompt(example: Example) -> tuple[int, ...]:
    return example.tokens[: example.prompt_tokens]
