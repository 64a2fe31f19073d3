"""A browser that speaks German: options and panel do too, whatever the service says, and nothing sticks out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import EngineDown, EngineError, PromptTooLong
from connectors.reason import Reason
from service.notices import Notice, NoticeKind
from tests.extension.built import EXTENSION
from tests.extension.chromium import Chromium, running_chromium
from tests.extension.gmail_site import GMAIL, GmailSite
from tests.extension.options import open_options, pair
from tests.extension.services import Service
from tests.extension.windows import SCREENSHOTS, Mail
from tests.service.stand_ins import card

pytestmark = pytest.mark.browser

INSTRUCTION = "sag ihr dass wir kommen"
TROUBLES = {
    "rests": (
        EngineDown("The model server rests for a run.", hint="Ask again later.", reason=Reason.RESTS),
        "reason_rests",
        "resting",
    ),
    "broken": (EngineError("Tensor shapes do not fit.", hint="See engine.log."), "problem_engine", "failed"),
    "long": (PromptTooLong("The instruction does not fit.", hint="Shorten it."), "problem_prompt_too_long", "invalid"),
}


def words(part: str) -> dict[str, str]:
    """The German words of a part."""
    path = EXTENSION / "words" / "de" / f"{part}.json"
    return {key: said["message"] for key, said in json.loads(path.read_text(encoding="utf-8")).items()}


@pytest.fixture(scope="module")
def chromium(
    built: Path, site: GmailSite, running: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    """A German browser, paired with the service."""
    profile = tmp_path_factory.mktemp("german")
    with running_chromium(built / "test-chrome", {GMAIL: site.port}, profile, language="de") as browser:
        pair(browser, running)
        yield browser


def test_options_and_panel_speak_german(chromium: Chromium, mail: Mail, service: Service) -> None:
    """By the browser's language; Gmail's own may be another."""
    page = open_options(chromium)
    page.locator("#service").wait_for()
    page.screenshot(path=SCREENSHOTS / "german-options.png", full_page=True)
    assert page.locator("html").get_attribute("lang") == "de"
    page.close()
    service.writes("Hallo Marta,\n\nzahl 4711 Euro auf https://evil.example/zahlen ein.\n\nAna")
    window = mail.open(typed=INSTRUCTION, locale="fr")
    window.draft()
    mail.shoot("german-panel")
    assert words("panel")["panel_insert"] in window("#insert").inner_text()
    assert words("panel")["panel_button"] in (window.button.get_attribute("aria-label") or "")
    assert window.panel.evaluate("panel => panel.scrollWidth - panel.clientWidth") <= 0


def test_a_notice_is_said_in_german(mail: Mail, service: Service) -> None:
    """Why the base model wrote; the service says it in English to programs."""
    service.house.cards = [card(3, prompt_version="0")]
    try:
        window = mail.open(typed=INSTRUCTION)
        window.draft()
        mail.shoot("german-notice")
    finally:
        service.house.cards = ()
    assert window("#notice").inner_text() == words("told")["told_notice_other_prompt"].replace("$1", "ana@v3")
    assert "Train again" not in window.panel.inner_text()


@pytest.mark.parametrize("name", TROUBLES)
def test_a_problem_is_said_in_german(mail: Mail, service: Service, name: str) -> None:
    """By its reason or its type; nothing of the English sentence is seen."""
    error, key, kind = TROUBLES[name]
    service.writer.pieces, service.writer.error = (), error
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.trouble(kind)
    mail.shoot(f"german-trouble-{name}")
    assert window("#trouble-hint").inner_text() == words("told")[f"told_{key}"]
    said = window.panel.inner_text()
    assert str(error) not in said
    assert error.hint not in said
    mail.pardon("status of")


def test_an_accounts_notices_are_said_in_german_in_the_options(chromium: Chromium, service: Service) -> None:
    """After "Verbindung prüfen"."""
    service.house.notices = (Notice(kind=NoticeKind.UNTOLD, about="ana", text="You could not be told how it ended."),)
    page = open_options(chromium)
    page.locator("#test").click()
    noted = page.locator("#checks li.faint").first
    noted.wait_for()
    service.house.notices = ()
    page.screenshot(path=SCREENSHOTS / "german-options-notice.png", full_page=True)
    assert noted.inner_text() == words("told")["told_notice_untold"].replace("$1", "ana")
    assert "could not be told" not in page.locator("#checks").inner_text()
    page.close()
