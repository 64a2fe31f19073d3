"""Whole runs on small mailboxes."""

import io
import json
from pathlib import Path
from typing import Any

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.gate_settings import GateSettings
from connectors.instruction import Instruction
from connectors.job import TrainJob, write_job
from connectors.message import Address
from connectors.train_settings import TrainSettings
from tests.trainer.mails import ANA, BEN, archived, mails
from trainer.__main__ import main
from trainer.progress import Progress

GATE = GateSettings(draft_tokens=12, resamples=200, style_margin=100, length_margin=100)
"""What a tiny random model drafts is no mail, before it learned as after: only its loss tells anything."""
SETTINGS = TrainSettings(rank=4, learning_rate=1e-2, epochs=1, retrieval_probability=0, precision="fp32")


def fill(archive: Archive, name: str, owner: Address, count: int) -> None:
    """Add an account with some mails and a given instruction for each."""
    archive.add_account(
        AccountRecord(name=name, kind="mbox", owner=owner, addresses=frozenset({owner.addr}), settings={})
    )
    own = mails(count, sender=owner)
    archive.store(name, [archived(each, name) for each in own], "1")
    given = [Instruction(message_id=e.message_id, text=f"Ask about {e.subject}", source="given") for e in own]
    archive.store_instructions(name, "", "", given)


def ana_and_ben(model: Path, home: Path) -> TrainJob:
    """Return a job for Ana, with Ben's account beside hers."""
    url = f"sqlite:///{home}/cyrano.db"
    with Archive.open(url) as archive:
        fill(archive, "ana", ANA, 40)
        fill(archive, "ben", BEN, 40)
    return TrainJob(
        run="ana-1", account="ana", home=home, archive_url=url, model=str(model), prompt_budget=700,
        settings=SETTINGS, adapters=home / "adapters", retrieval={"count": 0}, gate=GATE,
    )  # fmt: skip


def carry_out(job: TrainJob) -> tuple[int, list[dict[str, Any]], Path]:
    """Run a job as the child process does; return the exit code, what it said, and its folder."""
    folder = job.home / "runs" / job.run
    write_job(folder, job)
    said = io.StringIO()
    code = main(folder, Progress(said))
    return code, [json.loads(line) for line in said.getvalue().splitlines()], folder
