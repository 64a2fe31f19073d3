"""The extension is updated while tabs with Gmail are open."""

import pytest

from tests.extension.chromium import Chromium
from tests.extension.windows import Mail

pytestmark = pytest.mark.browser


def test_a_tab_from_before_the_update_says_reload(chromium: Chromium) -> None:
    """The old script in the page has lost its worker: it says to load the tab anew, and what was typed stays."""
    mail = Mail(chromium)
    window = mail.open(typed="tell her")
    window.button.wait_for()
    chromium.reload()
    window.button.click()
    assert "reload" in window.trouble("orphaned").lower()
    mail.shoot("trouble-orphaned")
    assert window.text().strip() == "tell her"
