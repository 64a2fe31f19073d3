"""All that a profile measured, as numbers for other programs."""

from typing import Any

from trainer.profiling.plan import Measured
from trainer.profiling.records import Training


def all_numbers(measured: Measured) -> dict[str, Any]:
    """Return every cell with its settings and numbers, in bytes, seconds, tokens and operations."""
    plan = measured.plan
    machine = measured.outcome(plan.machine).machine
    return {
        "machine": machine.model_dump() if machine else None,
        "cells": [
            {
                "matrix": cell.matrix.name,
                "values": dict(cell.values),
                "settings": cell.order.settings.model_dump(mode="json"),
                "status": (outcome := measured.outcome(cell.order)).status,
                "reason": outcome.reason,
                **(_training(outcome.training) if outcome.training else {}),
            }
            for cell in plan.cells
        ],
        "generation": measured.outcome(plan.generation).model_dump(include={"status", "reason", "generation"})
        if plan.generation
        else None,
        "learning": {
            method: measured.outcome(order).model_dump(include={"status", "reason", "learning"})
            for method, order in plan.learning.items()
        },
    }


def _training(found: Training) -> dict[str, Any]:
    return {
        **found.model_dump(),
        "activations": found.memory.activations,
        "trained_share": found.trained / found.parameters,
        "tokens_per_s": found.speed.tokens_per_s,
    }
