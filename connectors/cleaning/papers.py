"""What may be seen behind a text, as the colours that it may have. Pure."""

from collections.abc import Iterable, Mapping

from connectors.cleaning.colour_names import Colour
from connectors.cleaning.colours import is_colour, lay
from connectors.cleaning.lengths import calls, pieces
from connectors.cleaning.styles import BESIDE_COLOURS, PICTURE

Colours = frozenset[Colour | None]
"""What a colour may be; None is any colour."""

MOST_COLOURS = 4
"""Of more nobody says which it is."""
UNREADABLE = "url()"
"""Stands for a picture, and for any colour that is not known."""
_UNKNOWN: Colours = frozenset({None})


def lay_any(values: Iterable[str], papers: Colours) -> Colours:
    """Return what may show where one of some colours is laid on paper."""
    return few(frozenset(lay(value, paper) for value in values for paper in papers))


def few(colours: Colours) -> Colours:
    """Return colours, or any colour where they are many."""
    return colours if len(colours) <= MOST_COLOURS else _UNKNOWN


def paper_colours(styles: Mapping[str, str], papers: Colours) -> Colours:
    """Return what may be seen behind the text of an element, given what is seen behind it."""
    colour = styles.get("background-color", "")
    if colour and colour not in BESIDE_COLOURS:
        papers = lay_any((colour,), papers)
    picture = picture_colours(styles.get("background-image", ""))
    return lay_any(picture, papers) if picture else papers


def picture_colours(value: str) -> tuple[str, ...]:
    """Return the colours of a gradient, "url()" for any other picture, and nothing where there is none."""
    if not value or value in BESIDE_COLOURS:
        return ()
    inner = [inner for name, inner in calls(value) if name.endswith("gradient")]
    if not PICTURE.search(value) or len(inner) < len(pieces(value)):
        return (UNREADABLE,)
    colours = {piece for stops in inner for piece in pieces(stops) if is_colour(piece)}
    return tuple(colours) if 0 < len(colours) <= MOST_COLOURS else (UNREADABLE,)
