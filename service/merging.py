"""Having a trainer merge an adapter, in a process of its own: its memory goes back to the system."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.adapter import AdapterCard, folder
from connectors.job import write_job
from connectors.merge_job import MergeJob
from service.merged_models import Merge
from service.training import TRAINER, run_trainer


def merge_by_trainer(root: Path, base_model: str, *, program: Sequence[str] = TRAINER) -> Merge:
    """Return what merges adapters into the base model.

    Args:
        root: The folder of all accounts' adapters.
        base_model: The base model's folder or name.
        program: What the trainer is.
    """

    def merge(card: AdapterCard, output: Path, check: Callable[[], None]) -> None:
        adapter = folder(root, card.account, card.version).absolute()
        job = output.with_name(f".job-{output.name}")
        try:
            write_job(job, MergeJob(adapter=adapter, model=base_model, output=output.absolute()))
            run_trainer(job, "none", lambda _: None, check=check, program=program)
        finally:
            shutil.rmtree(job, ignore_errors=True)

    return merge
