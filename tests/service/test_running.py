"""service/running.py: the parts of one process, from start to stop."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.errors import EngineError, StoreBusy
from connectors.message import Address
from service.app import App
from service.client import is_up, read_notices, read_readiness, stream_draft
from service.config import Settings
from service.draft_row import State
from service.lock import hold_home
from service.running import Role, run
from tests.fake_engine import BASE, FakeEngine
from tests.ports import free_port
from tests.waiting import until

ANA = Address(addr="ana@example.org", name="Ana")


@pytest.fixture
def port() -> int:
    """A port that is free."""
    return free_port()


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """A model server that runs already."""
    with FakeEngine() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, port: int, engine: FakeEngine) -> Iterator[App]:
    """Cyrano with one account, beside that model server."""
    settings = {
        "http": {"port": port},
        "engine": {"url": engine.url, "model": BASE, "start_timeout_s": 5},
        "retrieval": {"count": 0},
    }
    made = App(tmp_path / "home", Settings.model_validate(settings))
    made.archive.add_account(AccountRecord(name="ana", kind="mbox", owner=ANA, addresses=frozenset({ANA.addr})))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Leave the handlers of this process as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run_while(app: App, role: Role, work: Callable[[], None]) -> None:
    """Run parts, do something beside them once the service answers, then end them as a service manager would."""
    failed: list[BaseException] = []

    def beside() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised again where the test sees it
            failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=beside)
    thread.start()
    run(app, role)
    thread.join()
    for error in failed:
        raise error


def test_a_running_service_answers_drafts_and_stops_at_once(app: App, port: int) -> None:
    """Even while a browser keeps its connection; afterwards neither port nor home is held."""
    ended: list[float] = []
    browser = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def use() -> None:
        until(lambda: is_up("127.0.0.1", port))
        token = app.local_token("ana")
        assert read_readiness("127.0.0.1", port) == {"archive": "ok", "index": "ok", "engine": "ok"}
        assert read_notices("127.0.0.1", port, token) == []
        events = [name for name, _ in stream_draft("127.0.0.1", port, token, {"instruction": "Thank Ben."})]
        assert (events[0], events[-1]) == ("meta", "done")
        browser.request("GET", "/healthz")
        browser.getresponse().read()
        ended.append(time.monotonic())

    run_while(app, Role.SERVE | Role.SCHEDULE, use)
    assert time.monotonic() - ended[0] < 8
    assert not is_up("127.0.0.1", port)
    browser.close()
    with hold_home(app.home):
        pass


def test_no_token_goes_to_a_log(app: App, port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What a service manager writes down says where the console is, and not how to get in."""
    run_while(app, Role.SERVE, lambda: until((app.home / "run" / "tokens" / "ana").exists))
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{port}" in said
    assert "cyr_" not in said


def test_an_engine_that_cannot_start_ends_the_rest_too(app: App, port: int, tmp_path: Path) -> None:
    """The error comes through, and neither port nor home stays held."""
    engine = {"model": str(tmp_path / "missing")}
    settings = Settings.model_validate({"http": {"port": port}, "engine": engine, "retrieval": {"count": 0}})
    broken = App(app.home, settings)
    with pytest.raises(EngineError):
        run(broken, Role.ALL)
    assert not is_up("127.0.0.1", port)
    with hold_home(app.home):
        pass
    assert not [thread.name for thread in threading.enumerate() if thread.name in {"web", "adapters"}]
    broken.close()


def test_a_second_one_on_the_same_home_is_refused(app: App, port: int) -> None:
    """Before it takes a port or touches a store."""
    with hold_home(app.home), pytest.raises(StoreBusy):
        run(app, Role.ALL)
    assert not is_up("127.0.0.1", port)


def test_drafts_a_killed_service_left_behind_are_failed_once(app: App, port: int) -> None:
    """By the service alone: a watcher that starts beside it leaves its drafts in the making alone."""
    ledger = app.ledger
    draft_id = ledger.begin("ana")

    def state() -> State | None:
        row = ledger.get(draft_id)
        return row.state if row else None

    run_while(app, Role.WATCH, lambda: time.sleep(0.3))
    assert state() is State.GENERATING
    run_while(app, Role.SERVE, lambda: until(lambda: is_up("127.0.0.1", port)))
    assert state() is State.FAILED
