"""What the planner says of runs whose memory others have published.

The numbers are torchtune's for Llama-3.2-3B on an A100 at 4,096 tokens, and the sizes of adapters of rank 16. Not all
settings behind them are published; what had to be assumed stands beside each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.train_settings import TrainSettings
from trainer.memory.devices import GIB
from trainer.memory.estimate import estimate
from trainer.memory.shapes import read_shapes

MODEL = "Llama-3.2-3B"
ASSUMED = "bf16 throughout (adapters and AdamW's state too), one row at a time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A published peak, and the settings that are taken for it."""

    name: str
    gib: float
    settings: TrainSettings
    sequence: int
    note: str = ""


RUNS = (
    Run(
        name="full, not packed",
        gib=25.5,
        settings=TrainSettings(method="full", checkpointing="off", loss="plain", packing=False),
        sequence=512,
        note="a row of 512 tokens: how long theirs were is not published",
    ),
    Run(
        name="full, packed, checkpointing",
        gib=24.9,
        settings=TrainSettings(method="full", checkpointing="on", loss="chunked"),
        sequence=4096,
    ),
    Run(
        name="LoRA of rank 64",
        gib=8.5,
        settings=TrainSettings(rank=64, alpha=128, dropout=0, checkpointing="on", loss="chunked"),
        sequence=4096,
    ),
    Run(
        name="QLoRA of rank 64",
        gib=4.6,
        settings=TrainSettings(rank=64, alpha=128, dropout=0, quantisation="nf4", checkpointing="on", loss="chunked"),
        sequence=4096,
    ),
)
ADAPTERS = (("Llama-3.2-1B", 22.5), ("Llama-3.2-3B", 48.6), ("Llama-3-8B", 83.9))
"""Megabytes of adapters of rank 16 on all linear layers, in bf16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A published number and the planner's, in one unit."""

    name: str
    published: float
    planned: float
    unit: str
    note: str = ""

    @property
    def error(self) -> float:
        """By what share the planner is above it."""
        return self.planned / self.published - 1


def replay() -> Iterator[Row]:
    """Plan each published run."""
    shapes = read_shapes(MODEL)
    for run in RUNS:
        found = estimate(
            shapes, run.settings, batch=1, sequence=run.sequence, precision="bf16", device="cuda", is_pure=True
        )
        yield Row(name=run.name, published=run.gib, planned=found.total / GIB, unit="GiB", note=run.note)
    for model, megabytes in ADAPTERS:
        found = estimate(
            read_shapes(model), TrainSettings(), batch=1, sequence=64, precision="bf16", device="cuda", is_pure=True
        )
        yield Row(name=f"adapter of {model}", published=megabytes, planned=found.adapter / 1e6, unit="MB")


def published_lines() -> Iterator[str]:
    """Say it in lines for a person."""
    yield f"{'published elsewhere':<30}{'there':>12}{'planned':>10}{'error':>8}"
    for row in replay():
        yield f"{row.name:<30}{row.published:>8.1f} {row.unit:<3}{row.planned:>10.1f}{row.error:>+8.0%}"
    yield f"Runs: torchtune's, of {MODEL} on an A100 at 4,096 tokens."
    yield f"Assumed: {ASSUMED}."
    yield from (f"{run.name[:1].upper()}{run.name[1:]}: {run.note}." for run in RUNS if run.note)
