"""format=flowed (RFC 3676): joins the lines a mail program broke softly, within one depth of quotation."""

import re

from connectors.cleaning.quote_lines import STUFFED

_MARKS = re.compile(r">*")
_DELIMITER = "-- "


def unflow(text: str, *, is_delsp: bool = False) -> str:
    """Undo soft line breaks and space-stuffing.

    Args:
        text: Lines ended by line feeds, with their trailing blanks.
        is_delsp: Whether the blank before a soft break was added (DelSp=yes).
    """
    lines: list[str] = []
    depth_before, is_soft = 0, False
    for line in text.split("\n"):
        marks = _MARKS.match(line)[0]  # type: ignore[index]  # matches any line
        words = line[len(marks) :].removeprefix(" ")
        is_delimiter = words == _DELIMITER  # section 4.3: never flowed
        depth = len(marks)
        if is_soft and depth == depth_before and not is_delimiter:
            lines[-1] = (lines[-1][:-1] if is_delsp else lines[-1]) + words
        else:
            lines.append(_line(marks, words))
        depth_before, is_soft = depth, words.endswith(" ") and not is_delimiter
    return "\n".join(lines)


def _line(marks: str, words: str) -> str:
    """Write a line so that a typed ">" at its start stays apart from a quote mark."""
    if marks:
        return f"{marks} {words}"
    return STUFFED + words[1:] if words.startswith(">") else words
