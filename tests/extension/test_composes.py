"""Every kind of compose window there is: a button in each, a draft in the right place, nothing else touched."""

from datetime import datetime

import pytest
from playwright.sync_api import expect

from tests.extension.services import DRAFT, INSTRUCTION, Service
from tests.extension.windows import Mail, draft_into

pytestmark = pytest.mark.browser

KINDS = ("new", "full", "popout", "reply", "reply-all", "forward")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["rich", "plain"])
def test_a_draft_goes_above_signature_and_quote(mail: Mail, kind: str, mode: str) -> None:
    """In every kind of window, as text with looks and without: above both, whichever stands first."""
    for signature in ("1", "below"):
        window = mail.open(kind, signature=signature, quote="1", plain="1" if mode == "plain" else "0")
        draft_into(window)
    mail.shoot(f"compose-{kind}-{mode}")


def test_a_quote_still_folded_stays_folded(mail: Mail) -> None:
    """The three dots stay under the draft, and unfold what they would have."""
    window = mail.open("reply", signature="1")
    draft_into(window)
    mail.act("unfoldQuote", 1)
    assert "12 metres of oak" in window.text()
    assert window.text().startswith(DRAFT)


def test_several_at_once_keep_apart(mail: Mail) -> None:
    """Each has its own button and panel, and gets its own draft, also when both are being written."""
    first = mail.open("new,reply,new")
    third = mail.window(3)
    for window, words in ((first, "to the first"), (third, "to the third")):
        window.type(words)
        window.ask()
    for window in (first, third):
        window.reach("ready")
    mail.shoot("several")
    third.insert()
    assert "to the first" in first.text()
    assert third.text().strip() == DRAFT
    assert mail.window(2).text().strip() == ""
    assert mail.page.locator("[data-cyrano=button]").count() == 3


def test_one_that_comes_late_gets_its_button(mail: Mail) -> None:
    """Composes appear when somebody writes, long after the page."""
    window = mail.open(late="400")
    expect(window.button).to_be_visible()
    mail.act("open", "reply")
    expect(mail.window(2).button).to_be_visible()


def test_a_folded_one_is_usable_when_it_unfolds(mail: Mail) -> None:
    """A window that begins as a title alone."""
    window = mail.open("minimised")
    mail.page.locator("[data-act=fold]").click()
    draft_into(window)


def test_the_button_survives_what_gmail_does_to_a_window(mail: Mail) -> None:
    """Moved, made full screen, its bar drawn anew: there is one button, and it works; an unfinished draft stays."""
    window = mail.open()
    window.type(INSTRUCTION)
    window.draft()
    mail.act("move", 1)
    mail.page.locator("[data-act=grow]").evaluate("button => button.click()")
    expect(window("#text")).to_contain_text("see you soon.")
    mail.act("redrawBar", 1)
    expect(window.root.locator("[data-cyrano=button]")).to_have_count(1)
    if not window.panel.is_visible():
        window.button.click()
    expect(window("#text")).to_contain_text("see you soon.")
    window.insert()
    assert window.text().strip() == DRAFT


def test_an_editor_drawn_anew_is_the_one_written_into(mail: Mail) -> None:
    """Gmail replaces its editor now and then; the draft goes into the one that is there, in the typed line's place."""
    window = mail.open()
    window.type(INSTRUCTION)
    window.draft()
    mail.act("redrawEditor", 1)
    window.insert()
    assert window.text().strip() == DRAFT


def test_a_window_that_goes_takes_its_panel_along_and_stops(mail: Mail, service: Service) -> None:
    """Closing a compose leaves nothing behind, and nobody goes on writing for it."""
    gate = service.hold_long()
    window = mail.open("new,new")
    window.type(INSTRUCTION)
    window.ask()
    expect(window("#text")).to_contain_text("Hi Marta,")
    mail.act("close", 1)
    expect(mail.page.locator("[data-cyrano=panel]")).to_have_count(1)
    assert service.breaks_off(gate)
    service.restore()
    draft_into(mail.window(2))


def test_recipients_folded_into_a_line_are_read(mail: Mail, service: Service) -> None:
    """As chips or as a line of names, the service learns who is written to; others who merely stand near are not."""
    for form in ("chips", "collapsed"):
        window = mail.open("reply-all", to=form)
        window.type(INSTRUCTION)
        window.draft()
        (asked,) = service.house.retriever.asked[-1:]
        assert {address.addr for address in asked.recipients} == {"tom@example.com", "eva@example.net"}
        assert asked.subject == "Re: The garden fence"


def test_the_thread_is_read_with_senders_and_without_quotes(mail: Mail, service: Service) -> None:
    """Oldest first, who wrote what; a folded message and what is quoted are no part of it."""
    window = mail.open("reply")
    window.type(INSTRUCTION)
    window.draft()
    thread = service.house.retriever.asked[-1].thread
    assert [message.sender.addr for message in thread][-1] == "tom@example.com"
    assert "12 metres of oak" in thread[-1].text
    assert "I am there too." not in thread[-1].text
    assert thread[-1].sent_at == datetime(2026, 11, 17, 15, 4).astimezone()  # Gmail shows the browser's own time
