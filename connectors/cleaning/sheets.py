"""What colours the style sheets of a mail may give its ink and paper. Pure.

They are not applied: cascades and media are a browser's work. Every colour that they name for an element is one that it
may have, beside what it has without them; where all of them leave it unseen, it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from connectors.cleaning.hidden import Look
from connectors.cleaning.papers import MOST_COLOURS, UNREADABLE, picture_colours
from connectors.cleaning.styles import BESIDE_COLOURS, read_style, without_strings

_ANY = "*"
_EDGE = re.compile(r"[{}]")
_BETWEEN = re.compile(r"[\s>+~]++")
_NAME = re.compile(r"[\w-]++")
_OTHERS = re.compile(r"\[[^\]]*+\]?+|::?[\w-]++(?:\([^()]*+\)?+)?+")
"""What narrows down which elements a selector is for."""
_MOMENTARY = re.compile(
    r"::|:(?:hover|active|focus|focus-within|focus-visible|target|checked|visited|before|after|first-letter|first-line)\b"
)
"""What an element is only while something is done to it, or what is not its text."""
_UNSEEN_MEDIUM = re.compile(
    r"(?:only\s++)?(?:print|speech|aural|braille|embossed|handheld|projection|tty|tv)\b|not\s++(?:all|screen)$"
)
_STAYING = frozenset({"", "currentcolor", "transparent"}) | BESIDE_COLOURS

Values = Mapping[str, AbstractSet[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """The colours that style sheets give to tags, ids and classes; "*" is any."""

    inks: Values
    papers: Values

    def over(self, look: Look, tag: str, attributes: Mapping[str, str | None]) -> Look:
        """Return the look of an element, with what style sheets may have changed."""
        if not self.inks and not self.papers:
            return look
        named = f"{_ANY} {tag} {attributes.get('id') or ''} {attributes.get('class') or ''}"
        names = frozenset(named.lower().split())
        inks, papers = _of(self.inks, names), _of(self.papers, names)
        return look.unsettled(inks=inks, papers=papers) if inks or papers else look


def read_sheets(sheets: Iterable[tuple[str, str]]) -> Sheets:
    """Read style sheets, each with the media that it is for ("" is all)."""
    inks: dict[str, set[str]] = {}
    papers: dict[str, set[str]] = {}
    for text, media in sheets:
        for head, body in () if _is_unseen(media) else _rules(without_strings(text).lower()):
            styles = read_style(body)
            ink, paper = _ink(styles), _paper(styles)
            for name in _names(head) if ink or paper else ():
                _add(inks, name, ink)
                _add(papers, name, paper)
    return Sheets(inks=inks, papers=papers)


def _of(values: Values, names: frozenset[str]) -> tuple[str, ...]:
    """Return the values for an element of those names."""
    found = {value for name in names if name in values for value in values[name]}
    return tuple(found) if len(found) <= MOST_COLOURS else (UNREADABLE,)


def _add(values: dict[str, set[str]], name: str, new: Iterable[str]) -> None:
    found = values.setdefault(name, set())
    if len(found) <= MOST_COLOURS:
        found.update(new)


def _ink(styles: Mapping[str, str]) -> tuple[str, ...]:
    ink = styles.get("color", "")
    return ("black",) if ink == "initial" else () if ink in _STAYING else (ink,)


def _paper(styles: Mapping[str, str]) -> tuple[str, ...]:
    """Return the colours that a rule puts behind a text."""
    colours = picture_colours(styles.get("background-image", ""))
    colour = styles.get("background-color", "")
    return colours if not colour or colour in _STAYING else (*colours, colour)


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield the rules of a sheet that may be for a screen, each with its selectors and its style."""
    heads: list[tuple[str, bool]] = []
    start = 0
    for edge in _EDGE.finditer(sheet):
        piece = sheet[start : edge.start()]
        start = edge.end()
        head, is_unseen = heads[-1] if heads else ("", False)
        own, _, within = piece.rpartition(";") if edge[0] == "{" else (piece, "", "")
        if own and head and not is_unseen:
            yield head, own
        if edge[0] == "{":
            heads.append((within.strip(), is_unseen or _is_unseen(within.strip().removeprefix("@media"))))
        elif heads:
            heads.pop()
    if heads and not heads[-1][1]:  # a sheet that ends closes what is open
        yield heads[-1][0], sheet[start:]


def _is_unseen(media: str) -> bool:
    """Whether media are none that mail is read on."""
    return all(_UNSEEN_MEDIUM.match(medium.strip()) for medium in media.lower().split(","))


def _names(head: str) -> set[str]:
    """Return what the elements that a rule is for are called by; of "#a .b > td" only the last one."""
    names: set[str] = set()
    for selector in head.split(","):
        if _MOMENTARY.search(selector) and ":not(" not in selector:
            continue
        last = _BETWEEN.split(_OTHERS.sub("", selector.replace(":root", "html")).strip())[-1]
        found = _NAME.findall(last)
        names.update(found if found and not {_ANY, "\\"} & set(last) else (_ANY,))
    return names
