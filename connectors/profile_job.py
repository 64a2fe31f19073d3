"""The job of profiling: which ways to train are compared, on what, for how long."""

import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from connectors.corpus import Corpus
from connectors.train_settings import TrainSettings

Value = bool | int | float | str
"""A value of a setting."""


class Matrix(BaseModel):
    """One table: every combination of some values of some settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    axes: dict[str, tuple[Value, ...]]
    """By the name of a training setting, the values it takes; everything else is as in the job's settings."""
    same_step: bool = True
    """Where accumulation is an axis and batch_size is none, whether the examples of a step stay as many: twice the
    accumulation is half the batch then, which is what accumulation is for. A step that the axis's values do not divide
    is made larger, for all cells."""

    @model_validator(mode="after")
    def _has_known_axes(self) -> "Matrix":
        if unknown := set(self.axes) - set(TrainSettings.model_fields):
            raise ValueError(f"no training setting is called {', '.join(sorted(unknown))}")
        if not self.axes or not all(self.axes.values()):
            raise ValueError(f"the matrix {self.name!r} has an axis without values, or no axis")
        return self

    def combinations(self) -> Iterator[dict[str, Value]]:
        """Yield the value of each axis, cell by cell; the last axis varies fastest."""
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def settings(self, values: Mapping[str, Value], base: TrainSettings) -> TrainSettings | None:
        """Return the settings of a cell, or None where they exclude each other, such as full fine-tuning in 4 bits."""
        changed = base.model_dump() | dict(values)
        if self.same_step and "accumulation" in values and "batch_size" not in values:
            whole = math.lcm(*(int(value) for value in self.axes["accumulation"]))
            changed["batch_size"] = math.ceil(base.step_size / whole) * whole // int(changed["accumulation"])
        try:
            return TrainSettings(**changed)
        except ValidationError:
            return None


BUILT_IN: dict[str, Matrix] = {
    "2x2x2": Matrix(
        name="Accumulation x mixed precision x LoRA",
        axes={"method": ("full", "lora"), "precision": ("fp32", "auto"), "accumulation": (1, 8)},
    ),
    "techniques": Matrix(
        name="Accumulation x mixed precision x LoRA x checkpointing",
        axes={
            "method": ("full", "lora"),
            "precision": ("fp32", "auto"),
            "accumulation": (1, 8),
            "checkpointing": ("off", "on"),
        },
    ),
    "methods": Matrix(
        name="Method x batch x quantisation",
        axes={
            "method": ("lora", "rosa", "full"),
            "quantisation": ("none", "int8", "nf4"),
            "batch_size": (1, 2, 4, 8, 16),
        },
    ),
}
"""Matrices by the name the command line takes."""


class Synthetic(BaseModel):
    """Random tokens in place of text: enough to measure speed and memory, and nothing to learn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int = Field(default=512, ge=8)
    """Length of each example, prompt and reply together."""
    examples: PositiveInt = 64
    prompt_share: float = Field(default=0.5, ge=0, lt=1)
    """Share of an example that is prompt, which is read but not learned."""


class ProfileJob(BaseModel):
    """What is compared. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["profile"] = "profile"
    model: str
    """The base model's folder, or its name where it has been downloaded."""
    is_random: bool = False
    """Whether random weights of the model's shape serve: then its config.json is enough, and losses mean nothing."""
    corpus: Corpus | None = None
    """Text other than mail that is learned from."""
    carried: Path | None = None
    """A folder that `cyrano train --stop-after` left: its mail is learned from."""
    synthetic: Synthetic = Synthetic()
    """What is learned from where there is neither."""
    samples: PositiveInt | None = None
    """How many examples are taken at most; without it, all."""
    settings: TrainSettings = TrainSettings()
    """What all cells have in common."""
    matrices: tuple[Matrix, ...] = (BUILT_IN["techniques"], BUILT_IN["methods"])
    steps: PositiveInt = 5
    """Steps of each cell that are measured."""
    warmup_steps: NonNegativeInt = 2
    """Steps before those: the first ones wait for memory, kernels and caches."""
    memory_gib: PositiveFloat | None = None
    """How much memory a cell may take, for tables of what fits on a smaller device; without it, all there is."""
    cell_timeout_s: PositiveFloat = 1800.0
    """A cell that takes longer is given up."""
    generation: bool = True
    """Whether writing is measured too, with and without the cache of keys and values."""
    generation_tokens: PositiveInt = 64
    quality: bool = True
    """Whether each method is trained for a while, and its held-out perplexity and what it writes stand side by side."""
    quality_methods: tuple[Literal["lora", "rosa", "full"], ...] = ("lora", "rosa", "full")
    quality_steps: PositiveInt = 30
    """Steps of each of these trainings."""
    quality_rates: dict[str, PositiveFloat] = {"lora": 2e-4, "rosa": 2e-4, "full": 1e-5}
    """Learning rates by method: what is right for an adapter destroys a model."""
    prompts: tuple[str, ...] = ()
    """What the methods are asked to write; without any, the prompts of the first held-out examples."""
    prompt_budget: PositiveInt = 4096
    """Tokens the prompt of carried mail may hold; two thirds of an example at most."""
    embedder: dict[str, Any] = {}
    """The section `[embedder]`, which the retrieval floor understands; for carried mail."""
    retrieval: dict[str, Any] = {}
    """The section `[retrieval]`, likewise."""
    recipe: str = ""
    """The name of the recipe the job came from."""
    command: str = ""
    """The command line that ordered it, for the report."""
    output: Path | None = None
    """Where the report goes; without it, into the job's own folder."""
