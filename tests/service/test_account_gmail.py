"""`cyrano account add gmail`: consent by browser, tokens kept and renewed, and Google's interface read with them."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.oauth.provider import GMAIL_DRAFTS, GMAIL_READ
from connectors.secrets import Secrets
from tests.connectors.samples import raw_mail
from tests.e2e.cyrano import PROGRAM
from tests.gmail import emulate as stand_in
from tests.gmail.standin import Gmail, running_gmail
from tests.oauth_authority import Authority
from tests.oauth_server import OAuthServer, running_authority
from tests.parts import require

pytestmark = pytest.mark.server

BROWSER = Path(__file__).parent.parent / "browser.py"
ADDRESS = "user7@example.org"


class Granted(dict[str, frozenset[str]]):
    """The access tokens a provider handed out, as the mailbox beside it knows them."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._authority = authority

    def __contains__(self, token: object) -> bool:
        """Tell whether a token is good."""
        return self._authority.scope_of(str(token)) is not None

    def __getitem__(self, token: str) -> frozenset[str]:
        """Tell what a token allows."""
        return frozenset((self._authority.scope_of(token) or "").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A home folder in front of Google."""

    home: Path
    oauth: OAuthServer
    gmail: Gmail
    options: list[str | Path] = field(default_factory=list)

    def __call__(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it says."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("CYRANO_")}
        browser = {"BROWSER": f"{sys.executable} {BROWSER} %s", "CYRANO_TEST_CA": str(self.oauth.ca_file)}
        environ = {**outside, **browser, "CYRANO_HOME": str(self.home)}
        done = subprocess.run([PROGRAM, *arguments], env=environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def add(self, *more: str) -> tuple[int, str]:
        """Add the mailbox."""
        client_file = self.oauth.client_file(self.home.parent)
        place = ("--api-endpoint", self.gmail.url, "--ca-file", self.oauth.ca_file)
        return self("account", "add", "gmail", "--client-file", client_file, *place, "--name", "ana", *more)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A home, a provider, and a mailbox with one mail that was sent."""
    require("emulate", is_there=stand_in.is_installed(), install=stand_in.INSTALL)
    with (
        running_authority(tmp_path) as oauth,
        stand_in.running_emulate() as emulate,
        running_gmail(emulate, 7) as gmail,
    ):
        gmail.tokens = Granted(oauth.authority)
        gmail.send(raw_mail(1).replace(b"\n", b"\r\n"))
        yield Machine(home=tmp_path / "home", oauth=oauth, gmail=gmail)


def test_asks_for_reading_alone_and_reads(machine: Machine) -> None:
    """The narrowest scope, a refresh token kept sealed, and the mail in the archive; an ended token is renewed."""
    code, said = machine.add("--address", ADDRESS, "--address", "ana@example.org")
    assert (code, "Added ana." in said) == (0, True), said
    machine.oauth.authority.end_access()
    assert "1 new mails" in machine("sync")[1]
    assert machine.oauth.authority.refreshes == 1
    assert machine.oauth.authority.scopes == [GMAIL_READ]
    assert not {name for name in machine.gmail.methods() if "drafts" in name or "send" in name}


def test_asks_for_drafts_where_they_are_wanted(machine: Machine) -> None:
    """And says so to Google."""
    assert machine.add("--address", ADDRESS, "--drafts")[0] == 0
    assert machine.oauth.authority.scopes == [f"{GMAIL_READ} {GMAIL_DRAFTS}"]


def test_a_box_left_unticked_is_said(machine: Machine) -> None:
    """Google lets a person allow a part: that is no consent to read."""
    machine.oauth.authority.granted_scope = GMAIL_DRAFTS
    code, said = machine.add("--address", ADDRESS, "--drafts")
    assert code == 1
    assert "every box" in said


def test_who_signs_in_to_another_mailbox_is_told(machine: Machine) -> None:
    """Google would open it: its mail must not land under the name of this one. Nothing stays."""
    code, said = machine.add("--address", "someone.else@example.org")
    assert code == 1
    assert f"mailbox of {ADDRESS}" in said
    assert "No accounts yet" in machine("account", "list")[1]
    assert Secrets(home=machine.home, environ={}, keyring=None).find_stored("ana", "oauth") is None


def test_who_signs_in_again_to_another_mailbox_changes_nothing(machine: Machine) -> None:
    """What is running goes on with the consent there was, and never reads the other mailbox under this name."""
    machine.add("--address", ADDRESS)
    secrets = Secrets(home=machine.home, environ={}, keyring=None)
    before = secrets.find_stored("ana", "oauth")
    with closing(sqlite3.connect(machine.home / "cyrano.db")) as database, database:
        database.execute("UPDATE account SET addresses = ?", ['["someone.else@example.org"]'])
    code, said = machine("account", "login", "ana")
    assert (code, f"mailbox of {ADDRESS}" in said) == (1, True), said
    assert secrets.find_stored("ana", "oauth") == before


def test_a_removed_account_leaves_no_tokens(machine: Machine) -> None:
    """Neither the consent nor the client's secret."""
    machine.add("--address", ADDRESS)
    assert machine("account", "remove", "ana", "--yes")[0] == 0
    secrets = Secrets(home=machine.home, environ={}, keyring=None)
    assert [secrets.find_stored("ana", name) for name in ("oauth", "oauth_client_secret")] == [None, None]
    assert not list((machine.home / "run").glob("oauth-*"))


def test_an_ended_consent_is_explained_and_given_again(machine: Machine) -> None:
    """With the seven days of a consent screen in testing, which is what it most often is."""
    machine.add("--address", ADDRESS)
    machine.oauth.authority.end_consent()
    for command in ("sync", "doctor"):
        code, said = machine(command)
        assert code == 1
        assert "7 days" in said
        assert "cyrano account login ana" in said
    assert machine("account", "login", "ana")[0] == 0
    assert "1 new mails" in machine("sync")[1]


def test_drafts_can_be_wanted_later(machine: Machine) -> None:
    """One more consent, for more; nothing that was archived is given up for it."""
    machine.add("--address", ADDRESS, "--address", "ana@example.org")
    machine("sync")
    code, said = machine("account", "login", "ana", "--drafts")
    assert code == 0, said
    assert machine.oauth.authority.scopes[-1] == f"{GMAIL_READ} {GMAIL_DRAFTS}"
    assert "ana  gmail" in machine("account", "list")[1]
    assert "1 mails" in machine("account", "list")[1]
