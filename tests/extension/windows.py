"""Gmail in a tab, its compose windows, and what the extension puts beside them: as a person sees and uses them."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from playwright.sync_api import Locator, expect

from tests.extension.chromium import Chromium
from tests.extension.gmail_site import GMAIL
from tests.extension.services import DRAFT, INSTRUCTION

Found = TypeVar("Found")

EDITOR = "[contenteditable][role=textbox], [g_editable]"
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


class Mail:
    """A tab with Gmail."""

    def __init__(self, browser: Chromium) -> None:
        self.browser = browser
        self.page = browser.context.new_page()
        self.complaints: list[str] = []
        """What went wrong in the page or the content script without anybody being told."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)[:600]))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text[:600]))

    def open(self, compose: str = "new", **query: str) -> "Window":
        """Open Gmail with some composes; return the first. See extension/fixtures/page/options.js."""
        self.page.goto(f"https://{GMAIL}/mail/u/0/?{urlencode({'compose': compose, **query})}")
        return self.window(1)

    def window(self, number: int) -> "Window":
        """Return a compose, by the number Gmail's stand-in gave it."""
        return Window(self, number)

    def act(self, what: str, *arguments: Any) -> Any:
        """Have Gmail or its user do something; see extension/fixtures/page/page.js."""
        return self.page.evaluate("([what, given]) => window.__gmail[what](...given)", [what, arguments])

    def pardon(self, *words: str) -> None:
        """Let complaints pass that a test is about."""
        self.complaints[:] = [each for each in self.complaints if not any(word in each for word in words)]

    def shoot(self, name: str) -> None:
        """Keep a picture of what is seen."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def close(self) -> None:
        """Close the tab."""
        self.page.close()


class Window:
    """A compose window."""

    def __init__(self, mail: Mail, number: int) -> None:
        self.mail = mail
        self.number = number
        self.root = mail.page.locator(f"[data-compose-id='{number}']")
        self.editor = self.root.locator(EDITOR)
        self.button = self.root.locator("[data-cyrano=button] #button")
        # The panel of a floating window lies beside it, that of a reply in it.
        dialog = mail.page.locator("[role=dialog]", has=self.root)
        self.panel = self.root.or_(dialog).locator("[data-cyrano=panel] #panel")

    def __call__(self, selector: str) -> Locator:
        """Find something in the panel."""
        return self.panel.locator(selector)

    def text(self) -> str:
        """Return what stands in the editor, line by line, an empty one between paragraphs."""
        # Chromium tells an empty line in a div as two.
        shown = str(self.editor.evaluate("editor => editor.innerText")).replace("\u00a0", " ")
        return re.sub(r"\n{2,}", "\n\n", shown)

    def saved(self) -> dict[str, Any]:
        """Return what Gmail saved of it last."""
        return dict(self.mail.page.evaluate("number => window.__saved[number] ?? {}", self.number))

    def type(self, words: str) -> None:
        """Type where a mail begins."""
        self.editor.click()
        self.mail.page.keyboard.press("ControlOrMeta+Home")
        self.mail.page.keyboard.type(words)

    def ask(self, instruction: str = "") -> None:
        """Press the button; with an instruction, write it into the box and ask."""
        self.button.click()
        if instruction:
            self("#instruction").fill(instruction)
            self("#write").click()

    def reach(self, phase: str, *, within_s: float = 5) -> None:
        """Wait until the panel has come to a phase."""
        expect(self.panel).to_have_attribute("data-phase", phase, timeout=within_s * 1000)

    def draft(self, instruction: str = "") -> None:
        """Ask, and wait for the whole draft."""
        self.ask(instruction)
        self.reach("ready")

    def insert(self) -> None:
        """Take the draft."""
        self("#insert").click()
        self.reach("inserted")

    def trouble(self, kind: str, *, within_s: float = 5) -> str:
        """Wait for a trouble; return what is said about it."""
        self.reach("failed", within_s=within_s)
        expect(self("#trouble")).to_have_attribute("data-kind", kind)
        return self("#trouble").inner_text()


def wait_for(what: str, look: Callable[[], Found | None], *, within_s: float = 5) -> Found:
    """Look again and again until something is found."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError(f"{what} did not come within {within_s} s")


def draft_into(window: Window) -> None:
    """Type a line, have it become the draft, and see that nothing below it changed."""
    before = window.text()
    window.type(INSTRUCTION)
    window.draft()
    window.insert()
    text = window.text()
    assert text.startswith(DRAFT)
    assert INSTRUCTION not in text
    assert text.split() == [*DRAFT.split(), *before.split()]
