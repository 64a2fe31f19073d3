"""An engine that rests while somebody needs its memory, and comes back, whatever happens meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from connectors.adapter.disk import fresh_name
from connectors.errors import EngineDown, EngineError
from connectors.llm import ModelServer, Sampling
from service.engine.keeper import EngineKeeper, EngineState
from service.engine.record import is_kept, read_record
from service.engine.rest import ANSWER, FILE, STALE_S, Mode, RestWatch, clear_left_behind, resting
from tests.fake_engine import BASE, Behaviour, FakeEngine, draft_of
from tests.service.keepers import Keepers, is_running
from tests.waiting import until

WHY = "while Cyrano learns from ana's mail"


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Keepers]:
    """Keepers of a stand-in."""
    made = Keepers(tmp_path)
    yield made
    made.stop()


def rest(keepers: Keepers, mode: Mode, *, drain_s: float = 10.0) -> AbstractContextManager[None]:
    """Ask for a rest, as a run does."""
    return resting(keepers.home, WHY, mode, drain_s=drain_s, is_there=lambda: is_kept(keepers.home))


def test_a_stopped_engine_is_gone_before_the_block_and_back_after_it(keepers: Keepers) -> None:
    """Its memory is free when training begins; afterwards another process answers, without anybody asking."""
    keeper = keepers.ready()
    before = keepers.record
    with rest(keepers, "stop"):
        assert not is_running(before.pid)
        assert keeper.state is EngineState.RESTING
        assert read_record(keepers.home) is None
    keeper.wait_ready(15)
    assert keepers.record.pid != before.pid
    assert not (keepers.home / "run" / FILE).exists()
    assert not (keepers.home / "run" / ANSWER).exists()


def test_a_sleeping_engine_stays_where_it_is(keepers: Keepers) -> None:
    """The same process goes on after it: nothing has to be loaded again."""
    keeper = keepers.ready()
    before, server = keepers.record, ModelServer(keeper.url)
    with rest(keepers, "sleep"):
        assert server.is_sleeping()
        assert keeper.state is EngineState.RESTING
    keeper.wait_ready(15)
    assert not server.is_sleeping()
    assert keepers.record == before


def test_an_engine_that_cannot_sleep_is_stopped(keepers: Keepers) -> None:
    """Its memory is needed either way."""
    keeper = keepers.ready("--sleepless")
    before = keepers.record
    with rest(keepers, "sleep"):
        assert not is_running(before.pid)
    keeper.wait_ready(15)


def test_an_engine_that_does_not_wake_is_started_anew(keepers: Keepers) -> None:
    """Drafts are written again, by another process."""
    keeper = keepers.ready("--does-not-wake")
    before = keepers.record
    with rest(keepers, "sleep"):
        pass
    until(lambda: (now := read_record(keepers.home)) is not None and now.pid != before.pid)
    keeper.wait_ready(15)
    assert not is_running(before.pid)


def test_an_engine_that_dies_at_rest_comes_back_only_after_it(keepers: Keepers) -> None:
    """Its memory is in use: starting it in the middle would end the run."""
    keeper = keepers.ready()
    before = keepers.record
    with rest(keepers, "sleep"):
        os.killpg(before.pid, signal.SIGKILL)
        until(lambda: not (keepers.home / "run" / "engine.json").exists())
        until(lambda: keeper.state is EngineState.RESTING)
        assert not ModelServer(keeper.url).is_ready()
    keeper.wait_ready(15)


def test_an_engine_that_is_to_start_waits_for_the_end_of_a_rest(keepers: Keepers) -> None:
    """Cyrano may be started while a run of another process needs the memory."""
    with rest(keepers, "stop"):  # nobody keeps an engine: nobody has to rest
        keeper = keepers.keep()
        until(lambda: keeper.state is EngineState.RESTING)
        assert read_record(keepers.home) is None
    keeper.wait_ready(15)


def test_while_it_waits_no_time_is_counted(keepers: Keepers) -> None:
    """A start that takes its turn after a run of hours has not failed."""
    with rest(keepers, "stop"):
        keeper = keepers.keep()
        until(lambda: keeper.state is EngineState.RESTING)
        waiting = threading.Thread(target=keeper.wait_ready, args=(1.0,))
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
    waiting.join(15)
    assert keeper.state is EngineState.READY


def test_stopping_the_keeper_ends_a_rest(keepers: Keepers) -> None:
    """Ctrl-C does not wait for a run."""
    keeper = keepers.ready()
    with rest(keepers, "sleep"):
        pid = keepers.record.pid
        keeper.stop()
        assert keeper.state is EngineState.STOPPED
        assert not is_running(pid)


def test_it_rests_for_one_at_a_time(keepers: Keepers) -> None:
    """The second is told, and does not end the first one's rest."""
    keepers.ready()
    with rest(keepers, "sleep"):
        with pytest.raises(EngineDown, match="rests already"), rest(keepers, "stop"):
            raise AssertionError
        assert RestWatch(keepers.home).asked() is not None


def test_what_another_machine_left_behind_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there can be asked: once its file has stood still for long enough, the rest is somebody else's to have."""
    monkeypatch.setattr("service.engine.rest.STALE_S", 0.5)
    _asked_elsewhere(tmp_path)
    began = time.monotonic()
    with resting(tmp_path, WHY, "stop", drain_s=1, is_there=lambda: False):
        assert time.monotonic() - began > 0.5


def test_who_waits_for_a_rest_can_be_called_off(keepers: Keepers) -> None:
    """Ctrl-C, or a lease that was lost, does not wait for endless drafts; the engine goes on."""
    with FakeEngine(behaviour=Behaviour(running=1)) as engine:
        keeper = _served_by_url(keepers, engine)
        asked = resting(keepers.home, WHY, "sleep", drain_s=60, is_there=lambda: True, check=_third_time_out())
        with pytest.raises(InterruptedError), asked:
            raise AssertionError
        until(lambda: keeper.state is EngineState.READY)
        assert engine.behaviour.log in ([], ["/sleep?level=1 1", "/wake_up 1"])
    assert not (keepers.home / "run" / FILE).exists()


def _third_time_out() -> Callable[[], None]:
    looks = iter([None, None, InterruptedError()])

    def check() -> None:
        if error := next(looks):
            raise error

    return check


def test_a_full_disk_is_said(keepers: Keepers) -> None:
    """The run ends with words; the engine is not touched."""
    (keepers.home / "run").mkdir()
    fresh_name(keepers.home / "run" / FILE).mkdir()
    with pytest.raises(EngineError, match="could not be asked to rest"), rest(keepers, "stop"):
        raise AssertionError


def test_whatever_fails_in_the_block_ends_the_rest(keepers: Keepers) -> None:
    """A run that fails leaves the engine in service."""
    keeper = keepers.ready()
    with pytest.raises(ZeroDivisionError), rest(keepers, "stop"):
        raise ZeroDivisionError
    keeper.wait_ready(15)
    RestWatch(keepers.home).check()


def _served_by_url(keepers: Keepers, engine: FakeEngine) -> EngineKeeper:
    return keepers.ready(url=engine.url)


def _ask(engine: FakeEngine, said: list[str]) -> threading.Thread:
    """Have a draft written in a thread."""
    server = ModelServer(engine.url)

    def write() -> None:
        try:
            said.append("".join(server.stream(BASE, [], Sampling())))
        except EngineDown as error:
            said.append(type(error).__name__)

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: engine.behaviour.running)
    return thread


def _rest_of(keepers: Keepers, drain_s: float = 10.0) -> AbstractContextManager[None]:
    return resting(keepers.home, WHY, "sleep", drain_s=drain_s, is_there=lambda: True)


def test_drafts_under_way_are_written_to_their_end(keepers: Keepers) -> None:
    """It falls asleep when nothing is under way: the draft is whole."""
    said: list[str] = []
    with FakeEngine(behaviour=Behaviour(piece_s=0.05)) as engine:
        keeper = _served_by_url(keepers, engine)
        writing = _ask(engine, said)
        with _rest_of(keepers):
            assert engine.behaviour.is_asleep
            assert engine.behaviour.log == ["/sleep?level=1 0"]
        writing.join(10)
        until(lambda: keeper.state is EngineState.READY)
    assert said == [draft_of(BASE)]


def test_it_waits_for_drafts_only_so_long(keepers: Keepers) -> None:
    """One endless draft does not keep a run from beginning; it is broken off, and never taken for a short one."""
    said: list[str] = []
    with FakeEngine(behaviour=Behaviour(piece_s=0.2)) as engine:
        _served_by_url(keepers, engine)
        writing = _ask(engine, said)
        with _rest_of(keepers, drain_s=0.5):
            assert engine.behaviour.log == ["/sleep?level=1 1"]
            writing.join(10)
    assert said == ["EngineDown"]


def test_a_server_of_others_that_cannot_sleep_says_so(keepers: Keepers) -> None:
    """It is not ours to stop; it goes on, and whoever asked decides."""
    with FakeEngine(behaviour=Behaviour(can_sleep=False)) as engine:
        keeper = _served_by_url(keepers, engine)
        with pytest.raises(EngineError, match="cannot rest"), _rest_of(keepers):
            raise AssertionError
        until(lambda: keeper.state is EngineState.READY)


def test_a_server_that_was_left_asleep_is_woken(keepers: Keepers) -> None:
    """Whoever let it sleep was killed, and their Cyrano with them: the next one wakes it, and drafts are written."""
    with FakeEngine(behaviour=Behaviour(is_asleep=True)) as engine:
        keepers.ready(url=engine.url, sleep_mode=True)
        assert not engine.behaviour.is_asleep


def test_an_engine_that_nobody_keeps_cannot_be_asked(keepers: Keepers, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would never come to rest: that is said, instead of waiting for ever."""
    monkeypatch.setattr("service.engine.rest.HEARD_S", 0.3)
    with pytest.raises(EngineDown, match="no process of Cyrano keeps it"), _rest_of(keepers):
        raise AssertionError


@pytest.mark.process
def test_a_killed_run_gives_the_engine_back_at_once(keepers: Keepers) -> None:
    """SIGKILL to whoever asked: nobody waits for a beat to stand still."""
    keeper = keepers.ready()
    code = f"""
import time
from pathlib import Path
from service.engine.record import is_kept
from service.engine.rest import resting
home = Path({str(keepers.home)!r})
with resting(home, "for a test", "stop", drain_s=1, is_there=lambda: is_kept(home)):
    print("resting", flush=True)
    time.sleep(99)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "resting\n"
        assert keeper.state is EngineState.RESTING
        asker.kill()
        asker.wait()
        began = time.monotonic()
        until(lambda: keeper.state is EngineState.READY)
    assert time.monotonic() - began < STALE_S / 3
    RestWatch(keepers.home).check()
    clear_left_behind(keepers.home)
    assert not (keepers.home / "run" / FILE).exists()


def _asked_elsewhere(home: Path) -> Path:
    """A rest that a process of another machine asked for."""
    path = home / "run" / FILE
    path.parent.mkdir()
    holder = "another-boot/1|7|7|abcd|elsewhere"
    asked = {"reason": WHY, "mode": "stop", "drain_s": 1.0, "holder": holder, "asked_at": 1.0}
    path.write_text(json.dumps(asked))
    return path


def test_a_file_that_nobody_touches_counts_for_a_while(tmp_path: Path) -> None:
    """Of another machine nobody can tell whether its process lives: its file's beat does, by the clock of who looks."""
    path, now = _asked_elsewhere(tmp_path), 0.0
    watch = RestWatch(tmp_path, clock=lambda: now)
    assert watch.asked() is not None
    now += STALE_S - 1
    assert watch.asked() is not None
    os.utime(path, (1, 1))  # a beat, by a clock that is wrong
    assert watch.asked() is not None
    now += STALE_S - 1
    assert watch.asked() is not None
    now += 2
    assert watch.asked() is None
    assert path.exists()


def test_who_drafts_is_told_why_and_when_to_ask_again(tmp_path: Path) -> None:
    """In words, with a time."""
    _asked_elsewhere(tmp_path)
    with pytest.raises(EngineDown, match="rests while Cyrano learns from ana's mail") as caught:
        RestWatch(tmp_path).check()
    assert caught.value.retry_after_s
    assert caught.value.hint


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"mode": "stop"}'])
def test_a_broken_file_is_no_rest(tmp_path: Path, broken: str) -> None:
    """Half a file, of a full disk, does not keep the engine away."""
    _asked_elsewhere(tmp_path).write_text(broken)
    assert RestWatch(tmp_path).asked() is None


def test_who_is_a_moment_too_late_takes_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked, and saw that nobody rests: one gets the rest, and keeps it to its end."""
    monkeypatch.setattr("service.engine.rest._wait_for_none", lambda *_: None)
    with resting(tmp_path, WHY, "stop", drain_s=1, is_there=lambda: False):
        first = RestWatch(tmp_path).asked()
        with (
            pytest.raises(EngineDown, match="rests already"),
            resting(tmp_path, "for another", "stop", drain_s=1, is_there=lambda: False),
        ):
            raise AssertionError
        assert RestWatch(tmp_path).asked() == first
    assert RestWatch(tmp_path).asked() is None


def test_a_rest_that_others_took_over_stays_theirs(tmp_path: Path) -> None:
    """Whoever stood still for too long, and wakes up, ends its own rest only."""
    (tmp_path / "elsewhere").mkdir()
    _asked_elsewhere(tmp_path / "elsewhere")
    with resting(tmp_path, WHY, "stop", drain_s=1, is_there=lambda: False):
        (tmp_path / "elsewhere" / "run" / FILE).replace(tmp_path / "run" / FILE)
    assert RestWatch(tmp_path).asked() is not None
