"""A job of planning, from the record to the lines a person reads."""

from pathlib import Path

import pytest

from connectors.errors import UsageError
from connectors.plan_job import PlanJob
from connectors.train_settings import TrainSettings
from tests.trainer.memory.models import write_small
from trainer.memory.devices import CONTEXT_BYTES, GIB
from trainer.memory.job import make_plan, plan
from trainer.memory.published import ADAPTERS, RUNS, replay

WIDTH = 100
SETTINGS = TrainSettings(batch_size=2, max_tokens=128)


def job(folder: Path, **changes: object) -> PlanJob:
    """Return a job for a small model on a T4."""
    values = {"model": str(write_small(folder)), "settings": SETTINGS, "gpu": "T4", **changes}
    return PlanJob.model_validate(values)


def test_a_plan_says_the_parts_the_total_and_the_verdict(tmp_path: Path) -> None:
    """In lines that fit a terminal, and in numbers for programs."""
    result = plan(job(tmp_path))
    report = "\n".join(result["report"])
    assert all(part in report for part in result["parts"])
    assert "It fits T4" in report
    assert result["is_fit"]
    assert result["precision"] == "fp16"
    assert result["total"] == sum(result["parts"].values())
    assert max(map(len, result["report"])) <= WIDTH


def test_what_does_not_fit_is_told_with_lines_to_paste(tmp_path: Path) -> None:
    """Under the section they belong in."""
    size = plan(job(tmp_path))["total"]
    wide = SETTINGS.model_copy(update={"checkpointing": "off", "loss": "plain", "batch_size": 8})
    result = plan(job(tmp_path, gpu=f"{(CONTEXT_BYTES + 1.2 * size) / GIB:.6f}GiB", settings=wide))
    assert not result["is_fit"]
    assert "    [train]" in result["report"]
    assert all(f"    {line}" in result["report"] for line in result["advice"])


def test_rows_are_no_longer_than_the_model_reads(tmp_path: Path) -> None:
    """2,048 tokens of settings are 512 of this model."""
    assert plan(job(tmp_path, settings=TrainSettings(batch_size=1)))["sequence"] == 512


def test_the_textbook_stands_beside_it(tmp_path: Path) -> None:
    """With its classic example."""
    report = "\n".join(plan(job(tmp_path, has_textbook=True))["report"])
    assert "56.5 GB" in report


def test_an_unknown_gpu_is_refused(tmp_path: Path) -> None:
    """Before anything is traced."""
    with pytest.raises(UsageError):
        plan(job(tmp_path, gpu="Voodoo"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"processes": 2, "quantisation": "nf4"}, "quantisation = 'nf4'"),
        ({"method": "full", "optimiser": "paged_adamw_8bit", "offload": True}, "paged_adamw_8bit"),
        ({"batch_size": "auto", "offload": True}, "largest batch"),
    ],
)
def test_what_training_would_refuse_is_not_planned(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """It is said now, not when the run is launched."""
    with pytest.raises(UsageError, match=message):
        plan(job(tmp_path, settings=SETTINGS.model_copy(update=changes)))


def test_several_processes_are_possible_on_a_gpu_by_name(tmp_path: Path) -> None:
    """There are as many of them as are asked for."""
    assert plan(job(tmp_path, settings=SETTINGS.model_copy(update={"processes": 4})))["is_fit"]


def test_offloading_says_what_the_machine_needs(tmp_path: Path) -> None:
    """What the GPU is spared lies in the machine's memory."""
    report = plan(job(tmp_path, settings=SETTINGS.model_copy(update={"offload": True})))["report"]
    assert any("machine's memory" in line for line in report)
    assert max(map(len, report)) <= WIDTH


def test_a_whole_trace_is_judged_as_what_it_says(tmp_path: Path) -> None:
    """The room is what its own total leaves."""
    wanted = job(tmp_path, is_traced=True)
    result = plan(wanted)
    assert result["room"] == make_plan(wanted).device.usable_bytes - result["total"]


def test_the_end_of_the_search_is_not_called_the_largest_batch(tmp_path: Path) -> None:
    """A T4 takes more rows of a tiny model than are looked for."""
    assert "at least 64." in "\n".join(plan(job(tmp_path))["report"])


@pytest.mark.process
def test_the_matrix_has_every_method_and_batch(tmp_path: Path) -> None:
    """Six ways, three batch sizes."""
    report = plan(job(tmp_path, is_matrix=True))["report"]
    for way in ("lora", "dora", "rosa", "lora on int8 weights", "lora on nf4 weights", "full"):
        row = next(line for line in report if line.startswith(f"{way:<22}"))
        assert len(row.removeprefix(way).split()) == 3
    assert max(map(len, report)) <= WIDTH


@pytest.mark.process
def test_published_numbers_are_replayed() -> None:
    """Adapters to half a percent; peaks of another program, some of whose settings are guessed, within a quarter."""
    rows = list(replay())
    assert len(rows) == len(RUNS) + len(ADAPTERS)
    for row in rows:
        assert abs(row.error) < (0.005 if row.unit == "MB" else 0.25), row
