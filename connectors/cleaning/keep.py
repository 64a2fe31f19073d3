"""Judges whether a mail is learned from: only what its owner typed, once, and enough of it."""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import hashlib
import re
from collections.abc import Container
from functools import lru_cache

from connectors.cleaning.notes import is_notice
from connectors.message import Email, Kind

DEFAULT_MIN_WORDS = 5

_WORD = re.compile(r"\w[\w'’-]*")
_UNSPACED = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
"""Kana, Han, Thai, Lao, Burmese, Khmer: scripts that put no spaces between words."""
_REASON_OF_KIND = {
    Kind.AUTO: "written by a program",
    Kind.BULK: "sent to a list",
    Kind.FORWARD: "a forward",
}


def judge(email: Email, *, own: frozenset[str], min_words: int = DEFAULT_MIN_WORDS, seen: Container[str] = ()) -> str:
    """Say why a mail is not learned from, in a few words; "" where it is.

    Args:
        email: The mail.
        own: All addresses of the owner, lower case; the sender must be one of them, letter by letter.
        min_words: A text with fewer words teaches nothing.
        seen: The `text_hash` of texts already kept.
    """
    if email.sender.addr.lower() not in own:
        return "another sender"
    if email.kind in _REASON_OF_KIND:
        return _REASON_OF_KIND[email.kind]
    if is_notice(email.text):
        return "a note of Cyrano's to its owner"
    words = count_words(email.text)
    if not words:
        return "nothing typed"
    if words < min_words:
        return f"fewer than {min_words} words"
    return "a duplicate" if text_hash(email.text) in seen else ""


def count_words(text: str) -> int:
    """Count words; where there are no spaces between them, two characters count as one, which is near enough."""
    unspaced = _UNSPACED.findall(text)
    spaced = _UNSPACED.sub(" ", text) if unspaced else text
    return len(_WORD.findall(spaced)) + sum((len(run) + 1) // 2 for run in unspaced)


@lru_cache(maxsize=512)  # asked for several times while a batch is judged and stored
def text_hash(text: str) -> str:
    """Return 32 hexadecimal digits that are equal for texts that differ only in case and white space."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "replace")).hexdigest()[:32]
