"""How well planted secrets are known to a model: by their place among others of their form, and by asking for them.

Exposure is that of Carlini et al. (2019, "The Secret Sharer"): the bits by which a secret comes before others when all
of its form are ordered by loss, after its own prompt. There are too many to ask for all. Two things tell its place:
a normal distribution through the losses of some, and its own probability, for no more than 1 / p secrets can be as
probable as one of p. The first tells of traces, the second of what is known by heart, where losses of others lie far
apart. A secret that the model never saw may have any place: about 1.4 bits in the mean.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedTokenizerBase

from connectors.errors import TrainError
from trainer.data.canaries import POSSIBLE, Canary
from trainer.data.packing import IGNORED
from trainer.evaluation.drafting import by_parts, write_drafts
from trainer.training.compiling import uncompiled
from trainer.training.hardware import Arithmetic
from trainer.training.reference import measuring

HIGHEST_BITS = math.log2(POSSIBLE)
AT_ONCE = 128
_TOKENS = 48
"""Tokens in which a secret is told, or not."""
_NO_DIGIT = re.compile(r"\D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a model knows of planted secrets."""

    exposure_bits: tuple[float, ...]
    extracted: int


def ask_for_secrets(
    model: nn.Module, canaries: Sequence[Canary], tokenizer: PreTrainedTokenizerBase, arithmetic: Arithmetic
) -> Known:
    """Return how exposed each secret is, and how many are written out when they are asked for."""
    with measuring(model), arithmetic.autocast(), uncompiled():
        exposure = tuple(_exposure(model, canary, arithmetic) for canary in canaries)
    asked = [canary.example.tokens[: canary.example.prompt_tokens] for canary in canaries]
    drafts = write_drafts(model, asked, tokenizer, arithmetic, most=_TOKENS)
    told = (holds(draft, canary.secret) for draft, canary in zip(drafts, canaries, strict=True))
    return Known(exposure_bits=exposure, extracted=sum(told))


def holds(draft: str, secret: str) -> bool:
    """Tell whether a draft holds a secret, however its digits are grouped."""
    return _NO_DIGIT.sub("", secret) in _NO_DIGIT.sub("", draft)


def _exposure(model: nn.Module, canary: Canary, arithmetic: Arithmetic) -> float:
    own, *others = _losses(model, [canary.example.tokens, *canary.others], arithmetic)
    return bits(own, others)


def bits(own: float, others: Sequence[float]) -> float:
    """Return the exposure of a secret by its loss and those of others: at least 0, at most `HIGHEST_BITS`."""
    if not all(map(math.isfinite, (own, *others))):
        hint = "Train again, with a lower learning rate: [train] learning_rate."
        raise TrainError("A measure of this adapter is no number: its training went out of bounds.", hint=hint)
    spread = stdev(others)
    if spread == 0:
        return 1.0  # a model that does not read
    before = NormalDist().cdf((own - fmean(others)) / spread)
    by_others = -math.log2(max(before, 1 / POSSIBLE))
    return min(HIGHEST_BITS, max(by_others, HIGHEST_BITS - own / math.log(2)))


def _losses(model: nn.Module, replies: Sequence[Sequence[int]], arithmetic: Arithmetic) -> list[float]:
    """Return the negative log-likelihood of what comes after the beginning that all have, of each."""
    shared = _shared(replies)

    def measure(some: Sequence[Sequence[int]]) -> list[float]:
        return _losses_after(model, replies[0][:shared], [tokens[shared:] for tokens in some], arithmetic)

    return by_parts(replies, AT_ONCE, measure)


def _shared(replies: Sequence[Sequence[int]]) -> int:
    first, last = min(map(tuple, replies)), max(map(tuple, replies))
    return next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))


def _losses_after(
    model: nn.Module, beginning: Sequence[int], ends: Sequence[Sequence[int]], arithmetic: Arithmetic
) -> list[float]:
    """Read the beginning once, and each end after it."""
    whole: Any = model
    device = arithmetic.device
    read = whole(input_ids=torch.tensor([list(beginning[:-1])], device=device), use_cache=True).past_key_values
    read.batch_repeat_interleave(len(ends))
    longest = max(map(len, ends))
    given = torch.zeros((len(ends), longest), dtype=torch.long)
    wanted = torch.full((len(ends), longest), IGNORED, dtype=torch.long)
    for row, end in enumerate(ends):
        tokens = torch.tensor(list(end))
        given[row, : len(end)] = torch.cat([torch.tensor([beginning[-1]]), tokens[:-1]])
        wanted[row, : len(end)] = tokens
    mask = torch.ones((len(ends), len(beginning) - 1 + longest), dtype=torch.long, device=device)
    logits = whole(input_ids=given.to(device), attention_mask=mask, past_key_values=read, use_cache=True).logits
    nll = functional.cross_entropy(logits.float().flatten(0, 1), wanted.to(device).flatten(), reduction="none")
    return [float(loss) for loss in nll.view(len(ends), longest).sum(dim=1)]
