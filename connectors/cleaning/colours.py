"""Colours as mail writes them, as far as it takes to tell ink from paper. Pure; what it does not know is None."""

import re
from collections.abc import Mapping

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
LINK: Colour = (0, 0, 238)
"""What links are drawn in that say nothing themselves."""
_NAMES: Mapping[str, Colour] = {
    "white": WHITE,
    "black": BLACK,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
}
_ALIKE = 16
"""How far two colours may differ, in each of red, green and blue, that no eye tells them apart."""
_CLEAR = 0.03
"""Up to here a colour lets through all that is below it."""
_FULL = 0.97

_HEX = re.compile(r"#?([0-9a-f]{6})|#([0-9a-f]{8})|#([0-9a-f]{3,4})")
_RGB = re.compile(
    r"rgba?\(\s*+(\d{1,3})[\s,]++(\d{1,3})[\s,]++(\d{1,3})(?:[\s,/]++(\d++(?:\.\d*+)?+|\.\d++)(%?))?\s*+\)"
)


def lay(value: str, paper: Colour | None) -> Colour | None:
    """Return what shows where a colour is laid on paper."""
    found = _read(value)
    if found is None or _CLEAR < found[1] < _FULL:
        return None
    return paper if found[1] <= _CLEAR else found[0]


def is_colour(value: str) -> bool:
    """Whether a value is a colour that can be read."""
    return _read(value) is not None


def is_clear(value: str) -> bool:
    """Whether a colour shows nothing of itself."""
    found = _read(value)
    return found is not None and found[1] <= _CLEAR


def is_alike(one: Colour | None, other: Colour | None) -> bool:
    """Whether no eye tells two colours apart; of one that is not known nobody can say so."""
    if one is None or other is None:
        return False
    return all(abs(a - b) <= _ALIKE for a, b in zip(one, other, strict=True))


def _read(value: str) -> tuple[Colour, float] | None:
    """Return a colour, and from 0 to 1 how much it covers what is below."""
    if value == "transparent":
        return BLACK, 0.0
    if value in _NAMES:
        return _NAMES[value], 1.0
    if found := _HEX.fullmatch(value):
        digits = found[1] or found[2] or "".join(digit * 2 for digit in found[3])
        red, green, blue, cover = (int(digits[at : at + 2] or "ff", 16) for at in (0, 2, 4, 6))
        return (red, green, blue), cover / 255
    if found := _RGB.fullmatch(value):
        share = float(found[4] or 1) / (100 if found[5] else 1)
        return (int(found[1]), int(found[2]), int(found[3])), share
    return None
