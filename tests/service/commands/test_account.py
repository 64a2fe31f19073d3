"""`cyrano account`."""

import socket
from pathlib import Path

import pytest

from connectors.errors import EngineLost
from connectors.reason import Reason
from service.app import open_app
from service.engine.record import hold_engine
from tests.ports import free_port
from tests.service.commands.calling import Cyrano


@pytest.mark.usefixtures("ana")
def test_one_is_added_listed_and_removed(cyrano: Cyrano) -> None:
    """The list tells name, kind, owner and counts; after removal it is empty."""
    assert cyrano("account", "list").out.startswith("ana  mbox  Ana <ana@example.org>  0 mails")
    assert cyrano("account", "remove", "ana", "--yes").code == 0
    assert "No accounts yet" in cyrano("account", "list").out


@pytest.mark.usefixtures("ana")
def test_a_new_one_is_not_open_to_browsers_paired_before(cyrano: Cyrano, mbox: Path) -> None:
    """Who has paired one is told how to let it in; who has not hears nothing of it."""
    add = ("account", "add", "mbox", "--path", mbox, "--address")
    assert "cyrano pair" not in cyrano(*add, "bob@example.org").out
    with open_app() as app:
        app.tokens.create("ana", "Chrome", origin="chrome-extension://" + 32 * "a")
    assert "for carol yet. To let one in: cyrano pair" in cyrano(*add, "carol@example.org").out


@pytest.mark.usefixtures("ana", "home")
def test_an_engine_that_is_kept_is_said_to_be_starting() -> None:
    """While a process keeps the engine nobody else need start it: whoever drafts is told to wait."""
    with open_app() as app:
        with pytest.raises(EngineLost) as lost:
            app.model_server.models()
        with hold_engine(app.home), pytest.raises(EngineLost) as starting:
            app.model_server.models()
    assert (lost.value.reason, starting.value.reason) == (Reason.LOST, Reason.STARTS)


@pytest.mark.usefixtures("ana")
def test_the_same_one_twice_is_refused(cyrano: Cyrano, mbox: Path) -> None:
    """The hint tells how to go on."""
    said = cyrano("account", "add", "mbox", "--path", mbox, "--address", "ana@example.com")
    assert said.code == 2
    assert "already an account" in said.err
    assert "account remove ana" in said.err


@pytest.mark.usefixtures("ana")
def test_a_kept_password_goes_to_no_other_server(cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox whose name is taken is refused before anything is asked or sent."""
    monkeypatch.setenv("CYRANO_ANA_PASSWORD", "secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = str(server.getsockname()[1])
        place = ("--host", "127.0.0.1", "--port", port, "--security", "plain")
        said = cyrano("account", "add", "imap", *place, "--user", "ana@example.com")
        assert said.code == 2
        assert "already an account" in said.err
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("path", "address", "named"),
    [("missing.mbox", "me@example.org", "missing.mbox"), ("Sent.mbox", "example.org", "example.org")],
)
def test_what_cannot_be_is_refused(  # noqa: PLR0917  a case has many parts
    cyrano: Cyrano, mbox: Path, home: Path, path: str, address: str, named: str
) -> None:
    """A file that is not there, an address that is none: named, and nothing is left behind."""
    said = cyrano("account", "add", "mbox", "--path", mbox.parent / path, "--address", address)
    assert said.code == 2
    assert named in said.err
    assert not home.exists() or "No accounts yet" in cyrano("account", "list").out


def test_a_server_that_does_not_answer_is_said(cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account is added, and the exit code is 1."""
    monkeypatch.setenv("CYRANO_ME_PASSWORD", "secret")
    place = ("--host", "127.0.0.1", "--port", str(free_port()))
    said = cyrano("account", "add", "imap", *place, "--user", "me@example.org")
    assert said.code == 1
    assert "127.0.0.1" in said.err
    assert "No accounts yet" in cyrano("account", "list").out


@pytest.mark.usefixtures("ana")
def test_removal_leaves_nothing_of_it_and_all_of_others(cyrano: Cyrano, mbox: Path, home: Path) -> None:
    """Adapters, runs and the local token go; those of "ana-maria" stay."""
    cyrano("account", "add", "mbox", "--path", mbox, "--address", "ana-maria@example.org")
    cyrano("token", "create", "--account", "ana", "--label", "browser")
    for name in ("ana", "ana-maria"):
        (home / "adapters" / name / "v1").mkdir(parents=True)
        (home / "runs" / f"{name}-20261121-120000").mkdir(parents=True)
        (home / "run" / "tokens").mkdir(parents=True, exist_ok=True)
        (home / "run" / "tokens" / name).touch()
    assert cyrano("account", "remove", "ana", "--yes").code == 0
    left = [path.name for path in home.glob("*/*") if path.name.startswith("ana")]
    assert sorted(left) == ["ana-maria", "ana-maria-20261121-120000"]
    assert [path.name for path in (home / "run" / "tokens").iterdir()] == ["ana-maria"]
    assert "No tokens yet" in cyrano("token", "list").out
