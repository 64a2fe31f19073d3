"""A page that hides button and panel, or lays something over them: what is not seen is done by no key and no click."""

import pytest
from playwright.sync_api import expect

from tests.extension.services import INSTRUCTION, Service
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser

OVER = "position: fixed; inset: 0; z-index: 2147483647; "
PAINTED = OVER + "background: white; "
COVERS = {
    "opaque": PAINTED,
    "lets clicks through": PAINTED + "pointer-events: none",
    "insists on it": PAINTED + "pointer-events: none !important",
    "nearly clear": PAINTED + "pointer-events: none; opacity: 0.05",
    "a shadow thrown far": PAINTED + "inset: 1px auto auto 1px; box-shadow: 0 0 0 4000px white",
}
HIDDEN = ["opacity: 0.01", "transform: translateX(-5000px)", "filter: opacity(0.01)", "clip-path: circle(1px)"]
DARK = "html { filter: invert(1) hue-rotate(180deg) !important; }"
HONEST = {
    "a filter that makes it dark": DARK,
    "a clear layer over all": "#cover > div { position: fixed; inset: 0; z-index: 2147483647; pointer-events: none; }",
    "shadows around": "[role=button], [role=dialog] { box-shadow: 0 2px 10px 2px #888; }",
    "a page that is a little faint": "html { opacity: 0.8; }",
}
LAY = """([css, isInert, isInRoot]) => {
  const cover = document.createElement("div");
  cover.style.cssText = css;
  cover.inert = isInert;
  const around = document.body.appendChild(Object.assign(document.createElement("div"), { id: "cover" }));
  (isInRoot ? around.attachShadow({ mode: "closed" }) : around).append(cover);
}"""
STYLE = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
SETTLE_MS = 450  # the browser's own eye looks ten times a second, and its "no" counts after a while


def lay(mail: Mail, css: str, *, is_inert: bool = False, is_in_root: bool = False) -> None:
    """Lay something over all of Gmail."""
    mail.page.evaluate(LAY, [css, is_inert, is_in_root])
    mail.page.wait_for_timeout(SETTLE_MS)


def lift(mail: Mail) -> None:
    """Take it away."""
    mail.page.evaluate("() => { document.querySelector('#cover').remove(); document.body.style.cssText = ''; }")
    mail.page.wait_for_timeout(SETTLE_MS)


def press_blindly(mail: Mail, window: Window, selector: str) -> None:
    """Click where a button of the panel is, whatever lies over it."""
    box = window(selector).bounding_box()
    assert box
    mail.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def is_told(mail: Mail) -> None:
    """See that a line says so, and take it away."""
    line = mail.page.locator("[data-cyrano=toast]")
    expect(line.locator("#line")).to_contain_text("Nothing was done")
    line.evaluate("line => line.remove()")


def refuses_to_insert(mail: Mail, window: Window) -> None:
    """Try the keys, then a click, and see the mail untouched."""
    before = window.text()
    mail.page.keyboard.press("Control+Enter")
    is_told(mail)
    press_blindly(mail, window, "#insert")
    mail.page.wait_for_timeout(150)
    window.reach("ready")
    assert window.text() == before


@pytest.mark.parametrize("name", COVERS)
def test_nothing_is_inserted_under_a_cover(mail: Mail, name: str) -> None:
    """Neither by Ctrl+Enter nor by a click that goes through; once it is lifted, the keys insert."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    lay(mail, COVERS[name])
    refuses_to_insert(mail, window)
    lift(mail)
    window("#text").focus()
    mail.page.keyboard.press("Control+Enter")
    window.reach("inserted")


@pytest.mark.parametrize("css", HIDDEN)
def test_nothing_is_inserted_that_is_hidden(mail: Mail, css: str) -> None:
    """Faint, cut or out of the window, by what is around the panel."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    mail.page.evaluate("css => { document.body.style.cssText = css; }", css)
    mail.page.wait_for_timeout(SETTLE_MS)
    before = window.text()
    mail.page.keyboard.press("Control+Enter")
    mail.page.wait_for_timeout(150)
    window.reach("ready")
    assert window.text() == before


@pytest.mark.parametrize("name", COVERS)
def test_nothing_is_asked_under_a_cover(mail: Mail, service: Service, name: str) -> None:
    """Not by Enter on the button, not by the shortcut, not by a click: no text goes out."""
    window = mail.open(typed=INSTRUCTION)
    window.button.wait_for()
    mail.page.wait_for_timeout(SETTLE_MS)
    lay(mail, COVERS[name])
    mail.browser.press_shortcut()
    is_told(mail)
    window.button.focus()
    mail.page.keyboard.press("Enter")
    is_told(mail)
    box = window.button.bounding_box()
    assert box
    mail.page.mouse.click(box["x"] + 16, box["y"] + 16)
    mail.page.wait_for_timeout(150)
    expect(window.panel).to_be_hidden()
    assert service.writer.prompts == []


def test_no_box_asks_under_a_cover(mail: Mail, service: Service) -> None:
    """Enter in the boxes of the panel sends nothing that its writer cannot see."""
    window = mail.open()
    window.button.click()
    mail.page.keyboard.type(INSTRUCTION)
    lay(mail, COVERS["lets clicks through"])
    for keys in ("Enter", "Control+Enter"):
        mail.page.keyboard.press(keys)
        is_told(mail)
    assert service.writer.prompts == []
    lift(mail)
    mail.page.keyboard.press("Enter")
    window.reach("ready")


@pytest.mark.parametrize("name", COVERS)
@pytest.mark.parametrize("how", ["", "inert", "root"])
def test_a_filter_blinds_it_to_no_cover(mail: Mail, name: str, how: str) -> None:
    """Under a dark mode made of filters the browser tells nothing: the extension looks for itself."""
    window = mail.open(typed=INSTRUCTION)
    window.draft()
    mail.page.evaluate(STYLE, DARK)
    lay(mail, COVERS[name], is_inert=how == "inert", is_in_root=how == "root")
    refuses_to_insert(mail, window)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_page_is_no_cover(mail: Mail, name: str) -> None:
    """What a page or another extension does to its looks keeps nobody from a draft, by mouse or by keys."""
    window = mail.open(typed=INSTRUCTION)
    mail.page.evaluate(STYLE, HONEST[name])
    lay(mail, "")
    window.draft()
    mail.page.wait_for_timeout(SETTLE_MS)
    mail.page.keyboard.press("Control+Enter")
    window.reach("inserted")
    window.button.click()
    window.reach("ready")  # it goes on with what is in the mail
    assert mail.page.locator("[data-cyrano=toast]").count() == 0


@pytest.mark.parametrize("factor", [0.67, 1.25])
def test_a_zoomed_page_is_no_cover(mail: Mail, factor: float) -> None:
    """As the browser zooms: fewer or more points of the page in a window of the same size."""
    size = {"width": round(1280 / factor), "height": round(900 / factor), "deviceScaleFactor": factor, "mobile": False}
    mail.page.context.new_cdp_session(mail.page).send("Emulation.setDeviceMetricsOverride", size)
    window = mail.open(typed=INSTRUCTION)
    mail.page.wait_for_timeout(SETTLE_MS)
    window.draft()
    mail.page.wait_for_timeout(SETTLE_MS)
    mail.page.keyboard.press("Control+Enter")
    window.reach("inserted")


@pytest.mark.parametrize("compose", ["reply", "popout", "full", "new,new"])
def test_every_window_is_in_sight(mail: Mail, compose: str) -> None:
    """Also where others stand beside it, and where it was scrolled half away: keys bring it back."""
    window = mail.open(compose, typed=INSTRUCTION, signature="1", quote="1")
    window.draft()
    mail.page.wait_for_timeout(SETTLE_MS)
    window("#text").focus()
    mail.page.evaluate("() => { for (const each of document.querySelectorAll('*')) each.scrollTop -= 150; }")
    mail.page.wait_for_timeout(SETTLE_MS)
    mail.page.keyboard.press("Control+Enter")
    window.reach("inserted")


def test_the_page_is_left_as_it_was(mail: Mail) -> None:
    """Looking for covers leaves no style behind, and stops no animation for good."""
    window = mail.open(typed=INSTRUCTION)
    mail.page.evaluate(STYLE, DARK)
    before = mail.page.evaluate("() => document.querySelectorAll('style').length")
    window.draft()
    window.insert()
    assert mail.page.evaluate("() => document.querySelectorAll('style').length") == before
