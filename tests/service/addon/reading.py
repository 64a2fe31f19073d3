"""Reads cards as somebody who sits before them."""

import html
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def card_of(answer: Json) -> Json:
    """The card of an answer."""
    action = answer.get("action") or answer["renderActions"]["action"]
    (navigation,) = action["navigations"]
    card: Json = navigation.get("pushCard") or navigation["updateCard"]
    return card


def how_shown(answer: Json) -> str:
    """Whether a card is put on top or takes another one's place."""
    action = answer.get("action") or answer["renderActions"]["action"]
    return str(next(iter(action["navigations"][0])))


def title(answer: Json) -> str:
    """The card's title."""
    return str(card_of(answer)["header"]["title"])


def widgets(answer: Json) -> Iterator[Json]:
    """All widgets of a card."""
    for section in card_of(answer)["sections"]:
        yield from section["widgets"]


def raw_texts(answer: Json) -> list[str]:
    """The card's texts as they are sent."""
    found = []
    for widget in widgets(answer):
        for kind in ("textParagraph", "decoratedText"):
            found += [widget[kind]["text"]] if kind in widget else []
    return found


def text(answer: Json) -> str:
    """What is to be read on a card."""
    lines = [html.unescape(re.sub(r"<[^>]+>", "", raw.replace("<br>", "\n"))) for raw in raw_texts(answer)]
    return "\n".join(lines)


def buttons(answer: Json) -> dict[str, Json]:
    """The buttons by what stands on them: function and parameters."""
    found = {}
    for widget in widgets(answer):
        for button in widget.get("buttonList", {}).get("buttons", ()):
            action = button["onClick"]["action"]
            parameters = {each["key"]: each["value"] for each in action["parameters"]}
            found[button["text"]] = {"path": action["function"].rpartition("/")[2], "parameters": parameters}
    return found


def inputs(answer: Json) -> dict[str, Json]:
    """The boxes and lists by name."""
    found = {}
    for widget in widgets(answer):
        for kind in ("textInput", "selectionInput"):
            if kind in widget:
                found[widget[kind]["name"]] = widget[kind]
    return found
