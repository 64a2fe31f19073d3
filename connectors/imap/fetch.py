"""Fetching over IMAP: sizes, ids and whole messages, by UID, of the folder that is selected.

The answers are read here and not by imapclient, which reads letter by letter and knows no literal8 (RFC 3516).
"""

import imaplib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes
from typing import Any

from imapclient import IMAPClient

from connectors.cleaning.headers import Headers

GMAIL = "X-GM-EXT-1"

_UID = re.compile(rb"[( ]UID (\d+)")
_SIZE = re.compile(rb"[( ]RFC822\.SIZE (\d+)")
_GMAIL_ID = re.compile(rb"[( ]X-GM-MSGID (\d+)")
_FLAGS = re.compile(rb"[( ]FLAGS \(([^)]*)\)")
_DATE = re.compile(rb'[( ]INTERNALDATE "([^"]*)"')
_QUOTED = re.compile(rb'[( ](?:BODY\[[^\]]*\](?:<0>)?) (?:NIL|"((?:[^"\\]|\\.)*)")')
_ESCAPED = re.compile(rb"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the server said of one message; what was not asked for is empty."""

    uid: int
    size: int = 0
    server_id: str = ""
    flags: frozenset[str] = frozenset()
    """In lower case."""
    came_on: date | None = None
    """INTERNALDATE: the day on which the server got it."""
    raw: bytes | None = None
    """The part asked for."""


def fetch(client: IMAPClient, uids: Iterable[int], *items: str) -> dict[int, Fetched]:
    """Fetch items of messages; those that are not there any more are missing from what is returned.

    Raises:
        imaplib.IMAP4.error: the server refused; what it handed over before that is forgotten.
    """
    wanted = ",".join(map(str, uids))
    if not wanted:
        return {}
    imap = client._imap  # noqa: SLF001  the answer as the wire brings it
    imap.untagged_responses.pop("FETCH", None)
    try:
        kind, data = imap.uid("FETCH", wanted, f"(UID {' '.join(items)})")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:  # BAD
        imap.untagged_responses.pop("FETCH", None)
        raise imaplib.IMAP4.error(_words(str(error))) from error
    if kind != "OK":
        imap.untagged_responses.pop("FETCH", None)
        raise imaplib.IMAP4.error(_words(b" ".join(filter(None, data)).decode("utf-8", "replace")))
    found: dict[int, Fetched] = {}
    for each in read_answer(data):
        # What another program changes meanwhile is told in answers of their own, without what was asked for.
        if each.uid not in found or each.raw is not None:
            found[each.uid] = each
    return found


def read_answer(data: Sequence[Any]) -> Iterator[Fetched]:
    """Read what imaplib returns of a FETCH: lines, and pairs of a line up to a literal and the literal."""
    said, literal = b"", None
    for part in data:
        if isinstance(part, tuple):
            said, literal = said + part[0] + b" ", part[1]
        elif part is not None:
            yield from _read_one(said + part, literal)
            said, literal = b"", None


def _read_one(said: bytes, literal: bytes | None) -> Iterator[Fetched]:
    uid = _UID.search(said)
    if uid is None:
        return
    if literal is None and (quoted := _QUOTED.search(said)):
        literal = _ESCAPED.sub(rb"\1", quoted[1] or b"")
    size, server_id, flags, came = (each.search(said) for each in (_SIZE, _GMAIL_ID, _FLAGS, _DATE))
    yield Fetched(
        uid=int(uid[1]),
        size=int(size[1]) if size else 0,
        server_id=server_id[1].decode() if server_id else "",
        flags=frozenset(flags[1].decode("utf-8", "replace").lower().split()) if flags else frozenset(),
        came_on=_read_day(came[1]) if came else None,
        raw=literal,
    )


def _read_day(written: bytes) -> date | None:
    try:
        return datetime.strptime(written.decode("ascii", "replace").strip(), "%d-%b-%Y %H:%M:%S %z").date()
    except ValueError:
        return None


def _words(answer: str) -> str:
    """Return a refusal's first line, and not too much of it."""
    return answer.partition("\n")[0][:200] or "it refused"


def read_headers(fetched: Fetched) -> Headers:
    """Read the header fields that were fetched."""
    return Headers(message_from_bytes(fetched.raw or b""))


def message_id_of(headers: Headers) -> str:
    """Return the id as `mime.parse` does; "" where there is none."""
    return (headers.ids("message-id")[:1] or (headers.raw("message-id").strip("<> "),))[0]
