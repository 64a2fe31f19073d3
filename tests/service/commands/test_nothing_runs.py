"""`cyrano status`, `doctor` and `draft` where nothing runs."""

import io
import sys
from pathlib import Path

import pytest

from service.lock import hold_home
from tests.service.commands.calling import Cyrano


@pytest.mark.usefixtures("ana")
def test_status_says_that_nothing_runs_and_what_there_is(cyrano: Cyrano) -> None:
    """With the exit code that scripts go by."""
    said = cyrano("status")
    assert said.code == 1
    assert said.lines == [
        "Cyrano is not running. Start it: cyrano up",
        "ana: 0 mails, 0 learned from, no adapter yet: cyrano train",
    ]


@pytest.mark.usefixtures("ana")
def test_status_tells_the_last_sync_whoever_began_it(cyrano: Cyrano, mbox: Path) -> None:
    """Also one by hand, and what was wrong with it."""
    cyrano("sync")
    assert any(line.startswith("    sync  ok, just now: 9 new mails") for line in cyrano("status").lines)
    mbox.unlink()
    cyrano("sync")
    said = cyrano("status").lines
    assert "    sync  failed, just now" in said
    assert any(f"There is no file {mbox}. It last went well just now." in line for line in said)


@pytest.mark.usefixtures("ana")
def test_a_question_without_a_terminal_is_an_error_that_says_so(
    cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a service manager or cron nobody answers; that nothing was done must not look like an accident."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    said = cyrano("account", "remove", "ana")
    assert said.code == 2
    assert "nobody answered" in said.err
    assert "ana" in cyrano("account", "list").out


@pytest.mark.usefixtures("ana")
def test_draft_says_how_to_start_the_service(cyrano: Cyrano) -> None:
    """It does not start one behind one's back."""
    said = cyrano("draft", "Thank Ben.")
    assert said.code == 1
    assert "cyrano up" in said.err


@pytest.mark.usefixtures("ana")
def test_doctor_looks_at_each_part(cyrano: Cyrano, home: Path) -> None:
    """What is well has a tick; without a model the engine has a cross, and a hint below."""
    said = cyrano("doctor")
    marks = {line[2:].split(":")[0]: line[0] for line in said.lines if line[0] in "✓✗"}
    assert said.code == 1
    assert marks.keys() == {"home", "disk", "archive", "index", "engine", "trainer", "account ana"}
    assert {marks[part] for part in ("home", "archive", "index", "account ana")} == {"✓"}
    assert marks["engine"] == "✗"
    assert f"✓ home: all state lies under {home}" in said.lines
    assert "    Set [engine] model in cyrano.toml." in said.lines


@pytest.mark.usefixtures("ana")
def test_doctor_sees_a_file_that_went_away(cyrano: Cyrano, mbox: Path) -> None:
    """A mailbox that is said to be readable was read."""
    mbox.unlink()
    assert f"✗ account ana: There is no file {mbox}." in cyrano("doctor").lines


@pytest.mark.usefixtures("ana")
def test_doctor_leaves_a_running_service_alone(cyrano: Cyrano, home: Path) -> None:
    """The embedded index is not opened under it."""
    with hold_home(home):
        assert "✓ index: in use by a running Cyrano" in cyrano("doctor").lines
