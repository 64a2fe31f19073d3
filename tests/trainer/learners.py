"""Small models that learn small examples."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from connectors.train_settings import TrainSettings
from trainer.data.packing import Example
from trainer.methods import METHODS
from trainer.training import loop
from trainer.training.checkpoint import Progress
from trainer.training.hardware import Arithmetic
from trainer.training.model import load_model
from trainer.training.objective import Replies


def make(length: int, *, start: int = 6, prompt: int = 1) -> Example:
    """Return an example of `length` tokens that differ from those of other starts."""
    tokens = tuple(6 + (start * 31 + 7 * index) % 200 for index in range(length))
    return Example(message_id=f"m{start}", tokens=tokens, prompt_tokens=prompt, reply_bytes=length)


FP32 = Arithmetic(device="cpu", dtype=torch.float32)
EXAMPLES = [make(10 + index % 7, start=index, prompt=3 + index % 4) for index in range(24)]
HELD_OUT = [make(12, start=100 + index, prompt=4) for index in range(4)]
SETTINGS = TrainSettings(rank=4, alpha=8, learning_rate=1e-2, epochs=2, batch_size=4, save_every_s=0, dropout=0.1)


def wrapped(model: Path, settings: TrainSettings) -> nn.Module:
    """Return a fresh model with what the settings' method trains, always the same."""
    torch.manual_seed(7)
    return METHODS[settings.method].wrap(load_model(str(model), torch.float32, "cpu"), settings)


def silent(done: int, total: int, note: str) -> None:
    """Report to nobody."""


def replies(settings: TrainSettings) -> Replies:
    """Return the objective that the settings ask for."""
    return Replies(is_packed=settings.packing, way=settings.loss)


def learn(
    model: nn.Module,
    folder: Path,
    *,
    examples: Sequence[Example] = EXAMPLES,
    held_out: Sequence[Example] = HELD_OUT,
    settings: TrainSettings = SETTINGS,
    arithmetic: Arithmetic = FP32,
    report: loop.Report = silent,
) -> Progress:
    """Train a wrapped model on some examples."""
    total = loop.steps_per_epoch(len(examples), settings) * settings.epochs
    training = loop.prepare(model, replies(settings), settings, arithmetic=arithmetic, total=total)
    return loop.train(training, examples, held_out, folder=folder, report=report)
