"""The way back from an insertion, by the panel's button and by the page's own keys, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.extension.services import INSTRUCTION
from tests.extension.windows import Mail

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("service")]


@pytest.mark.parametrize("compose", ["new", "reply", "reply-popout"])
@pytest.mark.parametrize("plain", ["", "1"])
def test_undo_gives_back_what_stood_there(compose: str, plain: str, mail: Mail) -> None:
    """The mail is as before, saved so, and the draft stands in the panel again, to be inserted once more."""
    window = mail.open(compose, typed=INSTRUCTION, signature="1", plain=plain)
    before = window.text()
    window.draft()
    window.insert()
    after = window.text()
    mail.shoot("undo")
    window("#undo").click()
    window.reach("ready")
    assert window.text() == before
    window.insert()
    assert window.text() == after


def test_the_line_goes_when_keys_take_the_text_back(mail: Mail) -> None:
    """Ctrl+Z in the mail: nothing says any more that something was inserted."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    window.insert()
    expect(window("#undo")).to_be_visible()
    mail.page.keyboard.press("ControlOrMeta+z")
    assert window.text().strip() == INSTRUCTION
    expect(window.panel).to_be_hidden()


def test_what_was_written_since_is_never_undone(mail: Mail) -> None:
    """Who goes on writing has the line gone, and their words stay."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    window.insert()
    window.type("PS ")
    expect(window.panel).to_be_hidden()
    assert window.text().startswith("PS ")
