"""No secret leaves its place: everything that real processes wrote, said and were called with is searched for each."""

import base64
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import psutil
import pytest

from tests.connectors.samples import raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.e2e.cyrano import PROGRAM, wait_for
from tests.fake_engine import FakeEngine
from tests.oauth_authority import CLIENT_SECRET
from tests.oauth_server import OAuthServer
from tests.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

BROWSER = Path(__file__).parent.parent / "browser.py"
API_KEY = f"planted-api-key-{secrets.token_hex(8)}"
WRONG_PASSWORD = f"planted-wrong-password-{secrets.token_hex(8)}"


@dataclass(kw_only=True)
class Machine:
    """A home folder, and all that was said on it."""

    home: Path
    engine_url: str
    oauth: OAuthServer
    heard: list[bytes] = field(default_factory=list)
    called: set[bytes] = field(default_factory=set)
    """The command lines of all processes that ran meanwhile."""

    def __post_init__(self) -> None:
        self.http_port = free_port()
        self.home.mkdir()
        settings = f'[engine]\nurl = "{self.engine_url}"\nmodel = "base"\n[http]\nport = {self.http_port}\n'
        (self.home / "cyrano.toml").write_text(settings + "[watch]\npoll_s = 1\n", encoding="utf-8")

    @property
    def environ(self) -> Mapping[str, str]:
        """What the commands see: the key of the engine comes this way, as it does in a container."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("CYRANO_")}
        browser = {"BROWSER": f"{sys.executable} {BROWSER} %s", "CYRANO_TEST_CA": str(self.oauth.ca_file)}
        return {**outside, **browser, "CYRANO_HOME": str(self.home), "CYRANO_ENGINE_API_KEY": API_KEY}

    def __call__(self, *arguments: str | Path, given: str = "", heard: bool = True) -> str:
        """Run a command to its end, however it ends; return what it says."""
        command = [PROGRAM, "-v", *map(str, arguments)]
        done = subprocess.run(command, env=self.environ, input=given.encode(), capture_output=True, check=False)
        if heard:
            self.heard += [done.stdout, done.stderr]
        return (done.stdout + done.stderr).decode()

    @contextmanager
    def up(self) -> Iterator[None]:
        """Run the service, its log in the home folder."""
        with (self.home / "up.log").open("ab") as log:
            process = subprocess.Popen([PROGRAM, "-v", "up"], env=self.environ, stdout=log, stderr=log)
        try:
            wait_for("the service", self._is_up, within_s=180)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def _is_up(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.http_port}/healthz").is_success
        except httpx2.TransportError:
            return False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the command lines of our processes while the block lasts."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        me = psutil.Process()
        while not over.wait(0.02):
            for process in me.children(recursive=True):
                try:
                    self.called.add(Path(f"/proc/{process.pid}/cmdline").read_bytes())
                except OSError:
                    continue

    def written(self) -> dict[str, bytes]:
        """Return every file of the home, but for the two that are there to hold a secret."""
        files = {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        return {str(path.relative_to(self.home)): held for path, held in files.items() if path.parent.name != "tokens"}


def forms_of(secret: str) -> set[bytes]:
    """Return how a secret could stand in a file: as it is, in an address, or in base64 at any of its offsets."""
    raw = secret.encode()
    shifted = (base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3))
    return {raw, quote(secret, safe="").encode(), *shifted}


@pytest.fixture
def machine(dovecot: Dovecot, tmp_path: Path) -> Iterator[Machine]:
    """A home beside a mail server, a provider and an engine."""
    dovecot.forget("alice")
    with dovecot.login("alice") as client:
        client.append("Gesendet", raw_mail(1).replace(b"\n", b"\r\n"))
        client.append("INBOX", raw_mail(2, sender="Ben <ben@example.net>").replace(b"\n", b"\r\n"), [b"\\Flagged"])
    with FakeEngine() as engine:
        yield Machine(home=tmp_path / "home", engine_url=engine.url, oauth=dovecot.oauth)
    dovecot.forget("alice")


def test_no_secret_is_written_said_or_shown(machine: Machine, dovecot: Dovecot, tmp_path: Path) -> None:
    """Accounts are added, read, drafted for, refused and removed; then everything is searched."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(dovecot.ca_file.read_bytes() + dovecot.oauth.ca_file.read_bytes())
    place = ("--host", "localhost", "--port", str(dovecot.tls_port), "--user", "alice", "--ca-file", ca_file)
    who = ("--address", "ana@example.org")
    oauth = ("--oauth", "custom", "--client-file", dovecot.oauth.client_file(tmp_path), "--scope", "mail")
    by_password = ("account", "add", "imap", *place, *who, "--password-stdin")
    with machine.watched():
        assert "refused" in machine(*by_password, "--name", "ana", given=WRONG_PASSWORD)
        assert "Added ana" in machine(*by_password, "--name", "ana", given=PASSWORDS["alice"])
        assert "Added tom" in machine("account", "add", "imap", *place, *who, *oauth, "--name", "tom")
        assert "new mails" in machine("sync")
        made = machine("token", "create", "--account", "ana", "--label", "browser", heard=False)
        bearer = made.splitlines()[-1].strip()
        machine("token", "list")
        with machine.up():
            assert "base" in machine("draft", "Thank Ben.", "--account", "ana")
            asked = {"headers": {"Authorization": f"Bearer {bearer}"}, "json": {"instruction": "Thank Ben."}}
            assert httpx2.post(f"http://127.0.0.1:{machine.http_port}/draft", **asked, timeout=60).is_success
            bad = {"Authorization": f"Bearer {WRONG_PASSWORD}"}
            httpx2.post(f"http://127.0.0.1:{machine.http_port}/draft", headers=bad, json={}, timeout=60)
            machine("status")
            dovecot.oauth.authority.end_consent()
            machine("account", "login", "ana", "--password-stdin", given=WRONG_PASSWORD)
            assert "account login tom" in machine("doctor")
        assert "account login tom" in machine("sync")
        assert "Signed in to tom." in machine("account", "login", "tom")
        machine("status")
        machine("account", "list")
        machine("account", "remove", "tom", "--yes")
    local = [path.read_text() for path in (machine.home / "run" / "tokens").iterdir()]
    planted = [
        PASSWORDS["alice"],
        WRONG_PASSWORD,
        CLIENT_SECRET,
        API_KEY,
        bearer,
        *local,
        *dovecot.oauth.authority.issued,
    ]
    assert re.fullmatch(r"\S{20,}", bearer)
    assert len(local) >= 1
    places = machine.written() | {"what was said": b"\n".join(machine.heard)}
    places |= {"command lines": b"\n".join(machine.called)}
    found = [
        f"{secret} in {place}"
        for place, held in places.items()
        for secret in planted
        if any(form in held for form in forms_of(secret))
    ]
    assert not found
    assert any(b"account" in line for line in machine.called)
