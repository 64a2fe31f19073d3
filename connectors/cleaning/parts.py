"""The tree of a message's parts, as bytes. Bodies are only cut at boundaries.

The standard library's own parser looks at every line of every attachment; that is most of the time it takes.
"""

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32
from functools import cached_property

from connectors.cleaning.decoding import clean, decode_base64, decode_charset
from connectors.cleaning.headers import decode_words, read_head
from connectors.errors import UnreadableMessage

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
_MAX_DEPTH = 30
"""Real mail nests five deep; thousands are an attack."""
_MAX_PARTS = 2_000
"""Digests of lists have some hundreds. Each part costs 2 kB, and a mail of 25 MB has room for millions."""


class Part:
    """A message, or one part of a multipart message."""

    def __init__(self, raw: bytes, *, depth: int = 0, room: list[int] | None = None) -> None:
        if b"\n" not in raw:  # lines end as they did on old Macintoshes
            raw = raw.replace(b"\r", b"\n")
        end = _END_OF_HEADERS.search(raw)
        head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
        self.headers, stray = read_head(head)
        self._body = b"\n".join([stray, b"", body]) if stray else body
        self._depth = depth
        self._room = [_MAX_PARTS] if room is None else room  # one for all parts of a message
        self._content_type_field = self.headers.raw("content-type")

    @cached_property
    def content_type(self) -> str:
        """The type in lower case; "text/plain" where it says nothing sensible (RFC 2045 section 5.2)."""
        content_type = self._content_type_field.partition(";")[0].strip().lower()
        return content_type if content_type.count("/") == 1 else "text/plain"

    @cached_property
    def parts(self) -> tuple["Part", ...]:
        """The parts of a multipart; none of anything else, nor where no boundary is found.

        Raises:
            UnreadableMessage: the parts are nested beyond reason, or too many.
        """
        match = _BOUNDARY.search(self._content_type_field)
        if not match or not self.content_type.startswith("multipart/"):
            return ()
        if self._depth == _MAX_DEPTH:
            raise UnreadableMessage("The message is nested too deeply.", hint="Look at it in your mail program.")
        boundary = (match[1] or match[2]).encode("utf-8")
        raws = cut_at_boundaries(self._body, boundary, most=self._room[0])
        self._room[0] -= len(raws)
        if self._room[0] < 0:
            raise UnreadableMessage("The message has too many parts.", hint="Look at it in your mail program.")
        if raws:
            self._body = b""  # its parts have it: kept at every level, it would be in memory thirty times
        return tuple(Part(raw, depth=self._depth + 1, room=self._room) for raw in raws)

    @cached_property
    def text(self) -> str:
        """The decoded body, with single line feeds."""
        match = _CHARSET.search(self._content_type_field)
        text = decode_charset(self._decoded(), match[1] if match else "")
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")

    @cached_property
    def file_name(self) -> str:
        """The name of a file, RFC 2047 and RFC 2231 decoded; "" where it has none."""
        disposition = self.headers.raw("content-disposition")
        if "name" not in disposition.lower() and "name" not in self._content_type_field.lower():
            return ""
        fields = Message(policy=compat32)  # a copy whose raw 8-bit values are text already
        fields["Content-Disposition"] = disposition
        fields["Content-Type"] = self._content_type_field
        try:
            name = fields.get_filename("")
        except (LookupError, ValueError):
            return ""
        return " ".join(decode_words(clean(name)).split())

    @property
    def is_attached(self) -> bool:
        """Whether it is a file, not something to be read in place."""
        return self.headers.raw("content-disposition").lower().startswith("attachment") or bool(self.file_name)

    @property
    def is_flowed(self) -> bool:
        """Whether its text has soft line breaks (RFC 3676)."""
        return "flowed" in self._content_type_field.lower()

    @property
    def is_delsp(self) -> bool:
        """Whether blanks before soft line breaks are to go (RFC 3676 section 4.1)."""
        return re.search(r"delsp\s*=\s*\"?yes", self._content_type_field, re.IGNORECASE) is not None

    def leaves(self) -> Iterator["Part"]:
        """Yield the parts that hold something; what is inside an attached message belongs to that."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def _decoded(self) -> bytes:
        match self.headers.raw("content-transfer-encoding").lower():
            case "quoted-printable":
                return binascii.a2b_qp(self._body)
            case "base64":
                return decode_base64(self._body)
            case _:
                return self._body


def cut_at_boundaries(body: bytes, boundary: bytes, *, most: int = _MAX_PARTS) -> list[bytes]:
    """Cut a multipart body (RFC 2046 section 5.1.1); a last part without its closing line counts.

    Past one more than `most` parts it looks no further.
    """
    delimiter = b"--" + boundary
    found: list[bytes] = []
    start, at = -1, body.find(delimiter)
    while at >= 0:
        line_end = body.find(b"\n", at)
        line_end = len(body) if line_end < 0 else line_end
        rest = body[at + len(delimiter) : line_end].strip()
        if (at == 0 or body[at - 1 : at] == b"\n") and rest in {b"", b"--"}:
            if start >= 0:
                found.append(body[start:at].removesuffix(b"\n").removesuffix(b"\r"))
            if rest:
                return found
            if len(found) > most:
                return found
            start = line_end + 1
        at = body.find(delimiter, line_end)
    return [*found, body[start:]] if start >= 0 else found
