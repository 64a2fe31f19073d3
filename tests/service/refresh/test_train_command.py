"""`cyrano train` beside refreshes: one run at a time, whoever begins it."""

from pathlib import Path

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import UsageError
from connectors.message import Address
from service.__main__ import cli
from service.refresh.lease import TRAINING, Leases, LeaseTaken
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


@pytest.mark.parametrize("other", [["--stop-after", "examples"], ["--set", "epochs=1"], ["--recipe", "panza-rosa"]])
@pytest.mark.usefixtures("archive")
def test_now_does_what_the_clock_does_and_nothing_else(other: list[str]) -> None:
    """What else is asked for would not be done."""
    with pytest.raises(UsageError, match="--now") as caught:
        cli.main(["train", "--now", *other], standalone_mode=False)
    assert caught.value.hint
