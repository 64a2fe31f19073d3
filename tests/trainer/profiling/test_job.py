"""A profile from its job to its report, in real processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from connectors.job import write_job
from connectors.profile_job import Matrix, ProfileJob, Synthetic
from connectors.train_settings import TrainSettings

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
JOB = ProfileJob(
    model="tiny",
    synthetic=Synthetic(tokens=48, examples=16),
    settings=TrainSettings(batch_size=4, rank=4, learning_rate=1e-2),
    matrices=(
        Matrix(name="Two by two", axes={"method": ("full", "lora"), "accumulation": (1, 4)}),
        Matrix(name="GPUs", axes={"processes": (2,)}),
    ),
    steps=2,
    warmup_steps=1,
    generation_tokens=8,
    quality_steps=3,
    quality_methods=("lora",),
)


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start the trainer on a folder."""
    command = [sys.executable, "-m", "trainer", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=ENVIRONMENT)


def outcomes(folder: Path) -> dict[str, int]:
    """Return when each cell that has ended did."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (folder / "cells").glob("*/outcome.json")}


@pytest.mark.process
def test_a_profile_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """After SIGKILL in the middle no process is left; started again it runs the other cells alone, and reports all."""
    folder = tmp_path / "profile"
    write_job(folder, JOB)
    child = start(folder)
    end = time.monotonic() + 500
    while len(outcomes(folder)) < 3:
        assert child.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    tree = psutil.Process(child.pid).children(recursive=True)
    child.kill()
    child.wait()
    _, alive = psutil.wait_procs(tree, timeout=60)
    assert not alive
    before = outcomes(folder)

    child = start(folder)
    said = [json.loads(line) for line in child.stdout or ()]
    assert child.wait() == 0
    after = outcomes(folder)
    assert before.items() <= after.items()
    assert len(after) == 9  # the machine, five cells, generation, base and lora
    result = said[-1]["result"]
    assert result["page"] == str(folder / "report.html")
    assert (folder / "report.md").exists()
    numbers = json.loads((folder / "cells.json").read_text("utf-8"))
    assert [cell["status"] for cell in numbers["cells"]] == ["ok"] * 5
    _check_numbers(numbers)
    assert not (folder / "cells" / "material.json").exists()


def _check_numbers(numbers: dict[str, object]) -> None:
    """Hold the numbers to what must be true of them on any machine."""
    cells = {tuple(cell["values"].values()): cell for cell in numbers["cells"]}  # type: ignore[attr-defined]
    full, lora = cells["full", 1], cells["lora", 1]
    assert full["trained"] == full["parameters"]
    assert lora["trained"] < 0.1 * lora["parameters"]
    assert full["memory"]["gradients"] == 4 * full["parameters"]
    assert full["memory"]["optimiser"] >= 2 * full["memory"]["gradients"]
    assert lora["memory"]["gradients"] == 4 * lora["trained"]
    assert cells["full", 4]["activations"] < full["activations"]
    assert full["loss_after"] < full["loss_before"]
    assert cells[2,]["memory"]["parameters"] < lora["memory"]["parameters"]
    assert all(cell["memory"]["planned"] > 0 and cell["tokens_per_s"] > 0 for cell in cells.values())
    assert numbers["generation"]["generation"]["cached_per_s"] > 0  # type: ignore[index]
