"""The engine's processes, held on a leash: they end when they are told to, or when this process does."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from connectors.errors import EngineDown
from service.engine.command import Command

STOP_S = 15.0
"""Longer than the leash gives its tree."""


def need_free_port(url: str) -> None:
    """See to it that nobody else listens where the engine is to: another's answers would pass for its health.

    Raises:
        EngineDown: another program does.
    """
    address = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port), timeout=1):
        raise EngineDown(
            f"The engine cannot listen on port {address.port}: another program does.",
            hint="Stop that program, or set [engine] port.",
        )


class Child:
    """A program, with all it started."""

    def __init__(self, command: Command, log: Path) -> None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._leash = subprocess.Popen(  # noqa: S603  the command is our own
                [sys.executable, "-m", "service.engine.leash", *command.argv],
                env=dict(command.env),
                stdin=subprocess.PIPE,  # closed by the system if this process ends, and the leash notices
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # Ctrl-C is for us: the engine is stopped in good order
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """The leader of the process group."""
        return self._leash.pid

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the program to end; return its exit code, or None while it runs."""
        try:
            code = self._leash.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        self._kill_group()
        return code

    def stop(self) -> None:
        """End the program and all it started."""
        if self._leash.stdin is not None:
            self._leash.stdin.close()
        self.wait(STOP_S)
        self._kill_group()
        self._leash.wait()

    def _kill_group(self) -> None:
        """Should the leash itself have been killed, its tree may still be there."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
