"""A throw-away Thunderbird on a display of its own, with one IMAP account, as a test needs it. It can send nothing."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.desktop.marionette import Marionette
from tests.dovecot import PASSWORDS
from tests.ports import free_port

PROGRAMS = ("thunderbird", "Xvfb")
SCREEN = "1400x900x24"
STOP_TIMEOUT_S = 30.0
QUIET = {
    "app.update.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "browser.shell.checkDefaultBrowser": False,
    "calendar.integration.notify": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "mail.inappnotifications.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.localDomains": "localhost",
    "network.proxy.type": 1,  # all but this machine goes to a proxy that is not there
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "toolkit.telemetry.enabled": False,
}
"""No updates, no greetings, no calls to anybody."""


def is_installed() -> bool:
    """Tell whether there is a Thunderbird, and a display to show it on."""
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Whose mail it is, and where it lies."""

    user: str
    port: int
    name: str
    addr: str
    is_html: bool = True
    """Whether its owner writes HTML, as Thunderbird does unless told otherwise."""

    @property
    def password(self) -> str:
        """The password at the test's server."""
        return PASSWORDS[self.user]


@contextlib.contextmanager
def running_thunderbird(mail: Mail) -> Iterator[Marionette]:
    """Start Thunderbird on this mail, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cyrano-thunderbird-"))
    port = free_port()
    try:
        _write_profile(folder / "profile", _preferences(mail) | {"marionette.port": port})
        with _display() as display, _process(folder, display), Marionette(port) as program:
            _log_in(program, mail)
            yield program
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _preferences(mail: Mail) -> dict[str, object]:
    home = f"imap://{mail.user}@127.0.0.1"
    server = {"type": "imap", "hostname": "127.0.0.1", "port": mail.port, "userName": mail.user, "name": "Mail",
              "socketType": 0, "authMethod": 3, "login_at_startup": False, "check_new_mail": False,
              "directory-rel": "[ProfD]ImapMail/127.0.0.1", "autosync_offline_stores": False}  # fmt: skip
    identity = {"fullName": mail.name, "useremail": mail.addr, "valid": True, "compose_html": mail.is_html,
                "draft_folder": f"{home}/Entw&APw-rfe", "drafts_folder_picker_mode": "1",
                "fcc_folder": f"{home}/Gesendet", "fcc_folder_picker_mode": "1"}  # fmt: skip
    accounts = {"accounts": "account1", "defaultaccount": "account1"}
    return {
        **QUIET,
        **{f"mail.accountmanager.{key}": value for key, value in accounts.items()},
        "mail.account.account1.server": "server1",
        "mail.account.account1.identities": "id1",
        **{f"mail.server.server1.{key}": value for key, value in server.items()},
        **{f"mail.identity.id1.{key}": value for key, value in identity.items()},
    }


def _write_profile(folder: Path, preferences: dict[str, object]) -> None:
    folder.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (folder / "user.js").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _display() -> Iterator[str]:
    """Start a display nobody sees; it takes the first number that is free."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as said:
            yield f":{said.readline().strip()}"
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


@contextlib.contextmanager
def _process(folder: Path, display: str) -> Iterator[None]:
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("DBUS_", "WAYLAND_", "XDG_"))}
    env = {**outside, "DISPLAY": display, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1", "LANG": "C.UTF-8"}
    command = ["thunderbird", "--no-remote", "-profile", str(folder / "profile"), "-marionette"]
    with (folder / "thunderbird.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--remote-allow-system-access"], env=env, stdout=log, stderr=log, cwd=folder
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log_in(program: Marionette, mail: Mail) -> None:
    """Give it the password as its password store would have it, so that it asks nobody."""
    program.run(
        """
        const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
        login.init("imap://127.0.0.1", null, "imap://127.0.0.1", args[0], args[1], "", "");
        await Services.logins.addLoginAsync(login);
        """,
        mail.user,
        mail.password,
    )
