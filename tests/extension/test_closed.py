"""The extension as it is given away, not as tests see it: the page cannot look into what it puts there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.extension.built import build
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import EVIL, GMAIL, GmailSite

pytestmark = pytest.mark.browser

LOAD = "(url) => fetch(url).then(() => true, () => false)"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the extension for Chrome."""
    return build(tmp_path_factory.mktemp("shipped"), is_open=False) / "chrome"


@pytest.fixture(scope="module")
def chromium(shipped: Path, site: GmailSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser with it."""
    hosts = {GMAIL: site.port, EVIL: site.port}
    with running_chromium(shipped, hosts, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_the_page_cannot_look_into_button_and_panel(chromium: Chromium) -> None:
    """Their shadow roots are closed, and no frame or global of ours stands in the page."""
    page = chromium.page(f"https://{GMAIL}/mail/u/0/?compose=new&typed=hello")
    host = page.locator("[data-cyrano=button]")
    expect(host).to_be_attached()
    assert host.evaluate("host => host.shadowRoot") is None
    assert page.evaluate("Object.keys(window).filter((name) => /cyrano/i.test(name))") == []
    assert page.evaluate("frames.length") == 0
    # Nothing in a closed root can be found: the click goes to where the button is seen.
    box = host.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    panel = page.locator("[data-cyrano=panel]")
    expect(panel).to_be_attached()
    assert panel.evaluate("host => host.shadowRoot") is None
    assert panel.evaluate("host => host.innerHTML") == ""


def test_no_page_can_load_a_file_of_ours(chromium: Chromium, shipped: Path, site: GmailSite) -> None:
    """So none can find out that the extension is there. The page's own policy forbids it nothing."""
    site.pages["/"] = "<!doctype html><title>Nice</title>"
    page = chromium.page(f"https://{EVIL}/")
    assert page.evaluate(LOAD, f"https://{EVIL}/") is True
    files = [file.relative_to(shipped).as_posix() for file in shipped.rglob("*") if file.is_file()]
    assert "gmail.js" in files
    assert [file for file in files if page.evaluate(LOAD, chromium.own(file))] == []
