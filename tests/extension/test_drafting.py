"""A line, a button, and the draft in the owner's voice: what a person does with it, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.extension.services import DRAFT, INSTRUCTION, Service
from tests.extension.windows import Mail, Window, wait_for

pytestmark = pytest.mark.browser


def test_a_typed_line_becomes_the_draft(mail: Mail, service: Service) -> None:
    """The button takes what was typed as the instruction; the draft streams in, and Insert puts it in its place."""
    gate = service.hold()
    window = mail.open(typed=INSTRUCTION, signature="1")
    window.ask()
    expect(window("#text")).to_contain_text("Hi Marta,")
    window.reach("writing")
    expect(window("#text")).not_to_contain_text("soon")
    mail.shoot("writing")
    gate.release(10)
    window.reach("ready")
    mail.shoot("ready")
    assert INSTRUCTION in service.writer.prompts[-1]
    assert INSTRUCTION in window.text()
    window.insert()
    mail.shoot("inserted")
    assert window.text().startswith(DRAFT)
    assert INSTRUCTION not in window.text()
    assert "Ana Ivers" in window.text()


def test_an_empty_window_asks_for_one_line(mail: Mail, service: Service) -> None:
    """The box has the focus, Enter asks, Ctrl+Enter inserts: the whole way without a mouse."""
    window = mail.open()
    window.button.press("Enter")
    expect(window("#instruction")).to_be_focused()
    mail.shoot("asking")
    mail.page.keyboard.type(INSTRUCTION)
    mail.page.keyboard.press("Enter")
    window.reach("ready")
    mail.page.keyboard.press("Control+Enter")
    window.reach("inserted")
    assert window.text().startswith(DRAFT)
    assert INSTRUCTION in service.writer.prompts[-1]


def test_an_answer_needs_no_instruction(mail: Mail, service: Service) -> None:
    """In a reply the thread alone is enough; it stands above signature and quote, and the quote is as it was."""
    window = mail.open("reply", signature="1", quote="1")
    before = window.text()
    window.button.click()
    window("#write").click()
    window.reach("ready")
    mail.shoot("reply")
    assert "oak" in service.writer.prompts[-1]
    window.insert()
    assert window.text().startswith(DRAFT)
    assert window.text().rstrip().endswith(before.strip())


def test_gmail_saves_what_was_inserted(mail: Mail) -> None:
    """The page takes the draft for typed by its owner: it is saved as every mail is."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    window.insert()
    wait_for("The saved draft", lambda: window.saved().get("text", "").split() == DRAFT.split())


def test_undo_is_gmails_own(mail: Mail) -> None:
    """One Ctrl+Z takes the draft out and gives the typed line back; Ctrl+Y puts it in again."""
    window = mail.open(typed=INSTRUCTION, signature="1")
    before = window.text()
    window.draft()
    window.insert()
    window.editor.focus()
    mail.page.keyboard.press("Control+z")
    wait_for("What was typed", lambda: window.text() == before)
    mail.page.keyboard.press("Control+y")
    wait_for("The draft", lambda: window.text().startswith(DRAFT))


def test_only_the_selection_is_replaced(mail: Mail, service: Service) -> None:
    """What was selected is the instruction, and only it goes; what stands around it stays."""
    window = mail.open(typed="keep this. tell her soon. and this.")
    select(window, 11, 25)
    window.draft()
    assert service.house.retriever.asked[-1].instruction == "tell her soon."
    window("#replace").click()
    window.reach("inserted")
    assert window.text().startswith("keep this. Hi Marta,")
    assert window.text().rstrip().endswith("Ana and this.")


def test_words_typed_meanwhile_stay(mail: Mail, service: Service) -> None:
    """Whoever types on while the draft comes loses nothing: neither the new words nor the changed instruction."""
    gate = service.hold()
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    expect(window("#text")).to_contain_text("Hi Marta,")
    window.editor.click()
    mail.page.keyboard.press("ControlOrMeta+End")
    mail.page.keyboard.type(" and kiss her")
    gate.release(10)
    window.reach("ready")
    window.insert()
    assert "and kiss her" in window.text()
    assert DRAFT.splitlines()[2] in window.text()


def test_a_draft_is_refined_and_taken_back(mail: Mail, service: Service) -> None:
    """By a button or in words of one's own; earlier versions stay at hand, and the ledger learns what replaced what."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    service.writes("Soon.\n\nAna")
    window("[data-quick=shorter]").click()
    expect(window("#text")).to_contain_text("Soon.")
    window.reach("ready")
    service.writes("Soon, dear.\n\nAna")
    window("#refine").fill("add: dear")
    window("#refine").press("Enter")
    expect(window("#text")).to_contain_text("dear")
    window.reach("ready")
    mail.shoot("refined")
    assert "add: dear" in service.writer.prompts[-1]
    assert INSTRUCTION in service.writer.prompts[-1]
    window("#earlier").click()
    window("#earlier").click()
    expect(window("#text")).to_contain_text("see you soon.")
    window("#later").click()
    window.insert()
    assert window.text().startswith("Soon.\n\nAna")


def test_retry_writes_anew(mail: Mail, service: Service) -> None:
    """The same request once more, and the earlier draft is not lost."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    service.writes("Another one.")
    window("#retry").click()
    expect(window("#text")).to_contain_text("Another one.")
    assert len(service.writer.prompts) == 2
    window("#earlier").click()
    expect(window("#text")).to_contain_text("see you soon.")


def test_stop_stops_the_model(mail: Mail, service: Service) -> None:
    """Stop breaks the generation off, keeps what came, and what was typed is where it was."""
    gate = service.hold_long()
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    expect(window("#text")).to_contain_text("Hi Marta,")
    window("#stop").click()
    window.reach("stopped")
    mail.shoot("stopped")
    assert service.breaks_off(gate)
    assert INSTRUCTION in window.text()
    expect(window("#text")).to_contain_text("Hi Marta,")


def test_escape_loses_nothing(mail: Mail) -> None:
    """Esc closes the panel; opened again, the box holds what was written in it."""
    window = mail.open()
    window.button.click()
    window("#instruction").fill("half a thou")
    mail.page.keyboard.press("Escape")
    expect(window.panel).to_be_hidden()
    window.button.click()
    expect(window("#instruction")).to_have_value("half a thou")


def test_tone_and_length_reach_the_prompt(mail: Mail, service: Service) -> None:
    """The chips say how to write."""
    window = mail.open()
    window.button.click()
    window("#instruction").fill(INSTRUCTION)
    window("[data-tone=formal]").click()
    window("[data-length=short]").click()
    mail.shoot("chips")
    window("#write").click()
    window.reach("ready")
    prompt = service.writer.prompts[-1].lower()
    assert "formal" in prompt
    assert "short" in prompt


def test_unsupported_facts_are_marked_and_sources_open(mail: Mail, service: Service) -> None:
    """What traces to nothing is marked with words; a link that does is left out unless its owner wants it."""
    service.writes("Hi 🙂 Marta,\n\npay 4711 euros at https://evil.example/pay soon.\n\nAna")
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    kinds = window("#checks li").evaluate_all("items => items.map((item) => item.dataset.kind)")
    assert "link" in kinds
    mail.shoot("checks")
    window("#sources").locator("summary").first.click()
    expect(window("#sources")).to_contain_text("harbour")
    mail.shoot("sources")
    window.insert()
    assert "evil.example" not in window.text()
    assert "at [link left out] soon." in window.text()
    assert "4711" in window.text()


def test_a_link_its_owner_keeps_goes_in(mail: Mail, service: Service) -> None:
    """The tick at a link is the owner's word for it."""
    service.writes("Pay at https://evil.example/pay soon.")
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    window("#checks [data-keep]").first.check()
    window.insert()
    assert "https://evil.example/pay" in window.text()


def test_html_in_a_draft_is_text(mail: Mail, service: Service) -> None:
    """A model that writes markup makes no nodes of it, neither in the panel nor in the mail."""
    evil = "<img src=x onerror=alert(1)><b>Hi</b> & <script>alert(1)</script>"
    service.writes(evil)
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    assert window("#text").inner_text().strip() == evil
    window.insert()
    assert window.text().strip() == evil
    assert window.editor.locator("img, b, script").count() == 0


def test_the_ledger_learns_what_became_of_a_draft(mail: Mail, service: Service) -> None:
    """Inserted, refined and discarded are told, each once; while the service is away it waits."""
    before = len(service.feedback())
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    window("[data-quick=shorter]").click()
    wait_for("The second draft", lambda: len(service.writer.prompts) == 2)
    window.reach("ready")
    window.insert()
    kinds = wait_for("The feedback", lambda: len(service.feedback()) > before + 1 and service.feedback()[before:])
    assert sorted(kinds) == ["inserted", "refined"]
    other = mail.open(typed=INSTRUCTION)
    other.draft()
    service.front.leave()
    other("#discard").click()
    mail.page.wait_for_timeout(300)
    assert len(service.feedback()) == before + 2
    service.restore()
    other = mail.open(typed=INSTRUCTION)
    other.draft()
    wait_for("The feedback", lambda: service.feedback()[before + 2 :] == ["discarded"], within_s=10)


def test_the_shortcut_opens_the_panel(mail: Mail) -> None:
    """From within the editor, without a mouse."""
    window = mail.open()
    window.editor.click()
    mail.browser.press_shortcut()
    expect(window("#instruction")).to_be_focused()


def select(window: Window, start: int, end: int) -> None:
    """Select characters of the first line, as with Shift and the arrow keys."""
    window.editor.click()
    page = window.mail.page
    page.keyboard.press("ControlOrMeta+Home")
    for _ in range(start):
        page.keyboard.press("ArrowRight")
    for _ in range(end - start):
        page.keyboard.press("Shift+ArrowRight")
