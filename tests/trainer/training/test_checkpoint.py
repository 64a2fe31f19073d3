"""Checkpoints: a run that goes on after a kill as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from connectors.train_settings import TrainSettings
from tests.trainer.learners import FP32, SETTINGS, learn, wrapped
from trainer.training import checkpoint
from trainer.training.checkpoint import MOST_STEPS, Progress, Step
from trainer.training.hardware import DTYPES, Arithmetic
from trainer.training.workers import Weights, trained

FP16 = Arithmetic(device="cpu", dtype=torch.float16)
CASES = [
    ({}, FP32),
    ({"optimiser": "adamw_8bit", "rank": 128, "packing": False}, FP32),
    ({"optimiser": "paged_adamw_8bit", "rank": 128, "patience": 1}, FP16),
]
"""The larger rank gives matrices of over 4,096 numbers, whose state really is kept in 8 bits."""


class Killed(Exception):
    """Stands for a kill within the process."""


def end(model: Path, folder: Path, settings: TrainSettings, arithmetic: Arithmetic) -> tuple[Weights, list[float]]:
    """Train to the end, from the last checkpoint if there is one; return the weights and all losses."""
    learner = wrapped(model, settings)
    done = learn(learner, folder, settings=settings, arithmetic=arithmetic)
    weights = {name: each.detach().clone() for name, each in trained(learner).items()}
    return weights, [*done.losses, *done.train_losses, *(each.loss for each in done.steps)]


def assert_same(one: tuple[Weights, list[float]], other: tuple[Weights, list[float]]) -> None:
    """Assert that two runs ended with the same weights and losses, to the last bit."""
    assert other[1] == one[1]
    for name, weight in one[0].items():
        assert torch.equal(other[0][name], weight), name


def folders(root: Path) -> tuple[Path, Path]:
    """Return two new folders."""
    for name in ("unbroken", "broken"):
        (root / name).mkdir()
    return root / "unbroken", root / "broken"


@pytest.mark.parametrize(("changes", "arithmetic"), CASES)
def test_a_broken_run_ends_like_an_unbroken_one(
    tiny: Path, tmp_path: Path, changes: dict[str, object], arithmetic: Arithmetic
) -> None:
    """Broken off in the middle of an epoch and gone on with by new objects, every optimiser ends where it must."""
    settings = SETTINGS.model_copy(update=changes)
    unbroken, broken = folders(tmp_path)

    def report(done: int, _total: int, _note: str) -> None:
        if done == 9:
            raise Killed

    with pytest.raises(Killed):
        learn(wrapped(tiny, settings), broken, settings=settings, arithmetic=arithmetic, report=report)
    assert_same(end(tiny, unbroken, settings, arithmetic), end(tiny, broken, settings, arithmetic))


def die_in_child(model: Path, folder: Path, changes: dict[str, object], precision: str) -> int:
    """Train in a process of its own that kills itself with SIGKILL after nine steps; return how it ended."""
    code = f"""
import os, signal
from pathlib import Path
from tests.trainer.learners import SETTINGS, learn, wrapped
from trainer.training.hardware import DTYPES, Arithmetic
def report(done, total, note):
    if done == 9:
        os.kill(os.getpid(), signal.SIGKILL)
settings = SETTINGS.model_copy(update={changes!r})
arithmetic = Arithmetic(device="cpu", dtype=DTYPES[{precision!r}])
learn(wrapped(Path({str(model)!r}), settings), Path({str(folder)!r}), settings=settings, arithmetic=arithmetic,
      report=report)
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode


@pytest.mark.process
@pytest.mark.parametrize(("changes", "precision"), [({}, "fp32"), (CASES[2][0], "fp16")])
def test_a_killed_run_ends_like_an_unbroken_one(
    tiny: Path, tmp_path: Path, changes: dict[str, object], precision: str
) -> None:
    """Killed by SIGKILL and started again, the run ends with the very same weights and losses."""
    settings, arithmetic = SETTINGS.model_copy(update=changes), Arithmetic(device="cpu", dtype=DTYPES[precision])
    unbroken, broken = folders(tmp_path)
    assert die_in_child(tiny, broken, changes, precision) == -signal.SIGKILL
    assert_same(end(tiny, unbroken, settings, arithmetic), end(tiny, broken, settings, arithmetic))


def test_a_finished_run_is_not_trained_again(tiny: Path, tmp_path: Path) -> None:
    """Started again after its end, a run takes no step."""
    learn(wrapped(tiny, SETTINGS), tmp_path)
    steps: list[int] = []
    learn(wrapped(tiny, SETTINGS), tmp_path, report=lambda done, _total, _note: steps.append(done))
    assert steps == []


def test_the_records_of_a_long_run_stay_few() -> None:
    """Neighbours become one, and no token or second is lost; the curve keeps its order and its end."""
    progress = Progress()
    for number in range(1, 5001):
        progress.add(
            Step(number=number, loss=2.0 - number / 5000, rate=1e-3, gradient=number % 7, tokens=10, seconds=0.5)
        )
    assert MOST_STEPS / 2 < len(progress.steps) <= MOST_STEPS
    assert sum(each.tokens for each in progress.steps) == 50_000
    assert sum(each.seconds for each in progress.steps) == pytest.approx(2500)
    assert progress.tokens_per_second == pytest.approx(20)
    numbers = [each.number for each in progress.steps]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 5000
    losses = [each.loss for each in progress.steps]
    assert losses == sorted(losses, reverse=True)


def test_a_checkpoint_is_what_was_saved(tmp_path: Path) -> None:
    """Progress with its steps, weights, machinery and random numbers come back."""
    step = Step(number=1, loss=1.5, rate=1e-3, gradient=0.5, tokens=10, seconds=0.1)
    progress = Progress(step=1, losses=[2.0], steps=[step], best={"a": torch.ones(2)}, peak_bytes=7)
    checkpoint.save(tmp_path, progress, {"a": torch.zeros(2)}, {"optimiser": {"state": {0: {"step": torch.ones(())}}}})
    expected = torch.rand(3)
    found = checkpoint.load(tmp_path)
    assert found is not None
    again, weights, machinery = found
    assert torch.equal(torch.rand(3), expected)
    assert (again.step, again.losses, again.steps, again.peak_bytes) == (1, [2.0], [step], 7)
    assert torch.equal(again.best["a"], torch.ones(2))
    assert torch.equal(weights["a"], torch.zeros(2))
    assert machinery["optimiser"]["state"][0]["step"] == 1
    assert checkpoint.load(tmp_path / "elsewhere") is None
