"""A training run's order: what the service writes down and the trainer reads. Neither imports the other.

A run is a folder under `<home>/runs` with this record in it; the trainer adds what it makes, stage by stage.
"""

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from connectors.errors import StoreError, TooFewMails, UsageError

FILE = "job.json"
ENGINE_KEY = "CYRANO_ENGINE_API_KEY"
"""The environment variable with the engine's key: a secret does not go into the job's file."""

Switch = Literal["auto", "on", "off"]


class TrainSettings(BaseModel):
    """How an adapter is trained. The section `[train]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["lora"] = "lora"
    """What is trained: small matrices beside the model's own (lora)."""
    rank: PositiveInt = 16
    """How much an adapter can hold; the engine must be told the largest one it will meet."""
    alpha: PositiveFloat = 32
    """How strongly the adapter speaks: its output is scaled by alpha / rank."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: str | tuple[str, ...] = "all-linear"
    """Which layers get an adapter: "all-linear", or the ends of their names, such as ["q_proj", "v_proj"]."""
    learning_rate: PositiveFloat = 2e-4
    epochs: PositiveInt = 3
    batch_size: PositiveInt = 8
    """Examples that go through the model together: more is faster, and takes more memory."""
    accumulation: PositiveInt = 1
    """Batches that make one step; batch_size 2 with accumulation 4 gives the result of batch_size 8."""
    warmup: float = Field(default=0.06, ge=0, lt=1)
    """Share of the steps in which the learning rate rises to its full height."""
    weight_decay: NonNegativeFloat = 0.0
    max_gradient: PositiveFloat = 1.0
    """Longer gradients are shortened to this length."""
    max_tokens: PositiveInt = 2048
    """Longest example, prompt and reply together; the model's own limit counts too."""
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    """Number format of the arithmetic; auto goes by the hardware and the size of the model."""
    checkpointing: Switch = "auto"
    """Whether activations are computed again instead of kept: a third slower, far less memory."""
    holdout: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the mails, from the newest threads, that only measure."""
    window: PositiveInt = 1000
    """How many of the newest mails are learned from."""
    min_mails: int = Field(default=20, ge=8)
    """With fewer mails than this nothing is trained."""
    retrieval_probability: float = Field(default=0.55, ge=0, le=1)
    """Share of the examples that show retrieved mail, as drafting does when it finds some."""
    retrieval_count: int = Field(default=2, ge=0)
    """How many retrieved mails such an example shows at most."""
    drop_instruction: float = Field(default=0.1, ge=0, le=1)
    """Share of the replies that are learned from the thread alone."""
    playback_concurrency: PositiveInt = 8
    """Questions the engine is asked at once while it writes instructions."""
    save_every_s: NonNegativeFloat = 60.0
    """Seconds between checkpoints; a run that was killed goes on from the last one."""
    seed: int = 0


class TrainJob(BaseModel):
    """One run: whose mail, from where, with what. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    """The run's own name; the adapter's card keeps it, so that a run publishes once."""
    account: str
    home: Path
    archive_url: str
    engine_url: str | None = None
    """Where instructions are written; without one, those in the archive and extracts have to do."""
    engine_model: str = ""
    """What the engine calls the base model; empty for the first one it names."""
    model: str
    """The base model's folder, or its name where it has been downloaded."""
    prompt_budget: PositiveInt
    """Tokens a prompt may hold, as when drafting."""
    settings: TrainSettings = TrainSettings()
    embedder: dict[str, Any] = {}
    """The section `[embedder]`, which the retrieval floor understands."""
    retrieval: dict[str, Any] = {}
    """The section `[retrieval]`, likewise."""
    adapters: Path
    """The folder of all accounts' adapters."""
    dry_run: bool = False
    """Stop when the examples are made, and tell what would be trained."""


def too_few_mails(account: str, *, usable: int, total: int, needed: int) -> TooFewMails:
    """Return the error for an account with too little to learn from; the service looks before it starts an engine."""
    return TooFewMails(
        f"{account} has {usable} mails to learn from, of {total}; {needed} are needed.",
        hint="Sync more sent mail (cyrano sync); cyrano export --all says why a mail is not learned from.",
    )


def write_job(folder: Path, job: TrainJob) -> None:
    """Put a job into its run's folder, whole or not at all.

    Raises:
        StoreError: the disk is full or not writable.
    """
    fresh = folder / f"{FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(job.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / FILE)
    except OSError as error:
        raise StoreError(f"The run could not be prepared: {error}", hint="Free some disk space.") from error


def read_job(folder: Path) -> TrainJob:
    """Read the job of a run's folder.

    Raises:
        UsageError: there is none, or it is not one this version understands.
    """
    try:
        return TrainJob.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"There is no job in {folder}.", hint="Start runs with: cyrano train.") from error
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"The job in {folder} cannot be read: {error}", hint="Start a new run: cyrano train."
        ) from error
