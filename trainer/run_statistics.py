"""The statistics of a training run: what every run leaves beside its adapter, as numbers for other programs.

statistics.json holds, and the report shows under the same names:

    format            1; raised when a name changes its meaning
    run, recipe, created_at, model, account
    method            {method, variant, quantisation}
    parameters        {total, trained, share}                 numbers of the model, those that were trained, their share
    data              what the data's own stage counted, and of each side {examples, tokens, learned_tokens, bytes}
    training          {epochs, best_epoch, steps, step_size, batch_size, accumulation, tokens, seconds, tokens_per_s,
                      peak_bytes}           epochs that ran, the batch size that fitted, all tokens read
    losses            {held_out: [before, after each epoch] in nats per byte, of what chooses the best epoch,
                      train: [each epoch] in nats per token}
    held_out, test    {base, trained}, each {nats_per_byte, nats_per_token, perplexity}; what there is of the two
    settings, machine {device, precision, versions}

Perplexity is per token, so it compares runs of one tokenizer only; nats per byte compares any.
"""

import json
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from connectors.job import TrainJob
from trainer.data.packing import Example
from trainer.files import write_whole
from trainer.pages.numbers import format_cell
from trainer.pages.records import Plot, Section, Table

FILE = "statistics.json"
FORMAT = 1
PACKAGES = ("cyrano-mail", "torch", "transformers", "peft", "bitsandbytes")
BASE, TRAINED = "base", "trained"
_LARGEST = 700.0
"""Nats whose exponential is still a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run found out about itself, beyond its job and its data."""

    created_at: datetime
    device: str
    """The name of what it ran on."""
    precision: str
    parameters: int
    trained: int
    batch_size: int
    steps: int
    tokens: int
    """All that went through the model while it learned, prompts included, filler not."""
    seconds: float
    peak_bytes: int
    """The most memory that it held: of a GPU what tensors took, of a processor the whole process."""
    losses: Sequence[float]
    """Of what chooses the best epoch, before training and after each epoch, in nats per byte."""
    train_losses: Sequence[float]
    """Of each epoch, in nats per token."""
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By side ("held_out", "test"), the loss of "base" and "trained" in nats per byte."""


def statistics(
    job: TrainJob, sides: Mapping[str, Sequence[Example]], measured: Measured, *, counts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the statistics of a run.

    Args:
        job: What was ordered.
        sides: Examples by side: "learned", "held_out", and "test" where there is one.
        measured: What the run found out.
        counts: What the data's own stage counted.
    """
    settings, losses = job.settings, list(measured.losses)
    return {
        "format": FORMAT,
        "run": job.run,
        "recipe": job.recipe,
        "created_at": measured.created_at.isoformat(timespec="seconds"),
        "model": job.model,
        "account": job.account,
        "method": {name: getattr(settings, name) for name in ("method", "variant", "quantisation")},
        "parameters": {
            "total": measured.parameters,
            "trained": measured.trained,
            "share": measured.trained / measured.parameters,
        },
        "data": {**counts, **{side: _size(examples) for side, examples in sides.items()}},
        "training": {
            "epochs": len(measured.train_losses),
            "best_epoch": 1 + losses[1:].index(min(losses[1:])),
            "steps": measured.steps,
            "step_size": settings.step_size,
            "batch_size": measured.batch_size,
            "accumulation": math.ceil(settings.step_size / measured.batch_size),
            "tokens": measured.tokens,
            "seconds": measured.seconds,
            "tokens_per_s": measured.tokens / measured.seconds,
            "peak_bytes": measured.peak_bytes,
        },
        "losses": {"held_out": losses, "train": list(measured.train_losses)},
        **{side: _scores(scores, sides[side]) for side, scores in measured.scores.items()},
        "settings": settings.model_dump(mode="json"),
        "machine": {"device": measured.device, "precision": measured.precision, "versions": _versions()},
    }


def write_statistics(folder: Path, numbers: Mapping[str, Any]) -> Path:
    """Write the file beside an adapter and return its path.

    Raises:
        StoreError: the disk is full or not writable.
    """
    content = json.dumps(_finite(numbers), indent=2, ensure_ascii=False, allow_nan=False).encode()
    write_whole(folder / FILE, lambda file: file.write(content + b"\n"))
    return folder / FILE


def statistics_section(numbers: Mapping[str, Any]) -> Section:
    """Return the report's section: every number by its name in the file, and how the losses went."""
    losses = list(enumerate(numbers["losses"]["held_out"]))
    return Section(
        heading="Statistics",
        text=(
            f"The same numbers stand in {FILE}. Perplexity is per token; losses in nats per byte compare any models.",
        ),
        tables=(Table("All numbers", ("name", "value"), tuple(leaves(numbers))),),
        plots=(Plot("Loss of what chooses the best epoch", "lines", "epoch", "nats per byte", {"held out": losses}),),
    )


def leaves(numbers: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is no object by the dotted name of its place, as text; what stands in a list side by side."""
    for key, value in numbers.items():
        place = f"{name}.{key}" if name else key
        if isinstance(value, Mapping):
            yield from leaves(value, place)
        elif isinstance(value, list | tuple):
            yield place, ", ".join(format_cell(each) for each in value)
        else:
            yield place, format_cell(value)


def _size(examples: Sequence[Example]) -> dict[str, int]:
    return {
        "examples": len(examples),
        "tokens": sum(len(example.tokens) for example in examples),
        "learned_tokens": sum(example.reply_tokens for example in examples),
        "bytes": sum(example.reply_bytes for example in examples),
    }


def _scores(scores: Mapping[str, float], examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    size = _size(examples)
    return {name: _score(loss, loss * size["bytes"] / size["learned_tokens"]) for name, loss in scores.items()}


def _score(per_byte: float, per_token: float) -> dict[str, float]:
    return {
        "nats_per_byte": per_byte,
        "nats_per_token": per_token,
        "perplexity": math.exp(per_token) if per_token < _LARGEST else math.inf,
    }


def _finite(value: Any) -> Any:  # noqa: ANN401  as JSON has them
    """Return what JSON can say: null for a number that is none, as of a run that went astray."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
