"""Gmail changes: each thing in the page that the extension goes by is taken away in turn. It fails closed."""

import re

import pytest

from tests.extension.gmail_site import FIXTURES
from tests.extension.test_composes import DRAFT, INSTRUCTION
from tests.extension.windows import Mail

pytestmark = pytest.mark.browser

HOOKS = re.findall(r"(?m)^  (\w+): ", (FIXTURES / "page" / "hooks.js").read_text(encoding="utf-8"))
SETTLED = ("ready", "failed")


def test_the_hooks_are_known() -> None:
    """The list is the page model's own."""
    assert len(HOOKS) >= 10


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("kind", ["new", "reply"])
def test_no_hook_no_wrong_insertion(mail: Mail, hook: str, kind: str) -> None:
    """No button, or words that say why, or a draft in the right place: never one in the wrong place."""
    window = mail.open(kind, without=hook, signature="1", quote="1")
    mail.page.wait_for_timeout(250)
    before = window.text()
    if not window.button.count():
        assert mail.page.locator("[data-cyrano=panel] #panel").count() == 0
        return
    window.editor.evaluate("editor => { editor.focus(); getSelection().setPosition(editor, 0); }")
    mail.page.keyboard.type(INSTRUCTION)
    if INSTRUCTION not in window.text():
        pytest.fail("A button stands at an editor that takes no words.")
    typed = window.text()
    window.button.click()
    mail.page.wait_for_timeout(50)
    window.panel.wait_for()
    if window("#write").is_visible():
        window("#write").click()
    window.panel.and_(mail.page.locator(", ".join(f"[data-phase={phase}]" for phase in SETTLED))).wait_for()
    if window.panel.get_attribute("data-phase") == "failed":
        assert window("#trouble").inner_text().strip()
        assert window.text() == typed
        return
    window("#insert").click()
    mail.page.wait_for_timeout(150)
    if window.panel.get_attribute("data-phase") == "inserted":
        assert window.text().split() == [*DRAFT.split(), *before.split()]
    else:
        assert window("#trouble").inner_text().strip()
        assert window.text() == typed
