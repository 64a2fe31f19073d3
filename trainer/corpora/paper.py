"""Pages back to text: what a page's layout did to it is undone.

Lines become paragraphs again, words broken at a line's end are mended, and what stands at the head or foot of pages
(their number, a running title) goes. Text is known by its lines alone, so a heading may join the paragraph below it.
"""

import re
from collections import Counter
from collections.abc import Sequence

SHORT = 0.75
"""A line that ends a sentence and is shorter than this share of the longest ends a paragraph."""
FEW_PAGES = 3
"""With fewer pages a line that comes again is no running title."""

_NUMBER = re.compile(r"\W*(?:page|seite|página)?\W*\d{1,4}(?:\W*(?:of|von|de|/)\W*\d{1,4})?\W*", re.IGNORECASE)
_BROKEN = re.compile(r"([^\W\d_])[-\u2010\u00ad]$")
_ENDS = re.compile(r"[.!?:…][\"'\u201d\u2019)\]]*$")


def reflow(pages: Sequence[str]) -> str:
    """Return the text of pages as paragraphs with an empty line between them."""
    split = [[line.strip() for line in page.splitlines()] for page in pages]
    running = _running(split)
    paragraphs: list[str] = []
    for lines in split:
        _add_page(paragraphs, _body(lines, running))
    return "\n\n".join(paragraphs).replace("\u00ad", "")


def _running(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the first and last lines that come, but for numbers, on more than half of the pages."""
    if len(pages) < FEW_PAGES:
        return frozenset()
    ends = Counter(line for page in pages for line in {_masked(page, 0), _masked(page, -1)} if line)
    return frozenset(line for line, count in ends.items() if count > len(pages) / 2)


def _masked(page: Sequence[str], index: int) -> str:
    lines = [line for line in page if line]
    return re.sub(r"\d+", "0", lines[index]) if lines else ""


def _body(lines: Sequence[str], running: frozenset[str]) -> list[str]:
    """Return a page without its head and foot."""
    body = list(lines)
    for end in (0, -1):
        while body and not body[end]:
            body.pop(end)
        if body and (_NUMBER.fullmatch(body[end]) or re.sub(r"\d+", "0", body[end]) in running):
            body.pop(end)
    return body


def _add_page(paragraphs: list[str], lines: Sequence[str]) -> None:
    """Add a page's paragraphs; its first lines go on with the last page's paragraph where that had no end."""
    longest = max(map(len, lines), default=0)
    goes_on = bool(paragraphs) and not _ENDS.search(paragraphs[-1])
    for line in lines:
        if not line:
            goes_on = False
            continue
        if goes_on:
            paragraphs[-1] = _join(paragraphs[-1], line)
        else:
            paragraphs.append(line)
        goes_on = not (_ENDS.search(line) and len(line) < SHORT * longest)


def _join(text: str, line: str) -> str:
    """Put a line behind a text; a hyphen before a small letter broke a word, before a capital it is the word's own."""
    if not (broken := _BROKEN.search(text)):
        return f"{text} {line}"
    return (text[: broken.start() + 1] if line[:1].islower() else text) + line
