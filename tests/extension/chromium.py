"""Debian's Chromium with the extension in it, where mail.google.com lies on this machine."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, Worker, sync_playwright

from tests.parts import require


class Chromium:
    """A browser with the extension."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.worker_complaints: list[str] = []
        self.extension_id = _worker(context).url.split("/")[2]
        self._storage: Any = None

    @property
    def worker(self) -> Worker:
        """The background worker, started if it sleeps."""
        return _worker(self.context)

    def page(self, url: str = "about:blank") -> Page:
        """Open a page."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def own(self, name: str) -> str:
        """Return the address of one of the extension's own pages."""
        return f"chrome-extension://{self.extension_id}/{name}"

    def debugger(self) -> CDPSession:
        """Speak the browser's own protocol, to a page that stays open as long as it is used."""
        return self.context.new_cdp_session(self.context.pages[0])

    def kill_worker(self) -> None:
        """Stop the background worker as the browser does when it wants the memory back."""
        session = self.debugger()
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def press_shortcut(self) -> None:
        """Tell the worker what the browser tells it at the shortcut: a browser without a window takes no such keys."""
        self.worker.evaluate(
            """async () => {
              const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
              chrome.commands.onCommand.dispatch("draft", tab);
            }"""
        )

    def reload(self) -> None:
        """Load the extension anew, as an update does. In a browser without a window it does not come back by itself."""
        page = self.page("chrome://extensions/")
        page.evaluate("(own) => chrome.developerPrivate.reload(own, { failQuietly: true })", self.extension_id)
        page.close()


@contextmanager
def running_chromium(
    extension: Path, hosts: Mapping[str, int], profile: Path, *, language: str = "en-US"
) -> Iterator[Chromium]:
    """Start a browser with an unpacked extension. `hosts` says which names lie on which ports of this machine."""
    chromium = shutil.which("chromium")
    require("Chromium", is_there=chromium is not None, install="apt-get install chromium")
    names = ", ".join(f"MAP {name} 127.0.0.1:{port}" for name, port in hosts.items())
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            headless=False,
            ignore_default_args=["--disable-extensions"],
            ignore_https_errors=True,
            env={**os.environ, "LANGUAGE": language},
            viewport={"width": 1280, "height": 900},
            args=[
                "--headless=new",
                f"--lang={language}",
                "--no-sandbox",
                "--disable-gpu",
                f"--disable-extensions-except={extension}",
                f"--load-extension={extension}",
                f"--host-resolver-rules={names}",
                "--ignore-certificate-errors",
            ],
        )
        context.set_default_timeout(5_000)
        try:
            browser = Chromium(context)
            _await_options(context, browser.own("options.html"))
            yield browser
        finally:
            context.close()


def _await_options(context: BrowserContext, url: str) -> None:
    """Wait for the options, which open by themselves when the extension is new, and close them."""
    stays = context.new_page()
    for _ in range(200):
        if opened := [page for page in context.pages if page.url == url]:
            opened[0].close()
            return
        stays.wait_for_timeout(50)
    raise AssertionError("The options did not open by themselves.")


def _worker(context: BrowserContext) -> Worker:
    workers = [worker for worker in context.service_workers if worker.url.startswith("chrome-extension:")]
    return workers[0] if workers else context.wait_for_event("serviceworker", timeout=10_000)
