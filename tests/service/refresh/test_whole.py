"""A refresh with real parts: the mailbox, the index, the trainer on the tiny model; only the engine is a stand-in.

And the service whose clock begins it, and the command that asks for it.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.adapter import current_version, list_cards
from connectors.errors import StoreBusy, UsageError
from connectors.message import Address
from service.app import App
from service.commands.refreshing import refresh_now
from service.config import Settings
from service.lock import hold_home
from service.refresh.lease import CLOCK, TRAINING
from service.refresh.runs import ASKED, RunState
from service.refreshing import join_refresher
from service.running import Role, run
from tests.connectors.samples import as_mbox, raw_mail
from tests.e2e.cyrano import PROGRAM, wait_for
from tests.fake_engine import FakeEngine
from tests.ports import free_port
from trainer.tiny import make_tiny_model

pytestmark = pytest.mark.process

ANA = Address(addr="ana@example.org", name="Ana")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def engine(tiny: Path) -> Iterator[FakeEngine]:
    """A model server that runs already."""
    with FakeEngine() as running:
        running.behaviour.models[str(tiny)] = ""
        yield running


@pytest.fixture
def make_app(tmp_path: Path, tiny: Path, engine: FakeEngine) -> Iterator[Callable[..., App]]:
    """Cyrano on one home; each is as a process of its own."""
    made = list[App]()
    port = free_port()

    def make(*, start_timeout_s: float = 60.0, **refresh: object) -> App:
        settings = {
            "engine": {"url": engine.url, "model": str(tiny), "start_timeout_s": start_timeout_s},
            "http": {"port": port},
            "prompt": {"budget_tokens": 700},
            "train": {"epochs": 1, "rank": 4, "precision": "fp32"},
            "gate": {"drafts": 2, "draft_tokens": 8, "canaries": 0},
            "refresh": {"new_mails": 5, "hours": "", "look_every_minutes": 0.02, **refresh},
        }
        app = App(tmp_path / "home", Settings.model_validate(settings))
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    """A file of sent mail."""
    return tmp_path / "sent.mbox"


def send(mailbox: Path, first: int, count: int) -> None:
    """Append mails, each unlike the others."""
    body = "Hi Marta,\n\nthe {0}th order is on its way, item {1} follows on Friday.\n\nBest,\nAna\n"
    mails = [raw_mail(number, body=body.format(number, number * 7)) for number in range(first, first + count)]
    with mailbox.open("ab") as file:
        file.write(as_mbox(mails))


def add_ana(app: App, mailbox: Path) -> None:
    """Add the account."""
    app.archive.add_account(
        AccountRecord(
            name="ana", kind="mbox", owner=ANA, addresses=frozenset({ANA.addr}), settings={"path": str(mailbox)}
        )
    )


def test_a_refresh_is_carried_out_where_no_service_runs(
    make_app: Callable[..., App], mailbox: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the mailbox to the engine; a second time there is nothing to do; after a kill the next one goes on."""
    app = make_app(when="off")
    add_ana(app, mailbox)
    send(mailbox, 0, 40)
    code = refresh_now(app, "")
    live = app.runs.recent()[0]
    assert (live.state, live.adapter, live.trigger) == (RunState.LIVE, "ana@v1", ASKED), live.reason
    assert {"sync", "playback", "examples", "train", "evaluate", "publish", "flip"} <= set(live.seconds)
    assert code == 0
    assert "ana@v1 writes the drafts now" in capsys.readouterr().out
    assert "ana@v1" in engine.behaviour.models
    assert refresh_now(app, "ana") == 0
    assert "Nothing was trained: Nothing changed since ana@v1." in capsys.readouterr().out
    let_go(app)
    send(mailbox, 40, 20)
    killed = killed_in(app, mailbox.parent / "home", "playback")
    assert current_version(app.adapters_root, "ana") == 1
    assert refresh_now(app, "ana") == 0
    ended = app.runs.get(killed)
    assert ended is not None
    assert ended.state in {RunState.LIVE, RunState.REJECTED}
    assert [card.version for card in list_cards(app.adapters_root, "ana")] == [1, 2]
    assert not list(app.adapters_root.glob("*/.*"))
    assert app.leases.holder(TRAINING) is None


def let_go(app: App) -> None:
    """Close the index, which belongs to one process at a time; it is opened again when it is needed."""
    app.retriever.close()
    del app.retriever


def killed_in(app: App, home: Path, stage: str) -> str:
    """Have another process refresh the account, and kill it in a stage; return the run."""
    settings = app.settings
    environment = {
        **os.environ,
        "CYRANO_HOME": str(home),
        **{
            f"CYRANO_{section.upper()}__{key.upper()}": str(value)
            for section in ("engine", "prompt", "train", "gate", "refresh")
            for key, value in getattr(settings, section).model_dump(mode="json", exclude_unset=True).items()
        },
    }
    process = subprocess.Popen([PROGRAM, "train", "--now"], env=environment)

    def look() -> str | None:
        assert process.poll() is None
        newest = app.runs.newest("ana", {RunState.RUNNING})
        return newest.run_id if newest and newest.stage == stage else None

    run_id = wait_for(stage, look, within_s=120, every_s=0.05)
    with pytest.raises(StoreBusy):
        app.leases.hold(TRAINING).__enter__()
    process.kill()
    process.wait()
    return run_id


def test_an_engine_that_does_not_answer_fails_the_run(make_app: Callable[..., App], mailbox: Path) -> None:
    """Nothing is begun that would need it; the words say what to do."""
    app = make_app(start_timeout_s=1)
    add_ana(app, mailbox)
    send(mailbox, 0, 40)
    app.runs.ask("ana")
    app.model_server.is_ready = lambda: False  # type: ignore[method-assign]
    join_refresher(app).turn("ana")
    failed = app.runs.recent()[0]
    assert (failed.state, failed.reason) == (RunState.FAILED, "The model server did not answer within 1 s.")
    assert "engine.log" in failed.hint


@pytest.fixture
def signals() -> Iterator[None]:
    """Leave the handlers of this process as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_running_service_does_what_is_asked_for_within_seconds(
    make_app: Callable[..., App], mailbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cyrano train --now` in another process: it follows the run to its end, here one that has too little mail."""
    service, command = make_app(), make_app()
    add_ana(service, mailbox)
    send(mailbox, 0, 3)
    codes = list[int]()

    def ask() -> None:
        try:
            wait_for("The clock", lambda: command.leases.is_held(CLOCK), within_s=20)
            codes.append(refresh_now(command, "ana"))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask)
    thread.start()
    run(service, Role.SCHEDULE)
    thread.join()
    assert codes == [1]
    ended = command.runs.recent()[0]
    assert (ended.state, ended.trigger) == (RunState.FAILED, ASKED)
    assert "ana has 3 mails to learn from" in ended.reason
    assert ended.reason in capsys.readouterr().out
    assert command.leases.holder(CLOCK) is None


def test_a_home_that_is_held_without_a_clock_is_told_of(make_app: Callable[..., App], mailbox: Path) -> None:
    """Somebody runs `cyrano serve` alone: nobody would carry the run out."""
    app = make_app()
    add_ana(app, mailbox)
    with hold_home(app.home), pytest.raises(UsageError, match="No clock runs") as caught:
        refresh_now(app, "ana")
    assert "cyrano up" in caught.value.hint
    assert app.runs.recent() == []
