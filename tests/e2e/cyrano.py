"""Cyrano as its user runs it: its command line, on a home folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "deploy" / "demo"
DEMO_SETTINGS = (DEMO / "cyrano.toml").read_text(encoding="utf-8").replace("@MODEL@", str(DEMO / "model"))
SHORT_SETTINGS = DEMO_SETTINGS.replace("budget_tokens = 1200", "budget_tokens = 500")
"""Prompts of less than half the length: most of the time of training and drafting on a processor is theirs."""
PROGRAM = Path(sys.executable).with_name("cyrano")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cyrano:
    """A home folder, with ports nobody else uses."""

    home: Path
    http_port: int
    engine_port: int

    @classmethod
    def in_folder(cls, home: Path, *, settings: str) -> "Cyrano":
        """Make a home with a configuration."""
        home.mkdir()
        cyrano = cls(home=home, http_port=free_port(), engine_port=free_port())
        ports = f"[http]\nport = {cyrano.http_port}\n"
        (home / "cyrano.toml").write_text(ports + settings.replace("@ENGINE_PORT@", str(cyrano.engine_port)))
        return cyrano

    def __call__(self, *arguments: str | Path, given: str = "") -> str:
        """Run a command to its end; return what it prints."""
        env = self._environment()
        done = subprocess.run([PROGRAM, *arguments], env=env, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command that stays; what it says goes to a log in the home."""
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen([PROGRAM, "-v", *arguments], env=self._environment(), stdout=log, stderr=log)

    @contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command while the block lasts."""
        process = self.start(*arguments)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def _environment(self) -> dict[str, str]:
        outside = {key: value for key, value in os.environ.items() if not key.startswith("CYRANO_")}
        ports = {"CYRANO_HTTP__PORT": str(self.http_port), "CYRANO_ENGINE__PORT": str(self.engine_port)}
        return {**outside, **ports, "CYRANO_HOME": str(self.home)}


def wait_for(what: str, look: Callable[[], Found | None], *, within_s: float, every_s: float = 0.2) -> Found:
    """Look again and again until something is found."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(every_s)
    raise AssertionError(f"{what} did not come within {within_s:.0f} s")
