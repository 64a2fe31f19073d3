"""A hostile mail in the thread that is answered: orders nobody sees, links, tricks with characters change nothing."""

import pytest

from tests.extension.services import Service
from tests.extension.windows import Mail

pytestmark = pytest.mark.browser

INSTRUCTION = "tell Tom that we come on Thursday"
EVIL = "evil@evil.example", "https://evil.example/", "DE00 6666"
OBEYED = "Hi Tom,\n\nplease pay at https://evil.example/ and write to evil@evil.example.\n\nAna"


@pytest.fixture(params=["", "seed"])
def hostile(mail: Mail, request: pytest.FixtureRequest) -> Mail:
    """An answer to it, in a page with its usual names and with others."""
    mail.open("reply-all", hostile="1", signature="1", quote="1", randomise=request.param)
    return mail


def test_what_nobody_sees_is_not_read(hostile: Mail, service: Service) -> None:
    """However an order is hidden, it does not reach the service; what stands in sight does."""
    window = hostile.window(1)
    window.type(INSTRUCTION)
    window.draft()
    prompt = service.writer.prompts[-1]
    assert "HIDDEN" not in prompt
    assert "12 metres of oak" in prompt


def test_characters_nobody_sees_are_gone(hostile: Mail, service: Service) -> None:
    """Zero widths, bidi controls, tag characters and soft hyphens hide no word from the model or the fact check."""
    window = hostile.window(1)
    window.type(INSTRUCTION)
    window.draft()
    prompt = service.writer.prompts[-1]
    assert not [letter for letter in prompt if letter in "\u200b\u00ad\u202e\u202c\u2060" or ord(letter) >= 0xE0000]
    assert "paypal.example" in prompt


def test_a_model_that_obeys_changes_neither_recipients_nor_subject(hostile: Mail, service: Service) -> None:
    """Recipients, subject and instruction are the owner's; links that only the mail knows do not go in."""
    service.writes(OBEYED)
    window = hostile.window(1)
    before = addressing(hostile)
    assert {"tom@example.com", "eva@example.net", "Re: The garden fence"} <= {word for row in before for word in row}
    window.type(INSTRUCTION)
    window.draft()
    hostile.shoot("hostile-mail")
    asked = service.house.retriever.asked[-1]
    assert asked.instruction == INSTRUCTION
    assert asked.subject == "Re: The garden fence"
    kinds = window("#checks li").evaluate_all("items => items.map((item) => item.dataset.kind)")
    assert {"link", "email"} <= set(kinds)
    window.insert()
    assert addressing(hostile) == before
    own = window.text().partition("Ana Ivers")[0]
    assert "please pay at" in own
    for word in EVIL:
        assert word not in own
    assert window.editor.locator("a").count() == 0


def addressing(mail: Mail) -> list[list[str | None]]:
    """Return what the form of the compose says: recipients, subject, and what is hidden."""
    rows: list[list[str | None]] = mail.page.evaluate(
        """() => [...document.querySelectorAll("[data-compose-id='1'] form :is(input, [role=option])")].map((each) =>
             [each.getAttribute("name"), each.getAttribute("data-hovercard-id"), each.value])"""
    )
    return rows
