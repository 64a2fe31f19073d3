"""The script that makes the GPU's report, in its tiny form."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.process
def test_the_gpu_report_is_made_in_its_tiny_form(tmp_path: Path) -> None:
    """It has every table, TRL's numbers included, and says that no GPU was measured."""
    command = [sys.executable, "-m", "tests.bench.gpu", "--tiny", "--work", tmp_path / "work", "--output", tmp_path]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "There was no GPU" in text
    for name in ("Llama-3-8B", "| tiny | QLoRA (nf4) |", "| tiny | RoSA |", "| tiny | full |", "projected, s"):
        assert name in text
    trl = next(line for line in text.splitlines() if line.startswith("| tiny |"))
    assert all(float(cell.replace(",", "")) > 0 for cell in trl.strip("| ").split(" | ")[1:])
