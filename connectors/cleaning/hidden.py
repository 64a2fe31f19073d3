"""What HTML hides from whoever reads it: by how it is laid out, how small it is, or by ink like the paper. Pure.

It goes by what stands at the elements themselves, as mail has it (`styles.py` reads it, `gone.py` says what takes an
element away). Style sheets are not applied: what they hide is read on, and what they alone show again is not read; of
their colours `sheets.py` tells which may be there. Where a colour is not known, the text is read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from connectors.cleaning.colours import BLACK, LINK, WHITE, is_alike, is_clear
from connectors.cleaning.gone import is_cut, is_gone
from connectors.cleaning.lengths import EM, pieces, px, share
from connectors.cleaning.papers import Colours, few, lay_any, paper_colours
from connectors.cleaning.styles import read_style

Attributes = Mapping[str, str | None]
_TINY_PX = 3.0
"""No eye reads letters of this size."""
_LOW = 0.1
_SIZES: Mapping[str, float] = {
    "xx-small": 9,
    "x-small": 10,
    "small": 13,
    "medium": EM,
    "large": 18,
    "x-large": 24,
    "xx-large": 32,
    "xxx-large": 48,
    "initial": EM,
}
_STEPS: Mapping[str, float] = {"smaller": 1 / 1.2, "larger": 1.2}
_STAYING = frozenset({"inherit", "unset", "currentcolor", "revert", "revert-layer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the text of an element looks, as far as hiding goes; children inherit it."""

    is_gone: bool = False
    """Nothing within it is shown, whatever that says itself."""
    size: float = EM
    """How large its letters are, in pixels."""
    is_low: bool = False
    """Its lines have no height: they are drawn over one another."""
    is_flat: bool = False
    """What has no height in it is cut off."""
    is_invisible: bool = False
    is_clear: bool = False
    """Its ink lets all through, on whatever paper."""
    is_filled: bool = False
    """Its letters are filled, whatever their ink."""
    inks: Colours = frozenset({BLACK})
    papers: Colours = frozenset({WHITE})

    @property
    def is_seen(self) -> bool:
        """Whether somebody can read the text of the element itself."""
        if self.is_gone or self.size <= _TINY_PX or self.is_flat or self.is_invisible or self.is_clear:
            return False
        return not all(is_alike(ink, paper) for ink in self.inks for paper in self.papers)

    def of(self, tag: str, attributes: Attributes) -> "Look":
        """Return how an element looks within this one that has no style, be it of its own or from a sheet."""
        if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
            return replace(self, is_gone=True)
        if "href" in attributes and not self.is_filled:
            return replace(self, inks=frozenset({LINK}), is_clear=False)
        return self

    def within(self, attributes: Attributes, tag: str = "", around: "Look | None" = None) -> "Look":
        """Return how it looks with the style that stands at it, where it may say "as around it"."""
        styles = _styles(attributes)
        if not styles:
            return self
        look = _sized(self, styles)
        if around and not self.is_filled and styles.get("color") in {"inherit", "unset", "currentcolor"}:
            look = replace(look, inks=around.inks, is_clear=around.is_clear)
        look = replace(look, is_gone=True) if is_gone(styles, tag, look.size) else look
        if "visibility" in styles:
            look = replace(look, is_invisible=styles["visibility"] in {"hidden", "collapse"})
        if "background-color" in styles or "background-image" in styles:
            look = replace(look, papers=paper_colours(styles, self.papers))
        return _cut_out(_filled(_inked(look, styles.get("color", "")), styles), styles, self.papers)

    def unsettled(self, *, inks: Collection[str], papers: Collection[str]) -> "Look":
        """Return the look where it may have these colours too."""
        look = replace(self, papers=few(self.papers | lay_any(papers, self.papers)))
        colours = [ink for ink in inks if not is_clear(ink)]
        if not colours or self.is_filled:
            return look
        drawn = lay_any(colours, look.papers)
        return replace(look, inks=drawn if self.is_clear else few(drawn | self.inks), is_clear=False)


def _sized(look: Look, styles: Mapping[str, str]) -> Look:
    """Return a look with letters and lines of another size."""
    if "font-size" in styles:
        look = replace(look, size=_size(styles["font-size"], look.size))
    if "line-height" in styles:
        height = _height(styles["line-height"], look.size)
        is_low = look.is_low if styles["line-height"] in _STAYING else height is not None and height <= _LOW
        look = replace(look, is_low=is_low, is_flat=look.is_flat and is_low)
    return replace(look, is_flat=True) if look.is_low and is_cut(styles) else look


def _size(value: str, size: float) -> float:
    """Return the size of letters, given that around them."""
    if value in _STEPS:
        return size * _STEPS[value]
    if value in _SIZES:
        return _SIZES[value]
    found = px(value, em=size, percent=size / 100)
    if found is not None:
        return found if found >= 0 else size
    return size if value in _STAYING else EM


def _height(value: str, size: float) -> float | None:
    """Return the height of a line, as a part of that of its letters."""
    height = share(value)
    length = px(value, em=size) if height is None else None
    return length / max(size, 1.0) if length is not None else height


def _inked(look: Look, ink: str) -> Look:
    """Return a look in another ink."""
    if ink in _STAYING or not ink or look.is_filled:
        return look
    if ink == "initial":
        return replace(look, inks=frozenset({BLACK}), is_clear=False)
    return replace(look, inks=lay_any((ink,), look.papers), is_clear=is_clear(ink))


def _filled(look: Look, styles: Mapping[str, str]) -> Look:
    """Return a look whose letters are filled with something else than their ink."""
    fill = styles.get("-webkit-text-fill-color", "")
    if fill in {"currentcolor", "initial"}:
        return replace(look, is_filled=False)
    if not fill or fill in _STAYING:
        return look
    return replace(_inked(replace(look, is_filled=False), fill), is_filled=True)


def _cut_out(look: Look, styles: Mapping[str, str], papers: Colours) -> Look:
    """Return a look whose background is seen through its letters only, where it is one."""
    if not {"text", "-webkit-text"} & set(pieces(styles.get("background-clip", ""))) or not look.is_clear:
        return look
    return replace(look, is_clear=look.papers == papers, inks=look.papers, papers=papers)


def _styles(attributes: Attributes) -> dict[str, str]:
    """Return the style of an element by property, with what older attributes say of its colours."""
    old = {
        "color": attributes.get("color"),
        "background-color": attributes.get("bgcolor"),
        "background-image": "url()" if attributes.get("background") else None,
    }
    styles = {name: value.strip().lower() for name, value in old.items() if value}
    return styles | read_style(style) if (style := attributes.get("style")) else styles
