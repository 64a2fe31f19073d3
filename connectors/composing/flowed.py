"""Lines of a draft as plain text: format=flowed (RFC 3676), or as they are. `flowed` reads what this writes."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connectors.cleaning.quote_lines import STUFFED

WIDTH = 72
"""Longer lines are broken softly: mail programs that know join them again, others show lines that fit."""

SIGNATURE_DELIMITER = "-- "

_MARKS = re.compile(r"\s?(?:> ?)*>")
_TO_STUFF = (" ", "\xa0", ">", "From ")
_BLANKS = " \xa0"  # to some readers both are one


class Line(NamedTuple):
    """A line as it was typed, without its quote marks, and how many there are."""

    depth: int
    words: str


def read_lines(text: str) -> Iterator[Line]:
    """Yield the lines of a text whose quoted lines begin with ">"."""
    for line in text.split("\n"):
        marks = _MARKS.match(line)
        if line.startswith(STUFFED):
            yield Line(0, line[STUFFED.index(">") :])
        elif marks:
            yield Line(marks[0].count(">"), line[marks.end() :].removeprefix(" "))
        else:
            yield Line(0, line)


def write_fixed(lines: Iterable[Line]) -> str:
    """Return lines as they are."""
    return "".join(f"{_marked(line.depth, line.words)}\n" for line in lines)


def write_flowed(lines: Iterable[Line]) -> str:
    """Return lines with soft breaks and space-stuffing."""
    return "".join(f"{row}\n" for line in lines for row in _flow(line))


def _flow(line: Line) -> Iterator[str]:
    if line.words == SIGNATURE_DELIMITER:  # section 4.3: never flowed
        yield _marked(line.depth, line.words)
        return
    for piece in _pieces(line.words.rstrip(_BLANKS), WIDTH - line.depth):
        is_stuffed = not line.depth and piece.startswith(_TO_STUFF)
        yield f" {piece}" if is_stuffed else _marked(line.depth, piece)


def _marked(depth: int, words: str) -> str:
    return f"{'>' * depth} {words}" if depth and words else ">" * depth + words


def _pieces(words: str, width: int) -> Iterator[str]:
    """Cut a line behind blanks; all pieces but the last end with one."""
    while len(words) > width:
        cut = words.rfind(" ", 0, width) + 1
        if words[:cut] in {"", SIGNATURE_DELIMITER}:  # no room, or what would look like the delimiter
            cut = words.find(" ", max(width, len(SIGNATURE_DELIMITER))) + 1
        if not cut:
            break
        yield words[:cut]
        words = words[cut:]
    yield words
