"""Where the panel lies: in sight, usable, and not over what is written, however small the screen and many the mails."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.extension.services import INSTRUCTION
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser

Rect = dict[str, float]
Size = tuple[int, int]

WIDE = [(1280, 900), (1280, 660), (1366, 657), (1440, 800), (1280, 720)]
SMALL = [(800, 700), (700, 600), (640, 450)]
SLACK_PX = 2
STEADY = """async () => {
  const hosts = () => [...document.querySelectorAll("[data-cyrano=panel]")];
  const boxes = () => JSON.stringify(hosts().map((host) => host.getBoundingClientRect()));
  for (let last = ""; last !== boxes(); ) {
    last = boxes();
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}"""
TALL = """() => {
  for (const dialog of document.querySelectorAll("[role=dialog]:has([data-compose-id])")) {
    if (getComputedStyle(dialog).position !== "fixed") dialog.style.height = "min(560px, 100vh - 24px)";
    dialog.style.overflow = "hidden";
    const editor = dialog.querySelector("[contenteditable]");
    const fill = () => {
      const rest = dialog.getBoundingClientRect().bottom - editor.getBoundingClientRect().top - 60;
      Object.assign(editor.style, { minHeight: "0", maxHeight: "none", height: `${rest}px` });
    };
    fill();
    addEventListener("resize", fill);
  }
}"""
ON_TOP = """(node, [down]) => {
  const { left, width, top } = node.getBoundingClientRect();
  const found = document.elementFromPoint(left + width / 2, top + down);
  return node.contains(found) || found?.contains(node);
}"""


def resize(mail: Mail, size: Size) -> None:
    """Make the browser's window so large."""
    mail.page.set_viewport_size({"width": size[0], "height": size[1]})


def box_of(node: Locator) -> Rect:
    """Return where something lies in the viewport."""
    found: Any = node.evaluate("node => node.getBoundingClientRect().toJSON()")
    return dict(found)


def assert_in_sight(mail: Mail, node: Locator, what: str) -> None:
    """All of it lies in the viewport."""
    box, size = box_of(node), mail.page.viewport_size
    assert size
    assert box["width"] > 0, what
    assert box["left"] >= -SLACK_PX, (what, box)
    assert box["top"] >= -SLACK_PX, (what, box)
    assert box["right"] <= size["width"] + SLACK_PX, (what, box)
    assert box["bottom"] <= size["height"] + SLACK_PX, (what, box)


def assert_usable(window: Window, *buttons: str) -> None:
    """The panel is in sight, and what is in it takes clicks."""
    window.mail.page.evaluate(STEADY)
    assert_in_sight(window.mail, window.panel, "panel")
    for button in ("#close", *buttons):
        assert_in_sight(window.mail, window(button), button)
        window(button).click(trial=True, timeout=2000)


def assert_written_in(window: Window) -> None:
    """The mail stands where it stood: its addressing is in sight, and the editor's first line takes a click."""
    form = window.root.locator("form")
    assert box_of(form)["top"] >= 0
    assert form.evaluate(ON_TOP, [12])
    assert box_of(window.editor)["top"] >= 0
    assert window.editor.evaluate(ON_TOP, [14])


def ask_at(window: Window, sizes: Sequence[Size]) -> None:
    """Open the panel, and look at it in each size of the browser's window."""
    window.button.click()
    window("#instruction").fill(INSTRUCTION)
    for size in sizes:
        resize(window.mail, size)
        assert_usable(window, "#instruction", "#write")


def draft_at(windows: Sequence[Window], sizes: Sequence[Size]) -> None:
    """Have drafts written, and look at them in each size."""
    for window in windows:
        window("#write").click()
        window.reach("ready")
    for size in sizes:
        resize(windows[0].mail, size)
        for window in (each for each in windows if box_of(each.button)["left"] > 0):
            assert_usable(window, "#insert", "#copy", "#retry", "#discard")
            assert_written_in(window)
            for button in ("#change", "[data-quick=shorter]", "#refine"):
                window(button).click(trial=True, timeout=2000)
        shoot(windows[0], size)


def shoot(window: Window, size: Size) -> None:
    """Keep a picture, named by what is asked of the page."""
    kind = window.mail.page.url.split("?")[1].replace("%2C", "-").replace("=", "-").replace("&", "-")
    window.mail.shoot(f"place-{kind}-{size[0]}x{size[1]}")


@pytest.mark.parametrize("compose", ["new", "full", "reply-dialog", "popout", "reply-popout"])
def test_one_window_keeps_what_is_written_in_sight(mail: Mail, compose: str) -> None:
    """Beside it, above it, else over its lower end: the panel works, and so does the mail."""
    window = mail.open(compose)
    ask_at(window, [*WIDE[:1], *SMALL[-1:]])
    draft_at([window], [*WIDE, *SMALL])
    window.insert()
    assert "see you soon." in window.text()


@pytest.mark.parametrize("compose", ["new,new", "new,reply-dialog", "new,new,new"])
def test_each_of_several_windows_has_a_panel_that_can_be_used(mail: Mail, compose: str) -> None:
    """Also where all the room beside them is taken, and other panels are open."""
    resize(mail, (1600, 900))
    mail.open(compose)
    windows = [mail.window(number + 1) for number in range(compose.count(",") + 1)]
    for window in windows:
        ask_at(window, [(1600, 900)])
    draft_at(windows, WIDE)


@pytest.mark.parametrize("compose", ["new", "new,new", "full"])
def test_windows_with_a_height_of_their_own(mail: Mail, compose: str) -> None:
    """Gmail's are tall, with their bar at the lower end, and cut what does not fit: nothing in them moves or goes."""
    resize(mail, (1280, 900))
    window = mail.open(compose)
    mail.page.evaluate(TALL)
    before = box_of(window.editor)
    ask_at(window, [(1280, 900)])
    assert box_of(window.editor) == before
    draft_at([window], [(1280, 900), (1280, 660), (800, 700), (700, 600)])
    window("#text").press("ControlOrMeta+Enter")
    window.reach("inserted")


@pytest.mark.parametrize("size", [(1280, 900), (640, 450)], ids=str)
def test_in_a_conversation_it_is_scrolled_to(mail: Mail, size: Size) -> None:
    """An answer there has the panel below its bar."""
    resize(mail, size)
    window = mail.open("reply")
    ask_at(window, [size])
    window("#write").click()
    window.reach("ready")
    assert_usable(window, "#insert", "#copy", "#retry", "#discard")
    shoot(window, size)
    window.editor.click(trial=True)


@pytest.mark.parametrize("locale", ["ar", "he"])
def test_written_from_the_right_all_is_in_sight_too(mail: Mail, locale: str) -> None:
    """Windows stand at the left there."""
    window = mail.open("new,new", locale=locale)
    ask_at(window, WIDE[:1])
    draft_at([window], WIDE)
    window = mail.open(locale=locale)
    ask_at(window, SMALL[-1:])
    draft_at([window], SMALL)


def test_a_page_that_is_magnified_by_its_styles(mail: Mail) -> None:
    """Lengths mean more there than in the rest of the page."""
    window = mail.open()
    mail.page.evaluate("() => { document.body.style.zoom = '1.45'; }")
    ask_at(window, [(1280, 900)])
    draft_at([window], [(1280, 900), (1440, 800)])


def test_it_follows_a_window_that_makes_room(mail: Mail) -> None:
    """Another mail is opened, and moves the first along: its panel goes with it, off what it would cover."""
    window = mail.open()
    window.button.click()
    mail.page.evaluate(STEADY)
    mail.act("open", "new")
    expect(mail.window(2).button).to_be_visible()
    mail.page.wait_for_timeout(500)
    assert_usable(window, "#instruction")
    assert_written_in(window)


def test_it_stays_with_an_editor_that_is_drawn_anew(mail: Mail) -> None:
    """The old editor is nowhere; the panel does not vanish with it."""
    window = mail.open()
    window.draft(INSTRUCTION)
    mail.act("redrawEditor", 1)
    resize(mail, (1100, 800))
    mail.page.wait_for_timeout(500)
    assert_usable(window, "#insert")
