"""`cyrano evaluate`: from the command line to the trainer and back."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.account import AccountRecord
from connectors.adapter import WEIGHTS, AdapterCard, publish, set_current
from connectors.errors import ModelMissing, TrainError, UsageError
from connectors.evaluation import PAGE
from connectors.job import write_job
from connectors.message import Address
from service.app import App
from service.commands.evaluate import evaluate, make_job
from service.config import Settings, load_settings
from service.refresh.lease import TRAINING, Leases, LeaseTaken
from service.training import runs_of
from tests.trainer.runs import ana_and_ben, carry_out
from trainer.tiny import make_tiny_model

command = sys.modules[make_job.__module__]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A home with Ana and Ben, of whom Ana has two adapters."""
    (tmp_path / "cyrano.toml").write_text('[engine]\nmodel = "/models/base"\n[gate]\nmin_mails = 9\n', "utf-8")
    opened = App(tmp_path, load_settings(tmp_path, {}))
    for name in ("ana", "ben"):
        owner = Address(addr=f"{name}@example.org")
        opened.archive.add_account(
            AccountRecord(name=name, kind="mbox", owner=owner, addresses=frozenset({owner.addr}), settings={})
        )
    for _ in range(2):
        built = opened.adapters_root / "ana" / ".built"
        built.mkdir(parents=True)
        (built / WEIGHTS).write_bytes(b"weights")
        card = AdapterCard(
            account="ana", base_model="/models/base", prompt_version="2", method="lora", created_at="", verdict="",
            is_approved=True,
        )  # fmt: skip
        publish(opened.adapters_root, built, card)
    yield opened
    opened.close()


def which(app: App, account: str = "", name: str = "") -> str:
    """Return the adapter that is meant."""
    job = make_job(app, account, name, output=Path("/out"), shown=0)
    return f"{job.account}@v{job.version}"


def test_the_one_that_writes_is_meant_else_the_newest(app: App) -> None:
    """Unless one is named."""
    assert which(app, "ana") == "ana@v2"
    set_current(app.adapters_root, "ana", 1)
    assert which(app, "ana") == "ana@v1"
    assert which(app, name="ana@v2") == "ana@v2"


def test_the_order_holds_what_is_configured(app: App) -> None:
    """The gate's settings, the model, and where everything lies."""
    job = make_job(app, "ana", "", output=Path("/out"), shown=3)
    assert (job.model, job.gate.min_mails, job.shown) == ("/models/base", 9, 3)
    assert (job.adapters, job.archive_url) == (app.adapters_root, app.archive_url)
    assert job.engine_model == app.base_name


@pytest.mark.parametrize(
    ("account", "name", "match"),
    [
        ("", "", "several accounts"),
        ("ben", "", "ben has no adapter"),
        ("", "ana", "names no adapter"),
        ("ben", "ana@v1", "names no adapter of ben"),
        ("eve", "", "eve"),
    ],
)
def test_what_is_not_there_is_said(app: App, account: str, name: str, match: str) -> None:
    """With a hint for each."""
    with pytest.raises(UsageError, match=match) as caught:
        which(app, account, name)
    assert caught.value.hint


def test_without_a_model_nothing_is_evaluated(tmp_path: Path) -> None:
    """The hint says where to set one."""
    with pytest.raises(ModelMissing) as caught:
        make_job(App(tmp_path, Settings()), "", "", output=tmp_path, shown=0)
    assert "[engine] model" in caught.value.hint


def test_a_report_does_not_take_the_place_of_an_adapters_own(app: App) -> None:
    """That one says what it was judged by when it was published."""
    with pytest.raises(UsageError, match="among the adapters"):
        make_job(app, "ana", "", output=app.adapters_root / "ana" / "v1", shown=0)


def test_it_works_among_the_runs_alone_and_asks_for_room(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that forgetting finds what is left of it; what one left that was killed goes."""
    job = make_job(app, "ana", "", output=None, shown=0)
    left = app.home / "runs" / "ana-20260101-120000"
    write_job(left, job)
    seen: list[Path] = []

    def follow(folder: Path, _key: str, *, on_room: object, helps: str) -> dict[str, object]:
        seen.append(folder)
        assert runs_of(app.home / "runs", "ana") == [folder]
        assert on_room is not None
        assert "train" not in helps
        with pytest.raises(LeaseTaken), Leases(app.archive.engine).hold(TRAINING):
            pass
        raise TrainError("It ended.")

    monkeypatch.setattr(command, "follow_run", follow)
    with pytest.raises(TrainError, match="It ended"):
        command._carry_out(app, job)
    assert seen
    assert not runs_of(app.home / "runs", "ana")


@pytest.mark.process
def test_it_prints_arms_checks_and_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sides of it together, by the trainer's own process; the mail shown is in no file."""
    model = make_tiny_model(tmp_path / "model")
    job = ana_and_ben(model, tmp_path)
    assert carry_out(job)[0] == 0
    settings = f'[engine]\nmodel = "{model}"\n[retrieval]\ncount = 0\n[gate]\ndraft_tokens = 8\nresamples = 100\n'
    (tmp_path / "cyrano.toml").write_text(f"{settings}[prompt]\nbudget_tokens = 700\n", "utf-8")
    monkeypatch.setenv("CYRANO_HOME", str(tmp_path))
    done = CliRunner().invoke(evaluate, ["--account", "ana", "--show", "1", "--output", str(tmp_path / "out")])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "adapter+rag" in done.output
    assert "judged" in done.output
    assert "please look at the" in done.output
    assert (tmp_path / "out" / PAGE).exists()
