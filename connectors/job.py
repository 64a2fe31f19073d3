"""Jobs of the trainer: what the service writes down and the trainer reads. Neither imports the other.

A job is a folder with this record in it; a run's lies under `<home>/runs`, and the trainer adds what it makes there,
stage by stage.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from connectors.corpus import Corpus
from connectors.errors import StoreError, TooFewMails, UsageError
from connectors.evaluate_job import EvaluateJob
from connectors.gate_settings import GateSettings
from connectors.merge_job import MergeJob
from connectors.plan_job import PlanJob
from connectors.profile_job import ProfileJob
from connectors.train_settings import TrainSettings

FILE = "job.json"
ENGINE_KEY = "CYRANO_ENGINE_API_KEY"
"""The environment variable with the engine's key: a secret does not go into the job's file."""

TINY = "tiny"
"""The model that the trainer makes itself, small and random: for trying what it does."""

Stop = Literal["clean", "playback", "examples"]


class TrainJob(BaseModel):
    """One run: whose mail, from where, with what. Paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["train"] = "train"
    run: str
    """The run's own name; the adapter's card keeps it, so that a run publishes once."""
    account: str
    """Whose mail it is; for another corpus, the name of what is learned."""
    home: Path
    archive_url: str = ""
    """The archive the mail comes from, unless it was carried here, or another corpus is learned from."""
    carried: Path | None = None
    """A folder that a run on another machine left with `stop_after`: its mail and instructions are taken."""
    corpus: Corpus | None = None
    """Text other than mail."""
    recipe: str = ""
    """The name of the recipe the settings came from, for the report."""
    engine_url: str | None = None
    """Where instructions are written; without one, those in the archive and extracts have to do."""
    engine_model: str = ""
    """What the engine calls the base model; empty for the first one it names."""
    model: str
    """The base model's folder, or its name where it has been downloaded."""
    prompt_budget: PositiveInt
    """Tokens a prompt may hold, as when drafting."""
    settings: TrainSettings = TrainSettings()
    gate: GateSettings = GateSettings()
    embedder: dict[str, Any] = {}
    """The section `[embedder]`, which the retrieval floor understands."""
    retrieval: dict[str, Any] = {}
    """The section `[retrieval]`, likewise."""
    adapters: Path
    """The folder of all accounts' adapters."""
    serving: Literal["lora", "merged"] = "lora"
    """How the engine serves adapters: beside the base model only those can write that are LoRA."""
    stop_after: Stop | None = None
    """Stop when the mail is chosen, has its instructions, or has become examples, and tell about it."""
    output: Path | None = None
    """Where such a run leaves its data; otherwise where the adapter goes, instead of among the account's."""

    @property
    def place(self) -> Path | None:
        """The folder of its own that what is learned goes to, or None where it goes among the account's adapters.

        What was learned from carried mail goes there by way of `connectors.adapter.take`, which is told whether all of
        that mail is still there.
        """
        is_apart = self.corpus is not None or self.carried is not None or self.model == TINY
        return self.home / "trained" / self.run if self.output is None and is_apart else self.output


AnyJob = TrainJob | PlanJob | ProfileJob | EvaluateJob | MergeJob
Job = Annotated[AnyJob, Field(discriminator="kind")]
_JOB: TypeAdapter[AnyJob] = TypeAdapter(Job)


def too_few_mails(account: str, *, usable: int, total: int, needed: int) -> TooFewMails:
    """Return the error for an account with too little to learn from; the service looks before it starts an engine."""
    return TooFewMails(
        f"{account} has {usable} mails to learn from, of {total}; {needed} are needed.",
        hint="Sync more sent mail (cyrano sync); cyrano export --all says why a mail is not learned from.",
    )


def write_job(folder: Path, job: Job) -> None:
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


def read_job(folder: Path) -> AnyJob:
    """Read the job of a run's folder.

    Raises:
        UsageError: there is none, or it is not one this version understands.
    """
    try:
        return _JOB.validate_json((folder / FILE).read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"There is no job in {folder}.", hint="Start runs with: cyrano train.") from error
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"The job in {folder} cannot be read: {error}", hint="Start a new run: cyrano train."
        ) from error
