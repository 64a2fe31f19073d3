"""Having a trainer merge an adapter, in a process of its own: its memory goes back to the system."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from connectors.adapter import AdapterCard, folder
from connectors.job import write_job
from connectors.merge_job import MergeJob
from connectors.pipe import Room
from service.serving.merged_models import Merge
from service.training import TRAINER, run_trainer


class MakeRoom(Protocol):
    """What makes room for a block: `service.refresh.sharing.Sharing.made`."""

    def __call__(self, room: Room, /, reason: str) -> AbstractContextManager[None]:
        """Make room; `reason` says for what, in words that end a sentence."""


@contextmanager
def _as_it_is(_room: Room, /, reason: str) -> Iterator[None]:  # noqa: ARG001  as all that make it
    """Make no room."""
    yield


def merge_by_trainer(
    root: Path, base_model: str, *, made: MakeRoom = _as_it_is, program: Sequence[str] = TRAINER
) -> Merge:
    """Return what merges adapters into the base model.

    Args:
        root: The folder of all accounts' adapters.
        base_model: The base model's folder or name.
        made: Makes room for the merge where there is none.
        program: What the trainer is.
    """

    def merge(card: AdapterCard, output: Path, check: Callable[[], None]) -> None:
        adapter = folder(root, card.account, card.version).absolute()
        make_room = partial(made, reason=f"while {card.name} is merged")
        job = output.with_name(f".job-{output.name}")
        try:
            write_job(job, MergeJob(adapter=adapter, model=base_model, output=output.absolute()))
            run_trainer(job, "none", lambda _: None, on_room=make_room, check=check, program=program)
        finally:
            shutil.rmtree(job, ignore_errors=True)

    return merge
