"""Google's cards, as far as they are used here: JSON made of small pieces. It knows nothing of mail.

A card's text is read as simple HTML. The rules this module keeps:
1. Text of a widget and the header of a section are escaped here; only `marked` makes tags. What a paragraph shows comes
   from `plain` or `marked`.
2. Titles and the small words above and below a line are plain text to Google, so that an escape would be seen. Lest
   some client reads HTML there all the same, they hold no pointed brackets but others that look like them.
3. Boxes, lists and buttons show plain text, and get none but the add-on's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Json = dict[str, Any]

MARK = "#b3261e"
"""The colour of what is to be looked at."""
_BRACKETS = str.maketrans(
    "<>", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of a list to choose from."""

    value: str
    words: str
    is_chosen: bool = False


def card(title: str, sections: Iterable[Json], *, subtitle: str = "") -> Json:
    """Return a card; sections without widgets are left out."""
    header = {"title": unpointed(title), **({"subtitle": unpointed(subtitle)} if subtitle else {})}
    return {"header": header, "sections": [section for section in sections if section["widgets"]]}


def section(widgets: Iterable[Json], *, header: str = "", shown: int | None = None) -> Json:
    """Return a section; with `shown`, it folds behind so many widgets."""
    made: Json = {"widgets": list(widgets)}
    if header:
        made["header"] = escape(header)
    if shown is not None and len(made["widgets"]) > shown:
        made |= {"collapsible": True, "uncollapsibleWidgetsCount": shown}
    return made


def plain(text: str) -> str:
    """Return a text as a card shows it as it is."""
    return escape(text).replace("\n", "<br>")


def unpointed(text: str) -> str:
    """Return a text that is no HTML, read either way, and looks the same."""
    return text.translate(_BRACKETS)


def marked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text as a card shows it, with passages marked; spans are in order and do not overlap."""
    made, at = [], 0
    for start, end in spans:
        made += [plain(text[at:start]), f'<font color="{MARK}"><u>{plain(text[start:end])}</u></font>']
        at = end
    return "".join([*made, plain(text[at:])])


def paragraph(html: str) -> Json:
    """Return a paragraph of what `plain` or `marked` made."""
    return {"textParagraph": {"text": html}}


def line(text: str, *, above: str = "", below: str = "") -> Json:
    """Return a line with small words above and below it."""
    made: Json = {"text": plain(text), "wrapText": True}
    made |= {"topLabel": unpointed(above)} if above else {}
    made |= {"bottomLabel": unpointed(below)} if below else {}
    return {"decoratedText": made}


def text_input(name: str, label: str, *, value: str = "", hint: str = "") -> Json:
    """Return a box for some lines of text."""
    made: Json = {"name": name, "label": label, "type": "MULTIPLE_LINE"}
    made |= {"value": value} if value else {}
    made |= {"hintText": hint} if hint else {}
    return {"textInput": made}


def dropdown(name: str, label: str, choices: Iterable[Choice]) -> Json:
    """Return a list of which one line is chosen."""
    return _selection(name, label, "DROPDOWN", choices)


def checkbox(name: str, choice: Choice) -> Json:
    """Return a box to tick."""
    return _selection(name, "", "CHECK_BOX", [choice])


def _selection(name: str, label: str, kind: str, choices: Iterable[Choice]) -> Json:
    items = [{"text": each.words, "value": each.value, "selected": each.is_chosen} for each in choices]
    made: Json = {"name": name, "type": kind, "items": items}
    made |= {"label": label} if label else {}
    return {"selectionInput": made}


def button(text: str, url: str, parameters: Mapping[str, str]) -> Json:
    """Return a button that has Google ask `url`; the parameters come back with it."""
    given = [{"key": key, "value": value} for key, value in parameters.items()]
    action = {"function": url, "parameters": given, "loadIndicator": "SPINNER", "persistValues": True}
    return {"text": text, "onClick": {"action": action}}


def buttons(made: Iterable[Json]) -> Json:
    """Return buttons side by side."""
    return {"buttonList": {"buttons": list(made)}}
