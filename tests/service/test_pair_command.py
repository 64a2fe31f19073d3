"""`cyrano pair`, run as its user runs it: in a process of its own, beside whoever uses the code."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from connectors.database import open_database
from connectors.schema import account, pairing
from service.access.pairing import Pairings
from service.access.tokens import Tokens
from service.commands.digits import draw
from service.problems import PairingRefused
from tests.ports import free_port
from tests.service.stand_ins import NOON

CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with two accounts."""
    row = {"kind": "mbox", "owner_name": "Ana", "owner_addr": "a@x", "addresses": [], "settings": {}}
    with open_database(f"sqlite:///{tmp_path / 'cyrano.db'}").begin() as connection:
        connection.execute(account.insert(), [{"name": name, **row} for name in ("ana", "bob")])
    return tmp_path


HEARS_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from service.__main__ import main
main()
"""
"""Tests that run in the background ignore Ctrl-C, and would hand that down."""


@pytest.fixture
def pairings(home: Path) -> Pairings:
    """The table of the code, as the running service has it."""
    return Pairings(open_database(f"sqlite:///{home / 'cyrano.db'}"))


@contextmanager
def pairing_of(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Start the command, and yield it with what it says at first and the code in it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CYRANO_")}
    environment |= {"CYRANO_HOME": str(home), "CYRANO_HTTP__PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", HEARS_CTRL_C, "pair", *arguments]
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = ""
        assert run.stdout
        for line in run.stdout:
            said += line
            if "cyrano up" in line:  # the last line before it waits
                break
        found = re.search(r"^ {4}(\d{3}) (\d{3})$", said, re.MULTILINE)
        assert found, said
        yield run, said, "".join(found.groups())
    finally:
        run.kill()
        run.wait()


def test_it_shows_a_code_waits_and_says_who_was_let_in(home: Path, pairings: Pairings) -> None:
    """Large and plain, for which accounts, where to type it, that Cyrano has to run; then who used it."""
    with pairing_of(home) as (run, said, code):
        for line in draw(code):
            assert line in said
        assert "It opens drafts of ana, bob, once, within 2 minutes." in said
        assert re.search(r"the address http://127\.0\.0\.1:\d+", said)
        opened = pairings.redeem(code, origin=CHROME, label="Chrome 156 on Linux")
        assert [each.account for each in opened] == ["ana", "bob"]
        rest, _ = run.communicate(timeout=20)
    assert rest == "Paired: Chrome 156 on Linux. It can ask for drafts now.\n"
    assert run.returncode == 0


def test_it_opens_only_the_accounts_that_are_named(home: Path, pairings: Pairings) -> None:
    """And says which."""
    with pairing_of(home, "--account", "bob") as (_, said, code):
        assert "drafts of bob, once" in said
        assert [each.account for each in pairings.redeem(code, origin=CHROME, label="x")] == ["bob"]


def test_an_account_that_is_named_twice_is_one(home: Path) -> None:
    """Said once, too."""
    with pairing_of(home, "--account", "bob", "--account", "bob") as (_, said, _code):
        assert "drafts of bob, once" in said


def test_it_says_that_a_code_ended_unused(home: Path, pairings: Pairings) -> None:
    """Run out, guessed at, replaced: each in its own words, and with another exit code."""
    table = pairings._engine
    with pairing_of(home) as (run, _, _code):
        with table.begin() as connection:
            connection.execute(update(pairing).values(expires_at=NOON.replace(year=2020)))
        assert "has run out" in run.communicate(timeout=20)[0]
        assert run.returncode == 1
    with pairing_of(home) as (run, _, code):
        for number in range(6):
            with pytest.raises(PairingRefused):
                pairings.redeem(f"{(int(code) + number + 1) % 10**6:06}", origin=CHROME, label="x")
        assert "typed wrong 5 times" in run.communicate(timeout=20)[0]
    with pairing_of(home) as (run, _, _code):
        pairings.make(["ana"])
        assert "A newer code" in run.communicate(timeout=20)[0]


def test_ctrl_c_ends_the_waiting_and_not_the_code(home: Path, pairings: Pairings) -> None:
    """Whoever needs the terminal back may have it."""
    with pairing_of(home) as (run, _, code):
        run.send_signal(signal.SIGINT)
        assert "The code stays good until" in run.communicate(timeout=20)[0]
        assert run.returncode == 0
    assert pairings.redeem(code, origin=CHROME, label="x")
    assert len(Tokens(pairings._engine).list()) == 2


@pytest.mark.parametrize("digit", range(10))
def test_large_digits_are_ten_different_ones(digit: int) -> None:
    """Five lines each, none like another."""
    own = list(draw(f"{digit}" * 6))
    assert len(own) == 5
    assert all(own != list(draw(f"{other}" * 6)) for other in range(10) if other != digit)
    assert max(map(len, own)) <= 56
