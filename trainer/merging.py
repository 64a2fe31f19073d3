"""The job of a merge: what an adapter of any method makes of its base model, in bf16, for an engine of its own.

The rules this module keeps:
1. The folder is written beside its place and renamed when all of it is on the disk: what is found there is whole.
2. It says what it was made of, so that it is never taken for another adapter's, nor for one of a base model that has
   changed since.
3. What the trainer saved as a model already is not copied where a second name on the disk will do.
4. Memory is asked for before the base model is loaded: the engine may hold it.
"""

import math
import os
import shutil
from pathlib import Path

import torch
from safetensors import safe_open

from connectors.adapter import CARD, LEARNED, AdapterCard, read_card
from connectors.base_model import find, revision
from connectors.errors import StoreError, UsageError
from connectors.evaluation import FILE as EVALUATION
from connectors.evaluation import PAGE
from connectors.merge_job import Merged, MergeJob, read_merged, write_merged
from connectors.pipe import Room
from trainer.asking import Asking
from trainer.files import disk_errors
from trainer.memory.available import available_bytes
from trainer.methods.merge import merge, method_of
from trainer.progress import Progress, Result
from trainer.report import REPORT
from trainer.room import GROWTH_BYTES
from trainer.run_statistics import FILE as STATISTICS

BYTES = torch.finfo(torch.bfloat16).bits // 8
COPIES = 4
"""Of the weight at hand, in fp32: it, what was learned of it, their sum, and what is in between. Assumed."""
NOT_OF_THE_MODEL = {CARD, LEARNED, EVALUATION, PAGE, REPORT, STATISTICS}
"""What lies in an adapter's folder and does not belong to a model that was trained as a whole."""


def merge_adapter(job: MergeJob, say: Progress) -> Result:
    """Carry out the job, unless its model is there already, and return its result.

    Raises:
        ModelMissing: the base model is not on this machine.
        StoreError: the adapter is broken, or the disk is full or not writable; nothing half-written stays.
        UsageError: the base model is not the one that the adapter was trained on.
    """
    card = read_card(job.adapter)
    made = _to_make(job, card)
    if (there := read_merged(job.output)) and there.model_copy(update={"files": {}}) == made:
        return _result(job, there)
    built = job.output.with_name(f".{job.output.name}")
    with disk_errors(f"The merged model of {card.name} could not be written", then="it is tried again by itself"):
        shutil.rmtree(built, ignore_errors=True)
        try:
            built.mkdir(parents=True)
            _fill(built, job, card, say)
            made = made.model_copy(update={"files": {path.name: path.stat().st_size for path in built.iterdir()}})
            write_merged(built, made)
            _sync(built)
            shutil.rmtree(job.output, ignore_errors=True)  # cut short, or made of something else
            built.rename(job.output)
        except BaseException:
            shutil.rmtree(built, ignore_errors=True)
            raise
        _sync(job.output.parent)
    return _result(job, made)


def _to_make(job: MergeJob, card: AdapterCard) -> Merged:
    now = revision(job.model)
    if card.base_revision and now != card.base_revision:
        raise UsageError(
            f"The base model is not the one that {card.name} was trained on: it has changed since.",
            hint="Put the former one back, or train again: cyrano train.",
        )
    return Merged(
        adapter=card.name, weights_sha256=card.weights_sha256, base_model=job.model, base_revision=now, files={}
    )


def _fill(built: Path, job: MergeJob, card: AdapterCard, say: Progress) -> None:
    report = say.stage("merge")
    if method_of(job.adapter) == "full":
        paths = [path for path in job.adapter.iterdir() if path.name not in NOT_OF_THE_MODEL and path.is_file()]
        for done, path in enumerate(sorted(paths), start=1):
            _share(path, built / path.name)
            report(done, len(paths), card.name)
        return
    _need_space(built, job.model)
    Asking(say).room(_room(job), purpose=f"merge {card.name}")
    merge(
        job.adapter,
        built,
        base=job.model,
        dtype=torch.bfloat16,
        on_layer=lambda done, total: report(done, total, card.name),
    )


def _need_space(built: Path, model: str) -> None:
    """Look before minutes of work."""
    place = find(model)
    needed = sum(map(_bf16_bytes, place.glob("*.safetensors"))) if place else 0
    free = shutil.disk_usage(built).free
    if free < needed:
        hint = "Free some disk space; it is tried again by itself."
        raise StoreError(
            f"The merged model needs {needed / 1e9:.1f} GB on the disk, and {free / 1e9:.1f} GB are free.", hint=hint
        )


def _room(job: MergeJob) -> Room:
    """Return what the merge holds at its peak: the model, what was learned, and some copies of the largest weight."""
    place = find(job.model)
    base = sorted(place.glob("*.safetensors")) if place else []
    adapter = sum(path.stat().st_size for path in job.adapter.glob("*.safetensors"))
    largest = max((size for path in base for size in _numbers(path)), default=0)
    needs = sum(path.stat().st_size for path in base) + 2 * adapter + COPIES * torch.float32.itemsize * largest
    return Room(needs=needs + GROWTH_BYTES, free=available_bytes())


def _bf16_bytes(path: Path) -> int:
    return BYTES * sum(_numbers(path))


def _numbers(path: Path) -> list[int]:
    """Return how many numbers each weight of a file has."""
    with safe_open(path, "pt") as file:
        return [math.prod(file.get_slice(name).get_shape()) for name in file.keys()]  # noqa: SIM118  no dictionary


def _share(path: Path, place: Path) -> None:
    """Give a file a second name; copy it where the file system cannot."""
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)


def _sync(folder: Path) -> None:
    """Flush a folder and the files in it."""
    for path in [*(each for each in folder.iterdir() if each.is_file()), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _result(job: MergeJob, made: Merged) -> Result:
    size = sum(made.files.values())
    return {
        "output": str(job.output),
        "adapter": made.adapter,
        "bytes": size,
        "report": [f"{made.adapter}, merged into its base model: {job.output} ({size / 1e6:.0f} MB)"],
    }
