"""What style sheets of a mail may change of ink and paper. Pure.

They are not applied: cascades and media are a browser's work. Whose colours they name is enough to know that what
stands at an element proves nothing there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.cleaning.hidden import COMMENT, Look

_ANY = "*"
_PAPER = re.compile(r"(?<![\w-])background")
_INK = re.compile(r"(?<![\w-])color\s*+:(?!\s*+(?:inherit|unset|currentcolor))")
_BRACKETS = re.compile(r"\[[^\]]*+\]?+")
_BETWEEN = re.compile(r"[\s>+~]++")
_NAME = re.compile(r"[\w-]++")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """The tags, ids and classes whose colours style sheets set; "*" is any."""

    ink: frozenset[str] = frozenset()
    paper: frozenset[str] = frozenset()

    def over(self, look: Look, tag: str, attributes: Mapping[str, str | None]) -> Look:
        """Return the look that an element inherits, without what a style sheet may have changed."""
        if not self.ink and not self.paper:
            return look
        named = f"{_ANY} {tag} {attributes.get('id') or ''} {attributes.get('class') or ''}"
        names = frozenset(named.lower().split())
        return look.unsettled(
            is_ink=not names.isdisjoint(self.ink),
            is_paper=not names.isdisjoint(self.paper),
        )


def read_sheets(texts: Iterable[str]) -> Sheets:
    """Read style sheets."""
    ink: set[str] = set()
    paper: set[str] = set()
    for rule in "}".join(COMMENT.sub("", text) for text in texts).lower().split("}"):
        head, _, body = rule.rpartition("{")
        if _INK.search(body):
            ink |= _names(head)
        if _PAPER.search(body):
            paper |= _names(head)
    return Sheets(ink=frozenset(ink), paper=frozenset(paper))


def _names(head: str) -> set[str]:
    """Return what the elements that a rule is for are called by; of "#a .b > td" only the last one."""
    names: set[str] = set()
    for selector in head.rpartition("{")[2].split(","):
        last = _BETWEEN.split(_BRACKETS.sub("", selector).strip())[-1]
        names.update(_NAME.findall(last) if _ANY not in last else (), () if _NAME.search(last) else (_ANY,))
    return names
