"""Gmail in twenty languages, from right to left, in the dark, and with every name in the page changed."""

import re

import pytest
from playwright.sync_api import expect

from tests.extension.gmail_site import FIXTURES
from tests.extension.services import DRAFT, Service
from tests.extension.windows import Mail, draft_into

pytestmark = pytest.mark.browser

_LOCALES = (
    (FIXTURES / "page" / "locales.js").read_text(encoding="utf-8").partition("const WORDS = {")[2].partition("};")[0]
)
LANGUAGES = tuple(re.findall(r"(?m)^  (\w\w): ", _LOCALES))
RIGHT_TO_LEFT = ("ar", "he", "fa")


def test_there_are_twenty() -> None:
    """The page model's own list."""
    assert len(LANGUAGES) == 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_in_every_language_of_gmail(mail: Mail, service: Service, language: str) -> None:
    """Button, thread, insertion above signature and quote: nothing depends on words; and all with other names too."""
    window = mail.open("reply,new", locale=language, signature="1", quote="1", randomise=f"seed-{language}")
    expect(mail.window(2).button).to_be_visible()
    draft_into(window)
    assert "oak" in service.house.retriever.asked[-1].thread[-1].text


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_the_panel_runs_from_right_to_left(mail: Mail, language: str) -> None:
    """With the compose, its panel turns round; nothing sticks out of the window."""
    window = mail.open(locale=language, dark="1", signature="1")
    window.type("اكتب لها")
    window.draft()
    mail.shoot(f"right-to-left-{language}")
    assert window.panel.evaluate("panel => getComputedStyle(panel).direction") == "rtl"
    assert window.panel.evaluate("panel => panel.scrollWidth - panel.clientWidth") <= 0
    window.insert()
    assert window.text().startswith(DRAFT)


def test_the_panel_is_dark_where_gmail_is(mail: Mail) -> None:
    """By Gmail's own theme, whatever the system's; what is written can be read in both."""
    grounds = []
    for dark in ("0", "1"):
        window = mail.open(dark=dark)
        window.type("tell her")
        window.draft()
        mail.shoot(f"dark-{dark}")
        assert contrast(*window("#text").evaluate(COLOURS)) >= 4.5
        grounds.append(window.panel.evaluate("panel => getComputedStyle(panel).backgroundColor"))
    assert grounds[0] != grounds[1]


COLOURS = """element => {
  const colour = getComputedStyle(element).color;
  let ground = element;
  while (ground && /rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(ground).backgroundColor))
    ground = ground.parentElement ?? ground.getRootNode().host;
  return [colour, ground ? getComputedStyle(ground).backgroundColor : "rgb(255, 255, 255)"];
}"""


def contrast(*colours: str) -> float:
    """Return how far two colours are apart, by WCAG."""
    light, dark = sorted((_luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_looks_the_same_with_other_names(mail: Mail) -> None:
    """Three throws of the dice for every class and id."""
    for seed in ("1", "2", "3"):
        for kind in ("new", "full", "popout", "forward"):
            window = mail.open(kind, randomise=seed, signature="below", quote="1")
            draft_into(window)
