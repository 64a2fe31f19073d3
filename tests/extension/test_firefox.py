"""The main path in Firefox: paired by a code, a typed line, the draft as it streams, Insert, Gmail saves, Undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.extension.firefox import OPTIONS, Firefox, running_firefox
from tests.extension.gmail_site import GMAIL, GmailSite
from tests.extension.services import DRAFT, INSTRUCTION, Service
from tests.extension.windows import SCREENSHOTS

pytestmark = pytest.mark.browser

EDITOR = "[data-compose-id='1'] [g_editable]"
LAY = """
const cover = document.createElement("div");
cover.id = "cover";
cover.style.cssText = arguments[0];
document.body.append(cover);
"""


@pytest.fixture(scope="module")
def firefox(
    built: Path, site: GmailSite, running: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Firefox]:
    """One browser for all tests of this file, paired as a person does it."""
    with running_firefox(built / "test-firefox", site.port, tmp_path_factory.mktemp("firefox")) as browser:
        browser.turn_to(OPTIONS)  # which open by themselves when the extension is new
        browser.find("#url").clear()
        browser.find("#url").send_keys(running.url)
        browser.find("#code").send_keys(running.make_code())
        browser.find("#pair").click()
        browser.find("body", "Ana Lopez")
        SCREENSHOTS.mkdir(exist_ok=True)
        browser.driver.save_screenshot(str(SCREENSHOTS / "firefox-options.png"))
        yield browser


def open_compose(firefox: Firefox, query: str) -> None:
    """Open Gmail with a compose."""
    firefox.open(f"https://{GMAIL}/mail/u/0/?{query}")


def text(firefox: Firefox) -> str:
    """Return what stands in the editor."""
    return firefox.find(EDITOR).text.replace("\u00a0", " ")


def reach(firefox: Firefox, phase: str) -> None:
    """Wait until the panel has come to a phase."""
    firefox.find(f"#panel[data-phase={phase}]")


def press_ctrl_enter(firefox: Firefox) -> None:
    """Press the keys that insert, wherever the focus is."""
    ActionChains(firefox.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()


def test_a_typed_line_becomes_the_draft(firefox: Firefox, service: Service) -> None:
    """It streams, goes in above the signature, is saved, and one Ctrl+Z takes it out again."""
    gate = service.hold()
    open_compose(firefox, "compose=new&signature=1")
    firefox.find(EDITOR).send_keys(Keys.CONTROL, Keys.HOME)
    firefox.find(EDITOR).send_keys(INSTRUCTION)
    before = text(firefox)
    firefox.find("#button").click()
    firefox.find("#text", "Hi Marta,")
    reach(firefox, "writing")
    gate.release(10)
    reach(firefox, "ready")
    firefox.driver.save_screenshot(str(SCREENSHOTS / "firefox-ready.png"))
    firefox.find("#insert").click()
    reach(firefox, "inserted")
    assert text(firefox).startswith(DRAFT)
    assert "Ana Ivers" in text(firefox)
    assert INSTRUCTION not in text(firefox)
    saved = "return (window.__saved[1] || {text: ''}).text"
    firefox.wait("The saved draft", lambda: "see you soon." in firefox.driver.execute_script(saved))  # type: ignore[no-untyped-call]
    firefox.find(EDITOR).send_keys(Keys.CONTROL, "z")
    firefox.wait("What was typed", lambda: text(firefox) == before)
    assert INSTRUCTION in service.writer.prompts[-1]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("kind", ["full", "popout", "reply", "reply-all", "forward"])
def test_every_kind_of_window(firefox: Firefox, kind: str) -> None:
    """Above signature and quote in each."""
    open_compose(firefox, f"compose={kind}&signature=1&quote=1&locale=he&randomise=7")
    before = text(firefox)
    firefox.find(EDITOR).send_keys(Keys.CONTROL, Keys.HOME)
    firefox.find(EDITOR).send_keys(INSTRUCTION)
    firefox.find("#button").click()
    reach(firefox, "ready")
    firefox.find("#insert").click()
    reach(firefox, "inserted")
    assert text(firefox).startswith(DRAFT)
    assert text(firefox).split() == [*DRAFT.split(), *before.split()]


def test_a_service_that_is_down_is_said(firefox: Firefox, service: Service) -> None:
    """One line, and what to do; then it works."""
    service.front.leave()
    open_compose(firefox, "compose=new&typed=hello+there")
    firefox.find("#button").click()
    firefox.find("#trouble[data-kind=down]")
    service.restore()
    firefox.find("#trouble-act").click()
    reach(firefox, "ready")


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("style", ["", "pointer-events: none", "pointer-events: none !important"])
def test_nothing_is_inserted_under_a_cover(firefox: Firefox, style: str) -> None:
    """The keys do nothing while something lies over the panel, whether it takes clicks or not; then they insert."""
    open_compose(firefox, "compose=new&typed=hello+there")
    firefox.find("#button").click()
    reach(firefox, "ready")
    before = text(firefox)
    firefox.driver.execute_script(LAY, f"position: fixed; inset: 0; z-index: 2147483647; background: white; {style}")  # type: ignore[no-untyped-call]
    press_ctrl_enter(firefox)
    firefox.find("#line", "Nothing was done")
    reach(firefox, "ready")
    assert text(firefox) == before
    firefox.driver.execute_script("document.querySelector('#cover').remove()")  # type: ignore[no-untyped-call]
    press_ctrl_enter(firefox)
    reach(firefox, "inserted")
