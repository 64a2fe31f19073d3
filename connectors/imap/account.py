"""Sent mail over IMAP, and the mail it answers. Nothing is changed on the server, no message becomes seen.

A message is found by folder, UIDVALIDITY and UID; a cursor is "<UIDVALIDITY>:<UID>". Where UIDVALIDITY has changed,
UIDs mean nothing any more: everything is read again, which the archive makes harmless, and where the server has lasting
ids of its own (X-GM-EXT-1) only what the archive does not hold.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from imapclient import IMAPClient

from connectors.account import AccountRecord, RawMessage
from connectors.errors import AccountError, FolderError, Unreachable
from connectors.imap.fetch import fetch, message_id_of, read_headers
from connectors.imap.folders import SENT, choose_folder, list_folders, received_folders, select
from connectors.imap.reader import Message, Reader
from connectors.imap.search import MOST_CANDIDATES, any_of, by_id
from connectors.imap.session import READ_TIMEOUT_S, ImapSettings, close_session, hang_up, imap_errors, open_session
from connectors.oauth.tokens import Credential
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 25 << 20

_IDS_AT_ONCE = 20
"""How many Message-IDs one search names: servers limit the length of a line."""
_MESSAGE_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"

IsKnown = Callable[[Collection[str]], set[str]]


class ImapAccount:
    """An account whose sent mail lies in a folder of an IMAP server."""

    def __init__(
        self,
        record: AccountRecord,
        credential: Credential,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        read_timeout_s: float = READ_TIMEOUT_S,
        is_known: IsKnown = lambda _server_ids: set(),
    ) -> None:
        """Take what is needed to connect; nothing is connected yet.

        Args:
            record: The account.
            credential: How to log in.
            max_message_bytes: Larger messages are left out, and said to be.
            read_timeout_s: How long the server may say nothing.
            is_known: Which messages the archive holds, by the server's lasting ids.
        """
        self.record = record
        self._settings = read_settings(ImapSettings, record)
        self._credential = credential
        self._max_message_bytes = max_message_bytes
        self._read_timeout_s = read_timeout_s
        self._is_known = is_known
        self._client: IMAPClient | None = None

    def count_since(self, cursor: str | None) -> int | None:
        """Return how many messages came after `cursor`."""
        with imap_errors(self._settings.host):
            _, validity, next_uid = self._open_sent()
            return len(self._uids_after(_last_uid(cursor, validity), next_uid))

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield the messages of the Sent folder after `cursor`, in the order the server got them.

        Raises:
            AuthError: the server refused the password.
            FolderError: there is no Sent folder.
            Unreachable: no connection, or a lost one; the next call makes a new one.
        """
        try:
            with imap_errors(self._settings.host):
                folder, validity, next_uid = self._open_sent()
                last = _last_uid(cursor, validity)
                uids = self._uids_after(last, next_uid)
                is_again = bool(cursor) and not last
                for message in self._reader(folder, validity).read(uids, is_known=self._is_known if is_again else None):
                    yield _raw(message, folder, validity, cursor=f"{validity}:{message.uid}")
        finally:
            self.close()

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield those of these messages that lie in any folder but those for sent mail, drafts, junk and trash.

        Raises:
            AccountError: see `sent_since`.
        """
        missing = set(message_ids)
        with self._closed_when_lost(), imap_errors(self._settings.host):
            named = (self._settings.sent_folder, self._settings.drafts_folder)
            for folder in received_folders(list_folders(self._session()), apart=named):
                if not missing:
                    return
                try:
                    validity = select(self._session(), folder, readonly=True).get(b"UIDVALIDITY", 0)
                except FolderError as error:  # such as one shared by somebody who does not let us in
                    logger.info("A folder is passed over: %s", type(error).__name__)
                    continue
                found = self._find(missing)
                missing -= set(found)
                for message in self._reader(folder, validity).read(sorted(found.values())):
                    yield _raw(message, folder, validity, cursor="")

    def close(self) -> None:
        """Log out."""
        client, self._client = self._client, None
        if client is not None:
            close_session(client)

    def _session(self) -> IMAPClient:
        if self._client is None:
            self._client = open_session(self._settings, self._credential, read_timeout_s=self._read_timeout_s)
        return self._client

    def _open_sent(self) -> tuple[str, int, int | None]:
        """Select the Sent folder; return its name, UIDVALIDITY and UIDNEXT."""
        folders = list_folders(self._session())
        folder = choose_folder(folders, SENT, named=self._settings.sent_folder, option="--sent-folder")
        told = select(self._session(), folder, readonly=True)
        return folder, told.get(b"UIDVALIDITY", 0), told.get(b"UIDNEXT")

    def _uids_after(self, last: int, next_uid: int | None) -> list[int]:
        if next_uid and next_uid <= last + 1:
            return []
        # "n:*" names the newest message even where its UID is below n (RFC 3501, 6.4.8).
        return sorted(uid for uid in self._session().search(["UID", f"{last + 1}:*"]) if uid > last)

    def _reader(self, folder: str, validity: int) -> Reader:
        def reopen() -> IMAPClient:
            lost, self._client = self._client, None
            if lost is not None:
                hang_up(lost)
            if select(self._session(), folder, readonly=True).get(b"UIDVALIDITY", 0) != validity:
                raise Unreachable(f"The folder {folder} was renumbered meanwhile.", hint="Try again.")
            return self._session()

        return Reader(self._session(), reopen, max_message_bytes=self._max_message_bytes)

    def _find(self, message_ids: Collection[str]) -> dict[str, int]:
        """Return which of these messages the selected folder holds, by their UIDs."""
        found: dict[str, int] = {}
        searches = [search for each in sorted(message_ids) if (search := by_id(each, "MESSAGE-ID"))]
        for start in range(0, len(searches), _IDS_AT_ONCE):
            uids = sorted(self._session().search(any_of(searches[start : start + _IDS_AT_ONCE])))
            for each in fetch(self._session(), uids[-MOST_CANDIDATES:], _MESSAGE_ID).values():
                message_id = message_id_of(read_headers(each))
                if message_id in message_ids:
                    found.setdefault(message_id, each.uid)
        return found

    @contextmanager
    def _closed_when_lost(self) -> Iterator[None]:
        try:
            yield
        except AccountError:
            self.close()
            raise


def _raw(message: Message, folder: str, validity: int, *, cursor: str) -> RawMessage:
    return RawMessage(
        ref=f"{folder};{validity};{message.uid}",
        raw=message.raw,
        cursor=cursor,
        server_id=message.server_id,
        left_out=message.left_out,
    )


def _last_uid(cursor: str | None, validity: int) -> int:
    known, _, uid = (cursor or "").partition(":")
    if known == str(validity) and uid.isdecimal():
        return int(uid)
    if cursor:
        logger.warning("The server renumbered the folder: reading it from the beginning.")
    return 0
