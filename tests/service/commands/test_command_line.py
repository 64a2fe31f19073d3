"""What all commands share: help, slips of the keyboard, a home that cannot be."""

from pathlib import Path

import pytest

from service.__main__ import COMMANDS
from tests.service.commands.calling import Cyrano


def test_every_command_explains_itself(cyrano: Cyrano) -> None:
    """All commands of the table are there, and `--help` of each works."""
    for name in COMMANDS:
        said = cyrano(name, "--help")
        assert said.code == 0
        assert said.out.startswith(f"Usage: cyrano {name} ")


@pytest.mark.parametrize("arguments", [("fly",), ("account", "fly"), ("sync", "--fly")])
def test_an_unknown_word_is_a_usage_error(cyrano: Cyrano, arguments: tuple[str, ...]) -> None:
    """It is named, and the exit code is 2."""
    said = cyrano(*arguments)
    assert said.code == 2
    assert "fly" in said.err


def test_an_unknown_key_is_named_with_the_one_meant(cyrano: Cyrano, home: Path) -> None:
    """A slip in cyrano.toml ends every command with one line and exit code 2."""
    home.mkdir()
    (home / "cyrano.toml").write_text("[http]\nprot = 1\n")
    said = cyrano("account", "list")
    assert said.code == 2
    assert "http.prot" in said.err
    assert "port" in said.err


def test_a_home_that_cannot_be_made_is_said(cyrano: Cyrano, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says where it would be, and what to set."""
    monkeypatch.setenv("CYRANO_HOME", "/proc/home")
    said = cyrano("account", "list")
    assert said.code == 2
    assert "/proc/home" in said.err
    assert "CYRANO_HOME" in said.err
