"""A home folder of its own for every test of the command line."""

import os
from pathlib import Path

import pytest

from service.__main__ import main
from tests.connectors.samples import as_mbox, raw_mail
from tests.ports import free_port
from tests.service.commands.calling import MAILS, Cyrano, Said


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, with nothing set in the environment and ports nobody uses."""
    for name in [name for name in os.environ if name.startswith("CYRANO_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("CYRANO_HOME", str(folder))
    monkeypatch.setenv("CYRANO_HTTP__PORT", str(free_port()))
    monkeypatch.setenv("CYRANO_ENGINE__PORT", str(free_port()))
    return folder


@pytest.fixture
def cyrano(home: Path, capsys: pytest.CaptureFixture[str]) -> Cyrano:
    """Run a command to its end."""
    assert not home.exists()

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Said(code=int(ended.value.code or 0), out=out, err=err)

    return call


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    """A file with a few of Ana's mails, and one of another sender."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(as_mbox([*map(raw_mail, range(MAILS)), raw_mail(MAILS, sender="Ben <ben@example.net>")]))
    return path


@pytest.fixture
def ana(cyrano: Cyrano, mbox: Path) -> None:
    """An account "ana" on that file."""
    assert cyrano("account", "add", "mbox", "--path", mbox, "--address", "Ana@Example.org", "--owner", "Ana").code == 0


@pytest.fixture
def synced(cyrano: Cyrano, ana: None) -> Said:  # noqa: ARG001  the account must be there
    """What the first sync of it said."""
    return cyrano("sync")
