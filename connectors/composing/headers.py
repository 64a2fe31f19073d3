"""Header values of a draft: words, addresses, ids. No text, whatever it holds, can begin another header with them."""

import re
from collections.abc import Iterable, Sequence
from email.header import Header

from connectors.message import Address

LINE_BYTES = 76
MAX_ID = 900
"""A header line may have 998 bytes, and an id is not broken; what is longer no person's mail program made."""

_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_NOT_IN_ADDRESSES = re.compile(r"[\s<>,;:\"()\x00-\x1f\x7f]")
_PLAIN_NAME = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]{1,60}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether a text can stand between the angle brackets of a message id."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return header fields, ended by a blank line; those without a value are left out."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields if value).encode() + b"\r\n"


def ids(message_ids: Sequence[str]) -> str:
    """Each on a line of its own: standard folding would encode long ones, and break the thread."""
    return "\r\n ".join(f"<{each}>" for each in message_ids if is_id(each))


def addresses(people: Sequence[Address], field: str) -> str:
    """Return an address list; what is no address is left out."""
    return ",\r\n ".join(_address(person, field) for person in people if _is_address(person.addr))


def words(text: str, field: str) -> str:
    """Return text for a header, encoded (RFC 2047) and folded where it must be."""
    is_plain = text.isascii() and "=?" not in text and len(text) + len(field) + 2 <= LINE_BYTES
    return text if is_plain else _encoded(text, field)


def one_line(text: str) -> str:
    """Return text without line breaks and other control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in clean(text)).split())


def clean(text: str) -> str:
    """Leave single line feeds only, and what can be written as UTF-8."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_address(addr: str) -> bool:
    return "@" in addr and not _NOT_IN_ADDRESSES.search(addr)


def _address(person: Address, field: str) -> str:
    name = one_line(person.name)
    if not name:
        return person.addr
    if _PLAIN_NAME.fullmatch(name) and "=?" not in name:
        return f"{name} <{person.addr}>"
    return f"{_encoded(name, field)}\r\n <{person.addr}>"


def _encoded(text: str, field: str) -> str:
    return Header(text, "utf-8", maxlinelen=LINE_BYTES, header_name=field).encode(linesep="\r\n")
