"""What an adapter that is there already is judged by: mail that had no part in it, of threads that had none."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.adapter import AdapterCard, write_learned
from connectors.archive import Archive
from connectors.evaluate_job import EvaluateJob
from tests.trainer.data.accounts import fill
from tests.trainer.mails import ANA, START, archived, mail
from trainer.data.unseen import gather_unseen
from trainer.progress import Progress

LEARNED, MADE_ON = 30, 35
TOLD = {"learned": 26, "validation": 4}


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> EvaluateJob:
    """An order about Ana's mail: 40 mails, one each day."""
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    with Archive.open(url) as archive:
        fill(archive, "ana", ANA, 40)
    return EvaluateJob(
        account="ana", version=1, home=tmp_path, archive_url=url, model=str(tiny), prompt_budget=700,
        adapters=tmp_path / "adapters", output=tmp_path / "out", retrieval={"count": 0},
    )  # fmt: skip


def judging(job: EvaluateJob, data: dict[str, int], *, known: int = LEARNED) -> list[str]:
    """Return the ids of what judges an adapter that lists its first mails, and was made on a later day."""
    adapter = job.home / "v1"
    adapter.mkdir()
    if known:
        write_learned(adapter, [f"m{number}@Ana Sá" for number in range(known)])
    card = AdapterCard(
        account="ana", version=1, base_model=job.model, prompt_version="1", method="lora", is_approved=True, verdict="",
        created_at=(START + timedelta(days=MADE_ON)).isoformat(), data=data,
    )  # fmt: skip
    folder = job.home / "run"
    folder.mkdir()
    found = gather_unseen(job, card, adapter, folder, Progress(io.StringIO()))
    return [judge.message_id for judge in found.judges]


def ids(*numbers: int) -> list[str]:
    """Return the ids of mails."""
    return [f"m{number}@Ana Sá" for number in numbers]


def test_what_is_not_on_its_list_judges(job: EvaluateJob) -> None:
    """Mail that was held out when it was made does, too."""
    assert judging(job, TOLD) == ids(*range(30, 40))


@pytest.mark.parametrize("known", [LEARNED, 0])
def test_what_an_early_adapter_does_not_list_it_may_have_seen(job: EvaluateJob, known: int) -> None:
    """One that does not tell of mail that chose its epoch, or has no list, is judged by mail sent after it was made."""
    assert judging(job, {"learned": 30}, known=known) == ids(*range(36, 40))


def test_no_thread_that_it_learned_from_judges_it(job: EvaluateJob) -> None:
    """What goes on in one since would be shown what was learned."""
    with Archive.open(job.archive_url) as archive:
        archive.store("ana", [archived(mail(50, answers="m20@Ana Sá"), "ana")], "2")
    assert judging(job, TOLD) == ids(*range(30, 40))
