"""What HTML hides from whoever reads it: by how it is laid out, how small it is, or by ink like the paper. Pure.

It goes by what stands at the elements themselves, as mail has it. Style sheets are not applied (`sheets.py`): what they
hide is read on, and what they alone show again is not read. Where a colour is not known, the text is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.cleaning.colours import BLACK, LINK, WHITE, Colour, is_alike, is_clear, is_colour, lay

Attributes = Mapping[str, str | None]

_TINY_PX = 1.0
_PX = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16}
_AWAY_PX = -500.0
_MARGIN_AWAY_PX = -2000.0
"""Columns are laid out by margins that pull back by their width, and are seen."""
_MOST_LETTERS = 2000
"""Longer styles are read by their beginnings."""

COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_NUMBER = r"([+-]?+(?:\d++(?:\.\d*+)?+|\.\d++))"
_LENGTH = re.compile(rf"{_NUMBER}(px|pt|em|rem|%|)(?![\w.%])")
_PIECE = re.compile(r"[^\s()]++(?:\([^()]*+\))?+")
_PICTURE = re.compile(r"url\(|gradient\(|image|element\(|cross-fade\(")
_BESIDE_COLOURS = frozenset(
    """
    none repeat repeat-x repeat-y no-repeat space round scroll fixed local center top left right bottom auto cover
    contain / border-box padding-box content-box inherit initial unset revert
    """.split()  # noqa: SIM905  two dozen quoted words are harder to read
)
"""What a background may say without a colour: there the paper below shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the text of an element looks, as far as hiding goes; children inherit it."""

    is_gone: bool = False
    """Nothing within it is shown, whatever that says itself."""
    is_tiny: bool = False
    is_invisible: bool = False
    is_clear: bool = False
    """Its ink lets all through, on whatever paper."""
    ink: Colour | None = BLACK
    """None where it is not known."""
    paper: Colour | None = WHITE

    @property
    def is_seen(self) -> bool:
        """Whether somebody can read the text of the element itself."""
        is_hidden = self.is_gone or self.is_tiny or self.is_invisible or self.is_clear
        return not (is_hidden or is_alike(self.ink, self.paper))

    def within(self, attributes: Attributes) -> "Look":
        """Return how the text of a child looks."""
        if not attributes:
            return self
        styles = _styles(attributes)
        look = replace(self, is_gone=True) if "hidden" in attributes or _is_gone(styles) else self
        if (size := _px(styles.get("font-size", ""))) is not None:
            is_relative = styles["font-size"].endswith(("em", "%")) and not styles["font-size"].endswith("rem")
            look = replace(look, is_tiny=size <= _TINY_PX or (is_relative and self.is_tiny))
        if "visibility" in styles:
            look = replace(look, is_invisible=styles["visibility"] in {"hidden", "collapse"})
        if "background-color" in styles or "background-image" in styles:
            look = replace(look, paper=_paper(styles, look.paper))
        if "href" in attributes:
            look = replace(look, ink=LINK, is_clear=False)
        return _inked(look, styles.get("color", "inherit"))

    def unsettled(self, *, is_ink: bool, is_paper: bool) -> "Look":
        """Return the look where nobody knows any more what its ink or its paper is."""
        look = replace(self, ink=None, is_clear=False) if is_ink else self
        return replace(look, paper=None) if is_paper else look


def _inked(look: Look, ink: str) -> Look:
    """Return a look in another ink."""
    if ink in {"", "inherit", "unset", "currentcolor"}:
        return look
    if ink == "initial":
        return replace(look, ink=BLACK, is_clear=False)
    return replace(look, ink=lay(ink, None), is_clear=is_clear(ink))


def _styles(attributes: Attributes) -> dict[str, str]:
    """Return the style of an element by property, with what older attributes say of its colours."""
    old = {
        "color": attributes.get("color"),
        "background-color": attributes.get("bgcolor"),
        "background-image": "url()" if attributes.get("background") else None,
    }
    styles = {name: value.strip().lower() for name, value in old.items() if value}
    for part in COMMENT.sub("", (attributes.get("style") or "")[:_MOST_LETTERS]).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            styles |= _longhand(name.strip(), value.replace("!important", "").strip())
    return styles


def _longhand(name: str, value: str) -> dict[str, str]:
    """Return what a property sets that stands for several."""
    if name == "background":
        pieces = _PIECE.findall(value)
        others = (piece for piece in pieces if piece not in _BESIDE_COLOURS and not piece[0].isdigit())
        colour = next(filter(is_colour, pieces), next(others, "transparent"))
        return {"background-image": value, "background-color": colour}
    if name == "font":
        sizes = (piece.partition("/")[0] for piece in _PIECE.findall(value))
        return {"font-size": next((size for size in sizes if _px(size) is not None), "")}
    return {name: value}


def _paper(styles: Mapping[str, str], paper: Colour | None) -> Colour | None:
    """Return what is seen behind the text; behind a picture it may be anything."""
    if _PICTURE.search(styles.get("background-image", "")):
        return None
    colour = styles.get("background-color", "")
    return lay(colour, paper) if colour and colour not in _BESIDE_COLOURS else paper


def _is_gone(styles: Mapping[str, str]) -> bool:
    if styles.get("display") == "none" or styles.get("mso-hide") == "all":
        return True
    if _px(styles.get("opacity", "")) == 0:
        return True
    is_cut = styles.get("overflow") in {"hidden", "clip"}
    if is_cut and any(_px(styles.get(name, "")) == 0 for name in ("height", "max-height", "width", "max-width")):
        return True
    is_placed = styles.get("position") in {"absolute", "fixed"}
    places = ("left", "top", "right", "bottom") if is_placed else ()
    away = (_px(styles.get(name, "")) for name in ("text-indent", *places))
    pulled = _px(styles.get("margin-left", ""))
    is_pulled = pulled is not None and pulled <= _MARGIN_AWAY_PX
    return is_pulled or any(place is not None and place <= _AWAY_PX for place in away)


def _px(value: str) -> float | None:
    """Return about how many pixels a length is; None where nobody knows, and without a unit unless it is 0."""
    found = _LENGTH.match(value)
    if not found or not (found[2] or float(found[1]) == 0):
        return None
    return float(found[1]) * _PX.get(found[2], 0.0)
