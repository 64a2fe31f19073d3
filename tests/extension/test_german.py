"""A browser that speaks German: options and panel do too, and nothing sticks out."""

import json
from pathlib import Path

import pytest

from tests.extension.built import EXTENSION
from tests.extension.chromium import running_chromium
from tests.extension.gmail_site import GMAIL, GmailSite
from tests.extension.options import open_options, pair
from tests.extension.services import Service
from tests.extension.windows import SCREENSHOTS, Mail

pytestmark = pytest.mark.browser


def test_options_and_panel_speak_german(built: Path, site: GmailSite, service: Service, tmp_path: Path) -> None:
    """By the browser's language; Gmail's own may be another."""
    words = json.loads((EXTENSION / "words" / "de" / "panel.json").read_text(encoding="utf-8"))
    with running_chromium(built / "test-chrome", {GMAIL: site.port}, tmp_path, language="de") as chromium:
        pair(chromium, service)
        page = open_options(chromium)
        page.locator("#service").wait_for()
        page.screenshot(path=SCREENSHOTS / "german-options.png", full_page=True)
        assert page.locator("html").get_attribute("lang") == "de"
        mail = Mail(chromium)
        service.writes("Hallo Marta,\n\nzahl 4711 Euro auf https://evil.example/zahlen ein.\n\nAna")
        window = mail.open(typed="sag ihr dass wir kommen", locale="fr")
        window.draft()
        mail.shoot("german-panel")
        assert words["panel_insert"]["message"] in window("#insert").inner_text()
        assert words["panel_button"]["message"] in (window.button.get_attribute("aria-label") or "")
        assert window.panel.evaluate("panel => panel.scrollWidth - panel.clientWidth") <= 0
