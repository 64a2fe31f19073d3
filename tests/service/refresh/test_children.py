"""A refresh with real child processes in the trainer's place: killed, or left without an account."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.adapter import current_version
from service.refresh import reporter as module
from service.refresh.reporter import Reporter
from service.refresh.runs import RunState
from service.training import run_trainer
from tests.service.refresh.house import House

pytestmark = pytest.mark.process

KILLED = "import os; os.kill(os.getpid(), 9)"
WORKING = """
import json, time
print(json.dumps({"stage": "train", "done": 1, "total": 2}), flush=True)
time.sleep(60)
open("went on", "w").close()
"""


def child(code: str, on_stage: Callable[[], object] = lambda: None) -> Callable[..., Mapping[str, Any]]:
    """A trainer of a few lines in a process of its own."""

    def train(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        def follow(stage: Any) -> None:
            reporter.follow(stage)
            on_stage()

        return run_trainer(folder, "", follow, check=reporter.check, program=(sys.executable, "-c", code))

    return train


def test_a_trainer_that_memory_ran_out_for_fails_with_what_to_do(house: House) -> None:
    """SIGKILL from the system: the adapter in service writes on, and the next run goes on."""
    house.trainer = child(KILLED)
    house.refresher.turn("ana")
    run = house.last()
    assert run.state is RunState.FAILED
    assert "killed" in run.reason or "memory" in run.reason
    assert "[train]" in run.hint
    assert (current_version(house.adapters, "ana"), house.told) == (1, [run])
    house.trainer = None
    house.pass_time(minutes=1)
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state) == (run.run_id, RunState.LIVE)


def test_a_trainer_whose_account_is_removed_is_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It learns from mail that is to be gone; nothing stays of what it made."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)
    house.trainer = child(WORKING, lambda: house.archive.remove_account("ana"))
    house.refresher.turn("ana")
    assert house.runs.recent() == []
    assert list(house.folder.iterdir()) == []
    assert (house.collected, house.told) == (["forget ana"], [])


def test_a_trainer_ends_with_the_service_that_stops(house: House) -> None:
    """Within a second or two."""
    house.trainer = child(WORKING, house.stop.set)
    house.refresher.turn("ana")
    assert house.last().state is RunState.INTERRUPTED
