"""A run that needs the engine's memory, with processes on both sides: a trainer that asks, an engine that makes way."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import EngineDown, TrainError
from connectors.pipe import Room
from service.engine.keeper import EngineState
from service.engine.record import read_record
from service.engine.rest import RestWatch
from service.refresh.settings import RefreshSettings
from service.refresh.sharing import Sharing
from service.training import Stage, run_trainer
from tests.service.keepers import Keepers, is_running
from tests.waiting import until

TRAINER = """
import json, os, sys, time
print({room!r}, flush=True)
assert json.loads(sys.stdin.readline())["go"]
print(json.dumps({{"stage": "train", "done": os.getpid(), "total": 1}}), flush=True)
sys.stdin.readline()
"""
"""It asks for room, says that it trains, and goes on until its standard input closes."""


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    """An engine, kept."""
    made = Keepers(tmp_path)
    made.ready()
    yield made
    made.stop()


class Run:
    """A run in a thread, which trains until it is ended."""

    def __init__(self, keepers: Keepers, *, needs: int, free: int) -> None:
        self._keepers = keepers
        self._code = TRAINER.format(room=Room(needs=needs, free=free).model_dump_json())
        self.pid = 0
        self.error: TrainError | None = None
        self.trains = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.trains.wait(20)

    def end(self) -> None:
        """Kill it, as the system does for want of memory."""
        os.kill(self.pid, signal.SIGKILL)
        self._thread.join(10)

    def _run(self) -> None:
        home = self._keepers.home
        sharing = Sharing(home, self._keepers.settings, answers=lambda: True, build=lambda: "cpu")
        on_room = sharing.room_for("ana", RefreshSettings(drain_s=1))
        program = (sys.executable, "-c", self._code)
        try:
            run_trainer(home, "", self._note, on_room=on_room, program=program)
        except TrainError as error:
            self.error = error

    def _note(self, stage: Stage) -> None:
        self.pid = stage.done
        self.trains.set()


@pytest.mark.process
def test_the_engine_makes_way_and_comes_back_when_the_trainer_is_killed(keepers: Keepers) -> None:
    """While it trains there is no engine, and drafts are told why; after SIGKILL to it the engine answers again."""
    keeper, before = keepers.made[0], keepers.record
    run = Run(keepers, needs=7, free=6)
    assert not is_running(before.pid)
    assert read_record(keepers.home) is None
    assert keeper.state is EngineState.RESTING
    with pytest.raises(EngineDown, match="rests while Cyrano learns from ana's mail"):
        RestWatch(keepers.home).check()
    run.end()
    assert "SIGKILL" in str(run.error)
    keeper.wait_ready(15)
    RestWatch(keepers.home).check()
    assert keepers.record.pid != before.pid


@pytest.mark.process
def test_where_both_fit_nobody_makes_way(keepers: Keepers) -> None:
    """Drafts are written beside it, by the engine that was there."""
    before = keepers.record
    run = Run(keepers, needs=5, free=6)
    assert keepers.record == before
    assert is_running(before.pid)
    RestWatch(keepers.home).check()
    run.end()


@pytest.mark.process
def test_an_engine_that_is_killed_while_a_run_has_its_memory_stays_away(keepers: Keepers) -> None:
    """And is there again after it, whatever happened in which order."""
    os.killpg(keepers.record.pid, signal.SIGKILL)
    run = Run(keepers, needs=7, free=6)
    assert read_record(keepers.home) is None
    run.end()
    until(lambda: keepers.made[0].state is EngineState.READY)
