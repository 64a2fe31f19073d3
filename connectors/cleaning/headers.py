"""Header values to text, addresses, ids and times, however broken they are. Nothing here raises."""

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from connectors.cleaning.decoding import clean, decode_base64, decode_charset
from connectors.message import Address

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_WORDS = re.compile(rf"{_WORD.pattern}(?:\s*{_WORD.pattern})*")
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_SIMPLE_ADDRESS = re.compile(
    r'\s*(?:"?([^"<>()@,;:\\]*?)"?\s*<([^<>@\s"(]+@[^<>@\s]+)>|([^<>@\s"(;:]+@[^<>@\s;:]+))\s*'
)
_ADDRESS = re.compile(r"(?<![^\s<>\"(),;:@])[^\s<>\"(),;:@]+@[^\s<>\"(),;:@]+")
_NAME = re.compile(r"[!-9;-~]+[ \t]*")
_OLDEST_YEAR = 1971
"""Mail is not older; an earlier date is a broken one."""


class Headers:
    """The header fields of one message, by lower-case name. RFC 2047 words and raw 8-bit values are understood."""

    def __init__(self, fields: Message | Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields.raw_items() if isinstance(fields, Message) else fields:
            self._values.setdefault(name.lower(), []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> str:
        """Return the first value, unfolded, its encoded words untouched; "" where there is none."""
        values = self._values.get(name)
        return _unfold(values[0]) if values else ""

    def text(self, name: str) -> str:
        """Return the first value as a person reads it, on one line."""
        return decode_words(self.raw(name))

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the mailboxes of all fields of that name."""
        return tuple(address for value in self._values.get(name, ()) for address in read_addresses(_unfold(value)))

    def ids(self, name: str) -> tuple[str, ...]:
        """Return message ids without angle brackets."""
        return read_ids(self.raw(name))

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC, or None where none can be read."""
        return read_time(self.raw(name))


def read_head(raw: bytes) -> tuple[Headers, bytes]:
    """Read the head of a message, and return what the headers end in that is none, if a line is no header.

    The standard library's parser does the same, and takes five times as long.
    """
    fields: list[tuple[str, list[str]]] = []
    lines = raw.decode("ascii", "surrogateescape").split("\n")
    for at, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if line[:1] in {" ", "\t"} and fields:
            fields[-1][1].append(line)
        elif colon and _NAME.fullmatch(name):
            fields.append((name, [value]))
        elif line.rstrip("\r") and not (at == 0 and line.startswith("From ")):
            rest = "\n".join(lines[at:]).encode("ascii", "surrogateescape")
            return Headers((name, "\n".join(values)) for name, values in fields), rest
    return Headers((name, "\n".join(values)) for name, values in fields), b""


def decode_words(value: str) -> str:
    """Decode the RFC 2047 words of a header value."""
    return clean(_WORDS.sub(_decode_run, value)) if "=?" in value else value


def read_ids(value: str) -> tuple[str, ...]:
    """Return the message ids of a header value, without angle brackets."""
    return tuple(_ID.findall(value)) or tuple(word.strip("<>") for word in value.split() if "@" in word)


def read_addresses(value: str) -> list[Address]:
    """Read an address list; what is no address is left out."""
    if '"' in value or "(" in value or ";" in value or "\\" in value:
        return _read_hard_addresses(value)
    found = []
    for part in value.split(","):
        match = _SIMPLE_ADDRESS.fullmatch(part)
        if match:
            name, addr, bare = match.groups()
            found.append(Address(addr=(addr or bare).lower(), name=decode_words(name.strip()) if name else ""))
        elif part.strip():
            return _read_hard_addresses(value)
    return found


def read_time(value: str) -> datetime | None:
    """Read an RFC 5322 date; without a zone it is taken for UTC."""
    try:
        time = parsedate_to_datetime(value)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return time if time.year >= _OLDEST_YEAR else None


def _read_hard_addresses(value: str) -> list[Address]:
    """Read groups, comments and quoted names with the standard library, and failing that whatever has an "@"."""
    try:
        pairs = [(name, addr) for name, addr in getaddresses([value]) if "@" in addr]
    except (ValueError, TypeError, IndexError, RecursionError):  # comments nest without end
        pairs = []
    pairs = pairs or [("", addr) for addr in _ADDRESS.findall(value)]
    return [Address(addr=addr.strip().lower(), name=" ".join(decode_words(name).split())) for name, addr in pairs]


def _unfold(value: str) -> str:
    if not value.isascii():
        value = decode_charset(value.encode("ascii", "surrogateescape"), "")
    return clean(" ".join(value.split()))


def _decode_run(match: re.Match[str]) -> str:
    """Decode neighbouring words together: some programs cut them in the middle of a character."""
    runs: list[tuple[str, bytes]] = []
    for charset, encoding, data in _WORD.findall(match[0]):
        raw = data.encode("utf-8", "replace")
        raw = decode_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)
        name = charset.partition("*")[0].lower()  # RFC 2231 section 5: "charset*language"
        if runs and runs[-1][0] == name:
            raw = runs.pop()[1] + raw
        runs.append((name, raw))
    return " ".join("".join(decode_charset(raw, charset) for charset, raw in runs).splitlines())
