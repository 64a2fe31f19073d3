"""What HTML hides from whoever reads it: by how it is laid out, how small it is, or by ink like the paper. Pure.

It goes by what stands at the elements themselves, as mail has it. Style sheets are not read: what they hide is read on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

Colour = tuple[int, int, int]
Attributes = Mapping[str, str | None]

WHITE: Colour = (255, 255, 255)
_NAMES: Mapping[str, Colour] = {
    "white": WHITE,
    "black": (0, 0, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
}
_ALIKE = 16
"""How far two colours may differ, in each of red, green and blue, that no eye tells them apart."""
_TINY_PX = 1.0
_PX = {"": 1.0, "px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16}
_AWAY_PX = -500.0
_MOST_LETTERS = 2000
"""Longer styles are read by their beginnings."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(px|pt|em|rem|%|)\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+)%?)?\s*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the text of an element looks, as far as hiding goes; children inherit it."""

    is_gone: bool = False
    """Nothing within it is shown, whatever that says itself."""
    is_tiny: bool = False
    is_invisible: bool = False
    ink: Colour | None = (0, 0, 0)
    """None where it is not known."""
    paper: Colour | None = WHITE

    @property
    def is_seen(self) -> bool:
        """Whether somebody can read the text of the element itself."""
        return not (self.is_gone or self.is_tiny or self.is_invisible or _is_alike(self.ink, self.paper))

    def within(self, attributes: Attributes) -> "Look":
        """Return how the text of a child looks."""
        if not attributes:
            return self
        styles = _styles(attributes)
        look = replace(self, is_gone=True) if "hidden" in attributes or _is_gone(styles) else self
        if (size := _px(styles.get("font-size", ""))) is not None:
            look = replace(look, is_tiny=size <= _TINY_PX)
        if "visibility" in styles:
            look = replace(look, is_invisible=styles["visibility"] in {"hidden", "collapse"})
        if paper := styles.get("background-color") or styles.get("background"):
            look = replace(look, paper=look.paper if paper in {"transparent", "none"} else _colour(paper.split()[0]))
        if ink := styles.get("color"):
            look = replace(look, ink=look.paper if ink == "transparent" else _colour(ink))
        return look


def _styles(attributes: Attributes) -> dict[str, str]:
    """Return the style of an element by property, with what older attributes say of its colours."""
    old = {"color": attributes.get("color"), "background-color": attributes.get("bgcolor")}
    styles = {name: value.strip().lower() for name, value in old.items() if value}
    for part in _COMMENT.sub("", (attributes.get("style") or "")[:_MOST_LETTERS]).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            styles[name.strip()] = value.replace("!important", "").strip()
    return styles


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
    away = (_px(styles.get(name, "")) for name in ("text-indent", "margin-left", *places))
    return any(place is not None and place <= _AWAY_PX for place in away)


def _px(value: str) -> float | None:
    """Return about how many pixels a length is, or the number where it has no unit; None where nobody knows."""
    found = _LENGTH.match(value)
    return float(found[1]) * _PX[found[2]] if found else None


def _colour(value: str) -> Colour | None:
    if value in _NAMES:
        return _NAMES[value]
    if found := re.fullmatch(r"#?([0-9a-f]{6})(?:[0-9a-f]{2})?", value):
        return (int(found[1][:2], 16), int(found[1][2:4], 16), int(found[1][4:], 16))
    if found := re.fullmatch(r"#([0-9a-f])([0-9a-f])([0-9a-f])[0-9a-f]?", value):
        return (int(found[1] * 2, 16), int(found[2] * 2, 16), int(found[3] * 2, 16))
    if found := _RGB.fullmatch(value):
        return (int(found[1]), int(found[2]), int(found[3]))
    return None


def _is_alike(one: Colour | None, other: Colour | None) -> bool:
    if one is None or other is None:
        return False
    return all(abs(a - b) <= _ALIKE for a, b in zip(one, other, strict=True))
