"""Pressing the buttons of the add-on's cards."""

import time
from typing import Any

from tests.service.addon.google import Gmail
from tests.service.addon.house import AddonHouse, Json
from tests.service.addon.reading import buttons, title

OPEN_MAIL = {"messageId": "m1", "threadId": "t1", "accessToken": "message-token"}
WRITING = {"toRecipients": ["Marta Kling <Marta@example.org>"], "ccRecipients": ["bob@example.org"]}


def press(
    house: AddonHouse,
    card: Json,
    words: str,
    gmail: Gmail | None = None,
    inputs: dict[str, str] | None = None,
    **more: Any,
) -> Json:
    """Press a button of a card, with what stands in its boxes."""
    button = buttons(card)[words]
    return house.ask(button["path"], gmail, parameters=button["parameters"], inputs=inputs or {}, **more)


def written(house: AddonHouse, *, instruction: str = "say yes", **boxes: str) -> Json:
    """The card of a draft asked for in the compose window."""
    form = house.ask("compose", gmail=Gmail(gmail=WRITING))
    return press(house, form, "Write", Gmail(gmail=WRITING), inputs={"instruction": instruction, **boxes})


def waited_for(house: AddonHouse, card: Json, gmail: Gmail | None = None, within_s: float = 30) -> Json:
    """Press Refresh for as long as it says that it is still writing; fail where that does not end."""
    end = time.monotonic() + within_s
    while title(card) == "Still writing":
        assert time.monotonic() < end, "the draft did not end"
        card = press(house, card, "Refresh", gmail)
    return card
