"""Whether a style takes an element away with all that is in it: a table of properties and what of them hides. Pure."""

from collections.abc import Callable, Mapping

from connectors.cleaning.lengths import EM, calls, pieces, px, share
from connectors.cleaning.styles import sides

_FAINT = 0.1
"""What lets more through than this is not read, nor what is shrunk to less."""
_THIN_PX = 1.0
_AWAY_PX = -500.0
_MARGIN_AWAY_PX = -2000.0
"""Columns are laid out by margins that pull back by their width, and are seen."""
_FAR_PX = 5000.0
_BOX_PX = 600.0
"""How large a box is taken to be that percentages are of."""
_CELLS = frozenset({"td", "th"})
"""They grow with what is in them, however narrow they say they are."""

_Styles = Mapping[str, str]


def is_gone(styles: _Styles, tag: str = "", em: float = EM) -> bool:
    """Whether nothing is shown of an element of that style, where an em has so many pixels."""
    if any(name in styles and hides(styles[name]) for name, hides in _HIDING.items()):
        return True
    if styles.get("position") in {"absolute", "fixed"} and _is_clipped(styles.get("clip", "")):
        return True
    return (is_cut(styles) and _is_thin(styles, tag, em)) or _is_away(styles, em)


def is_cut(styles: _Styles) -> bool:
    """Whether what has no room in a box is not shown."""
    return not {"hidden", "clip", "auto", "scroll", "overlay"}.isdisjoint(
        (styles.get("overflow-x"), styles.get("overflow-y"))
    )


def _is_thin(styles: _Styles, tag: str, em: float) -> bool:
    """Whether a box has no room."""
    for way in ("height",) if tag in _CELLS else ("height", "width"):
        least = px(styles.get(f"min-{way}", ""), em=em, percent=_BOX_PX)  # of percentages only 0 is no room
        sizes = (px(styles.get(name, ""), em=em, percent=_BOX_PX) for name in (way, f"max-{way}"))
        if any(size is not None and size <= _THIN_PX for size in sizes) and not (least and least > _THIN_PX):
            return True
    return False


def _is_away(styles: _Styles, em: float) -> bool:
    """Whether a box stands where nobody looks."""
    position = styles.get("position")
    if position not in {"absolute", "fixed", "relative"}:
        return False
    away = _AWAY_PX if position != "relative" else _MARGIN_AWAY_PX
    for side in ("left", "top", "right", "bottom"):
        place = px(styles.get(side, ""), em=em, percent=_BOX_PX / 100)
        if place is not None and (place <= away or (place >= _FAR_PX and side in {"left", "right"})):
            return True
    return False


def _is_word(word: str) -> Callable[[str], bool]:
    return word.__eq__


def _is_below(limit: float) -> Callable[[str], bool]:
    def hides(value: str) -> bool:
        length = px(value, percent=_BOX_PX / 100)
        return length is not None and length <= limit

    return hides


def _is_faint(value: str) -> bool:
    number = share(value)
    return number is not None and number < _FAINT


def _is_small(value: str) -> bool:
    return any((number := share(part)) is not None and abs(number) < _FAINT for part in pieces(value))


def _is_zoomed_away(value: str) -> bool:
    return _is_faint(value) and share(value) != 0  # 0 says nothing, for old pages


def _is_moved_away(value: str) -> bool:
    places = [px(part, percent=_BOX_PX / 100) for part in pieces(value)]
    return any(place is not None and (place <= _MARGIN_AWAY_PX or place >= _FAR_PX) for place in places)


def _is_flattened(value: str) -> bool:
    """Whether a matrix leaves no width or no height."""
    numbers = [share(part) for part in pieces(value)]
    return [0, 0] in (numbers[:2], numbers[2:4])


_TRANSFORMS: Mapping[str, Callable[[str], bool]] = {
    **dict.fromkeys(("scale", "scalex", "scaley", "scale3d"), _is_small),
    **dict.fromkeys(("translate", "translatex", "translatey", "translate3d"), _is_moved_away),
    "matrix": _is_flattened,
}


def _is_transformed_away(value: str) -> bool:
    return any(name in _TRANSFORMS and _TRANSFORMS[name](inner) for name, inner in calls(value))


def _is_filtered_away(value: str) -> bool:
    return any(name == "opacity" and _is_faint(inner) for name, inner in calls(value))


def _is_clipped(value: str) -> bool:
    """Whether a rectangle by its four edges holds nothing."""
    rectangle = next((inner for _, inner in calls(value)), "")
    if not (edges := sides(rectangle)):
        return False
    top, right, bottom, left = map(px, edges)
    is_low = top is not None and bottom is not None and bottom - top <= _THIN_PX
    return is_low or (left is not None and right is not None and right - left <= _THIN_PX)


def _is_inset(inner: str) -> bool:
    cuts = [px(part, percent=_BOX_PX / 100) or 0.0 for part in sides(inner.partition("round")[0])]
    return any(first + second >= _BOX_PX for first, second in zip(cuts[:2], cuts[2:], strict=True))


def _is_round(inner: str) -> bool:
    radius = px((pieces(inner) or [""])[0], percent=_BOX_PX / 100)
    return radius is not None and radius <= _THIN_PX


def _is_line(inner: str) -> bool:
    """Whether the points of a polygon all stand on one line, upright or level."""
    points = [[px(place, percent=_BOX_PX / 100) for place in point.split()] for point in inner.split(",")]
    return any(len(set(places)) == 1 for places in zip(*points, strict=False))


_SHAPES: Mapping[str, Callable[[str], bool]] = {
    "inset": _is_inset,
    "circle": _is_round,
    "ellipse": _is_round,
    "polygon": _is_line,
    "rect": lambda inner: _is_clipped(f"rect({inner})"),
}


def _is_shaped_away(value: str) -> bool:
    return any(name in _SHAPES and _SHAPES[name](inner) for name, inner in calls(value))


_HIDING: Mapping[str, Callable[[str], bool]] = {
    "display": _is_word("none"),
    "mso-hide": _is_word("all"),
    "content-visibility": _is_word("hidden"),
    "opacity": _is_faint,
    "zoom": _is_zoomed_away,
    "scale": _is_small,
    "translate": _is_moved_away,
    "transform": _is_transformed_away,
    "filter": _is_filtered_away,
    "clip-path": _is_shaped_away,
    "text-indent": lambda value: any(map(_is_below(_AWAY_PX), pieces(value))),
    "letter-spacing": _is_below(-EM),
    "margin-left": _is_below(_MARGIN_AWAY_PX),
    "margin-top": _is_below(_MARGIN_AWAY_PX),
}
