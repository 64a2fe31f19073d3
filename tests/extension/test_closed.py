"""The extension as it is given away, not as tests see it: the page cannot look into what it puts there."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.extension.built import build
from tests.extension.chromium import running_chromium
from tests.extension.gmail_site import GMAIL, GmailSite

pytestmark = pytest.mark.browser


def test_the_page_cannot_look_into_button_and_panel(site: GmailSite, tmp_path: Path) -> None:
    """Their shadow roots are closed, no frame or global of ours stands in the page, no file of ours can be loaded."""
    extension = build(tmp_path / "built", is_open=False) / "chrome"
    with running_chromium(extension, {GMAIL: site.port}, tmp_path / "profile") as chromium:
        page = chromium.page(f"https://{GMAIL}/mail/u/0/?compose=new&typed=hello")
        host = page.locator("[data-cyrano=button]")
        expect(host).to_be_attached()
        # Real keys, as nothing in a closed root can be found: from the editor, Tab leads to it.
        assert host.evaluate("host => host.shadowRoot") is None
        assert page.evaluate("Object.keys(window).filter((name) => /cyrano/i.test(name))") == []
        assert page.evaluate("frames.length") == 0
        loaded = page.evaluate("(url) => fetch(url).then(() => true, () => false)", chromium.own("gmail.js"))
        assert loaded is False
        box = host.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        panel = page.locator("[data-cyrano=panel]")
        expect(panel).to_be_attached()
        assert panel.evaluate("host => host.shadowRoot") is None
        assert panel.evaluate("host => host.innerHTML") == ""
