"""Measure what a method learns: a short training, then perplexity on what was held out, and some writing."""

import math
import time
from collections.abc import Sequence
from pathlib import Path

from torch import nn
from transformers import AutoTokenizer

from trainer.data.packing import Example
from trainer.methods.base import count_trainable
from trainer.profiling.generate import reply
from trainer.profiling.material import Material
from trainer.profiling.records import Learning, Order, Outcome
from trainer.profiling.start import load_base, start, step_items, step_size
from trainer.training.hardware import Arithmetic, choose_arithmetic, look
from trainer.training.loop import step
from trainer.training.loss import nats_per_byte

BATCH = 4
"""Held-out examples that go through a model together."""


def measure_learning(order: Order, material: Material, folder: Path) -> Outcome:
    """Train for the order's steps, or take the base model as it is, and tell what it came to."""
    arithmetic = choose_arithmetic(order.settings.precision, look())
    began = time.perf_counter()
    model, trained = load_base(order, arithmetic), 0
    if order.is_trained:
        del model
        model, trained = _train(order, material, folder)
    seconds = time.perf_counter() - began
    return Outcome(
        learning=Learning(
            perplexity=perplexity(model, material.held_out, arithmetic),
            trained=trained,
            seconds=seconds if order.is_trained else 0.0,
            written=_write(order, model, material),
        )
    )


def perplexity(model: nn.Module, examples: Sequence[Example], arithmetic: Arithmetic) -> float:
    """Return among how many equally likely tokens a model chooses at each token of the replies."""
    nats = nats_per_byte(model, examples, arithmetic, BATCH) * sum(example.reply_bytes for example in examples)
    return math.exp(nats / sum(example.reply_tokens for example in examples))


def _train(order: Order, material: Material, folder: Path) -> tuple[nn.Module, int]:
    training = start(order, material.learned, folder)
    training.model.train()
    for index in range(order.steps):
        step(training, step_items(material.learned, step_size(training), index))
    return training.model, count_trainable(training.model)[0]


def _write(order: Order, model: nn.Module, material: Material) -> tuple[str, ...]:
    if not material.prompts:
        return ()
    tokenizer = AutoTokenizer.from_pretrained(order.model, local_files_only=True)
    arithmetic = choose_arithmetic(order.settings.precision, look())
    with arithmetic.autocast():
        written = [
            reply(model, prompt.tokens, order.generation_tokens, tokenizer.eos_token_id) for prompt in material.prompts
        ]
    return tuple(str(tokenizer.decode(tokens, skip_special_tokens=True)).strip() for tokens in written)
