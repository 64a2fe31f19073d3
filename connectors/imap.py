"""Sent mail over IMAP. Nothing is changed on the server, no message becomes seen.

A message is found by folder, UIDVALIDITY and UID; a cursor is "<UIDVALIDITY>:<UID>". Where UIDVALIDITY has changed,
UIDs mean nothing any more: everything is read again, which the archive makes harmless.
"""

import logging
from collections.abc import Iterator
from typing import Any

from imapclient import IMAPClient

from connectors.account import AccountRecord, RawMessage
from connectors.imap_session import ImapSettings, close_session, find_folder, imap_errors, open_session, select
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

_WINDOW = 500
_BATCH_MESSAGES = 50
_BATCH_BYTES = 8 << 20


class ImapAccount:
    """An account whose sent mail lies in a folder of an IMAP server."""

    def __init__(self, record: AccountRecord, password: str, *, max_message_bytes: int = 25 << 20) -> None:
        self.record = record
        self._settings = read_settings(ImapSettings, record)
        self._password = password
        self._max_message_bytes = max_message_bytes
        self._client: IMAPClient | None = None

    def count_since(self, cursor: str | None) -> int | None:
        """Return how many messages came after `cursor`."""
        with imap_errors(self._settings.host):
            client, _, validity = self._open_sent()
            return len(_uids_after(client, _last_uid(cursor, validity)))

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield the messages of the Sent folder after `cursor`, in the order the server got them.

        Raises:
            AuthError: the server refused the password.
            FolderError: there is no Sent folder.
            Unreachable: no connection, or a lost one; the next call makes a new one.
        """
        try:
            with imap_errors(self._settings.host):
                client, folder, validity = self._open_sent()
                for uid, raw in self._fetch(client, _uids_after(client, _last_uid(cursor, validity))):
                    yield RawMessage(ref=f"{folder};{validity};{uid}", raw=raw, cursor=f"{validity}:{uid}")
        finally:
            self.close()

    def close(self) -> None:
        """Log out."""
        client, self._client = self._client, None
        if client is not None:
            close_session(client)

    def _open_sent(self) -> tuple[IMAPClient, str, int]:
        if self._client is None:
            self._client = open_session(self._settings, self._password)
        client = self._client
        folder = find_folder(client, r"\Sent", named=self._settings.sent_folder, option="--sent-folder")
        return client, folder, select(client, folder, readonly=True)[b"UIDVALIDITY"]

    def _fetch(self, client: IMAPClient, uids: list[int]) -> Iterator[tuple[int, bytes]]:
        for batch in self._batches(client, uids):
            found: dict[int, dict[bytes, Any]] = client.fetch(batch, ["BODY.PEEK[]"])
            for uid in batch:
                # What was deleted meanwhile is missing from the answer.
                raw = found.get(uid, {}).get(b"BODY[]")
                if raw is not None:
                    yield uid, raw

    def _batches(self, client: IMAPClient, uids: list[int]) -> Iterator[list[int]]:
        """Group UIDs so that no batch fills the memory; leave out messages that are too large."""
        batch: list[int] = []
        batch_bytes = 0
        for uid, size in _sizes(client, uids):
            if size > self._max_message_bytes:
                logger.warning("Left out the message with UID %d: %d bytes are too many.", uid, size)
                continue
            if batch and (len(batch) == _BATCH_MESSAGES or batch_bytes + size > _BATCH_BYTES):
                yield batch
                batch, batch_bytes = [], 0
            batch.append(uid)
            batch_bytes += size
        if batch:
            yield batch


def _last_uid(cursor: str | None, validity: int) -> int:
    known, _, uid = (cursor or "").partition(":")
    if known == str(validity) and uid.isdecimal():
        return int(uid)
    if cursor:
        logger.warning("The server renumbered the folder: reading it from the beginning.")
    return 0


def _uids_after(client: IMAPClient, last: int) -> list[int]:
    # "n:*" names the newest message even where its UID is below n (RFC 3501, 6.4.8).
    return sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)


def _sizes(client: IMAPClient, uids: list[int]) -> Iterator[tuple[int, int]]:
    for start in range(0, len(uids), _WINDOW):
        window = uids[start : start + _WINDOW]
        found: dict[int, dict[bytes, Any]] = client.fetch(window, ["RFC822.SIZE"])
        yield from ((uid, found[uid][b"RFC822.SIZE"]) for uid in window if uid in found)
