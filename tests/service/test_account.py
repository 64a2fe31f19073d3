"""`cyrano account`: signing in, on the command line, to a real Dovecot by tokens of a provider beside it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connectors.errors import FolderError
from connectors.imap.folders import Folder
from connectors.secrets import Secrets
from service.commands.folders import ask_for_folder, name_folders
from service.commands.signin import has_browser
from tests.connectors.samples import as_mbox, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.oauth_authority import CLIENT_ID, Authority
from tests.oauth_server import OAuthServer

ROOT = Path(__file__).parent.parent.parent
PROGRAM = Path(sys.executable).with_name("cyrano")
BROWSER = Path(__file__).parent.parent / "browser.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A home folder in front of a mail server, with or without a browser."""

    home: Path
    server: Dovecot
    has_browser: bool = True

    @property
    def oauth(self) -> OAuthServer:
        """The provider."""
        return self.server.oauth

    @property
    def ca_file(self) -> Path:
        """Certificates of the mail server and of the provider."""
        path = self.home.parent / "ca.pem"
        path.write_bytes(self.server.ca_file.read_bytes() + self.oauth.ca_file.read_bytes())
        return path

    @property
    def environ(self) -> Mapping[str, str]:
        """What the commands see."""
        hidden = ("CYRANO_", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
        outside = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        browser = {"BROWSER": f"{sys.executable} {BROWSER} %s", "CYRANO_TEST_CA": str(self.oauth.ca_file)}
        return {**outside, **(browser if self.has_browser else {}), "CYRANO_HOME": str(self.home)}

    def __call__(self, *arguments: str | Path, given: str = "") -> Said:
        """Run a command to its end."""
        command = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environ, input=given, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)

    def paste(self, *arguments: str | Path, change: Callable[[str], str] = str) -> Said:
        """Run a command that asks for the address a browser ended at, and give it."""
        with subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            env=self.environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout
            shown = next(line.strip() for line in process.stdout if line.startswith("https://"))
            out, err = process.communicate(change(self.oauth.address_after_consent(shown)) + "\n", timeout=60)
        return Said(code=process.returncode, out=out, err=err)

    def imap(self, *more: str | Path, user: str = "alice") -> list[str | Path]:
        """Name the options of an IMAP account that gets its tokens from the provider."""
        place = ["--host", "localhost", "--port", str(self.server.tls_port), "--user", user, "--ca-file", self.ca_file]
        uris = ["--auth-uri", self.oauth.auth_uri, "--token-uri", self.oauth.token_uri]
        oauth = ["--oauth", "custom", "--client-id", CLIENT_ID, "--scope", "mail", *uris]
        return ["account", "add", "imap", *place, "--address", "ana@example.org", *oauth, *more]


@pytest.fixture
def authority(dovecot: Dovecot) -> Iterator[Authority]:
    """The provider's will, as it was again at the end."""
    authority = dovecot.oauth.authority
    before = authority.client_secret
    authority.client_secret = ""
    yield authority
    authority.client_secret, authority.denial, authority.pending_polls = before, "", 0


@pytest.fixture
def machine(dovecot: Dovecot, authority: Authority, tmp_path: Path) -> Iterator[Machine]:  # noqa: ARG001
    """A home, and Alice's mailbox with one mail she sent."""
    dovecot.forget("alice")
    with dovecot.login("alice") as client:
        client.append("Gesendet", raw_mail(1).replace(b"\n", b"\r\n"))
    yield Machine(home=tmp_path / "home", server=dovecot)
    dovecot.forget("alice")


@pytest.mark.server
def test_signs_in_by_browser_and_reads_by_token(machine: Machine) -> None:
    """From `account add` to a sync in another process, without a password anywhere."""
    said = machine(*machine.imap())
    assert (said.code, said.err) == (0, "")
    assert "Added ana." in said.out
    assert "1 new mails" in machine("sync").out


@pytest.mark.server
def test_signs_in_without_a_browser(machine: Machine, authority: Authority) -> None:
    """On a machine without one, the address to open is shown, and what it leads to is pasted."""
    bare = Machine(home=machine.home, server=machine.server, has_browser=False)
    said = bare.paste(*bare.imap())
    assert (said.code, said.err) == (0, "")
    assert authority.asked[-1]["redirect_uri"] == "http://127.0.0.1:47811"
    assert "1 new mails" in bare("sync").out


@pytest.mark.server
def test_signs_in_by_code(machine: Machine) -> None:
    """The code and where to type it are shown."""
    said = machine(*machine.imap("--device-uri", machine.oauth.device_uri, "--device"))
    assert (said.code, said.err) == (0, "")
    assert "WDJB-MJHT" in said.out


@pytest.mark.server
def test_who_signs_in_as_somebody_else_is_told_and_nothing_stays(machine: Machine) -> None:
    """Bob's mailbox does not open with Alice's consent."""
    said = machine(*machine.imap(user="bob"))
    assert said.code == 1
    assert "refused the token" in said.err
    assert "this very account" in said.err
    assert "No accounts yet" in machine("account", "list").out
    secrets = Secrets(home=machine.home, environ={}, keyring=None)
    assert secrets.find_stored("ana", "oauth") is None


@pytest.mark.server
def test_who_says_no_adds_nothing(machine: Machine, authority: Authority) -> None:
    """Nor does who closes the browser's page with "cancel"."""
    authority.denial = "access_denied"
    said = machine(*machine.imap())
    assert said.code == 1
    assert "not allowed" in said.err
    assert "No accounts yet" in machine("account", "list").out


@pytest.mark.server
def test_an_ended_consent_is_explained_and_given_again(machine: Machine, authority: Authority) -> None:
    """`sync` and `doctor` say what to do, `account login` does it, and the sync goes on."""
    machine(*machine.imap())
    authority.end_consent()
    for command in ("sync", "doctor"):
        said = machine(command)
        assert said.code == 1
        assert "cyrano account login ana" in said.out + said.err
    assert "Signed in to ana." in machine("account", "login", "ana").out
    assert "1 new mails" in machine("sync").out


@pytest.mark.server
def test_who_signs_in_again_as_somebody_else_does_not_lose_the_consent_there_was(machine: Machine) -> None:
    """What does not open the mailbox is not kept in place of what does."""
    machine(*machine.imap())
    with closing(sqlite3.connect(machine.home / "cyrano.db")) as database, database:
        (settings,) = database.execute("SELECT settings FROM account").fetchone()
        database.execute("UPDATE account SET settings = ?", [settings.replace("alice", "bob")])
    secrets = Secrets(home=machine.home, environ={}, keyring=None)
    before = secrets.find_stored("ana", "oauth")
    said = machine("account", "login", "ana")
    assert (said.code, "refused the token" in said.err) == (1, True)
    assert secrets.find_stored("ana", "oauth") == before


@pytest.mark.server
def test_doctor_looks_at_drafts_and_at_the_folder_that_wants_them(machine: Machine) -> None:
    """A folder that is not there would otherwise be told only once Cyrano runs."""
    machine(*machine.imap())
    assert "✓ drafts ana: 0 there" in machine("doctor").out
    (machine.home / "cyrano.toml").write_text('[watch]\ntrigger = "folder"\nfolder = "Nowhere"\n')
    said = machine("doctor").out
    assert "✗ drafts ana: " in said
    assert "Nowhere" in said


@pytest.mark.server
def test_removal_takes_the_tokens_along(machine: Machine) -> None:
    """Nothing that could open the mailbox stays."""
    machine(*machine.imap())
    assert machine("account", "remove", "ana", "--yes").code == 0
    secrets = Secrets(home=machine.home, environ={}, keyring=None)
    assert secrets.find_stored("ana", "oauth") is None
    assert not list((machine.home / "run").glob("oauth-*"))


@pytest.mark.server
def test_a_new_password_is_taken_when_it_is_right(machine: Machine) -> None:
    """`account login` tries it first: a slip does not cost the old one."""
    place = ("--host", "localhost", "--port", str(machine.server.tls_port), "--ca-file", machine.server.ca_file)
    who = ("--user", "alice", "--address", "ana@example.org", "--password-stdin")
    assert machine("account", "add", "imap", *place, *who, given=PASSWORDS["alice"]).code == 0
    assert machine("account", "login", "ana", "--password-stdin", given="wrong").code == 1
    assert "1 new mails" in machine("sync").out
    assert machine("account", "login", "ana", "--password-stdin", given=PASSWORDS["alice"]).code == 0


@pytest.mark.server
def test_a_provider_needs_a_client(machine: Machine) -> None:
    """The hint says what to get and where to put it."""
    said = machine("account", "add", "imap", "--oauth", "microsoft", "--user", "me@example.org")
    assert said.code == 2
    assert "--client-id" in said.err


@pytest.mark.server
def test_names_that_share_a_variable_are_refused(machine: Machine, tmp_path: Path) -> None:
    """Both "ana.b" and "ana-b" would read CYRANO_ANA_B_PASSWORD."""
    path = tmp_path / "Sent.mbox"
    path.write_bytes(as_mbox([raw_mail(1)]))
    assert machine("account", "add", "mbox", "--path", path, "--address", "ana.b@example.org").code == 0
    said = machine("account", "add", "mbox", "--path", path, "--address", "ana-b@example.org")
    assert said.code == 2
    assert "CYRANO_ANA_B_PASSWORD" in said.err
    assert "--name" in said.err
    assert "ana-b" not in machine("account", "list").out


MARKED = Folder(name="Gesendet", flags=frozenset({r"\sent"}))
UNMARKED = [Folder(name="INBOX"), Folder(name="INBOX.Sent"), Folder(name="INBOX.Drafts"), Folder(name="Old")]


class Person:
    """Who answers questions, and what they were asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.suggestions: list[str] = []

    def __call__(self, question: str, suggestion: str, names: object) -> str:
        """Answer."""
        assert question
        assert names
        self.suggestions.append(suggestion)
        return self.answers.pop(0) if self.answers else suggestion


def test_folders_that_are_not_marked_are_asked_for_once() -> None:
    """With the likeliest as a suggestion; what is marked or named is not asked for."""
    person = Person()
    assert name_folders(UNMARKED, {}, person) == {"sent_folder": "INBOX.Sent", "drafts_folder": "INBOX.Drafts"}
    assert person.suggestions == ["INBOX.Sent", "INBOX.Drafts"]
    assert name_folders([*UNMARKED, MARKED], {"drafts_folder": "Old"}, Person()) == {}
    assert name_folders([*UNMARKED, MARKED], {}, Person("Old")) == {"drafts_folder": "Old"}


@pytest.mark.parametrize(
    ("folders", "named", "option"),
    [(UNMARKED, {}, "--sent-folder"), ([*UNMARKED, MARKED], {}, "--drafts-folder")],
)
def test_without_a_terminal_the_option_is_named(folders: list[Folder], named: dict[str, str], option: str) -> None:
    """A script is not asked."""
    with pytest.raises(FolderError) as caught:
        name_folders(folders, named, None)
    assert option in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "suggestion", "chosen"), [("\n", "INBOX.Sent", "INBOX.Sent"), ("nope\nOld\n", "", "Old")]
)
def test_the_question_shows_the_folders(typed: str, suggestion: str, chosen: str) -> None:
    """Enter takes the suggestion, and only a folder that is there is an answer."""
    names = ["INBOX", "INBOX.Sent", "Old"]
    command = click.Command("ask", callback=lambda: click.echo(f"→ {ask_for_folder('Which?', suggestion, names)}"))
    said = CliRunner().invoke(command, input=typed)
    assert said.output.endswith(f"→ {chosen}\n")
    assert "INBOX.Sent" in said.output


def test_a_folder_that_is_not_there_is_a_slip_and_no_question() -> None:
    """Who names a folder means that one."""
    with pytest.raises(FolderError, match="Snet"):
        name_folders(UNMARKED, {"sent_folder": "Snet"}, Person())


@pytest.mark.parametrize(
    ("environ", "platform", "is_there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "/usr/bin/firefox %s"}, "linux", True),
        ({"BROWSER": "/usr/bin/w3m", "DISPLAY": ":0"}, "linux", False),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sees_it(
    environ: dict[str, str], platform: str, *, is_there: bool
) -> None:
    """Elsewhere the address is shown, and what it leads to is pasted."""
    assert has_browser(environ, platform=platform) == is_there
