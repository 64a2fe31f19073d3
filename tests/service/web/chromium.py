"""Debian's Chromium without a window, driven by Playwright as somebody without a mouse would use it."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import playwright.sync_api
from playwright.sync_api import ConsoleMessage, sync_playwright
from playwright.sync_api import Error as Gone

from tests.parts import require

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


class Page:
    """The one page of a browser."""

    def __init__(self, page: playwright.sync_api.Page) -> None:
        self._page = page
        self.complaints: list[str] = []
        """What the browser found fault with: errors of scripts, what a policy forbade, failed requests."""
        self.asked: list[str] = []
        """The addresses that were asked for."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)[:600]))
        page.on("console", self._hear)
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, url: str) -> None:
        """Go to an address."""
        self._page.goto(url, wait_until="commit")

    def run(self, script: str) -> Any:
        """Return what an expression comes to in the page."""
        return self._page.evaluate(script)

    def wait(self, script: str, *, within_s: float = 10) -> None:
        """Wait until an expression is true in the page.

        It is asked again and again from here: the page's own policy forbids Playwright's way of waiting in the page.
        """
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            with suppress(Gone):  # the page it was asked in
                if self.run(f"Boolean({script})"):
                    return
            self._page.wait_for_timeout(30)
        raise AssertionError(f"not within {within_s} s: {script}\n{self.text()}\n{self.complaints}")

    def wait_filled(self, selector: str) -> None:
        """Wait until what was asked for stands in the page and answers to keys."""
        busy = "document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"
        self.wait(f"document.querySelector({json.dumps(selector)}) && !{busy}")

    def wait_text(self, words: str) -> None:
        """Wait until words can be read in the page."""
        self.wait(f"document.body?.innerText.includes({json.dumps(words)})")

    def text(self) -> str:
        """Return what can be read."""
        return str(self.run("document.body.innerText"))

    def press(self, key: str) -> None:
        """Press a key."""
        self._page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self._page.keyboard.insert_text(text)

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
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.emulate_media(color_scheme="dark" if is_dark else "light")

    def shoot(self, path: Path) -> None:
        """Keep a picture of what is seen."""
        self._page.screenshot(path=path)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.text} {said.location['url']}")


@contextmanager
def browsing() -> Iterator[Page]:
    """Yield a page of a fresh browser."""
    chromium = shutil.which("chromium")
    require("Chromium", is_there=chromium is not None, install="apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield Page(browser.new_page())
        browser.close()
