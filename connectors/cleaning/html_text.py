"""Lays out text the way a browser would: blocks, paragraphs, lists, quote marks. It knows no HTML."""

import re

from connectors.cleaning.quote_lines import STUFFED

_TYPED_MARK = re.compile(r">[^>\s]")
"""What programs quote in HTML as plain text has a blank after the mark."""
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MOST_LEVELS = 10
"""Lists and quotations are indented this far: with every level, a mail of 100 kB would be hundreds of megabytes."""
_ROOM = 2_000
_ROOM_PER_CHARACTER = 2
"""A text is at most this much longer than its HTML: no mail that people write grows when its tags are taken off."""


class TextWriter:
    """Collects words and breaks; `finish` gives the text. Lines within `depth` quotations begin with that many "> ".

    Made for HTML of `characters`, it keeps what has room and leaves out the lines after it.
    """

    def __init__(self, characters: int) -> None:
        self.depth = 0
        self._room = _ROOM + _ROOM_PER_CHARACTER * characters
        self._lines: list[str] = []
        self._line = ""
        self._is_blank_before = True
        self._lists: list[int | None] = []

    def write(self, text: str) -> None:
        """Add running text: white space collapses, but non-breaking spaces count as words."""
        words = _SPACES.sub(" ", text)
        if words[:1] == " " and (not self._line or self._line[-1] == " "):
            words = words[1:]
        self._line += words

    def write_as_is(self, text: str) -> None:
        """Add text whose line breaks and blanks count."""
        first, *more = text.split("\n")
        self._line += first
        for line in more:
            self.end_line()
            self._line = line

    def end_line(self) -> None:
        """Break the line; twice in a row leaves one blank line."""
        line = self._line.replace("\xa0", " ").rstrip()
        if not self.depth and _TYPED_MARK.match(line):
            line = STUFFED + line[1:]
        depth = min(self.depth, _MOST_LEVELS)
        self._keep("> " * depth + line if line else ">" * depth)
        self._line, self._is_blank_before = "", not line

    def start_block(self) -> None:
        """Go to the beginning of a line."""
        if self._line:
            self.end_line()

    def start_paragraph(self) -> None:
        """Go to the beginning of a line that has a blank one above."""
        self.start_block()
        if not self._is_blank_before:
            self.end_line()

    def start_list(self, first: int | None) -> None:
        """Begin a list, numbered from `first`, or with dashes."""
        if self._lists:
            self.start_block()
        else:
            self.start_paragraph()
        self._lists.append(first)

    def start_item(self) -> None:
        """Begin an item of the innermost list."""
        self.start_block()
        number = self._lists[-1] if self._lists else None
        indent = "  " * min(len(self._lists) - 1, _MOST_LEVELS)
        self._line = indent + ("- " if number is None else f"{number}. ")
        if number is not None:
            self._lists[-1] = number + 1

    def end_list(self) -> None:
        """End the innermost list."""
        self.start_block()
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self.start_paragraph()

    def change_depth(self, by: int) -> None:
        """Enter or leave a quotation."""
        self.start_block()
        if by < 0:
            self.depth += by
        self.start_paragraph()
        if by > 0:
            self.depth += by

    def finish(self) -> str:
        """Return all that was written."""
        self.start_block()
        while self._lines and not self._lines[-1].strip("> "):
            self._lines.pop()
        return "\n".join(self._lines).strip("\n")

    def _keep(self, line: str) -> None:
        self._room -= len(line) + 1
        if self._room >= 0:
            self._lines.append(line)
