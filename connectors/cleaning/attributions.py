"""Finds attribution lines: "On <date>, <name> wrote:", wrapped or not, in any language.

Where quote marks follow, a day and a time of day, or an address in brackets, are enough. Where none follow, all below
would be cut: there the words of a language must be known (`quote_marks`), or day, time and address stand together.
"""

from collections.abc import Sequence
from typing import NamedTuple

from connectors.cleaning.quote_lines import Line, bare_end, is_deeper
from connectors.cleaning.quote_marks import ADDRESS, DATE, DATED_ATTRIBUTION, NAMED_ATTRIBUTION, TIME, TIME_OR_ADDRESS

_MAX_LINES = 4
_MAX_CHARACTERS = 320
_COLONS = (":", "：")  # noqa: RUF001  Chinese programs write this one
_ENDS_OF_SENTENCES = (".", "!", "?", *_COLONS)


class _Candidate(NamedTuple):
    start: int
    words: str


def start_of_attribution(lines: Sequence[Line], at: int, floor: int) -> int:
    """Return on which line the attribution starts that ends on this one; -1 where none does.

    Args:
        lines: All lines.
        at: Where it may end.
        floor: The first line that it may start on.
    """
    is_marked = is_deeper(lines, at + 1, lines[at].depth)
    end = bare_end(lines[at].words)
    if not end.endswith(_COLONS):
        return at if is_marked and _is_ruled(end) else -1
    candidates = _candidates(lines, at, floor)
    ways = (_is_dated, _has_all, _has_some) if is_marked else (_is_dated_and_sure, _has_all)
    for is_enough in ways:  # the fewest lines that are enough: what stands above may have been typed
        found = next((each.start for each in candidates if is_enough(each.words)), -1)
        if found >= 0:
            return found
    return at if is_marked and len(end) < _MAX_CHARACTERS and NAMED_ATTRIBUTION.fullmatch(end) else -1


def is_attribution(words: str) -> bool:
    """Whether these words, which stand right above a quotation, announce it."""
    words = " ".join(words.split())
    return bare_end(words).endswith(_COLONS) and len(words) < _MAX_CHARACTERS and _has_some(words)


def _candidates(lines: Sequence[Line], at: int, floor: int) -> list[_Candidate]:
    """Join the line with those above it, one by one, as long as they may belong together."""
    found: list[_Candidate] = []
    joined = ""
    for start in range(at, max(at - _MAX_LINES, floor - 1), -1):
        words = lines[start].words.strip()
        is_other = start < at and words.endswith(_ENDS_OF_SENTENCES) and not _is_abbreviated(words)
        joined = f"{words} {joined}".rstrip()
        if not words or lines[start].depth != lines[at].depth or is_other or len(joined) > _MAX_CHARACTERS:
            break
        found.append(_Candidate(start, joined))
    return found


def _is_abbreviated(words: str) -> bool:
    """Whether a line may have been broken after "Jun." or "o'clock." in the middle of an attribution."""
    return words.endswith(".") and (DATE.search(words) is not None or ADDRESS.search(words) is not None)


def _is_dated(words: str) -> bool:
    return DATED_ATTRIBUTION.fullmatch(words) is not None


def _is_dated_and_sure(words: str) -> bool:
    return _is_dated(words) and TIME_OR_ADDRESS.search(words) is not None


def _has_all(words: str) -> bool:
    return ADDRESS.search(words) is not None and _has_time(words)


def _has_some(words: str) -> bool:
    return ADDRESS.search(words) is not None or _has_time(words)


def _has_time(words: str) -> bool:
    return DATE.search(words) is not None and TIME.search(words) is not None


def _is_ruled(words: str) -> bool:
    """Whether it stands between dashes, as Zoho's does."""
    return words.startswith("-") and words.endswith("-") and _has_all(words)
