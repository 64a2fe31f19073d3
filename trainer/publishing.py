"""Where what was learned goes: among the account's adapters, or into a folder of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

from connectors.adapter import CARD, AdapterCard, list_cards, publish, read_card, seal
from connectors.errors import UsageError
from connectors.job import TrainJob
from trainer.files import disk_errors


def published(job: TrainJob) -> AdapterCard | None:
    """Return the card of what this run has published already, before it was stopped."""
    if job.output is None:
        return next((card for card in list_cards(job.adapters, job.account) if _is_of(card, job)), None)
    if not (job.output / CARD).exists():
        return None
    card = read_card(job.output)
    return card if _is_of(card, job) else None


def need_place(job: TrainJob) -> None:
    """See to it that nothing is where the result goes.

    Raises:
        UsageError: something is.
    """
    if job.output is not None and job.output.exists() and (not job.output.is_dir() or any(job.output.iterdir())):
        raise UsageError(f"{job.output} is there already.", hint="Choose another folder, or move that one away.")


def put_in_place(job: TrainJob, fill: Callable[[Path], None], card: AdapterCard) -> AdapterCard:
    """Have `fill` write a folder beside its final place, where renaming is one step, and put it there with its card.

    Raises:
        StoreError: the disk is full or not writable; nothing half-written stays.
    """
    built = job.output.with_name(f".{job.run}") if job.output else job.adapters / job.account / f".{job.run}"
    with disk_errors("What was learned could not be written"):
        shutil.rmtree(built, ignore_errors=True)
        try:
            built.mkdir(parents=True)
            fill(built)
            if job.output is None:
                return publish(job.adapters, built, card)
            card = seal(built, card)
            if job.output.exists():
                job.output.rmdir()  # it is empty: need_place has looked
            built.rename(job.output)
        except BaseException:
            shutil.rmtree(built, ignore_errors=True)
            raise
    return card


def _is_of(card: AdapterCard, job: TrainJob) -> bool:
    return bool(card.config.get("run") == job.run)
