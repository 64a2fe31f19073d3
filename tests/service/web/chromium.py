"""A real Chromium without a window, driven through two pipes by its own protocol."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts import require

_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
# It reads commands from descriptor 3 and answers on 4; first both are moved out of the way of these two.
_START = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "ArrowDown": (40, ""),
}


class Page:
    """The one page of a browser."""

    def __init__(self, process: "subprocess.Popen[bytes]", write: int, read: int) -> None:
        self.process = process
        self._write = os.fdopen(write, "wb", buffering=0)
        self._read = os.fdopen(read, "rb", buffering=0)
        self._number = 0
        self._rest = b""
        self._session = ""
        self.complaints: list[str] = []
        """What the browser found fault with: errors of scripts, what a policy forbade, failed requests."""
        self.asked: list[str] = []
        """The addresses that were asked for."""

    def call(self, method: str, **parameters: Any) -> Any:
        """Carry out a command, and return its result."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._write.write(json.dumps(command).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard["error"]
                return heard["result"]

    def attach(self) -> None:
        """Take the browser's first page in hand."""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """Return what an expression comes to in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str, *, within_s: float = 10) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.run(f"Boolean({script})"):
                return
            time.sleep(0.03)
        raise AssertionError(f"not within {within_s} s: {script}\n{self.text()}\n{self.complaints}")

    def wait_filled(self, selector: str) -> None:
        """Wait until what was asked for stands in the page and answers to keys."""
        busy = "document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"
        self.wait(f"document.querySelector({json.dumps(selector)}) && !{busy}")

    def wait_text(self, words: str) -> None:
        """Wait until words can be read in the page."""
        self.wait(f"document.body.innerText.includes({json.dumps(words)})")

    def text(self) -> str:
        """Return what can be read."""
        return str(self.run("document.body.innerText"))

    def press(self, key: str) -> None:
        """Press a key."""
        code, text = _KEYS[key]
        shared = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)

    def tab_to(self, selector: str, *, most: int = 60) -> None:
        """Press Tab until the focus is on an element, as somebody without a mouse must."""
        for _ in range(most):
            if self.run(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
            self.press("Tab")
        raise AssertionError(f"no way by Tab to {selector}; at {self.run('document.activeElement.outerHTML')}")

    def pardon(self, *words: str) -> None:
        """Let complaints pass that a test is about."""
        self.complaints[:] = [each for each in self.complaints if not any(word in each for word in words)]

    def look(self, *, width: int, height: int = 800, is_dark: bool = False) -> None:
        """See the page at a size, by day or by night."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def shoot(self, path: Path) -> None:
        """Keep a picture of what is seen."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _hear(self) -> Any:
        while b"\0" not in self._rest:
            piece = self._read.read(1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        raw, self._rest = self._rest.split(b"\0", 1)
        heard = json.loads(raw)
        self._note(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _note(self, method: str, told: Any) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:600])
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """Yield a page of a fresh browser."""
    chromium = shutil.which("chromium")
    require("Chromium", is_there=chromium is not None, install="apt-get install chromium")
    commands, answers = os.pipe(), os.pipe()
    flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(commands[0]), str(answers[1]), str(chromium), *flags],
        pass_fds=(commands[0], answers[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands[0])
    os.close(answers[1])
    page = Page(process, commands[1], answers[0])
    try:
        page.attach()
        yield page
    finally:
        process.terminate()
        process.wait(10)
