"""Carry out a job of planning."""

from collections.abc import Iterator
from typing import Any

import torch

from connectors.plan_job import PlanJob
from trainer.memory import tables
from trainer.memory.devices import here, named
from trainer.memory.fit import Plan, Verdict, judge, largest_batch
from trainer.memory.published import published_lines
from trainer.memory.shapes import Shapes, read_shapes
from trainer.progress import Result

BATCHES = (1, 4, 16)
WAYS: dict[str, dict[str, Any]] = {
    "lora": {"method": "lora", "variant": "plain", "quantisation": "none"},
    "dora": {"method": "lora", "variant": "dora", "quantisation": "none"},
    "rosa": {"method": "rosa", "variant": "plain", "quantisation": "none"},
    "lora on int8 weights": {"method": "lora", "variant": "plain", "quantisation": "int8"},
    "lora on nf4 weights": {"method": "lora", "variant": "plain", "quantisation": "nf4"},
    "full": {"method": "full", "variant": "plain", "quantisation": "none"},
}
"""What --matrix compares; on several devices, or with offloading, what is possible there."""


def plan(job: PlanJob) -> Result:
    """Return what a run would take, and whether it fits: {"report": lines, "is_fit", "total", "parts": bytes, …}.

    Raises:
        ModelMissing: the model's configuration is not on this machine.
        UsageError: no such GPU is known, or training would refuse the settings.
    """
    wanted = make_plan(job)
    verdict = judge(wanted, is_whole=job.is_traced)
    return {"report": list(_report(job, wanted, verdict)), **_numbers(wanted, verdict)}


def make_plan(job: PlanJob) -> Plan:
    """Put together what is planned.

    Raises:
        ModelMissing: as above.
        UsageError: as above.
    """
    shapes = read_shapes(job.model)
    wanted = Plan(
        shapes=shapes,
        settings=job.settings,
        sequence=_sequence(job, shapes),
        device=named(job.gpu) if job.gpu else here(),
        replies=job.reply_share,
        gpus=None if job.gpu else torch.cuda.device_count(),
    )
    wanted.check()
    return wanted


def _sequence(job: PlanJob, shapes: Shapes) -> int:
    return min(job.sequence or job.settings.max_tokens, shapes.longest)


def _report(job: PlanJob, wanted: Plan, verdict: Verdict) -> Iterator[str]:
    yield from tables.heading(wanted)
    yield ""
    if job.is_matrix:
        yield from _matrix(wanted)
    else:
        yield from tables.parts(verdict.estimate)
        yield ""
        yield from tables.verdict_lines(wanted, verdict, largest_batch(wanted) if verdict.is_fit else None)
    if job.has_textbook:
        yield ""
        yield from tables.textbook_lines(wanted)
    if job.has_published:
        yield ""
        yield from published_lines()


def _matrix(wanted: Plan) -> Iterator[str]:
    cells = []
    for name, way in WAYS.items():
        each = wanted.changed(**way)
        if wanted.is_spread and each.settings.quantisation != "none":
            continue
        cells.append((name, [each.estimate(batch=batch).total for batch in BATCHES]))
    yield from tables.matrix_lines(cells, BATCHES, wanted.device)


def _numbers(wanted: Plan, verdict: Verdict) -> dict[str, Any]:
    return {
        "model": wanted.shapes.name,
        "device": wanted.device.name,
        "device_bytes": wanted.device.memory_bytes,
        "precision": wanted.precision,
        "batch": wanted.batch,
        "sequence": wanted.sequence,
        "is_fit": verdict.is_fit,
        "total": verdict.estimate.total,
        "parts": verdict.estimate.parts,
        "room": verdict.room,
        "advice": list(verdict.advice),
    }
