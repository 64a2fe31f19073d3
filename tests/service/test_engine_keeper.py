"""The keeper of the engine, with a stand-in that starts in a moment."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import EngineDown, EngineError, ModelMissing
from service.backoff import Backoff
from service.engine import keeper as keeper_module
from service.engine.child import Child
from service.engine.command import Command
from service.engine.keeper import EngineKeeper, EngineState
from service.engine.log import explain
from service.engine.prepare import prepare
from service.engine.record import FILE, read_record
from service.engine.settings import EngineSettings
from tests.fake_engine import FakeEngine
from tests.ports import free_port
from tests.service.keepers import is_running
from tests.waiting import until

STAND_IN = Path(__file__).parents[1] / "fake_engine.py"
TREE = """
import signal, subprocess, sys
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(99)"
child = subprocess.Popen([sys.executable, "-c", deaf])
Path(sys.argv[1]).write_text(str(child.pid))
sys.argv = [sys.argv[2], sys.argv[3]]
exec(compile(Path(sys.argv[0]).read_text(), sys.argv[0], "exec"))
"""
"""A stand-in with a child of its own; neither listens to SIGTERM."""


@pytest.fixture
def port() -> int:
    """A port that is free."""
    return free_port()


@pytest.fixture
def keep(tmp_path: Path, port: int) -> Iterator[Callable[..., EngineKeeper]]:
    """Make keepers of a program, and stop them in the end."""
    made: list[EngineKeeper] = []

    def make(*argv: str, **settings: object) -> EngineKeeper:
        program = argv or (sys.executable, str(STAND_IN), str(port))
        keeper = EngineKeeper(
            EngineSettings.model_validate({"model": "m", "port": port, **settings}),
            tmp_path,
            build=lambda *_: Command(argv=program, env=os.environ),
            backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.05),
        )
        made.append(keeper)
        keeper.start()
        return keeper

    yield make
    for keeper in made:
        keeper.stop()


def test_it_starts_tells_others_and_stops(keep: Callable[..., EngineKeeper], tmp_path: Path) -> None:
    """While it runs its record says where; afterwards there is neither record nor process."""
    keeper = keep()
    waited: list[float] = []
    keeper.wait_ready(10, waited.append)
    record = read_record(tmp_path)
    assert keeper.state is EngineState.READY
    assert record is not None
    assert record.url == keeper.url
    assert waited == sorted(waited)
    assert is_running(record.pid)
    keeper.stop()
    assert read_record(tmp_path) is None
    assert not is_running(record.pid)
    assert keeper.state is EngineState.STOPPED


def test_a_killed_engine_comes_back(keep: Callable[..., EngineKeeper], tmp_path: Path) -> None:
    """SIGKILL to its whole group: a new one answers, under the same URL."""
    keeper = keep()
    keeper.wait_ready(10)
    first = read_record(tmp_path)
    assert first is not None
    os.killpg(first.pid, signal.SIGKILL)
    until(lambda: (now := read_record(tmp_path)) is not None and now.pid != first.pid)
    keeper.wait_ready(10)
    assert keeper.error is None


@pytest.mark.process
def test_the_whole_tree_ends_when_the_leash_is_killed(
    keep: Callable[..., EngineKeeper], tmp_path: Path, port: int
) -> None:
    """Grandchildren that ignore SIGTERM do not outlive the process that led them."""
    keeper = keep(sys.executable, "-c", TREE, str(tmp_path / "pid"), str(STAND_IN), str(port))
    keeper.wait_ready(10)
    record = read_record(tmp_path)
    assert record is not None
    grandchild = int((tmp_path / "pid").read_text())
    os.kill(record.pid, signal.SIGKILL)
    until(lambda: not is_running(grandchild))
    keeper.stop()


@pytest.mark.process
def test_the_whole_tree_ends_with_the_keepers_process(tmp_path: Path, port: int) -> None:
    """When Cyrano itself is killed, nothing of the engine is left, not even what ignores SIGTERM."""
    program = (sys.executable, "-c", TREE, str(tmp_path / "pid"), str(STAND_IN), str(port))
    code = f"""
import os, time
from pathlib import Path
from service.engine.command import Command
from service.engine.keeper import EngineKeeper
from service.engine.settings import EngineSettings
settings = EngineSettings(model="m", port={port})
EngineKeeper(settings, Path({str(tmp_path)!r}), build=lambda *_: Command(argv={program!r}, env=os.environ)).start()
time.sleep(99)
"""
    ours = subprocess.Popen([sys.executable, "-c", code])
    try:
        until(lambda: read_record(tmp_path) is not None)
        record = read_record(tmp_path)
        assert record is not None
        grandchild = int((tmp_path / "pid").read_text())
        assert is_running(grandchild)
    finally:
        ours.kill()
        ours.wait()
    until(lambda: not is_running(record.pid) and not is_running(grandchild))


@pytest.mark.process
def test_a_second_keeper_uses_the_engine_of_the_first(keep: Callable[..., EngineKeeper], tmp_path: Path) -> None:
    """One engine per home; when its keeper stops, the other one takes over."""
    first = keep()
    first.wait_ready(10)
    record = read_record(tmp_path)
    second = keep()
    second.wait_ready(10)
    assert read_record(tmp_path) == record
    first.stop()
    until(lambda: (now := read_record(tmp_path)) is not None and now != record)
    second.wait_ready(10)


def test_other_settings_do_not_share_an_engine(keep: Callable[..., EngineKeeper]) -> None:
    """Whoever wants another model is told so, instead of getting the wrong one."""
    first = keep()
    first.wait_ready(10)
    second = keep(sys.executable, str(STAND_IN), "1")
    with pytest.raises(EngineError, match="other settings"):
        second.wait_ready(10)
    assert first.state is EngineState.READY


def test_a_server_named_by_url_is_used_and_none_started(keep: Callable[..., EngineKeeper], tmp_path: Path) -> None:
    """With [engine] url there is no child."""
    with FakeEngine() as other:
        keeper = keep("/bin/false", url=other.url)
        keeper.wait_ready(10)
        assert keeper.url == other.url
    assert not (tmp_path / "logs").exists()


def test_what_cannot_be_mended_is_not_tried_again(keep: Callable[..., EngineKeeper]) -> None:
    """A missing model is said in words, at once."""
    keeper = keep("/bin/sh", "-c", "echo 'LocalEntryNotFoundError: no snapshot' >&2; exit 1")
    with pytest.raises(ModelMissing, match="'m' is not on this machine"):
        keeper.wait_ready(10)
    assert keeper.state is EngineState.FAILED


def test_what_may_pass_is_tried_again(keep: Callable[..., EngineKeeper], tmp_path: Path, port: int) -> None:
    """An engine that fails twice and then works is ready in the end."""
    tries = tmp_path / "tries"
    script = f'echo x >> {tries}; [ $(wc -l < {tries}) -lt 3 ] && exit 1; exec "$@"'
    keeper = keep("/bin/sh", "-c", script, "sh", sys.executable, str(STAND_IN), str(port))
    keeper.wait_ready(10)
    assert len(tries.read_text().splitlines()) == 3


def test_a_taken_port_is_named(keep: Callable[..., EngineKeeper], port: int) -> None:
    """A stranger that answers on the engine's port is not taken for the engine."""
    with FakeEngine(port):
        keeper = keep()
        until(lambda: keeper.error is not None)
        assert f"port {port}" in str(keeper.error)
        assert keeper.state is EngineState.RESTARTING
        with pytest.raises(EngineDown):
            keeper.wait_ready(0.1)
    keeper.wait_ready(10)


@pytest.mark.parametrize("model", ["", "/nowhere/at/all"])
def test_a_missing_model_is_seen_before_starting(model: str) -> None:
    """Nobody waits for a start that cannot succeed."""
    with pytest.raises(ModelMissing) as caught:
        prepare(EngineSettings(model=model))
    assert "[engine] model" in caught.value.hint


@pytest.mark.parametrize("host", ["::", "192.168.1.5", "engine.local"])
def test_development_routes_are_not_opened_to_others(host: str) -> None:
    """Whoever reaches them could have the engine run anything: that is refused before it starts."""
    with pytest.raises(EngineError, match="sleep_mode"):
        prepare(EngineSettings(model="m", host=host, sleep_mode=True))


@pytest.mark.parametrize(
    ("tail", "code", "kind", "words"),
    [
        ("OSError: [Errno 98] Address already in use", 1, EngineDown, "port"),
        ("huggingface_hub.errors.HFValidationError: Repo id must be in the form", 1, ModelMissing, "not on this"),
        ("ValueError: Available memory on node 0 is less than requested memory for kv", 1, EngineDown, "memory"),
        ("", 137, EngineDown, "killed"),
        ("api_server.py: error: unrecognized arguments: --wat", 2, EngineError, "--wat"),
        ("Traceback:\n  x\nRuntimeError: head size 16 is not supported", 1, EngineDown, "head size 16"),
        ("nothing to go by", 3, EngineDown, "exit code 3"),
    ],
)  # fmt: skip
def test_the_log_is_put_into_words(tail: str, code: int, kind: type[EngineError], words: str) -> None:
    """The engine's last words tell what to do."""
    error = explain(tail, code=code, model="m", where="port 1")
    assert type(error) is kind
    assert words in str(error)
    assert error.hint


def test_waits_grow_to_a_cap_and_differ() -> None:
    """Tries get rarer, and many clients do not come back at the same moment."""
    backoff = Backoff(lambda: 0.0, first_s=1, cap_s=10)
    assert [backoff.next_s() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next_s() == 1
    assert Backoff(lambda: 1.0, first_s=1).next_s() == 0.5


def test_what_the_machine_lacks_is_waited_for(
    keep: Callable[..., EngineKeeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory for a process, then none for a file: it is tried again, and said why until then."""
    errors = [OSError(errno.ENOMEM, "Cannot allocate memory"), OSError(errno.ENOSPC, "No space left on device")]
    child, hold = keeper_module.Child, keeper_module.hold_engine

    def short_of_memory(*given: Any) -> Child:
        if errors:
            raise errors.pop()
        return child(*given)

    def short_of_room(home: Path) -> AbstractContextManager[bool]:
        if len(errors) == 2:
            raise errors.pop()
        return hold(home)

    monkeypatch.setattr(keeper_module, "Child", short_of_memory)
    monkeypatch.setattr(keeper_module, "hold_engine", short_of_room)
    keep().wait_ready(10)
    assert errors == []


def test_a_full_disk_does_not_end_an_engine_that_answers(keep: Callable[..., EngineKeeper], tmp_path: Path) -> None:
    """Where it runs cannot be told to others now; it serves all the same."""
    (tmp_path / "run" / FILE / "in the way").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper_module, "remove_record", lambda _: None)
        keeper = keep()
        keeper.wait_ready(10)
        assert keeper.state is EngineState.READY
        keeper.stop()
