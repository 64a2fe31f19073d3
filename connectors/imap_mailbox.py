"""What the watcher does in an IMAP mailbox: find mail to answer, read it, put a draft into Drafts, take one out.

Errors come out as AccountError; after Unreachable the connection is gone, and opening another is the watcher's part.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from threading import Event
from types import TracebackType
from typing import Any, Self

from imapclient import IMAPClient

from connectors.account import AccountRecord
from connectors.imap_session import ImapSettings, close_session, find_folder, imap_errors, open_session, select
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

INBOX = "INBOX"

# RFC 2177 asks for less than 29 minutes; many home routers forget a silent connection after five.
_LONGEST_IDLE_S = 280.0
_LOOK_FOR_STOP_S = 1.0
_CHANGES = {b"EXISTS", b"RECENT", b"EXPUNGE", b"FETCH", b"VANISHED"}
_WINDOW = 500

_State = tuple[int | None, ...]
"""What a server says of a folder, and says otherwise once mail came, went or got another flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxEntry:
    """A message in a folder. `message_id` is without angle brackets; "" where the message has none."""

    folder: str
    uid: int
    message_id: str


class ImapMailbox:
    """A mailbox over one connection, for one thread."""

    def __init__(self, client: IMAPClient, settings: ImapSettings) -> None:
        self._client = client
        self._settings = settings
        self._seen: dict[str, _State] = {}
        with self._errors():
            self.drafts = find_folder(client, r"\Drafts", named=settings.drafts_folder, option="--drafts-folder")

    @classmethod
    def open(cls, record: AccountRecord, password: str) -> Self:
        """Connect, log in and find the Drafts folder.

        Raises:
            AuthError, Unreachable, FolderError: see there.
        """
        settings = read_settings(ImapSettings, record)
        client = open_session(settings, password)
        try:
            return cls(client, settings)
        except BaseException:
            close_session(client)
            raise

    def close(self) -> None:
        """Log out."""
        close_session(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find_flagged(self) -> list[MailboxEntry]:
        """Return the flagged messages of INBOX that nobody has answered yet, oldest first."""
        return self._find(INBOX, ["FLAGGED", "UNDELETED", "UNANSWERED"])

    def find_in(self, folder: str) -> list[MailboxEntry]:
        """Return all messages of a folder, oldest first.

        Raises:
            FolderError: it is not there.
        """
        return self._find(folder, ["UNDELETED"])

    def find_by_message_id(self, folder: str, message_id: str) -> list[int]:
        """Return the UIDs of the messages with exactly this id, those marked for deletion included."""
        if not message_id.isprintable():
            return []
        # The server's search is for a part of the header: what it finds is looked at.
        found = self._find(folder, ["HEADER", "MESSAGE-ID", message_id])
        return [entry.uid for entry in found if entry.message_id == message_id]

    def fetch(self, folder: str, uid: int) -> bytes | None:
        """Return a message without marking it seen, or None if it is not there any more."""
        with self._errors():
            self._select(folder, readonly=True)
            found: dict[int, dict[bytes, Any]] = self._client.fetch([uid], ["BODY.PEEK[]"])
        raw = found.get(uid, {}).get(b"BODY[]")
        return None if raw is None else bytes(raw)

    def append_draft(self, raw: bytes) -> None:
        """Put a draft into the Drafts folder. It is not sent: nothing in this program can."""
        with self._errors():
            self._client.append(self.drafts, raw, (rb"\Draft", rb"\Seen"))

    def expunge(self, folder: str, uid: int) -> None:
        """Take one message out of a folder, and no other that somebody marked for deletion."""
        with self._errors():
            self._select(folder, readonly=False)
            self._client.delete_messages([uid], silent=True)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge([uid])
            elif self._client.search(["DELETED"]) == [uid]:
                self._client.expunge()

    def wait_for_change(self, timeout_s: float, *, folder: str = INBOX, stop: Event | None = None) -> bool:
        """Wait until a folder may have changed since it was last searched; return False when the time is up.

        Where the server has no IDLE, wait the whole time and return True. `stop` ends the wait.
        """
        stop = stop or Event()
        with self._errors():
            state = self._select(folder, readonly=True)
            if self._seen.setdefault(folder, state) != state:
                self._seen[folder] = state
                return True
            if self._client.has_capability("IDLE"):
                return self._idle(min(timeout_s, _LONGEST_IDLE_S), stop)
            stop.wait(timeout_s)
            return True

    def _idle(self, timeout_s: float, stop: Event) -> bool:
        ends_at = time.monotonic() + timeout_s
        is_changed = is_cut = False
        self._client.idle()
        while not (is_changed or is_cut or stop.is_set()) and (left_s := ends_at - time.monotonic()) > 0:
            slice_s = min(left_s, _LOOK_FOR_STOP_S)
            began_at = time.monotonic()
            responses = self._client.idle_check(timeout=slice_s)
            is_changed = _tell_change(responses)
            # Something to read that is nothing: the server hung up, and idle_done will say so.
            is_cut = not responses and time.monotonic() - began_at < slice_s / 2
        _, late = self._client.idle_done()
        return is_changed or _tell_change(late)

    def _find(self, folder: str, criteria: list[str]) -> list[MailboxEntry]:
        with self._errors():
            self._seen[folder] = self._select(folder, readonly=True)
            uids = sorted(self._client.search(criteria, None if all(map(str.isascii, criteria)) else "UTF-8"))
            return [
                MailboxEntry(folder=folder, uid=uid, message_id=message_id) for uid, message_id in self._ids_of(uids)
            ]

    def _ids_of(self, uids: list[int]) -> Iterator[tuple[int, str]]:
        for start in range(0, len(uids), _WINDOW):
            window = uids[start : start + _WINDOW]
            found: dict[int, dict[bytes, Any]] = self._client.fetch(window, ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
            for uid in window:
                header = found.get(uid, {}).get(b"BODY[HEADER.FIELDS (MESSAGE-ID)]")
                if header is not None:
                    yield uid, _message_id(header)

    def _select(self, folder: str, *, readonly: bool) -> _State:
        said = select(self._client, folder, readonly=readonly)
        return tuple(said.get(key) for key in (b"UIDVALIDITY", b"UIDNEXT", b"EXISTS", b"HIGHESTMODSEQ"))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with imap_errors(self._settings.host):
            yield


def _message_id(header: bytes) -> str:
    value = str(message_from_bytes(header).get("Message-ID", ""))
    return value.strip().removeprefix("<").removesuffix(">")


def _tell_change(responses: list[Any]) -> bool:
    return any(isinstance(response, tuple) and not _CHANGES.isdisjoint(response[:2]) for response in responses)
