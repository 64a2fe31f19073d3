"""Takes the armour of PGP off a text: what was signed was typed, what was encrypted is nobody's (RFC 9580, 6 and 7)."""

import re

_BEGIN_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[\w-]+: .*\n)*\n?", re.MULTILINE)
_BLOCK = re.compile(r"^-----BEGIN PGP (SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-----$", re.MULTILINE)
_ESCAPE = re.compile(r"^- ", re.MULTILINE)
"""Stands before every signed line that begins with a dash."""


def strip_armour(text: str) -> str:
    """Drop signatures, keys and encrypted blocks, and what announces a signed text."""
    if "-----BEGIN PGP " not in text:
        return text
    text, signed = _BEGIN_SIGNED.subn("", text)
    text = _without_blocks(text)
    return _ESCAPE.sub("", text) if signed else text


def _without_blocks(text: str) -> str:
    """Drop blocks from their first line to their last; for a last line that is missing the text is searched once."""
    kept: list[str] = []
    at = 0
    open_ended: set[str] = set()
    for begin in _BLOCK.finditer(text):
        if begin.start() < at or begin[1] in open_ended:
            continue
        end = re.compile(f"^-----END PGP {begin[1]}-----$", re.MULTILINE).search(text, begin.end())
        if end is None:
            open_ended.add(begin[1])
            continue
        kept.append(text[at : begin.start()])
        at = end.end()
    return "".join([*kept, text[at:]])
