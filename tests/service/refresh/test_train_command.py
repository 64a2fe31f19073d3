"""`cyrano train` beside refreshes: one run at a time, whoever begins it."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import AuthError, CyranoError, StoreError, UsageError
from connectors.message import Address
from service.__main__ import cli
from service.app import App
from service.commands import refreshing
from service.commands.refreshing import refresh_now
from service.config import Settings
from service.refresh.lease import TRAINING, Leases, LeaseTaken
from service.refresh.runs import GONE, RunState
from service.refreshing import _sync, is_refused
from service.turns import note_sync
from tests.trainer.mails import archived, mails


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The archive of a home with the account ana and 30 mails."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CYRANO_HOME", str(home))
    monkeypatch.setenv("CYRANO_ENGINE__MODEL", "/models/one")
    archive = Archive.open(f"sqlite:///{home / 'cyrano.db'}")
    owner = Address(addr="ana@example.org", name="Ana")
    archive.add_account(AccountRecord(name="ana", kind="mbox", owner=owner, addresses=frozenset({owner.addr})))
    archive.store("ana", [archived(each, "ana") for each in mails(30)], "1")
    return archive


def test_a_run_by_hand_waits_for_nobody_and_disturbs_nobody(archive: Archive) -> None:
    """While another process trains it says so, before it starts an engine or writes an order."""
    with Leases(archive.engine).hold(TRAINING), pytest.raises(LeaseTaken, match="A training run is under way"):
        cli.main(["train"], standalone_mode=False)
    runs = Path(str(archive.engine.url.database)).parent / "runs"
    assert not runs.exists()


@pytest.fixture
def app(archive: Archive) -> Iterator[App]:
    """That home, with an engine that is there already."""
    home = Path(str(archive.engine.url.database)).parent
    app = App(home, Settings.model_validate({"engine": {"model": "/models/one", "url": "http://127.0.0.1:9/v1"}}))
    yield app
    app.close()


@pytest.fixture
def refresher(app: App, monkeypatch: pytest.MonkeyPatch) -> "StandInRefresher":
    """What carries the run out; the parts that would need an engine are passed over."""
    refresher = StandInRefresher(app)
    monkeypatch.setattr(App, "some_engine", lambda _: nullcontext("http://127.0.0.1:9/v1"))
    monkeypatch.setattr(App, "join", lambda _: None)
    monkeypatch.setattr(App, "adapters", SimpleNamespace(refresh=lambda: None))
    monkeypatch.setattr(refreshing, "join_refresher", lambda *_, **__: refresher)
    return refresher


@dataclass
class StandInRefresher:
    """Does what a test says."""

    app: App
    work: Callable[[App], object] = lambda _: None

    def refresh(self, account: str, *, patience_s: float, is_asked: bool) -> None:
        """Carry out a run."""
        assert (account, patience_s > 0, is_asked) == ("ana", True, True)
        self.work(self.app)


@pytest.mark.parametrize("error", [LeaseTaken("Another one trains."), StoreError("The disk is full.")])
def test_what_could_not_begin_here_is_asked_for_no_more(
    app: App, refresher: StandInRefresher, error: CyranoError
) -> None:
    """Else it would begin when the service is started the next time, perhaps weeks later."""

    def fail(_: App) -> None:
        raise error

    refresher.work = fail
    with pytest.raises(type(error)):
        refresh_now(app, "ana")
    assert app.runs.recent() == []
    asked = app.runs.ask("ana")
    with pytest.raises(type(error)):
        refresh_now(app, "ana")
    assert app.runs.recent() == [asked]  # that is somebody else's wish


def test_the_run_of_a_process_that_was_killed_is_not_the_one_that_was_asked_for(
    app: App, refresher: StandInRefresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container that is gone it seems to be under way at first; then a run of its own is followed."""
    monkeypatch.setattr(refreshing, "interrupt_left", lambda *_: None)
    app.runs.begin("ana", why="")

    def work(app: App) -> None:
        app.runs.interrupt(GONE)
        app.runs.ask("ana")
        run = app.runs.begin("ana", why="", run_id=app.runs.recent("ana")[-1].run_id)
        app.runs.end(run.run_id, RunState.LIVE, adapter="ana@v1", reason="It is good.")

    refresher.work = work
    assert refresh_now(app, "ana") == 0
    assert [run.state for run in app.runs.recent("ana")] == [RunState.LIVE]


def test_credentials_that_were_refused_are_not_tried_by_a_refresh(app: App) -> None:
    """Its syncs do so when they changed, or after hours; servers lock accounts for trying."""
    now = datetime.now(UTC)
    assert not is_refused(app.health, "ana", now)
    note_sync(app.health, "ana", error=AuthError("The password was refused."))
    assert is_refused(app.health, "ana", now)
    assert not is_refused(app.health, "ana", now + timedelta(days=1))
    app.ingest = lambda *_: pytest.fail("it was tried")  # type: ignore[method-assign]
    _sync(app, "ana", None)  # type: ignore[arg-type]  # nothing is reported of what is not done
    note_sync(app.health, "ana", report="3 new mails")
    assert not is_refused(app.health, "ana", now)


@pytest.mark.parametrize("other", [["--stop-after", "examples"], ["--set", "epochs=1"], ["--recipe", "panza-rosa"]])
@pytest.mark.usefixtures("archive")
def test_now_does_what_the_clock_does_and_nothing_else(other: list[str]) -> None:
    """What else is asked for would not be done."""
    with pytest.raises(UsageError, match="--now") as caught:
        cli.main(["train", "--now", *other], standalone_mode=False)
    assert caught.value.hint
