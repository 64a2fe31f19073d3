"""Gmail changes: each thing in the page that the extension goes by is taken away in turn. It fails closed."""

import re

import pytest
from playwright.sync_api import expect

from tests.extension.gmail_site import FIXTURES
from tests.extension.services import DRAFT, INSTRUCTION
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser

KINDS = ["new", "reply"]
HOOKS = re.findall(r"(?m)^  (\w+): ", (FIXTURES / "page" / "hooks.js").read_text(encoding="utf-8"))

CLOSED = {"composeid", "form", "frame", "editor", "editorRole", "send", "answers", "subject"}
"""No compose gets a button, and a line at the edge of the page says why."""
UNREADABLE = {"message", "messageList", "sender", "head"}
"""An answer cannot be drafted, which is said: nobody knows to what. A new mail can."""
SPARE = {
    *("dialog", "toolbar", "moreSend", "from"),
    *("recipients", "recipientList", "chipName", "suggests", "senderName"),
    *("date", "account", "title", "language", "signature", "quote"),
}
"""Draft and place are right all the same."""

TAKE_OUT = """async (hook) => (await import("/mail/u/0/page/hooks.js")).takeOut(document, hook)"""


def test_each_hook_is_in_one_of_the_lists() -> None:
    """All that the page model can take out, and nothing twice."""
    assert sorted([*CLOSED, *UNREADABLE, *SPARE]) == sorted(HOOKS)


@pytest.mark.parametrize("hook", sorted(CLOSED))
def test_without_it_there_is_no_button(mail: Mail, hook: str) -> None:
    """Neither at a new mail nor at an answer: the page says once that Gmail has changed, and is left alone."""
    mail.open("new,reply", without=hook, signature="1", quote="1")
    expect(mail.page.locator("[data-cyrano=toast] #line")).to_contain_text("Gmail", timeout=8000)
    expect(mail.page.locator("[data-cyrano=button], [data-cyrano=panel]")).to_have_count(0)


@pytest.mark.parametrize("hook", sorted(UNREADABLE | SPARE))
@pytest.mark.parametrize("kind", KINDS)
def test_without_it_a_draft_is_right_or_none(mail: Mail, hook: str, kind: str) -> None:
    """A draft in the right place, or words that say why there is none, and the mail as it was."""
    window = mail.open(kind, without=hook, signature="1", quote="1")
    expect(window.button).to_be_visible()
    before = window.text()
    type_and_ask(window)
    if hook in UNREADABLE and kind == "reply":
        typed = window.text()
        assert window.trouble("unreadable").strip()
        assert window.text() == typed
        return
    window.reach("ready")
    window.insert()
    assert window.text().split() == [*DRAFT.split(), *before.split()]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_loses_it_before_the_draft_goes_in(mail: Mail, hook: str, kind: str) -> None:
    """The draft goes into its place or stays in the panel, to be copied; what was typed is as it was."""
    window = mail.open(kind, signature="1", quote="1")
    window.type(INSTRUCTION)
    window.draft()
    editor = window.editor.element_handle()
    assert editor
    mail.page.evaluate(TAKE_OUT, hook)
    typed = editor.inner_text().split()
    panel = mail.page.locator("[data-cyrano=panel] #panel")  # its window may be none any more
    panel.locator("#insert").click()
    if hook not in CLOSED:
        expect(panel).to_have_attribute("data-phase", "inserted")
        assert editor.inner_text().split() == [*DRAFT.split(), *typed[len(INSTRUCTION.split()) :]]
        return
    expect(panel.locator("#trouble")).to_have_attribute("data-kind", "page-changed")
    expect(panel.locator("#text")).to_contain_text("see you soon.")
    expect(panel.locator("#copy, #trouble-act").first).to_be_visible()
    assert editor.inner_text().split() == typed


def type_and_ask(window: Window) -> None:
    """Type a line at the very beginning, wherever that is now, and ask for its draft."""
    window.editor.evaluate("editor => { editor.focus(); getSelection().setPosition(editor, 0); }")
    window.mail.page.keyboard.type(INSTRUCTION)
    assert INSTRUCTION in window.text()
    window.button.click()
