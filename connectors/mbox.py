"""Mail in an mbox file, as Google Takeout, Thunderbird and most programs export it.

The rules this module keeps:
1. A message begins at a line "From " that opens the file, or that follows an empty line and stands before a header.
2. Lines quoted as ">From " (the mboxrd way) lose one ">".
3. Memory holds one message and one block of the file, however large the file is.
4. What Thunderbird's user deleted, and Thunderbird has only marked so, is left out.
"""

import hashlib
import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from connectors.account import AccountRecord, RawMessage, too_large
from connectors.errors import AccountError, UsageError
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 25 << 20

_SEPARATOR = re.compile(rb"\n\r?\n(?=From [^\n]*\n[!-9;-~]+[ \t]*:)")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_DELETED = re.compile(rb"^X-Mozilla-Status: [0-9a-f]{3}[89a-f]\r?$", re.MULTILINE | re.IGNORECASE)
"""Bit 8: deleted, and gone when the folder is compacted."""
_MARKS_BYTES = 512
"""Thunderbird's marks are among the first lines."""
_LONGEST_SEPARATOR = 2048
_FINGERPRINT_BYTES = 4096


class MboxSettings(BaseModel):
    """What an mbox account needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """The file, or the folder that Apple Mail exports, with a file "mbox" in it."""


class MboxAccount:
    """An account whose sent mail lies in one mbox file, which may grow or be replaced.

    Its cursor is "<byte offset>:<fingerprint of the file up to there>".
    """

    def __init__(self, record: AccountRecord, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.record = record
        path = read_settings(MboxSettings, record).path
        self._path = path / "mbox" if (path / "mbox").is_file() else path
        self._max_message_bytes = max_message_bytes

    def count_since(self, cursor: str | None) -> int | None:  # noqa: ARG002  the shape of every kind
        """Return None: only reading the file would tell."""
        return None

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield the messages after `cursor`; all of them where the file is not the one the cursor was made for.

        Raises:
            UsageError: there is no such file, or it is no mbox.
            AccountError: the file cannot be read.
        """
        with _opened(self._path) as file, self._path.open("rb") as other:
            start = _start(cursor, other)
            for begin, end, message in read_messages(file, start=start, max_bytes=self._max_message_bytes):
                if message is not None and _DELETED.search(message, 0, _MARKS_BYTES):
                    continue
                yield RawMessage(
                    ref=f"{self._path.name};{begin}",
                    raw=message or b"",
                    cursor=f"{end}:{_fingerprint(other, end)}",
                    left_out="" if message is not None else too_large(end - begin, self._max_message_bytes),
                )

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:  # noqa: ARG002  the shape of every kind
        """Yield nothing: what the file holds, received mail included, came with the rest of it."""
        yield from ()

    def close(self) -> None:
        """Do nothing: no file stays open between readings."""


def split(path: Path) -> Iterator[bytes]:
    """Yield the messages of an mbox file, without their "From " lines."""
    with _opened(path) as file:
        for _, _, message in read_messages(file, start=0, max_bytes=MAX_MESSAGE_BYTES):
            if message is not None:
                yield message


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that must be an mbox."""
    try:
        with path.open("rb") as file:
            if file.read(5) != b"From ":
                hint = "Export the mail again as mbox (Google Takeout: Mail), and name that file with --path."
                raise UsageError(f"{path} is empty, or no mbox file.", hint=hint)
            yield file
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}.", hint="Check the path.") from error
    except OSError as error:
        raise AccountError(f"{path} cannot be read: {error}", hint="Check that this user may read it.") from error


def _fingerprint(file: BinaryIO, offset: int) -> str:
    """Name a file by its head and by what stands before an offset: both outlast mail that is added behind it."""
    file.seek(0)
    head = file.read(min(offset, _FINGERPRINT_BYTES))
    file.seek(max(0, offset - _FINGERPRINT_BYTES))
    return hashlib.sha256(head + file.read(min(offset, _FINGERPRINT_BYTES))).hexdigest()[:16]


def _start(cursor: str | None, file: BinaryIO) -> int:
    """Return where to read on: 0 unless a message of this very file begins or is awaited there."""
    offset, _, fingerprint = (cursor or "").partition(":")
    if not offset.isdecimal() or _fingerprint(file, int(offset)) != fingerprint:
        return 0
    file.seek(int(offset))
    return int(offset) if file.read(5) in {b"", b"From "} else 0


def read_messages(
    file: BinaryIO, *, start: int, max_bytes: int, block_bytes: int = 1 << 20
) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield (begin, end, message) from a "From " line on; None instead of a message with more than `max_bytes`."""
    file.seek(start)
    begin, dropped, buffer = start, 0, b""
    while block := file.read(block_bytes):
        searched = max(0, len(buffer) - _LONGEST_SEPARATOR)
        buffer += block
        cut = 0
        for match in _SEPARATOR.finditer(buffer, searched):
            end = begin + dropped + match.end() - cut
            yield begin, end, _clean(buffer[cut : match.end()]) if end - begin <= max_bytes else None
            begin, dropped, cut = end, 0, match.end()
        buffer = buffer[cut:]
        if len(buffer) > max_bytes + _LONGEST_SEPARATOR:
            dropped += len(buffer) - _LONGEST_SEPARATOR
            buffer = buffer[-_LONGEST_SEPARATOR:]
    if buffer:
        end = begin + dropped + len(buffer)
        yield begin, end, _clean(buffer) if end - begin <= max_bytes else None


def _clean(stored: bytes) -> bytes:
    """Return a message without its "From " line and the empty line that closes it."""
    raw = stored[stored.find(b"\n") + 1 :]
    for empty_line in (b"\r\n", b"\n"):
        if raw.endswith(b"\n" + empty_line):
            raw = raw.removesuffix(empty_line)
            break
    return _QUOTED_FROM.sub(rb"\1", raw) if b">From " in raw else raw
