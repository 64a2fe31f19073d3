"""Colours as mail writes them, as far as it takes to tell ink from paper. Pure; what it does not know is None."""

import re
from colorsys import hls_to_rgb, hsv_to_rgb
from functools import lru_cache

from connectors.cleaning.colour_names import NAMES, Colour
from connectors.cleaning.lengths import pieces

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
LINK: Colour = (0, 0, 238)
"""What links are drawn in that say nothing themselves."""

_ALIKE = 16
"""How far two colours may differ, in each of red, green and blue, that no eye tells them apart."""
_CLEAR = 0.06
"""Up to here a colour lets through all that is below it: black on white is then no further from white than that."""

_MOST_CHARACTERS = 100

_HEX = re.compile(r"#?([0-9a-f]{6})|#([0-9a-f]{8})|#([0-9a-f]{3,4})")
_CALL = re.compile(r"([a-z-]{2,16})\((.*?)\)?", re.DOTALL)
_TURNS = {"turn": 1.0, "grad": 1 / 400, "rad": 1 / 6.283185307179586, "deg": 1 / 360, "": 1 / 360}
_NUMBER = re.compile(r"([+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20}))(%|deg|turn|grad|rad|)|none()")
_OTHER_SPACES = frozenset({"lab", "lch", "oklab", "oklch"})
_MIXED = frozenset({"color", "color-mix", "light-dark", "var", "env", "device-cmyk"})
_WORDS = frozenset(
    """
    currentcolor accentcolor accentcolortext activetext buttonborder buttonface buttontext canvas canvastext field
    fieldtext graytext highlight highlighttext linktext mark marktext selecteditem selecteditemtext visitedtext window
    windowtext windowframe background menu menutext infotext infobackground captiontext scrollbar threedface
    """.split()  # noqa: SIM905  three dozen quoted words are harder to read
)
"""Colours that the reader's system has."""


def lay(value: str, paper: Colour | None) -> Colour | None:
    """Return what shows where a colour is laid on paper."""
    found = _read(value)
    if found is None:
        return None
    colour, cover = found
    if cover >= 1:
        return colour
    if cover <= _CLEAR or paper is None:
        return paper if cover <= _CLEAR else None
    red, green, blue = (round(above * cover + below * (1 - cover)) for above, below in zip(colour, paper, strict=True))
    return red, green, blue


def is_colour(value: str) -> bool:
    """Whether a value is a colour, be it one that cannot be read."""
    if value in NAMES or value in _WORDS or _read(value) is not None:
        return True
    found = _CALL.fullmatch(value)
    if not found:
        return False
    return found[1] in _MIXED or (found[1] in _OTHER_SPACES and _numbers(found[2]) is not None)


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
    return _read_short(value) if len(value) <= _MOST_CHARACTERS else None


@lru_cache(maxsize=1024)  # a mail has few, and names each at many elements
def _read_short(value: str) -> tuple[Colour, float] | None:
    if value == "transparent":
        return BLACK, 0.0
    if value in NAMES:
        return NAMES[value], 1.0
    if found := _HEX.fullmatch(value):
        digits = found[1] or found[2] or "".join(digit * 2 for digit in found[3])
        red, green, blue, cover = (int(digits[at : at + 2] or "ff", 16) for at in (0, 2, 4, 6))
        return (red, green, blue), cover / 255
    found = _CALL.fullmatch(value)
    parts = _numbers(found[2]) if found else None
    return _called(found[1], parts) if found and parts else None


def _called(name: str, parts: list[tuple[float, str]]) -> tuple[Colour, float] | None:
    """Return the colour that a function gives."""
    parts, covers = parts[:3], parts[3:]
    cover = _unit(covers[0], 1) if covers else 1.0
    match name:
        case "rgb" | "rgba":
            red, green, blue = (_unit(part, 255) for part in parts)
        case "hsl" | "hsla":
            red, green, blue = hls_to_rgb(_turn(parts[0]), _unit(parts[2], 100), _unit(parts[1], 100))
        case "hwb":
            white, black = _unit(parts[1], 100), _unit(parts[2], 100)
            whole = max(1.0, white + black)
            tones = hsv_to_rgb(_turn(parts[0]), 1, 1)
            red, green, blue = (tone * (1 - (white + black) / whole) + white / whole for tone in tones)
        case _:
            return None
    return (round(red * 255), round(green * 255), round(blue * 255)), cover


def _numbers(inner: str) -> list[tuple[float, str]] | None:
    """Return the three or four numbers of a colour, each with its unit; None where that is not what they are."""
    parts = pieces(inner)
    if len(parts) not in {3, 4}:
        return None
    found = [_NUMBER.fullmatch(part) for part in parts]
    numbers = [(float(number[1] or 0), number[2] or "") for number in found if number]
    return numbers if len(numbers) == len(parts) else None


def _unit(part: tuple[float, str], whole: float) -> float:
    """Return a number, of which so much is all, as one from 0 to 1."""
    number, unit = part
    return min(max(number / (100 if unit == "%" else whole), 0.0), 1.0)


def _turn(part: tuple[float, str]) -> float:
    return part[0] * _TURNS.get(part[1], 0.0) % 1
