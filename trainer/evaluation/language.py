"""Whether a draft is in the language of what was sent. In doubt it is: mails are short, and some are mixed. Pure."""

import re
from collections.abc import Callable

from connectors.cleaning.language import UNKNOWN

_MIN_LETTERS = 24
"""Fewer letters say too little: names and greetings are alike in many languages."""
_PIECE = 60
"""Letters from which a passage is judged by itself, so that a draft that slips into another language is noticed."""
_BREAK = re.compile(r"\n+|(?<=[.!?:])\s+|(?<=[\u3002\uff01\uff1f])")


def is_same_language(written: str, sent_language: str, detect: Callable[[str], str]) -> bool:
    """Tell whether a draft is in a language, or at least half of it, as far as languages can be told.

    Args:
        written: The draft.
        sent_language: The language of what was sent, ISO 639-1, or "und".
        detect: Tells the language of a text, or "und".
    """
    if sent_language == UNKNOWN or _letters(written) < _MIN_LETTERS:
        return True
    other = known = 0
    for piece in _pieces(written):
        language = detect(piece)
        known += (language != UNKNOWN) * _letters(piece)
        other += (language not in {sent_language, UNKNOWN}) * _letters(piece)
    return 2 * other <= known


def _pieces(text: str) -> list[str]:
    """Cut a text at ends of sentences and lines into passages long enough to be judged. What is left joins the last."""
    pieces = [""]
    for part in _BREAK.split(text):
        if _letters(pieces[-1]) >= _PIECE:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]} {part}".strip()
    if len(pieces) > 1 and _letters(pieces[-1]) < _PIECE:
        pieces[-2:] = [f"{pieces[-2]} {pieces[-1]}"]
    return pieces


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
