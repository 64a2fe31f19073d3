"""The panel as a guest in another page: where Tab finds it, what the page hears of it, and what it survives."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.extension.services import Service
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser

LISTEN = """() => {
  window.heard = [];
  for (const name of ["keydown", "keyup", "beforeinput", "input", "compositionupdate", "paste", "change"]) {
    for (const target of [window, document]) {
      target.addEventListener(name, (event) => window.heard.push(name + (event.data ?? event.key ?? "")), true);
    }
  }
}"""
AWAY = """([number, wait_ms]) => new Promise((resolve) => {
  const root = document.querySelector(`[data-compose-id='${number}']`);
  const dialog = root.closest("[role=dialog]") ?? root;
  const [parent, next] = [dialog.parentElement, dialog.nextSibling];
  dialog.remove();
  setTimeout(() => resolve(parent.insertBefore(dialog, next)?.isConnected), wait_ms);
})"""
BEFORE = """(number) => {
  const root = document.querySelector(`[data-compose-id='${number}']`);
  const isBefore = (node, host) => node.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING;
  const host = root.querySelector("[data-cyrano=button]");
  [...root.querySelectorAll("[role=button][tabindex='1']")].filter((node) => isBefore(node, host)).at(-1).focus();
}"""
STYLE = "([name, css]) => document.querySelector(`[data-cyrano=${name}]`).setAttribute('style', css)"


def stops(window: Window, count: int) -> list[str]:
    """Press Tab from Send on, and tell what has the focus each time."""
    window.button.wait_for()
    window.mail.page.evaluate(BEFORE, window.number)
    seen = []
    for _ in range(count):
        window.mail.page.keyboard.press("Tab")
        seen.append(str(window.mail.page.evaluate("() => document.activeElement.dataset.cyrano ?? ''")))
    return seen


def test_tab_leads_from_send_to_the_button(mail: Mail) -> None:
    """The button is the next stop after Send and its menu, and one stop, however many mails are open."""
    for compose in ("new", "new,new"):
        assert stops(mail.open(compose), 2) == ["button", ""]


def test_the_page_hears_nothing_that_is_typed(mail: Mail, service: Service) -> None:
    """What is typed into the boxes is no business of the page's scripts; it reaches the service all the same."""
    window = mail.open()
    mail.page.evaluate(LISTEN)
    window.button.click()
    mail.page.keyboard.type("tell Marta")
    mail.page.keyboard.insert_text(" soon")
    mail.page.keyboard.press("Enter")
    window.reach("ready")
    window("#refine").click()
    mail.page.keyboard.type("shorter")
    expect(window("#refine-go")).to_be_enabled()
    assert mail.page.evaluate("() => window.heard") == []
    assert "tell Marta soon" in service.writer.prompts[-1]


@pytest.mark.parametrize("compose", ["new", "reply"])
def test_a_mail_that_goes_and_comes_back_keeps_all(mail: Mail, compose: str) -> None:
    """Gmail draws windows anew: there is one button afterwards, and what was written in the panel stands there."""
    window = mail.open(compose)
    window.button.click()
    window("#instruction").fill("half a thou")
    cells = mail.page.locator("td:empty").count()
    assert mail.page.evaluate(AWAY, [1, 300])
    expect(window("#instruction")).to_have_value("half a thou")
    expect(mail.page.locator("[data-cyrano=button]")).to_have_count(1)
    expect(mail.page.locator("[data-cyrano=panel]")).to_have_count(1)
    assert mail.page.locator("td:empty").count() == cells


def test_a_draft_goes_on_while_its_mail_is_away(mail: Mail, service: Service) -> None:
    """It is neither broken off nor asked for twice, and goes into the window that came back."""
    gate = service.hold()
    window = mail.open()
    window.ask("tell Marta that we see her soon")
    expect(window("#text")).to_contain_text("Hi Marta,")
    assert mail.page.evaluate(AWAY, [1, 300])
    gate.release(10)
    window.reach("ready")
    window.insert()
    assert window.text().startswith("Hi Marta,\n\nsee you soon.")
    assert len(service.writer.prompts) == 1


@pytest.mark.parametrize("css", ["opacity: 0.01", "transform: scale(30)", "zoom: 20", "clip-path: circle(8px)"])
def test_a_button_that_is_not_seen_cannot_be_pressed(mail: Mail, service: Service, css: str) -> None:
    """A page that hides or blows it up under something else gets no draft by the click of a person."""
    window = mail.open()
    window.type("tell Marta")
    mail.page.evaluate(STYLE, ["button", css])
    box: Any = window.button.bounding_box()
    mail.page.mouse.click(
        min(1200, max(5, box["x"] + box["width"] / 2)), min(700, max(5, box["y"] + box["height"] / 2))
    )
    mail.page.wait_for_timeout(300)
    expect(window.panel).to_be_hidden()
    assert service.writer.prompts == []
    mail.page.evaluate(STYLE, ["button", ""])
    window.button.click()
    window.reach("ready")


def test_words_of_the_draft_can_be_selected(mail: Mail) -> None:
    """By a double click, as anywhere: the panel passes the focus on, and takes no selection away."""
    window = mail.open()
    window.draft("tell Marta that we see her soon")
    window("#text").dblclick(position={"x": 50, "y": 24})
    assert str(mail.page.evaluate("() => getSelection().toString()")).strip() in {"Hi", "Marta"}
