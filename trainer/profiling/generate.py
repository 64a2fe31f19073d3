"""Measure writing: with the keys and values of earlier tokens kept, and with all computed again for each token."""

import statistics
import time
from typing import Any

import torch

from trainer.profiling.material import Material
from trainer.profiling.records import Generation, Order, Outcome
from trainer.profiling.start import load_base
from trainer.training.hardware import choose_arithmetic, look

REPEATS = 3
LONGEST = 512
"""Tokens of a prompt that are read at most: without the cache each new token reads them again."""


def measure_generation(order: Order, material: Material) -> Outcome:
    """Write the same number of tokens both ways."""
    model = load_base(order, choose_arithmetic(order.settings.precision, look()))
    example = material.held_out[0]
    prompt = example.tokens[: example.prompt_tokens][-LONGEST:]
    cached, kept = _write(model, prompt, order.generation_tokens, use_cache=True)
    uncached, again = _write(model, prompt, order.generation_tokens, use_cache=False)
    return Outcome(
        generation=Generation(
            prompt_tokens=len(prompt),
            tokens=order.generation_tokens,
            cached_per_s=order.generation_tokens / cached,
            uncached_per_s=order.generation_tokens / uncached,
            is_same=kept == again,
        )
    )


def reply(model: Any, prompt: tuple[int, ...], tokens: int, end: int | None = None) -> list[int]:  # noqa: ANN401  a transformers model
    """Return what a model writes to a prompt, the likeliest token each time, `tokens` at most."""
    model.eval()
    asked = torch.tensor([prompt], device=model.device)
    with torch.no_grad():
        written = model.generate(
            input_ids=asked, attention_mask=torch.ones_like(asked), max_new_tokens=tokens,
            do_sample=False, eos_token_id=end, pad_token_id=0,
        )  # fmt: skip
    return [int(token) for token in written[0, len(prompt) :]]


def _write(model: Any, prompt: tuple[int, ...], tokens: int, *, use_cache: bool) -> tuple[float, list[int]]:  # noqa: ANN401  as above
    model.eval()
    model.config.use_cache = model.generation_config.use_cache = use_cache
    model.generation_config.eos_token_id = None  # equally long, whatever is written
    reply(model, prompt, 2)
    seconds, written = [], list[int]()
    for _ in range(REPEATS):
        began = time.perf_counter()
        written = reply(model, prompt, tokens)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), written
