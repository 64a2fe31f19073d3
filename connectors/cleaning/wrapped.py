"""Joins the lines of plain text that a mail program broke at a fixed width, as Gmail and most others do.

Nobody typed these breaks; learned from, they would stand in the middle of the sentences of every draft. In doubt a
break was typed.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from connectors.cleaning.signature import CLOSING

_WIDTHS = range(70, 81)
"""At how many characters programs break a line."""
_MIN_CHARACTERS = 50
"""A shorter line ends where its writer ended it, however long the next word is."""
_MIN_WORDS = 4
"""Below a line that ends a sentence, fewer words are a name or a thought of its own."""

_UNSPACED = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]|.[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Chinese and Japanese put no blank between words: a break there was typed, or cannot be told from one that was."""

_ITEM = re.compile(r"\s*(?:[-–—*•+]|\d{1,3}[.)]|\w[.)]|\(\w{1,3}\))\s")  # noqa: RUF001  people type dashes


def unwrap(text: str) -> str:
    """Undo hard line breaks, paragraph by paragraph; its lines carry no trailing blanks."""
    return "\n\n".join(_unwrap_paragraph(paragraph.split("\n")) for paragraph in text.split("\n\n"))


def _unwrap_paragraph(lines: Sequence[str]) -> str:
    if any(map(_is_unbroken, lines)) or _is_laid_out(lines):
        return "\n".join(lines)
    joined = lines[0]
    for line, following in pairwise(lines):
        joined += f" {following.lstrip()}" if _is_broken(line, following) else f"\n{following}"
    return joined


def _is_unbroken(line: str) -> bool:
    """Whether a line is so long that no program broke this text."""
    return len(line) >= _WIDTHS.stop and " " in line[: _WIDTHS.stop].strip()


def _is_laid_out(lines: Sequence[str]) -> bool:
    """Whether a paragraph is indented as a whole: code, verses, words of somebody else."""
    return all(line.startswith(("  ", "\t")) for line in lines) and not _ITEM.match(lines[0])


def _is_broken(line: str, following: str) -> bool:
    """Whether a line ends only because the next word found no room on it."""
    if len(line) < _MIN_CHARACTERS or not following or _UNSPACED.match(line[-1] + following[0]):
        return False
    if len(line) + 1 + len(following.split(maxsplit=1)[0]) <= _WIDTHS.start:
        return False
    is_indented_anew = following[0].isspace() and not (line[0].isspace() or _ITEM.match(line))
    is_sign_off = following[0].isupper() and CLOSING.fullmatch(following) is not None
    if line.endswith(":") or is_indented_anew or is_sign_off or _ITEM.match(following):
        return False
    return not line.endswith((".", "!", "?")) or following[0].islower() or len(following.split()) >= _MIN_WORDS
