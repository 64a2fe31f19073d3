"""Carry out a job of planning."""

from connectors.plan_job import PlanJob
from trainer.progress import Result


def plan(job: PlanJob) -> Result:
    """Return what a run would take, and whether it fits."""
    return {"report": [job.model]}
