"""Starting `emulate`, the stand-in for Google's APIs, on loopback. Its mail lives in memory and dies with it."""

import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".test-parts" / "gmail" / "node_modules" / "emulate" / "dist" / "index.js"
INSTALL = "sh tests/parts.sh (it needs npm)"
USERS = 400
"""Mailboxes there are, so that every test can have an empty one."""
START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulate:
    """A running stand-in."""

    url: str

    def user(self, number: int) -> tuple[str, str]:
        """Return address and token of a mailbox."""
        return f"user{number}@example.org", f"upstream-{number}"


def is_installed() -> bool:
    """Tell whether there is one to start."""
    return PROGRAM.exists() and shutil.which("node") is not None


@contextlib.contextmanager
def running_emulate() -> Iterator[Emulate]:
    """Start a stand-in, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="cyrano-gmail-") as folder:
        seed, log = Path(folder) / "seed.yaml", Path(folder) / "log"
        running = Emulate(url=f"http://127.0.0.1:{free_port()}")
        seed.write_text(json.dumps(_seed(running)), encoding="utf-8")  # JSON is YAML
        command = ["node", PROGRAM, "start", "--service", "google", "--port", running.url.rpartition(":")[2]]
        with log.open("wb") as file:
            process = subprocess.Popen([*command, "--seed", seed], stdout=file, stderr=file)
        try:
            _wait_until_up(running, process, log)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def _seed(running: Emulate) -> dict[str, object]:
    users = [running.user(number) for number in range(USERS)]
    return {
        "tokens": {token: {"login": address, "scopes": []} for address, token in users},
        "google": {"users": [{"email": address, "name": "Ana"} for address, _ in users]},
    }


def _wait_until_up(running: Emulate, process: subprocess.Popen[bytes], log: Path) -> None:
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx2.get(f"{running.url}/gmail/v1/users/me/labels", trust_env=False)
        except httpx2.TransportError:
            if process.poll() is not None or time.monotonic() > gives_up_at:
                said = log.read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"emulate did not start:\n{said}") from None
            time.sleep(0.05)
        else:
            return
