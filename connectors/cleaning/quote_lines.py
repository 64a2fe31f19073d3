"""The lines of a body and how deep each is quoted, whatever marks its program used."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.cleaning.quote_marks import ADDRESS, BIDI, DATE, OTHER_MARK, TIME

STUFFED = "  >"
"""How a typed line comes here that begins with ">" (RFC 3676 tells it from a quoted one)."""

_MARKS = re.compile(r"\s?(?:[>＞][ \u3000]?)+")  # noqa: RUF001  Japanese writers mark quotes by hand
_MARK_CHARACTERS = (">", "＞")  # noqa: RUF001
_FIRST_CHARACTERS = frozenset({*_MARK_CHARACTERS, " ", "\t", "\u3000"})
"""A line that begins with another one carries no mark."""
_TRAILING = f" \t\u3000{BIDI}"
_MIN_OVERFLOWING, _MAX_OVERFLOW = 70, 30
"""A gateway that breaks lines may put so short an end of so long a quoted line on a line without a mark."""


class Line(NamedTuple):
    """One line without its quote marks."""

    depth: int
    words: str


def read_lines(text: str) -> list[Line]:
    """Split into lines and count their quote marks."""
    raw = text.split("\n")
    lines = [_read(raw, at) for at in range(len(raw))]
    for at, mark in _other_marks(lines):
        lines[at:] = [_unmark(line, mark) for line in lines[at:]]
    return lines


def bare_end(words: str) -> str:
    """Return a line without blanks and marks of direction at its end."""
    return words.rstrip(_TRAILING)


def is_deeper(lines: Sequence[Line], at: int, depth: int) -> bool:
    """Whether the next words from here on are quoted deeper."""
    at = next_words(lines, at)
    return at < len(lines) and lines[at].depth > depth


def next_words(lines: Sequence[Line], at: int) -> int:
    """Return the first line from here down that is not blank."""
    while at < len(lines) and not lines[at].words.strip():
        at += 1
    return at


def previous_words(lines: Sequence[Line], at: int) -> int:
    """Return the first line from here up that is not blank."""
    while at >= 0 and not lines[at].words.strip():
        at -= 1
    return at


def _read(raw: Sequence[str], at: int) -> Line:
    line = raw[at]
    if line[:1] not in _FIRST_CHARACTERS and not (at and raw[at - 1].startswith(">")):
        return Line(0, line)
    if line.startswith(STUFFED):
        return Line(0, line[2:])
    if line.startswith(">From ") and not _is_beside_marks(raw, at):
        return Line(0, line[1:])  # mbox writers put ">" before a typed line that begins with "From "
    marks = _MARKS.match(line)
    if marks:
        return Line(sum(map(marks[0].count, _MARK_CHARACTERS)), line[marks.end() :])
    return Line(1, line) if _is_overflow(raw, at) else Line(0, line)


def _is_beside_marks(raw: Sequence[str], at: int) -> bool:
    return any(line.startswith(">") for line in (*raw[max(at - 1, 0) : at], *raw[at + 1 : at + 2]))


def _is_overflow(raw: Sequence[str], at: int) -> bool:
    """Whether a line without mark is the end of the quoted one above it."""
    if not 0 < at < len(raw) - 1 or not raw[at - 1].startswith(">") or not raw[at + 1].startswith(">"):
        return False
    above, line = raw[at - 1].rstrip(), raw[at].strip()
    return (
        line[:1].islower()
        and len(line) <= _MAX_OVERFLOW
        and len(above) >= _MIN_OVERFLOWING
        and not above.endswith((".", "!", "?", ":"))
    )


def _other_marks(lines: Sequence[Line]) -> Iterator[tuple[int, str]]:
    """Yield where lines begin that carry another mark than ">", and the mark."""
    for at, line in enumerate(lines):
        if line.words.endswith((":", "：")) and _may_announce(line.words):  # noqa: RUF001
            below = next_words(lines, at + 1)
            mark = OTHER_MARK.match(lines[below].words) if below < len(lines) else None
            if mark:
                yield below, mark[0].rstrip()


def _may_announce(words: str) -> bool:
    return ADDRESS.search(words) is not None or (DATE.search(words) is not None and TIME.search(words) is not None)


def _unmark(line: Line, mark: str) -> Line:
    if not line.words.startswith(mark):
        return line
    return Line(line.depth + 1, line.words[len(mark) :].removeprefix(" "))
