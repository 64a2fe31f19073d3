"""A refresh that is stopped, killed or met by another: what it leaves, and who goes on with it."""

import fcntl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.adapter import current_version
from connectors.archive import Archive
from connectors.errors import TrainError
from service.refresh.lease import TRAINING, Held, LeaseTaken
from service.refresh.reporter import Reporter
from service.refresh.runs import ASKED, RunState
from service.training import RESULT
from tests.service.refresh.house import SETTINGS, House, checked


def test_a_service_that_stops_breaks_the_run_off_and_the_next_one_goes_on(house: House) -> None:
    """Nothing is lost, and nobody is told: it is no failure."""

    def stop(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        (folder / "checkpoint.pt").touch()
        house.stop.set()
        reporter.check()
        raise AssertionError("it goes on")

    house.trainer = stop
    house.refresher.turn("ana")
    broken = house.last()
    assert (broken.state, broken.reason, house.told) == (RunState.INTERRUPTED, "Cyrano is stopping.", [])
    house.stop.clear()
    house.trainer = None
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state) == (broken.run_id, RunState.LIVE)


def test_what_goes_wrong_while_cyrano_stops_is_no_failure(house: House) -> None:
    """The trainer may be ended by the same signal, and say so first: the run goes on, and nobody is told."""
    for error in (TrainError("The trainer ended with code 130 and no word."), ValueError("half a line")):

        def end(_folder: Path, _account: str, _reporter: Reporter, error: Exception = error) -> Mapping[str, Any]:
            house.stop.set()
            raise error

        house.trainer = end
        house.refresher.turn("ana")
        run = house.last()
        assert (run.state, run.reason, house.told) == (RunState.INTERRUPTED, "Cyrano is stopping.", [])
        house.stop.clear()


def test_a_run_that_was_killed_between_its_adapter_and_its_result_puts_it_in_service(house: House) -> None:
    """Nothing is new since that adapter, and yet the run is not over: it does not write."""
    killed = house.runs.begin("ana", why="3 new mails.")
    stock = house.looker.stock("ana")
    house.runs.note(killed.run_id, material=stock.digest, newest=stock.newest)
    (house.folder / killed.run_id).mkdir(parents=True)
    with house.leases.hold(TRAINING) as held:
        reporter = Reporter(killed.run_id, house.runs, held, house.stop)
        house.finish(house.folder / killed.run_id, reporter)
    (house.folder / killed.run_id / RESULT).unlink()
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state, house.last().adapter) == (killed.run_id, RunState.LIVE, "ana@v2")
    assert (house.orders, current_version(house.adapters, "ana")) == ([], 2)
    assert not (house.folder / killed.run_id).exists()


def test_who_asks_while_a_killed_run_is_still_noted_gets_one(archive: Archive, tmp_path: Path) -> None:
    """It was asked for, if not anew: also where nothing is due, for nothing began yet or begins by itself."""
    house = House(archive, tmp_path / "home", settings=SETTINGS.model_copy(update={"when": "off"}))
    house.send(8)
    killed = house.runs.begin("ana", why="")
    assert house.runs.ask("ana") == killed
    ended = house.refresher.refresh("ana", is_asked=True)
    assert ended is not None
    assert (ended.state, ended.trigger, ended.adapter) == (RunState.LIVE, ASKED, "ana@v1")


def test_a_ctrl_c_is_noted_and_comes_through(house: House) -> None:
    """Whoever refreshes from a terminal may stop."""

    def interrupt(*_: object) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    house.trainer = interrupt
    with pytest.raises(KeyboardInterrupt):
        house.refresher.turn("ana")
    assert house.last().state is RunState.INTERRUPTED
    assert house.leases.holder(TRAINING) is None


def test_a_run_whose_process_was_killed_is_found_and_finished(house: House) -> None:
    """Also one that had published its adapter: it is put in service, and nothing is trained twice."""
    killed = house.runs.begin("ana", why="5 new mails.")
    house.runs.note(killed.run_id, material="x", newest=house.now)
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    with house.leases.hold(TRAINING) as held:
        house.finish(folder, Reporter(killed.run_id, house.runs, held, house.stop))
    house.refresher.turn("ana")
    assert house.last().run_id == killed.run_id
    assert (house.last().state, house.last().adapter, house.orders) == (RunState.LIVE, "ana@v2", [])
    assert current_version(house.adapters, "ana") == 2


def test_a_finished_run_whose_adapter_is_gone_fails_once(house: House) -> None:
    """Somebody deleted it; the next run makes a new one."""
    killed = house.runs.begin("ana", why="")
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    (folder / RESULT).write_text('{"adapter": "ana@v9"}')
    house.refresher.turn("ana")
    assert (house.last().state, folder.exists()) == (RunState.FAILED, False)
    house.pass_time(minutes=2)
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE


def test_whoever_loses_the_lease_ends_and_leaves_the_row_to_the_other(house: House) -> None:
    """The other one carries the run out now; two would train."""

    def lose(_folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        lease: Held = reporter._held
        lease.lose()
        reporter.check()
        raise AssertionError("it goes on")

    house.trainer = lose
    house.refresher.turn("ana")
    assert house.last().state is RunState.RUNNING


def test_only_one_run_at_a_time(house: House) -> None:
    """Another one's account waits for its turn, and says so; it begins when the first has ended."""
    with house.leases.hold(TRAINING):
        decision = house.make_refresher().turn("ana")
        assert (decision.is_due, house.runs.recent()) == (True, [])
        assert "It waits for its turn: A training run is under way" in decision.why
        with pytest.raises(LeaseTaken):
            house.refresher.refresh("ana")
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE


def test_a_run_under_way_is_left_alone_by_others(house: House) -> None:
    """A look from another process is no sign that it ended."""
    seen = []

    def look(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        seen.append(house.make_refresher().turn("ana"))
        return house.finish(folder, reporter)

    house.trainer = look
    house.refresher.turn("ana")
    assert seen[0].why == "A run is under way: sync."
    assert house.last().state is RunState.LIVE


def test_a_trainer_that_outlives_its_service_for_a_moment_is_waited_for(house: House) -> None:
    """It lets go of the folder when it notices; two would write into it."""
    killed = house.runs.begin("ana", why="")
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    lock = (folder / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    timer = threading.Timer(0.5, lock.close)
    timer.start()
    house.trainer = checked(house, lambda: lock.closed)
    house.refresher.turn("ana")
    timer.join()
    assert house.last().state is RunState.LIVE
