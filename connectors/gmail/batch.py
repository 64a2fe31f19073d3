"""Google's batches: several calls in one request, as bytes. Nothing here knows a network.

Rules:
1. A part of an answer counts only if what ends it was read: a body that was cut off loses its last part, and no other.
2. Answers are told apart by their ids, never by their order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

MAX_CALLS = 25
"""Google takes 100, and answers many of those with "too many requests"."""

_BOUNDARY = "cyrano-batch"
_STATUS = re.compile(rb"HTTP/[\d.]+ (\d{3})")
_ID = re.compile(r"<response-([^<>\s]+)>")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said to one call."""

    status: int
    body: bytes
    retry_after: str = ""
    """The header, as it came."""


def encode(uris: Mapping[str, str]) -> tuple[str, bytes]:
    """Return content type and body of a request that gets several addresses, each under a name without blanks."""
    parts = []
    for name, uri in uris.items():
        _, _, path, query, _ = urlsplit(uri)
        parts.append(
            f"--{_BOUNDARY}\r\n"
            f"Content-Type: application/http\r\nContent-ID: <{name}>\r\n\r\n"
            f"GET {path}{'?' if query else ''}{query} HTTP/1.1\r\nAccept: application/json\r\n\r\n"
        )
    return f"multipart/mixed; boundary={_BOUNDARY}", ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode()


def decode(content_type: str, body: bytes) -> dict[str, Answer]:
    """Return the answers that came whole, by the names of their calls."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not boundary:
        return {}
    ends = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*(?=\r?\n|\Z)")
    *whole, _ = ends.split(body)
    return dict(answer for part in whole[1:] if (answer := _read_part(part)) is not None)


def _read_part(part: bytes) -> tuple[str, Answer] | None:
    """Read headers, status, the answer's own headers, and its body."""
    pieces = _BLANK_LINE.split(part.lstrip(b"\r\n"), 2)
    name = _ID.search(str(BytesHeaderParser().parsebytes(pieces[0]).get("Content-ID", "")))
    status = _STATUS.match(pieces[1].lstrip()) if len(pieces) > 1 else None
    if name is None or status is None:
        return None
    inner = BytesHeaderParser().parsebytes(pieces[1].lstrip().partition(b"\n")[2])
    body = pieces[2] if len(pieces) > 2 else b""  # noqa: PLR2004  headers, headers, body
    return name[1], Answer(status=int(status[1]), body=body, retry_after=str(inner.get("Retry-After", "")))
