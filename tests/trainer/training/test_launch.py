"""Workers are started, heard and ended; what they leave is the run's."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from connectors.errors import TrainError, UsageError
from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from tests.trainer.crew import call_in_two
from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, learn, silent, wrapped
from tests.trainer.training.test_preference import PAIRS, STAGE
from trainer.data.pairs import Pair
from trainer.training import checkpoint, loop
from trainer.training import launch as launching
from trainer.training.hardware import Hardware
from trainer.training.launch import Trained, check_possible, train_in_workers
from trainer.training.order import COUNT, MEETING, NUMBER, Order, read_order
from trainer.training.preference import prefer
from trainer.training.team import work
from trainer.training.workers import Alone

IN_TWO = SETTINGS.model_copy(update={"processes": 2, "precision": "fp32", "epochs": 1})
GPU, NO_GPU = Hardware(device="cuda", has_bf16=True), Hardware(device="cpu", has_bf16=True)


def job_for(model: Path, folder: Path, settings: TrainSettings = IN_TWO) -> TrainJob:
    """Return a job for a model."""
    return TrainJob(
        run="r", account="ana", home=folder, model=str(model), prompt_budget=100, settings=settings, adapters=folder
    )


def launch(
    model: Path,
    folder: Path,
    *,
    settings: TrainSettings = IN_TWO,
    report: loop.Report = silent,
    pairs: Sequence[Pair] = (),
) -> Trained:
    """Train the usual examples in workers."""
    folder.mkdir(exist_ok=True)
    return train_in_workers(folder, job_for(model, folder, settings), EXAMPLES, HELD_OUT, report=report, pairs=pairs)


def children() -> list[psutil.Process]:
    """Return this process's workers."""
    return [
        each for each in psutil.Process().children() if "trainer.training.worker" in each.cmdline()
    ]  # fmt: skip


def work_at(number: int, meeting: Path, line: bytes) -> None:
    """Do what a worker does, in a process that has imported what it needs."""
    os.environ.update({MEETING: str(meeting), NUMBER: str(number), COUNT: "2"})
    work(line, silent)


@pytest.mark.process
def test_a_run_that_lost_a_worker_goes_on_to_the_same_end(tiny: Path, tmp_path: Path) -> None:
    """One worker is killed in the middle: the other ends, the error says so, and the next start ends as if unbroken."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    order = Order(
        folder=whole, job=job_for(tiny, whole), learned=tuple(EXAMPLES), held_out=tuple(HELD_OUT)
    )  # fmt: skip
    call_in_two(work_at, tmp_path / "store", order.line())
    expected = checkpoint.load(whole)
    assert expected is not None
    reported: list[tuple[int, int]] = []

    def kill(done: int, total: int, _note: str) -> None:
        reported.append((done, total))
        if done == 3:
            children()[1].kill()

    with pytest.raises(TrainError, match="Worker 2 of 2 was killed") as caught:
        launch(tiny, broken, report=kill)
    assert "goes on" in caught.value.hint
    assert children() == []
    again = launch(tiny, broken, report=lambda done, total, _note: reported.append((done, total)))
    assert again.preferred is None
    assert reported[:3] == [(1, 6), (2, 6), (3, 6)]
    assert reported[-1] == (6, 6)
    assert len(reported) < 3 + 6
    assert again.progress.losses == expected[0].losses
    for name, weight in expected[0].best.items():
        assert torch.equal(again.weights[name], weight), name


@pytest.mark.process
def test_one_that_offloads_ends_with_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    """A single worker that offloads ends, preferences learned, with the weights of a process that does not."""
    plain = STAGE.model_copy(update={"precision": "fp32", "epochs": 1, "dropout": 0.0, "method": "full"})
    offloading = plain.model_copy(update={"offload": True})
    trained = launch(tiny, tmp_path / "offloaded", settings=offloading, pairs=PAIRS)
    model = wrapped(tiny, plain)
    progress = learn(model, tmp_path, settings=plain)
    outcome = prefer(
        model, PAIRS, plain, arithmetic=FP32, folder=tmp_path, report=silent, mails=HELD_OUT
    )  # fmt: skip
    assert trained.progress.losses == pytest.approx(progress.losses, rel=1e-5)
    assert trained.preferred is not None
    assert trained.preferred.is_kept
    assert asdict(trained.preferred.after) == pytest.approx(asdict(outcome.after), rel=1e-3)
    for name, weight in Alone().weights(model).items():
        torch.testing.assert_close(trained.weights[name], weight, atol=1e-4, rtol=1e-3)


@pytest.mark.process
def test_workers_end_with_whoever_started_them(tiny: Path, tmp_path: Path) -> None:
    """Killed without a chance to tidy up, the parent leaves no worker behind."""
    code = f"""
from pathlib import Path
from tests.trainer.training.test_launch import launch
print("ready", flush=True)
launch(Path({str(tiny)!r}), Path({str(tmp_path)!r}))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        workers = wait_for(lambda: psutil.Process(parent.pid).children(), 2)
        parent.kill()
    assert psutil.wait_procs(workers, timeout=30)[1] == []


def wait_for(find: Any, count: int) -> list[psutil.Process]:
    """Return so many processes as soon as they are there."""
    deadline = time.monotonic() + 60
    while len(found := find()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return list(found)


@pytest.mark.process
def test_a_worker_says_what_to_do(tmp_path: Path) -> None:
    """An error that a worker can explain comes back as it was told, with its hint."""
    with pytest.raises(TrainError, match="is not on this machine") as caught:
        launch(tmp_path / "nowhere", tmp_path, settings=SETTINGS.model_copy(update={"offload": True}))
    assert "hf download" in caught.value.hint


HEAR = "import json, os, sys, time; order = json.loads(sys.stdin.readline()); number = int(os.environ['RANK'])\n"
SAY = "say = lambda line: print(json.dumps(line), flush=True)\n"


def launch_fake(folder: Path, code: str, report: loop.Report = silent) -> Trained:
    """Start workers that are a few lines of Python."""
    return train_in_workers(
        folder, job_for(folder, folder), EXAMPLES, HELD_OUT, report=report,
        program=(sys.executable, "-c", HEAR + SAY + code),
    )  # fmt: skip


@pytest.fixture
def quick_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the workers little time for last words."""
    monkeypatch.setattr(launching, "GRACE_S", 0.3)
    return


@pytest.mark.usefixtures("quick_end")
@pytest.mark.parametrize(
    ("code", "message"),
    [
        # The first one only lost its partner.
        (
            "say({'defect': 'RuntimeError'} if number == 0 else {'error': 'Too full.', 'hint': 'h'}); exit(1)",
            "Too full",
        ),
        (
            "os.kill(os.getpid(), 9) if number else (say({'defect': 'RuntimeError'}), exit(1))",
            r"Worker 2 of 2 was killed \(SIGKILL\)",
        ),
        ("exit(3) if number else time.sleep(60)", "Worker 2 of 2 ended with code 3"),
        ("say({'defect': 'ValueError'}); exit(1)", "A worker failed: ValueError"),
        ("pass", "without a result"),
    ],
)
def test_the_cause_is_told(tmp_path: Path, code: str, message: str) -> None:
    """What one worker explains comes first, then that one was killed, then what nobody can explain."""
    with pytest.raises(TrainError, match=message) as caught:
        launch_fake(tmp_path, code)
    assert caught.value.hint


def test_an_interrupt_ends_all(tmp_path: Path) -> None:
    """Whatever ends the waiting, no worker is left, and a worker does not hear an interrupt of its own."""
    pids: list[int] = []

    def interrupt(done: int, _total: int, _note: str) -> None:
        pids.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch_fake(
            tmp_path,
            "say({'stage': 'train', 'done': os.getpid(), 'total': 1, 'note': ''}); time.sleep(60)",
            report=interrupt,
        )
    assert not psutil.pid_exists(pids[0])


def test_workers_meet_where_nobody_else_can(tmp_path: Path) -> None:
    """They are told to talk over the loopback interface and to meet by a file that is gone afterwards."""
    told: list[str] = []
    code = (
        "say({'stage': 'train', 'done': 0, 'total': 0, 'note': "
        "' '.join(os.environ[n] for n in ('GLOO_SOCKET_IFNAME', 'NCCL_SOCKET_IFNAME', 'CYRANO_MEETING'))})"
    )
    with pytest.raises(TrainError):
        launch_fake(tmp_path, code, report=lambda _done, _total, note: told.append(note))
    for line in told:
        gloo, nccl, meeting = line.split()
        assert gloo == nccl == "lo"
        assert not Path(meeting).parent.exists()
    assert len(told) == 2


@pytest.mark.parametrize(
    ("changes", "gpus", "message"),
    [
        ({"processes": 4}, 2, "this machine has 2 GPU"),
        ({"processes": 2, "quantisation": "nf4"}, 2, "quantisation = 'nf4'"),
        ({"offload": True, "optimiser": "paged_adamw_8bit"}, 1, "optimiser = 'paged_adamw_8bit'"),
        ({"processes": 2, "compile": "on"}, 2, "compile = 'on'"),
        ({"processes": 2, "batch_size": "auto"}, 2, "largest batch"),
    ],
)
def test_what_cannot_work_is_refused_at_once(changes: dict[str, Any], gpus: int, message: str) -> None:
    """More processes than GPUs, and what is not known to work in parts, is said before anything is started."""
    with pytest.raises(UsageError, match=message) as caught:
        check_possible(TrainSettings.model_validate(changes), GPU, gpus=gpus)
    assert caught.value.hint


def test_processors_may_be_shared() -> None:
    """Without a GPU several processes are possible, if slower than one."""
    check_possible(IN_TWO, NO_GPU, gpus=0)


def test_an_order_is_read_as_it_was_given(tmp_path: Path) -> None:
    """The line that goes through the pipe holds the whole order."""
    order = Order(
        folder=tmp_path, job=job_for(tmp_path, tmp_path), learned=tuple(EXAMPLES), held_out=tuple(HELD_OUT),
        pairs=tuple(PAIRS),
    )  # fmt: skip
    assert order.line().count(b"\n") == 1
    assert read_order(order.line()) == order
