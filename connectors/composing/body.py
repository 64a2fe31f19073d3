"""Bodies of a draft: plain text, or plain text and HTML, in quoted-printable, which every mail program reads safely."""

import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.composing.flowed import Line, write_fixed, write_flowed
from connectors.composing.headers import clean, head

_BLANK_LINES = re.compile(r"\n{3,}")
_ENCODING = ("Content-Transfer-Encoding", "quoted-printable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body, encoded, and the header fields that say how."""

    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def part(self) -> bytes:
        """The same as a part of a multipart message."""
        return head(self.fields) + self.body


def tidy(text: str) -> str:
    """Drop blanks at line ends, surplus blank lines, and blank lines around."""
    text = "\n".join(line.rstrip() for line in clean(text).split("\n")).strip("\n")
    return _BLANK_LINES.sub("\n\n", text)


def plain(lines: Iterable[Line], *, is_flowed: bool) -> Content:
    """Return lines as plain text."""
    kind = "text/plain; charset=utf-8"
    if is_flowed:
        return _text(f"{kind}; format=flowed", write_flowed(lines))
    return _text(kind, write_fixed(lines))


def html(document: str) -> Content:
    """Return an HTML document."""
    return _text("text/html; charset=utf-8", document)


def alternative(written: Content, document: str) -> Content:
    """Return plain text with HTML beside it."""
    return multipart("multipart/alternative", [written.part, html(document).part])


def multipart(kind: str, parts: Sequence[bytes]) -> Content:
    """Return parts in one body, always the same for the same parts.

    Args:
        kind: The content type, with all parameters but the boundary.
        parts: Header fields and bodies. Their lines may be of eight bits.
    """
    boundary = f"=_cyrano_{hashlib.sha256(b'|'.join(parts)).hexdigest()[:32]}"  # quoted-printable cannot hold "=_"
    delimiter = f"--{boundary}\r\n".encode()
    body = b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    fields = (("Content-Type", f'{kind};\r\n boundary="{boundary}"'),)
    return Content(fields=fields if body.isascii() else (*fields, ("Content-Transfer-Encoding", "8bit")), body=body)


def _text(kind: str, text: str) -> Content:
    encoded = binascii.b2a_qp(text.encode(), quotetabs=False, istext=True).replace(b"\n", b"\r\n")
    return Content(fields=(("Content-Type", kind), _ENCODING), body=encoded)
