"""Takes the armour of PGP off a text: what was signed was typed, what was encrypted is nobody's (RFC 9580, 6 and 7)."""

import re

_BEGIN_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[\w-]+: .*\n)*\n?", re.MULTILINE)
_BLOCK = re.compile(
    r"^-----BEGIN PGP (?P<what>SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-----$.*?^-----END PGP (?P=what)-----$",
    re.MULTILINE | re.DOTALL,
)
_ESCAPE = re.compile(r"^- ", re.MULTILINE)
"""Stands before every signed line that begins with a dash."""


def strip_armour(text: str) -> str:
    """Drop signatures, keys and encrypted blocks, and what announces a signed text."""
    if "-----BEGIN PGP " not in text:
        return text
    text, signed = _BEGIN_SIGNED.subn("", text)
    text = _BLOCK.sub("", text)
    return _ESCAPE.sub("", text) if signed else text
