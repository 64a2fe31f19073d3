"""Separates what was typed from what was quoted. It knows lines only: HTML comes here as text with "> " before quotes.

The rules this module keeps:
1. Lines after ">" are quoted; everything between, above and below them was typed.
2. Where a program quotes without marks (Outlook, most forwards), all from its heading to the end is quoted.
3. Attributions and headings are nobody's words: they are in neither part.
4. In doubt a line was typed: prose that says "On Monday she wrote that …" stays.
"""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.quote_marks import (
    BLANK_RULE,
    DATED_ATTRIBUTION,
    FIRST_LABEL,
    FORWARD_RULE,
    LABEL,
    NAMED_ATTRIBUTION,
    REPLY_RULE,
    SUBJECT_LABEL,
    TIME_OR_ADDRESS,
)

_HINTS = (
    *("\n>", "\n >", ":\n", "-\n", "‐\n"),
    *("Subject", "Betreff", "Objet", "Sujet", "Asunto", "Oggetto", "Onderwerp", "Assunto"),
)
"""Where none of these stands nothing is quoted; looking for them is much quicker than looking at each line."""

_MARKS = re.compile(r"\s?(?:> ?)+")
_BLANK_LINES = re.compile(r"\n{3,}")

_ENDS_OF_HEADINGS = ("-", "‐", ":")
_MAX_ATTRIBUTION_LINES = 4
_MAX_ATTRIBUTION_CHARACTERS = 320
_MIN_LABELS, _MAX_LABELS = 3, 40
_LABEL_REACH = 14
"""A label ends within so many characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A body, taken apart."""

    text: str
    quoted: str = ""
    is_forward: bool = False
    """Whether what is quoted was passed on by this message, not answered."""


class _Line(NamedTuple):
    depth: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    """Lines [start, end) that announce quoted words."""

    start: int
    end: int
    cuts: bool
    """Whether all that follows is quoted."""
    is_forward: bool = False


def split(text: str) -> Parts:
    """Take a body apart; its lines are ended by line feeds."""
    text = tidy(text)
    padded = f"\n{text}\n"
    if not any(hint in padded for hint in _HINTS):
        return Parts(text=text)
    lines = _read_lines(text)
    headings = tuple(_headings(lines))
    cut = next((heading.start for heading in headings if heading.cuts), len(lines))
    announcing = {at for heading in headings for at in range(heading.start, heading.end)}
    typed, quoted = [], []
    for at, line in enumerate(lines):
        is_quoted = line.depth > 0 or at >= cut
        words = "" if at in announcing else line.words
        typed.append("" if is_quoted else words)
        quoted.append(words if is_quoted else "")
    return Parts(
        text=tidy("\n".join(typed)),
        quoted=tidy("\n".join(quoted)),
        is_forward=any(each.is_forward and lines[each.start].depth == 0 and each.start <= cut for each in headings),
    )


def tidy(text: str) -> str:
    """Drop blanks at line ends, surplus blank lines, and blank lines around."""
    text = "\n".join([line.rstrip() for line in text.split("\n")]).strip("\n")
    return _BLANK_LINES.sub("\n\n", text) if "\n\n\n" in text else text


def _read_lines(text: str) -> list[_Line]:
    """Split into lines and count their quote marks."""
    raw = text.split("\n")
    return [
        _Line(0, line[1:]) if line.startswith(">From ") and not _is_marked(raw, at) else _read_line(line)
        for at, line in enumerate(raw)
    ]


def _is_marked(raw: Sequence[str], at: int) -> bool:
    """Whether a line next to this one is quoted: mbox writers put ">" before a typed line that begins with "From "."""
    return any(line.startswith(">") for line in (*raw[max(at - 1, 0) : at], *raw[at + 1 : at + 2]))


def _read_line(line: str) -> _Line:
    if ">" not in line[:2]:
        return _Line(0, line)
    marks = _MARKS.match(line)
    return _Line(marks[0].count(">"), line[marks.end() :]) if marks else _Line(0, line)


def _headings(lines: Sequence[_Line]) -> Iterator[_Heading]:
    at = floor = 0
    while at < len(lines):
        heading = None
        words = lines[at].words
        if words.rstrip().endswith(_ENDS_OF_HEADINGS) or ":" in words[:_LABEL_REACH]:
            heading = _ruled(lines, at) or _labelled(lines, at) or _attribution(lines, at, floor)
        if heading:
            yield heading
            floor = heading.end
        at = heading.end if heading else at + 1


def _ruled(lines: Sequence[_Line], at: int) -> _Heading | None:
    """Return the heading at a line like "-----Original Message-----" or "Begin forwarded message:"."""
    words = lines[at].words.strip()
    if not words.endswith(_ENDS_OF_HEADINGS):
        return None
    is_forward = FORWARD_RULE.fullmatch(words) is not None
    if not is_forward and not REPLY_RULE.fullmatch(words):
        return None
    start_of_labels = _next_words(lines, at + 1)
    end = _end_of_labels(lines, start_of_labels)
    end = end if end > start_of_labels else at + 1
    return _Heading(start=at, end=end, cuts=_cuts(lines, at, end), is_forward=is_forward)


def _labelled(lines: Sequence[_Line], at: int) -> _Heading | None:
    """Return the heading that is a block of headers (From, Sent, To, Subject), with the rule drawn above it."""
    words = lines[at].words
    if ":" not in words[:_LABEL_REACH] or not FIRST_LABEL.fullmatch(words):
        return None
    end = _end_of_labels(lines, at)
    block = [line.words for line in lines[at:end]]
    if sum(1 for line in block if LABEL.fullmatch(line)) < _MIN_LABELS or not any(map(SUBJECT_LABEL.fullmatch, block)):
        return None
    above = _previous_words(lines, at - 1)
    start = above if above >= 0 and BLANK_RULE.fullmatch(lines[above].words) else at
    return _Heading(start=start, end=end, cuts=_cuts(lines, at, end))


def _attribution(lines: Sequence[_Line], at: int, floor: int) -> _Heading | None:
    """Return the heading that ends here and reads "On <date>, <name> wrote:", wrapped or not."""
    line = lines[at]
    if not line.words.rstrip().endswith(":"):
        return None
    is_marked = _is_deeper(lines, at + 1, line.depth)
    found, joined = -1, ""
    for start in range(at, max(at - _MAX_ATTRIBUTION_LINES, floor - 1), -1):
        words = lines[start].words.strip()
        is_other = start < at and words.endswith((".", "!", "?", ":"))
        if not words or lines[start].depth != line.depth or is_other:
            break
        joined = f"{words} {joined}".rstrip()
        if len(joined) > _MAX_ATTRIBUTION_CHARACTERS:
            break
        if DATED_ATTRIBUTION.fullmatch(joined) and (is_marked or TIME_OR_ADDRESS.search(joined)):
            found = start
    if (
        found < 0
        and is_marked
        and len(line.words) < _MAX_ATTRIBUTION_CHARACTERS
        and NAMED_ATTRIBUTION.fullmatch(line.words)
    ):
        found = at
    return None if found < 0 else _Heading(start=found, end=at + 1, cuts=_cuts(lines, at, at + 1))


def _end_of_labels(lines: Sequence[_Line], at: int) -> int:
    """Return where a block of labelled lines ends that starts here; a value may run over into further lines."""
    end = at
    for each in range(at, min(at + _MAX_LABELS, len(lines))):
        if LABEL.fullmatch(lines[each].words):
            end = each + 1
        elif each == at or not lines[each].words.strip():
            break
    return end


def _cuts(lines: Sequence[_Line], start: int, end: int) -> bool:
    """Whether a heading on these lines announces words without quote marks."""
    return lines[start].depth == 0 and not _is_deeper(lines, end, 0)


def _is_deeper(lines: Sequence[_Line], at: int, depth: int) -> bool:
    """Whether the next words from here on are quoted deeper."""
    at = _next_words(lines, at)
    return at < len(lines) and lines[at].depth > depth


def _next_words(lines: Sequence[_Line], at: int) -> int:
    while at < len(lines) and not lines[at].words.strip():
        at += 1
    return at


def _previous_words(lines: Sequence[_Line], at: int) -> int:
    while at >= 0 and not lines[at].words.strip():
        at -= 1
    return at
