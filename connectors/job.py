"""Jobs of the trainer: what the service writes down and the trainer reads. Neither imports the other.

A job is a folder with this record in it; a run's lies under `<home>/runs`, and the trainer adds what it makes there,
stage by stage.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from connectors.corpus import Corpus
from connectors.errors import StoreError, TooFewMails, UsageError
from connectors.evaluate_job import EvaluateJob
from connectors.mail_job import MailJob
from connectors.merge_job import MergeJob
from connectors.plan_job import PlanJob
from connectors.profile_job import ProfileJob

FILE = "job.json"
ENGINE_KEY = "CYRANO_ENGINE_API_KEY"
"""The environment variable with the engine's key: a secret does not go into the job's file."""

TINY = "tiny"
"""The model that the trainer makes itself, small and random: for trying what it does."""

Stop = Literal["clean", "playback", "examples"]


class TrainJob(MailJob):
    """One run: whose mail, from where, with what."""

    kind: Literal["train"] = "train"
    run: str
    """The run's own name; the adapter's card keeps it, so that a run publishes once."""
    carried: Path | None = None
    """A folder that a run on another machine left with `stop_after`: its mail and instructions are taken."""
    corpus: Corpus | None = None
    """Text other than mail."""
    recipe: str = ""
    """The name of the recipe the settings came from, for the report."""
    engine_url: str | None = None
    """Where instructions are written; without one, those in the archive and extracts have to do."""
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
