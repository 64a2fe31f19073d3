"""Reading many messages of a folder, whatever the server does meanwhile. Memory holds one batch of them.

The rules this module keeps:
1. Messages come out in the order of their UIDs, so that a cursor may follow them.
2. A message that the server refuses, or hangs up on, is found by halving and left out alone, once another message has
   shown that the server works otherwise. A server that fails altogether is an error, and nothing is left out for it.
3. A line that was cut is made anew, but not again and again without any message coming of it.
"""

import imaplib
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from imapclient import IMAPClient

from connectors.account import too_large
from connectors.errors import Unreachable
from connectors.imap.fetch import GMAIL, Fetched, fetch

logger = logging.getLogger(__name__)

_WINDOW = 500
_BATCH_MESSAGES = 50
_BATCH_BYTES = 8 << 20
_MOST_RECONNECTS = 20
_NEIGHBOURS = 3
_NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[OVERQUOTA]", "[THROTTLED]", "[EXPIRED]", "[AUTHORIZATIONFAILED]")
"""Refusals that say nothing about a message (RFC 5530; the fifth is Gmail's)."""

_LOST = (imaplib.IMAP4.abort, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, or why it is not handed over; neither for one that is known."""

    uid: int
    raw: bytes = b""
    server_id: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    uid: int
    reason: str


class Reader:
    """Reads from the folder that is selected."""

    def __init__(self, client: IMAPClient, reopen: Callable[[], IMAPClient], *, max_message_bytes: int) -> None:
        """Take the connection.

        Args:
            client: The connection.
            reopen: Makes another one, with the same folder selected.
            max_message_bytes: Larger messages are left out.
        """
        self._client = client
        self._reopen = reopen
        self._max_message_bytes = max_message_bytes
        self._reconnects = 0

    def read(
        self, uids: Sequence[int], *, is_known: Callable[[Collection[str]], set[str]] | None = None
    ) -> Iterator[Message]:
        """Yield messages by UID, lowest first; those that are gone are passed over.

        Args:
            uids: Which, in order.
            is_known: Tells by the server's lasting ids which need not be fetched.

        Raises:
            imaplib.IMAP4.error, OSError: the server failed.
        """
        for start in range(0, len(uids), _WINDOW):
            found = list(self._each(uids[start : start + _WINDOW], "RFC822.SIZE", *self._gmail_id()))
            ids = {each.server_id for each in found if isinstance(each, Fetched) and each.server_id}
            yield from self._bodies(found, is_known(ids) if is_known and ids else set())

    def _gmail_id(self) -> list[str]:
        return ["X-GM-MSGID"] if self._client.has_capability(GMAIL) else []

    def _bodies(self, found: Sequence[Fetched | _Refused], known: Collection[str]) -> Iterator[Message]:
        """Fetch what was measured, in batches that do not fill the memory."""
        batch: list[Fetched] = []
        others: list[Message] = []
        batch_bytes = 0
        for each in found:
            other = self._without_body(each, known)
            if other is not None:
                others.append(other)
            elif isinstance(each, Fetched):
                if len(batch) == _BATCH_MESSAGES or (batch and batch_bytes + each.size > _BATCH_BYTES):
                    yield from merge(self._fetch(batch), others, key=_uid)
                    batch, others, batch_bytes = [], [], 0
                batch.append(each)
                batch_bytes += each.size
        yield from merge(self._fetch(batch), others, key=_uid)

    def _without_body(self, each: Fetched | _Refused, known: Collection[str]) -> Message | None:
        if isinstance(each, _Refused):
            return Message(uid=each.uid, left_out=each.reason)
        if each.size > self._max_message_bytes:
            left_out = too_large(each.size, self._max_message_bytes)
            return Message(uid=each.uid, server_id=each.server_id, left_out=left_out)
        return Message(uid=each.uid, server_id=each.server_id) if each.server_id in known else None

    def _fetch(self, batch: Sequence[Fetched]) -> Iterator[Message]:
        server_ids = {each.uid: each.server_id for each in batch}
        for each in self._each(list(server_ids), "BODY.PEEK[]"):
            server_id = server_ids[each.uid]
            if isinstance(each, _Refused):
                yield Message(uid=each.uid, server_id=server_id, left_out=each.reason)
            elif each.raw is not None:
                yield Message(uid=each.uid, server_id=server_id, raw=each.raw) if each.raw else _empty(each.uid)

    def _each(self, uids: Sequence[int], *items: str) -> Iterator[Fetched | _Refused]:
        """Fetch items of messages, in order; a part that fails is tried again in halves, down to one message."""
        try:
            found = fetch(self._client, uids, *items)
        except _LOST as error:
            self._reconnect(error)
            yield from self._halves(uids, items) if len(uids) > 1 else self._once_more(uids[0], items)
        except imaplib.IMAP4.error as error:
            if any(code in str(error) for code in _NOT_NOW):
                raise
            yield from self._halves(uids, items) if len(uids) > 1 else [self._leave_out(uids[0], items, error)]
        else:
            yield from (found[uid] for uid in uids if uid in found)

    def _halves(self, uids: Sequence[int], items: Sequence[str]) -> Iterator[Fetched | _Refused]:
        middle = len(uids) // 2
        yield from self._each(uids[:middle], *items)
        yield from self._each(uids[middle:], *items)

    def _once_more(self, uid: int, items: Sequence[str]) -> Iterator[Fetched | _Refused]:
        try:
            yield from fetch(self._client, [uid], *items).values()
        except _LOST as error:
            self._reconnect(error)
            yield self._leave_out(uid, items, error)

    def _leave_out(self, uid: int, items: Sequence[str], error: Exception) -> _Refused:
        """Give a message up, or raise what the server said where it does not hand over others either."""
        near = self._client.search(["UID", f"{max(1, uid - 1000)}:{uid + 1000}"])
        others = sorted((each for each in near if each != uid), key=lambda each: abs(each - uid))
        for other in islice(others, _NEIGHBOURS):
            try:
                fetch(self._client, [other], *items)
            except _LOST as again:
                self._reconnect(again)
            except imaplib.IMAP4.error:
                continue
            else:
                break
        else:
            if others:
                raise error
        self._reconnects = 0  # that it goes on is shown
        logger.warning("The server does not hand over the message with UID %d.", uid)
        said = "it hangs up" if isinstance(error, _LOST) else f"it says: {error}"
        return _Refused(uid=uid, reason=f"The server does not hand it over; {said}")

    def _reconnect(self, error: Exception) -> None:
        self._reconnects += 1
        if self._reconnects > _MOST_RECONNECTS:
            raise Unreachable("The server hangs up again and again.", hint="Try again in a while.") from error
        logger.info("The connection was lost: making another.")
        self._client = self._reopen()


def _uid(message: Message) -> int:
    return message.uid


def _empty(uid: int) -> Message:
    return Message(uid=uid, left_out="The server hands over nothing of it.")
