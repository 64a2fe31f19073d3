"""Carry out a job of profiling."""

from pathlib import Path

from connectors.profile_job import ProfileJob
from trainer.progress import Progress, Result


def profile(folder: Path, job: ProfileJob, say: Progress) -> Result:
    """Measure every cell and write the report."""
    say.stage("profile")(1, 1, str(folder))
    return {"report": [job.model]}
