"""What one of several workers does: load, cut, train. The first one reports, and writes the checkpoints."""

import os
from pathlib import Path
from typing import Any

from torch import nn

from trainer.methods import METHODS
from trainer.training.hardware import Arithmetic, choose_arithmetic, look
from trainer.training.loop import Report, prepare, steps_per_epoch, train
from trainer.training.objective import Replies
from trainer.training.order import COUNT, MEETING, NUMBER, Order, read_order
from trainer.training.preference import Outcome, prefer
from trainer.training.prepare import prepare_model
from trainer.training.sharding import Sharded, in_turn, shard, together
from trainer.training.shortage import memory_errors


def work(line: bytes, report: Report) -> dict[str, Any] | None:
    """Carry out an order together with the other workers; return the summary of the stage of preferences, if any.

    Raises:
        CyranoError: what went wrong, and what to do.
    """
    order = read_order(line)
    arithmetic = choose_arithmetic(order.job.settings.precision, look())
    number, count = int(os.environ[NUMBER]), int(os.environ[COUNT])
    meeting = Path(os.environ[MEETING])
    with memory_errors(), together(meeting, number=number, count=count, device=arithmetic.device) as workers:
        outcome = _train(order, workers, arithmetic, report if workers.is_first else _nobody)
    return outcome.summary() if outcome and workers.is_first else None


def _train(order: Order, workers: Sharded, arithmetic: Arithmetic, report: Report) -> Outcome | None:
    # Whether compiled layers can be cut is not known; `check_possible` refuses whoever insists.
    settings = order.job.settings.model_copy(update={"compile": "off"})
    objective = Replies(is_packed=settings.packing, way=settings.loss)
    model = _model(order, objective, workers, arithmetic)
    total = steps_per_epoch(len(order.learned), settings) * settings.epochs
    train(
        prepare(model, objective, settings, arithmetic=arithmetic, total=total, workers=workers),
        order.learned, order.held_out, folder=order.folder, report=report,
    )  # fmt: skip
    if not order.pairs:
        return None
    return prefer(
        model, order.pairs, settings, arithmetic=arithmetic, folder=order.folder, report=report, mails=order.held_out,
        workers=workers,
    )  # fmt: skip


def _model(order: Order, objective: Replies, workers: Sharded, arithmetic: Arithmetic) -> nn.Module:
    """Return this worker's part of the wrapped model."""
    name, settings = order.job.model, order.job.settings
    # RoSA's choice of numbers takes gradients of the whole model; the first worker makes it, the others read it.
    is_choosing = workers.is_first and settings.method == "rosa"
    with in_turn():
        model = prepare_model(name, settings, arithmetic, device=arithmetic.device if is_choosing else "cpu")
        METHODS[settings.method].choose(model, settings, objective, order.learned, arithmetic, order.folder)
        shard(model, arithmetic, is_offloaded=settings.offload)
    return model


def _nobody(_done: int, _total: int, _note: str) -> None:
    """Report to nobody: the first worker does."""
