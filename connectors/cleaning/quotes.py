"""Separates what was typed from what was quoted. It knows lines only: HTML comes here as text with "> " before quotes.

The rules this module keeps:
1. Lines after ">" are quoted; everything between, above and below them was typed.
2. Where a program quotes without marks (Outlook, most forwards), all from its heading to the end is quoted.
3. Attributions and headings are nobody's words: they are in neither part.
4. In doubt a line was typed: prose that says "On Monday she wrote that …" stays.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.cleaning.attributions import start_of_attribution
from connectors.cleaning.quote_lines import STUFFED, Line, bare_end, is_deeper, next_words, previous_words, read_lines
from connectors.cleaning.quote_marks import (
    ADDRESS,
    ANY_LABEL,
    BIDI,
    BLANK_RULE,
    DATE,
    FIRST_LABEL,
    FORWARD_RULE,
    GROUPWISE_RULE,
    LABEL,
    REPLY_RULE,
    REPLY_TITLE,
    SUBJECT_LABEL,
    SUBJECT_WORDS,
    TIME,
    TITLED_RULE,
)

_COLONS = (":", "：")  # noqa: RUF001  Chinese programs write this one
_ENDS_OF_HEADINGS = ("-", "‐", ">>>", *_COLONS)  # noqa: RUF001  Proton drew its line with U+2010
_HINTS = ("\n>", "\n >", f"\n{STUFFED}", ":\n", "-\n", "____\n", *filter(str.isascii, SUBJECT_WORDS))
_HINTS_BEYOND_ASCII = (
    *("\n＞", "\n ＞", "：\n", "‐\n"),  # noqa: RUF001
    *(f":{mark}" for mark in BIDI),
    *(word for word in SUBJECT_WORDS if not word.isascii()),
)
"""Where none of these stands nothing is quoted; looking for them is much quicker than looking at each line."""

_BLANK_LINES = re.compile(r"\n{3,}")
_MIN_LABELS, _MAX_LABELS = 3, 40
_MIN_LABELS_BELOW_RULE = 2
_GROUPWISE_DEPTH = 3
_LABEL_REACH = 20
"""A label ends within so many characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A body, taken apart."""

    text: str
    quoted: str = ""
    is_forward: bool = False
    """Whether what is quoted was passed on by this message, not answered."""


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
    if not _may_quote(f"\n{text}\n"):
        return Parts(text=text)
    lines = read_lines(text)
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


def _may_quote(padded: str) -> bool:
    if any(hint in padded for hint in _HINTS):
        return True
    return not padded.isascii() and any(hint in padded for hint in _HINTS_BEYOND_ASCII)


def _headings(lines: Sequence[Line]) -> Iterator[_Heading]:
    at = floor = 0
    while at < len(lines):
        heading = None
        words = lines[at].words
        if bare_end(words).endswith(_ENDS_OF_HEADINGS) or _may_be_label(words):
            heading = _ruled(lines, at) or _labelled(lines, at) or _attribution(lines, at, floor)
        if heading:
            yield heading
            floor = heading.end
        at = heading.end if heading else at + 1


def _may_be_label(words: str) -> bool:
    start = words[:_LABEL_REACH]
    return ":" in start or "：" in start  # noqa: RUF001


def _ruled(lines: Sequence[Line], at: int) -> _Heading | None:
    """Return the heading at a line like "-----Original Message-----" or "Begin forwarded message:"."""
    words = lines[at].words.strip()
    if not words.endswith(_ENDS_OF_HEADINGS):
        return None
    if lines[at].depth == _GROUPWISE_DEPTH and GROUPWISE_RULE.fullmatch(words):
        return _Heading(start=at, end=at + 1, cuts=True)
    is_forward = FORWARD_RULE.fullmatch(words) is not None
    start_of_labels = next_words(lines, at + 1)
    end = _end_of_labels(lines, start_of_labels)
    if not is_forward and not REPLY_RULE.fullmatch(words):
        end = _end_of_titled_block(lines, at, start_of_labels, end)
        if end < 0:
            return None
    end = end if end > start_of_labels else at + 1
    return _Heading(start=at, end=end, cuts=_cuts(lines, at, end), is_forward=is_forward)


def _end_of_titled_block(lines: Sequence[Line], at: int, start: int, end: int) -> int:
    """Return where the block of headers ends below a line that is ruled in a language that is not known; or -1."""
    if not TITLED_RULE.fullmatch(lines[at].words):
        return -1
    return end if end - start >= _MIN_LABELS_BELOW_RULE else _end_of_foreign_block(lines, start)


def _labelled(lines: Sequence[Line], at: int) -> _Heading | None:
    """Return the heading that is a block of headers (From, Sent, To, Subject), with the rule drawn above it."""
    if not _may_be_label(lines[at].words):
        return None
    above = previous_words(lines, at - 1)
    is_ruled = above >= 0 and BLANK_RULE.fullmatch(lines[above].words) is not None
    end = _end_of_known_block(lines, at)
    if end < 0 and is_ruled:
        end = _end_of_foreign_block(lines, at)
    if end < 0:
        return None
    is_titled = above >= 0 and REPLY_TITLE.fullmatch(lines[above].words) is not None
    return _Heading(start=above if is_ruled or is_titled else at, end=end, cuts=_cuts(lines, at, end))


def _end_of_known_block(lines: Sequence[Line], at: int) -> int:
    """Return where a block of headers ends whose words are known; -1 where none starts here."""
    if not FIRST_LABEL.fullmatch(lines[at].words):
        return -1
    end = _end_of_labels(lines, at)
    block = [line.words for line in lines[at:end]]
    is_block = sum(1 for line in block if LABEL.fullmatch(line)) >= _MIN_LABELS
    return end if is_block and any(map(SUBJECT_LABEL.fullmatch, block)) else -1


def _end_of_foreign_block(lines: Sequence[Line], at: int) -> int:
    """Return where a block of headers ends in a language that is not known; its values tell. -1 where there is none."""
    end = at
    while end < min(at + _MAX_LABELS, len(lines)) and ANY_LABEL.fullmatch(lines[end].words):
        end += 1
    block = "\n".join(line.words for line in lines[at:end])
    is_block = end - at >= _MIN_LABELS and all(each.search(block) for each in (ADDRESS, DATE, TIME))
    return end if is_block else -1


def _attribution(lines: Sequence[Line], at: int, floor: int) -> _Heading | None:
    start = start_of_attribution(lines, at, floor)
    return None if start < 0 else _Heading(start=start, end=at + 1, cuts=_cuts(lines, at, at + 1))


def _end_of_labels(lines: Sequence[Line], at: int) -> int:
    """Return where a block of labelled lines ends that starts here; a value may run over into further lines."""
    end = at
    for each in range(at, min(at + _MAX_LABELS, len(lines))):
        if LABEL.fullmatch(lines[each].words):
            end = each + 1
        elif each == at or not lines[each].words.strip():
            break
    return end


def _cuts(lines: Sequence[Line], start: int, end: int) -> bool:
    """Whether a heading on these lines announces words without quote marks."""
    return lines[start].depth == 0 and not is_deeper(lines, end, 0)
