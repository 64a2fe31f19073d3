"""Drafts as a model would write them: the likeliest token each time, many prompts at once, each until it ends.

The rule this module keeps: what a prompt leads to does not depend on the prompts beside it, rounding apart.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerBase

from trainer.training.compiling import uncompiled
from trainer.training.hardware import Arithmetic
from trainer.training.reference import measuring

AT_ONCE = 48
"""Prompts at once, where they are short: a token of many costs hardly more than one of few."""
TOKENS_AT_ONCE = 32_768
"""Tokens of these prompts and drafts, if nothing else is said: all are kept."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def write_drafts(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    tokenizer: PreTrainedTokenizerBase,
    arithmetic: Arithmetic,
    *,
    most: int,
    at_once: int = TOKENS_AT_ONCE,
) -> list[str]:
    """Return what a model writes to each prompt, at most so many tokens; no more than `at_once` lie in memory.

    A single prompt is read however long it is.
    """
    ends = _ends(model, tokenizer)
    how = GenerationConfig(
        do_sample=False, num_beams=1, max_new_tokens=most, use_cache=True, repetition_penalty=1.0,
        eos_token_id=ends, pad_token_id=_filler(tokenizer),
    )  # type: ignore[no-untyped-call]  # fmt: skip

    def write(some: Sequence[Sequence[int]]) -> list[str]:
        asked, mask = _left_padded(some, _filler(tokenizer))
        whole: Any = model
        written = whole.generate(
            input_ids=asked.to(arithmetic.device), attention_mask=mask.to(arithmetic.device), generation_config=how
        )  # fmt: skip
        answers = (_until_end(row, ends) for row in written[:, asked.shape[1] :].tolist())
        return [text.strip() for text in tokenizer.batch_decode(list(answers), skip_special_tokens=True)]

    # Prompts of one length beside each other: then little is filled up.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]), reverse=True)
    size = min(AT_ONCE, at_once // (max(map(len, prompts), default=0) + most)) or 1
    with measuring(model), arithmetic.autocast(), uncompiled():
        texts = by_parts([prompts[index] for index in order], size, write)
    return [text for _, text in sorted(zip(order, texts, strict=True))]


def by_parts(items: Sequence[Item], size: int, answer: Callable[[Sequence[Item]], list[Answer]]) -> list[Answer]:
    """Return the answers to all items, `size` at a time, and fewer where these have no room on the GPU."""
    answers: list[Answer] = []
    while len(answers) < len(items):
        try:
            answers += answer(items[len(answers) : len(answers) + size])
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size = max(1, min(size, len(items)) // 2)
            torch.cuda.empty_cache()
    return answers


def _left_padded(prompts: Sequence[Sequence[int]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return prompts that end together, and which tokens are theirs: [prompts, longest]."""
    longest = max(map(len, prompts))
    asked = torch.full((len(prompts), longest), filler, dtype=torch.long)
    mask = torch.zeros_like(asked)
    for row, prompt in enumerate(prompts):
        asked[row, longest - len(prompt) :] = torch.tensor(list(prompt))
        mask[row, longest - len(prompt) :] = 1
    return asked, mask


def _until_end(tokens: list[int], ends: Sequence[int]) -> list[int]:
    return tokens[: next((at for at, token in enumerate(tokens) if token in ends), len(tokens))]


def _ends(model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the tokens that end an answer: that of the tokenizer, and those that the model names besides."""
    named = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    others = named if isinstance(named, list) else [named]
    return sorted({int(token) for token in (tokenizer.eos_token_id, *others) if token is not None})


def _filler(tokenizer: PreTrainedTokenizerBase) -> int:
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)
