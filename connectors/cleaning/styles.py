"""What a style says, as far as hiding goes, by property: of several values the last that is one. Pure.

Browsers pass over values they do not know, and so must who asks what they show: `display:none;display:bogus` hides.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from connectors.cleaning.colours import is_colour
from connectors.cleaning.lengths import is_length, pieces, share

PICTURE = re.compile(r"(?<![\w-])(?:url\(|(?:-webkit-)?(?:repeating-)?(?:linear-|radial-|conic-)?gradient\(|element\("
                     r"|(?:-webkit-)?(?:image-set|cross-fade|image)\(|paint\()")  # fmt: skip

_PLAIN = re.compile(r"[^\"'\\()/]*")
_PART = re.compile(
    r"""
    (?P<comment>/\*.*?(?:\*/|\Z))
    | (?P<string>"(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?)
    | (?P<url>url\(\s*+(?!["'])[^)]*+\)?)
    | \\(?:(?P<code>[0-9a-f]{1,6})\s?|(?P<letter>.?))
    | (?P<sign>[();/])
    | (?:(?!url\()[^"'\\();/])++
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_SURROGATES = 0xD800
_IMPORTANT = re.compile(r"!\s*+important$")
_EVERYWHERE = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
_VARIABLE = re.compile(r"(?<![\w-])(?:var|env)\(")

BESIDE_COLOURS = frozenset(
    """
    none repeat repeat-x repeat-y no-repeat space round scroll fixed local center top left right bottom auto cover
    contain border-box padding-box content-box text -webkit-text inherit initial unset revert revert-layer
    """.split()  # noqa: SIM905  three dozen quoted words are harder to read
)
"""What a background may say without a colour: there the paper below shows."""

_DISPLAYS = frozenset(
    """
    none block inline inline-block flex inline-flex grid inline-grid table inline-table table-row table-cell
    table-caption table-column table-column-group table-row-group table-header-group table-footer-group list-item
    contents flow flow-root run-in ruby ruby-base ruby-text ruby-base-container ruby-text-container math
    -webkit-box -webkit-inline-box -webkit-flex -webkit-inline-flex
    """.split()  # noqa: SIM905
)
_SIZES = frozenset("auto none min-content max-content fit-content stretch -webkit-fill-available".split())  # noqa: SIM905
_LETTERS = frozenset(
    "xx-small x-small small medium large x-large xx-large xxx-large smaller larger math".split()  # noqa: SIM905
)


def read_style(style: str) -> dict[str, str]:
    """Return the properties of a style that have to do with hiding, with values that are some."""
    found: dict[str, str] = {}
    important: set[str] = set()
    for whole_name, whole_value in _declarations(style):
        value, count = _IMPORTANT.subn("", whole_value)
        for name, one in _longhands(whole_name, value.rstrip()):
            if _is_valid(name, one) and (count or name not in important):
                found[name] = one
                important.update((name,) if count else ())
    return found


def without_strings(sheet: str) -> str:
    """Return a style sheet without its comments, strings and addresses, in which signs stand for nothing."""
    return _PART.sub(lambda part: " " if part["comment"] else '""' if part["string"] else _as_is(part), sheet)


def _as_is(part: re.Match[str]) -> str:
    return "url()" if part["url"] else part[0]


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for part in _split(style):
        name, colon, value = part.partition(":")
        if colon:
            yield name.strip().lower(), " ".join(value.lower().split())


def _split(style: str) -> Iterator[str]:
    """Cut a style at its semicolons, but not within brackets; comments, strings and addresses are taken out."""
    if _PLAIN.fullmatch(style):
        yield from style.split(";")
        return
    text: list[str] = []
    depth = 0
    for part in _PART.finditer(style):
        sign = part["sign"]
        depth += (sign == "(") - (sign == ")" and depth > 0)
        if sign == ";" and not depth:
            yield "".join(text)
            text = []
        else:
            text.append(_meaning(part))
    yield "".join(text)


def _meaning(part: re.Match[str]) -> str:
    """Return what a part of a style comes to."""
    if part["comment"]:
        return " "
    if part["string"]:
        return '""'
    if part["code"]:
        code = int(part["code"], 16)
        return chr(code) if 0 < code < _SURROGATES else ""
    return part["letter"] if part["letter"] is not None else _as_is(part)


def _longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what a property sets that stands for several, and a property by its usual name."""
    match name:
        case "background":
            yield from _background(value)
        case "font":
            sizes = [piece for piece in pieces(value) if is_length(piece) or piece in _LETTERS]
            yield from (("font-size", size) for size in sizes[:1])
            yield "line-height", sizes[1] if "/" in value and len(sizes) > 1 else "normal"
        case "overflow":
            yield from zip(("overflow-x", "overflow-y"), sides(value), strict=False)
        case "margin" | "inset":
            prefix = "margin-" if name == "margin" else ""
            yield from ((f"{prefix}{side}", one) for side, one in zip(_SIDES, sides(value), strict=False))
        case _ if name in _SAME:
            yield _SAME[name], value
        case _:
            yield name, value


_SIDES = ("top", "right", "bottom", "left")
_SAME: Mapping[str, str] = {
    "inline-size": "width",
    "block-size": "height",
    "max-inline-size": "max-width",
    "max-block-size": "max-height",
    "overflow-inline": "overflow-x",
    "overflow-block": "overflow-y",
    "margin-inline-start": "margin-left",
    "margin-block-start": "margin-top",
    "inset-inline-start": "left",
    "inset-block-start": "top",
    "-webkit-clip-path": "clip-path",
    "-webkit-transform": "transform",
    "-webkit-filter": "filter",
    "-webkit-opacity": "opacity",
    "-webkit-background-clip": "background-clip",
}


def sides(value: str) -> list[str]:
    """Return what a value of one to four parts says of top, right, bottom and left."""
    parts = pieces(value)
    orders = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)}
    return [parts[at] for at in orders.get(len(parts), ())]


def _background(value: str) -> Iterator[tuple[str, str]]:
    parts = pieces(value)
    if not all(map(_is_of_background, parts)):
        return
    yield "background-color", next(filter(is_colour, parts), "transparent")
    yield "background-image", " ".join(filter(_is_picture, parts)) or "none"
    yield "background-clip", "text" if {"text", "-webkit-text"} & set(parts) else "border-box"


def _is_of_background(part: str) -> bool:
    return part in BESIDE_COLOURS or _is_picture(part) or is_colour(part) or is_length(part)


def _is_picture(value: str) -> bool:
    return PICTURE.match(value) is not None


def _is_valid(name: str, value: str) -> bool:
    is_one = _VALID.get(name)
    return is_one is not None and (value in _EVERYWHERE or _VARIABLE.search(value) is not None or is_one(value))


def _is_any(value: str) -> bool:
    return bool(value)


def _is_word_of(*words: str) -> Callable[[str], bool]:
    return frozenset(words).__contains__


def _is_size(value: str) -> bool:
    return value in _SIZES or value.startswith("fit-content(") or is_length(value)


def _are_numbers(value: str) -> bool:
    return all(share(part) is not None for part in pieces(value) or [""])


def _are_calls(value: str) -> bool:
    return value == "none" or _CALLS.fullmatch(value) is not None


_CALLS = re.compile(r"[\w-]++\([^;]*+")
_OVERFLOWS = _is_word_of("visible", "hidden", "clip", "scroll", "auto", "overlay")
_VALID: Mapping[str, Callable[[str], bool]] = {
    "display": lambda value: bool(value) and _DISPLAYS.issuperset(value.split()),
    "visibility": _is_word_of("visible", "hidden", "collapse"),
    "content-visibility": _is_word_of("visible", "hidden", "auto"),
    "mso-hide": _is_any,
    "opacity": _are_numbers,
    "zoom": lambda value: value in {"normal", "reset"} or _are_numbers(value),
    "scale": lambda value: value == "none" or _are_numbers(value),
    "translate": lambda value: value == "none" or all(map(is_length, pieces(value) or [""])),
    "transform": _are_calls,
    "filter": _are_calls,
    "clip": lambda value: value == "auto" or value.startswith("rect("),
    "clip-path": lambda value: value in BESIDE_COLOURS or _are_calls(value),
    "color": is_colour,
    "-webkit-text-fill-color": is_colour,
    "background-color": is_colour,
    "background-image": lambda value: value == "none" or all(map(_is_picture, pieces(value) or [""])),
    "background-clip": lambda value: bool(value) and BESIDE_COLOURS.issuperset(pieces(value)),
    "font-size": lambda value: value in _LETTERS or is_length(value),
    "line-height": lambda value: value == "normal" or is_length(value) or share(value) is not None,
    "letter-spacing": lambda value: value == "normal" or is_length(value),
    "text-indent": lambda value: any(map(is_length, pieces(value))),
    "overflow-x": _OVERFLOWS,
    "overflow-y": _OVERFLOWS,
    "position": _is_word_of("static", "relative", "absolute", "fixed", "sticky", "-webkit-sticky"),
    **dict.fromkeys(("height", "width", "max-height", "max-width", "min-height", "min-width"), _is_size),
    **dict.fromkeys((*_SIDES, "margin-top", "margin-left"), _is_size),
}
"""The properties that hide, and what a value of theirs is."""
