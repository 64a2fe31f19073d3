"""Pairing as a person does it: the options page, an address, six digits; accounts for mailboxes; and an end to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from connectors import schema
from tests.extension.chromium import Chromium
from tests.extension.options import fill_in, open_options
from tests.extension.services import Service, running_service
from tests.extension.windows import SCREENSHOTS, Mail

pytestmark = pytest.mark.browser

CHOSEN = """async (name) =>
  (await chrome.storage.local.get("choices")).choices?.mailboxes["ana@example.org"] === name"""
"""Whether an account was chosen for Ana's mailbox, and kept."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service for each test: more than ten tries to pair within a minute are refused."""
    with running_service(tmp_path) as running:
        yield running


@pytest.fixture
def options(unpaired: Chromium) -> Iterator[Page]:
    """The options of an extension that knows no service."""
    unpaired.worker.evaluate("() => chrome.storage.local.clear()")
    page = open_options(unpaired)
    yield page
    page.close()


def shoot(page: Page, name: str) -> None:
    """Keep a picture of what is seen, by day and by night."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)


def bad(page: Page) -> str:
    """Wait until the page says that something is wrong; return its words."""
    expect(page.locator("#said")).to_have_attribute("data-kind", "bad")
    return page.locator("#said").inner_text()


def good(page: Page) -> str:
    """Wait until the page says that something went well; return its words."""
    expect(page.locator("#said")).to_have_attribute("data-kind", "good")
    return page.locator("#said").inner_text()


def stored(browser: Chromium) -> str:
    """Return all the extension keeps."""
    return json.dumps(browser.worker.evaluate("() => chrome.storage.local.get()"))


def origins(service: Service) -> set[str]:
    """Return what the service's tokens are bound to."""
    with service.house.engine.connect() as connection:
        return set(connection.execute(select(schema.token.c.origin)).scalars())


def test_a_code_pairs_by_keyboard_alone(options: Page, unpaired: Chromium, service: Service) -> None:
    """Address and digits, typed with a gap as they are shown, and Enter: both accounts are there."""
    shoot(options, "options-unpaired")
    code = service.make_code()
    options.locator("#url").focus()
    options.keyboard.press("ControlOrMeta+a")
    options.keyboard.type(f"{service.url}/")
    options.keyboard.press("Tab")
    options.keyboard.type(f"{code[:3]} {code[3:]}")
    options.keyboard.press("Enter")
    good(options)
    shoot(options, "options-paired")
    assert options.locator("#accounts li").count() == 2
    assert origins(service) == {f"chrome-extension://{unpaired.extension_id}"}
    assert code not in stored(unpaired)


def test_pages_of_gmail_cannot_read_the_tokens(options: Page, unpaired: Chromium, service: Service) -> None:
    """Not even the extension's own script in Gmail: they are kept for the worker and the options alone."""
    fill_in(options, service.url, service.make_code())
    good(options)
    level = "() => chrome.storage.local.setAccessLevel !== undefined"
    assert unpaired.worker.evaluate(level)
    mail = Mail(unpaired)
    mail.open()
    assert in_content_script(mail, "chrome.storage ? chrome.storage.local.get() : 'none'") in ("refused", "none")
    mail.close()


def in_content_script(mail: Mail, expression: str) -> object:
    """Evaluate where the extension's script lives in the page."""
    session = mail.browser.context.new_cdp_session(mail.page)
    contexts: list[dict[str, object]] = []
    session.on("Runtime.executionContextCreated", lambda said: contexts.append(said["context"]))
    session.send("Runtime.enable")
    own = next(each["id"] for each in contexts if mail.browser.extension_id in str(each["origin"]))
    order = f"(async () => {{ try {{ return await ({expression}) }} catch {{ return 'refused' }} }})()"
    asked = {"expression": order, "contextId": own, "awaitPromise": True, "returnByValue": True}
    return session.send("Runtime.evaluate", asked)["result"].get("value")


def test_a_wrong_code_is_said(options: Page, service: Service) -> None:
    """Wrong digits, too few, an address that is none: each is said where it was typed, and nothing is kept."""
    code = service.make_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    fill_in(options, service.url, wrong)
    assert "cyrano pair" in bad(options)
    shoot(options, "options-wrong-code")
    fill_in(options, service.url, "123")
    assert "six digits" in bad(options)
    fill_in(options, "ftp://127.0.0.1", code)
    bad(options)
    assert options.locator("#url").get_attribute("aria-invalid") == "true"
    fill_in(options, service.url, code)
    good(options)


def test_a_code_is_good_for_five_tries_and_one_use(options: Page, service: Service) -> None:
    """After five wrong ones the right one is refused too; so is one that was used."""
    code = service.make_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        fill_in(options, service.url, wrong)
        bad(options)
        expect(options.locator("#pair")).not_to_have_attribute("aria-disabled", "true")
    fill_in(options, service.url, code)
    bad(options)
    used = service.make_code()
    fill_in(options, service.url, used)
    good(options)
    fill_in(options, service.url, used)
    bad(options)


def test_pairing_again_gives_back_the_tokens_held_before(options: Page, unpaired: Chromium, service: Service) -> None:
    """Paired three times with two accounts, the service has two tokens for it: those the browser holds, which draft."""
    for _ in range(3):
        fill_in(options, service.url, service.make_code())
        good(options)
        options.locator("#again").click()
    own = f"chrome-extension://{unpaired.extension_id}"
    with service.house.engine.connect() as connection:
        bound = connection.execute(select(schema.token.c.account).where(schema.token.c.origin == own)).scalars().all()
    assert sorted(bound) == ["ana", "bob"]
    options.locator("#test").click()
    expect(options.locator("#checks li[data-kind=good]")).to_have_count(2)
    mail = Mail(unpaired)
    window = mail.open(typed="tell her")
    window.draft()
    mail.close()


def test_what_listens_there_is_told_apart(options: Page, service: Service) -> None:
    """Nobody, something else, another version: each in words of its own."""
    code, said = service.make_code(), set()
    service.front.leave()
    fill_in(options, service.url, code)
    said.add(bad(options))
    service.restore()
    service.front.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    fill_in(options, service.url, code)
    expect(options.locator("#said")).not_to_have_text(next(iter(said)))
    garbled = bad(options)
    said.add(garbled)
    service.restore()
    service.front.changed = (b"Cyrano-Api: 1\r\n", b"Cyrano-Api: 2\r\n")
    fill_in(options, service.url, service.make_code())
    expect(options.locator("#said")).not_to_have_text(garbled)
    said.add(bad(options))
    assert len(said) == 3


def test_the_connection_is_tested(options: Page, service: Service) -> None:
    """Each account answers, with who writes; and says so when it does not."""
    fill_in(options, service.url, service.make_code())
    good(options)
    options.locator("#test").click()
    expect(options.locator("#checks li[data-kind=good]")).to_have_count(2)
    service.front.leave()
    options.locator("#test").click()
    expect(options.locator("#checks li[data-kind=bad]")).to_have_count(2)
    shoot(options, "options-down")


def test_a_mailbox_has_the_account_that_was_chosen(options: Page, unpaired: Chromium, service: Service) -> None:
    """Ana's mailbox is Ana's by its address; Bob writes in it once that is chosen, and nobody where that is."""
    fill_in(options, service.url, service.make_code())
    good(options)
    mail = Mail(unpaired)

    def drafts_as() -> str:
        window = mail.open(typed="tell her")
        window.draft()
        return service.house.retriever.asked[-1].account

    assert drafts_as() == "ana"
    options.reload()
    choice = options.locator("select[data-mailbox='ana@example.org']")
    if not choice.count():
        options.locator("#mailbox").fill("ana@example.org")
        options.locator("#add").click()
    choice.select_option("bob")
    options.wait_for_function(CHOSEN, arg="bob")
    assert drafts_as() == "bob"
    choice.select_option("*none")
    options.wait_for_function(CHOSEN, arg="")
    window = mail.open(typed="tell her")
    window.ask()
    window.trouble("no-account")
    mail.shoot("trouble-no-account")
    mail.close()


def test_the_pairing_ends(options: Page, unpaired: Chromium, service: Service) -> None:
    """Tokens are revoked at the service and forgotten here; the panel then leads to the options."""
    fill_in(options, service.url, service.make_code())
    good(options)
    own = f"chrome-extension://{unpaired.extension_id}"
    assert own in origins(service)
    options.locator("#unpair").click()
    shoot(options, "options-sure")
    options.locator("#unpair-yes").click()
    expect(options.locator("#pairing")).to_be_visible()
    good(options)
    assert own not in origins(service)
    assert "cyr_" not in stored(unpaired)
    mail = Mail(unpaired)
    window = mail.open(typed="tell her")
    window.ask()
    window.trouble("not-paired")
    mail.shoot("trouble-not-paired")
    assert window.text().strip() == "tell her"
    mail.close()


def test_an_open_panel_says_what_is_missing_and_hears_when_it_is_there(
    options: Page, unpaired: Chromium, service: Service
) -> None:
    """Before anything is typed; after the pairing the next press drafts, and the head says as whom."""
    mail = Mail(unpaired)
    window = mail.open()
    window.button.click()
    expect(window("#trouble")).to_have_attribute("data-kind", "not-paired")
    mail.shoot("trouble-not-paired-open")
    fill_in(options, service.url, service.make_code())
    good(options)
    expect(window("#trouble")).to_be_hidden()
    expect(window("#writer")).to_contain_text("Ana Lopez")
    mail.page.bring_to_front()
    window("#instruction").fill("tell her")
    window("#write").click()
    window.reach("ready")
    expect(window("#voice")).to_be_hidden()
    mail.shoot("ready-with-writer")
    mail.close()


def test_a_mailbox_that_nobody_knows_is_written_in_with_a_word(
    options: Page, unpaired: Chromium, service: Service
) -> None:
    """Paired for Bob alone, Ana's mail is written as Bob: the panel says so, and leads to where that is chosen."""
    fill_in(options, service.url, service.house.pairings.make(["bob"]).code)
    good(options)
    mail = Mail(unpaired)
    window = mail.open(typed="tell her")
    window.draft()
    expect(window("#voice")).to_contain_text("ana@example.org is not known here")
    mail.shoot("stranger")
    options.close()  # else it is what comes to the front
    with unpaired.context.expect_page() as opened:
        window("#choose-voice").click()
    opened.value.locator("select[data-mailbox='ana@example.org']").wait_for()
    opened.value.close()
    mail.close()


def test_another_service_gets_no_token_of_the_first(
    options: Page, service: Service, unpaired: Chromium, tmp_path: Path
) -> None:
    """Paired with a second one, the tokens of the first are revoked there, and are never shown to the second."""
    fill_in(options, service.url, service.make_code())
    good(options)
    second = tmp_path / "second"
    second.mkdir()
    with running_service(second) as other:
        fill_in(options, other.url, other.make_code())
        expect(options.locator("#where")).to_contain_text(other.url)
        own = f"chrome-extension://{unpaired.extension_id}"
        assert own in origins(other)
        assert own not in origins(service)
        assert stored(unpaired).count("cyr_") == 2
