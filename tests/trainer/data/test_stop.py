"""A run that stops early tells what it would learn from, and needs no more than that takes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.job import Stop, TrainJob
from connectors.llm import Sampling
from connectors.train_settings import TrainSettings
from tests.trainer.data.accounts import fill
from tests.trainer.mails import ANA
from trainer.data.carried import CarriedSource
from trainer.data.gather import open_source
from trainer.data.playback import Writer
from trainer.data.stop import stop
from trainer.progress import Progress, Result


class Engine:
    """Writes an instruction for whatever it is shown."""

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, model: str, messages: Sequence[Mapping[str, object]], sampling: Sampling) -> str:
        """Return the instruction."""
        assert (model, bool(messages), sampling.max_tokens > 0) == ("base", True, True)
        self.asked += 1
        return f"Write to Eve for the {self.asked}. time about this matter"


@pytest.fixture
def job(tmp_path: Path) -> TrainJob:
    """A run on Ana's mail, with a model that is not there."""
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    with Archive.open(url) as archive:
        fill(archive, "ana", ANA, 24)
    return TrainJob(
        run="ana-1", account="ana", home=tmp_path, archive_url=url, model="/nowhere", prompt_budget=700,
        settings=TrainSettings(), adapters=tmp_path / "adapters", engine_model="base", output=tmp_path / "out",
    )  # fmt: skip


def carry_out(job: TrainJob, after: Stop, writer: Writer | None = None) -> Result:
    """Carry out a run that stops."""
    order = job.model_copy(update={"stop_after": after})
    with open_source(order) as source:
        return stop(source, order, writer=writer, say=Progress(io.StringIO()))


def test_clean_needs_neither_engine_nor_model(job: TrainJob) -> None:
    """It counts, warns, and leaves the mail with the instructions that are there; an empty folder is no hindrance."""
    (job.home / "out").mkdir()
    result = carry_out(job, "clean", Engine())
    assert "instructions" not in result["data"]
    sides = "13 to learn from, 4 to choose the best epoch by, 7 held out"
    assert result["report"][0].startswith(f"24 mails, 2026-01-05 to 2026-01-28: {sides}")
    assert any("a forward" in line for line in result["report"])
    assert any("fewer than 128" in line for line in result["report"])
    assert len(CarriedSource(job.home / "out").instructions("ana", "x", "x")) == 12


def test_playback_carries_its_instructions(job: TrainJob) -> None:
    """So that a machine without an engine does not need one; they are in the archive, too."""
    engine = Engine()
    result = carry_out(job, "playback", engine)
    assert result["data"]["instructions"] == {"given": 12, "model": 12}
    assert engine.asked == 12
    carried = CarriedSource(job.home / "out").instructions("ana", "x", "x")
    assert sorted(each.source for each in carried.values()) == ["given"] * 12 + ["model"] * 12
    carry_out(job.model_copy(update={"output": None}), "playback", engine)
    assert engine.asked == 12


def test_an_extract_for_want_of_an_engine_is_not_carried(job: TrainJob) -> None:
    """The next machine may have one."""
    result = carry_out(job, "playback")
    assert result["data"]["instructions"] == {"given": 12, "extract": 12}
    there = CarriedSource(job.home / "out")
    assert len(there.instructions("ana", "x", "x")) == 12
    order = job.model_copy(update={"carried": job.home / "out", "stop_after": "playback", "output": job.home / "b"})
    with open_source(order) as source:
        data = stop(source, order, writer=Engine(), say=Progress(io.StringIO()))["data"]
    assert data["instructions"] == {"given": 12, "model": 12}


def test_too_few_mails_leave_nothing(job: TrainJob) -> None:
    """No folder that looks as if it could be learned from."""
    few = job.model_copy(update={"settings": TrainSettings(min_mails=25)})
    with pytest.raises(TooFewMails):
        carry_out(few, "clean")
    assert not (job.home / "out").exists()
