"""Speaks to a Mozilla program from outside, over its Marionette port: runs scripts in it and takes pictures.

The protocol (remote/marionette in Mozilla's tree, version 3): each message is its length in bytes, a colon, and JSON;
a command is `[0, id, name, parameters]`, its answer `[1, id, error, result]`.
"""

import base64
import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

START_TIMEOUT_S = 60.0
READ_TIMEOUT_S = 120.0


class MarionetteError(RuntimeError):
    """What the program said instead of a result."""


class Marionette:
    """One session with a program that was started with `-marionette`, allowed to touch all of it."""

    def __init__(self, port: int) -> None:
        self._socket = _connect(port)
        self._buffer = b""
        self._number = 0
        self._receive()
        self._command("WebDriver:NewSession", {"strictFileInteractability": False})
        self._command("Marionette:SetContext", {"value": "chrome"})
        self._command("WebDriver:SetTimeouts", {"script": int(READ_TIMEOUT_S * 500)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, script: str, *arguments: object) -> Any:
        """Run a function's body in the window that is looked at; it may `await`, and `return` what JSON can say.

        Raises:
            MarionetteError: it threw.
        """
        body = f"const done = arguments[arguments.length - 1];\n(async (...args) => {{\n{script}\n}})"
        call = (
            "(...Array.prototype.slice.call(arguments, 0, -1)).then(v => done([true, v]), e => done([false, `${e}`]));"
        )
        parameters = {"script": body + call, "args": list(arguments), "newSandbox": True, "sandbox": "system"}
        is_fine, value = self._command("WebDriver:ExecuteAsyncScript", parameters)["value"]
        if not is_fine:
            raise MarionetteError(value)
        return value

    def windows(self) -> list[str]:
        """Return the handles of all windows."""
        found: Any = self._command("WebDriver:GetWindowHandles", {})
        return list(found)

    def switch_to(self, window: str) -> None:
        """Look at another window."""
        self._command("WebDriver:SwitchToWindow", {"handle": window})

    def take_picture(self, path: Path) -> None:
        """Write what the window looks like, as PNG."""
        picture = self._command("WebDriver:TakeScreenshot", {"full": True, "hash": False})["value"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture))

    def _command(self, name: str, parameters: Mapping[str, object]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise MarionetteError(f"{name}: {error.get('message', error)}")
        return result

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._read()
        length, _, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(length):
            self._read()
        message, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return json.loads(message)

    def _read(self) -> None:
        block = self._socket.recv(1 << 20)
        if not block:
            raise MarionetteError("The program hung up.")
        self._buffer += block


def _connect(port: int) -> socket.socket:
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=READ_TIMEOUT_S)
        except ConnectionRefusedError:
            if time.monotonic() > gives_up_at:
                raise
            time.sleep(0.1)
