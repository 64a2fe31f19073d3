"""A throw-away Dovecot on loopback: TLS, STARTTLS, IDLE, SPECIAL-USE. For alice and bob, whose mail dies with it.

Alice may also come with a token of the provider beside it, by XOAUTH2 or OAUTHBEARER.
"""

import contextlib
import grp
import os
import pwd
import shutil
import string
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from tests.certificate import write_certificate
from tests.oauth_server import OAuthServer, running_authority
from tests.ports import free_port

TEMPLATE = Path(__file__).with_name("dovecot.conf")
PASSWORDS = {"alice": "secret-a", "bob": "secret-b"}
START_TIMEOUT_S = 20.0
OAUTH = """\
introspection_mode = post
introspection_url = {}
username_attribute = email
active_attribute = active
active_value = true
timeout_msecs = 5000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """A running server."""

    folder: Path
    port: int
    """Plain, with STARTTLS."""
    tls_port: int
    oauth: OAuthServer
    """Whose tokens it takes."""

    @property
    def ca_file(self) -> Path:
        """The certificate it shows, with its key."""
        return self.folder / "cert.pem"

    def login(self, user: str) -> IMAPClient:
        """Look into a mailbox the way a test does, apart from the code under test."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False)
        client.login(user, PASSWORDS[user])
        return client

    def forget(self, user: str) -> None:
        """Throw a user's mail away, UIDVALIDITY and all."""
        shutil.rmtree(self.folder / "mail" / user, ignore_errors=True)


@contextlib.contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Start a server, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cyrano-dovecot-"))
    try:
        with running_authority(folder) as oauth:
            server = Dovecot(folder=folder, port=free_port(), tls_port=free_port(), oauth=oauth)
            _write_files(server)
            yield from _run(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(server: Dovecot) -> Iterator[Dovecot]:
    with (server.folder / "dovecot.log").open("ab") as log:
        process = subprocess.Popen([*_as_user(), _program(), "-F", "-c", server.folder / "dovecot.conf"], stderr=log)
    try:
        _wait_until_up(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _write_files(server: Dovecot) -> None:
    folder, (user, group) = server.folder, _identity()
    values = {"folder": folder, "port": server.port, "tls_port": server.tls_port, "user": user, "group": group}
    config = string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values)
    (folder / "dovecot.conf").write_text(config, encoding="utf-8")
    users = "".join(f"{name}:{{PLAIN}}{password}::::::\n" for name, password in PASSWORDS.items())
    (folder / "oauth2.conf").write_text(OAUTH.format(server.oauth.introspection_url), encoding="utf-8")
    (folder / "passwd").write_text(users, encoding="utf-8")
    (folder / "dovecot.log").touch()
    write_certificate(server.ca_file, "localhost", "127.0.0.1", is_authority=True)
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, group)


def _identity() -> tuple[str, str]:
    """Whose files they are: Dovecot opens no mail as root, so root takes nobody."""
    uid = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else os.getuid()
    entry = pwd.getpwuid(uid)
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


def _as_user() -> list[str]:
    if os.getuid() != 0:
        return []
    user, group = _identity()
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]


def _program() -> str:
    """Where it is: Debian puts it where ordinary users have no path to."""
    return shutil.which("dovecot", path=os.defpath + ":/usr/sbin:/usr/local/sbin") or "dovecot"


def is_installed() -> bool:
    """Tell whether there is a Dovecot to start."""
    return shutil.which(_program()) is not None and Path("/usr/lib/dovecot/imap").exists()


def _wait_until_up(server: Dovecot, process: subprocess.Popen[bytes]) -> None:
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with server.login("alice") as client:
                client.noop()
                return
        except (OSError, IMAPClient.Error):
            if process.poll() is not None or time.monotonic() > gives_up_at:
                log = (server.folder / "dovecot.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"Dovecot did not start:\n{log}") from None
            time.sleep(0.05)
