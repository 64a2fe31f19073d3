"""The order of an evaluation: an adapter that is there already, beside the base model and the one in service."""

from pathlib import Path
from typing import Literal

from connectors.mail_job import MailJob


class EvaluateJob(MailJob):
    """Measure an adapter on its account's newest mail."""

    kind: Literal["evaluate"] = "evaluate"
    version: int
    output: Path | None = None
    """The folder that evaluation.json and evaluation.html go to; None: nowhere, what was found is told."""
    shown: int = 0
    """So many mails are told in the result, with the draft of each arm beside them; they are written nowhere."""
