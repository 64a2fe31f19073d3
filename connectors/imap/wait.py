"""Waiting for a mailbox to change: IDLE where there is one, and a look at the other folders now and then.

A folder's state is what the server says of it when it is opened. Two states are compared only where both were told, so
that a server which leaves something out never looks as if it changed all the time.
"""

import imaplib
import logging
import time
from collections.abc import Sequence
from threading import Event
from typing import Any

from imapclient import IMAPClient

from connectors.imap.folders import select

logger = logging.getLogger(__name__)

# RFC 2177 asks for less than 29 minutes; many home routers forget a silent connection after five.
_LONGEST_IDLE_S = 280.0
_LOOK_FOR_STOP_S = 1.0
_CHANGES = {b"EXISTS", b"RECENT", b"EXPUNGE", b"FETCH", b"VANISHED"}
_TOLD = (b"UIDVALIDITY", b"UIDNEXT", b"EXISTS", b"HIGHESTMODSEQ")

State = tuple[int | None, ...]
"""What a server says of a folder, and says otherwise once mail came, went or (with CONDSTORE) got another flag."""


def ask_for_changes(client: IMAPClient) -> None:
    """Have the server tell a folder's newest change from now on: some, such as Dovecot, wait to be asked (RFC 7162)."""
    if client.has_capability("CONDSTORE") and client.has_capability("ENABLE"):
        try:
            client.enable("CONDSTORE")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            logger.info("The server does not tell changes.")


def open_folder(client: IMAPClient, folder: str) -> State:
    """Select a folder for reading and return its state.

    Raises:
        FolderError: it is not there.
    """
    return state_of(select(client, folder, readonly=True))


def state_of(told: dict[bytes, int]) -> State:
    """Return the state in the answer to a SELECT."""
    # Some servers say 0 for what they do not know; only a number of messages can be that.
    return tuple(told.get(key) or (told.get(key) if key == b"EXISTS" else None) for key in _TOLD)


def tells_all(state: State) -> bool:
    """Tell whether a state that stays the same means that nothing changed, flags included (RFC 7162)."""
    return None not in (state[0], state[1], state[3])


class Waiting:
    """Remembers how folders were when they were last looked at, and waits until one is otherwise."""

    def __init__(self, client: IMAPClient, *, aside_s: float = 30.0) -> None:
        """Take the connection.

        Args:
            client: The connection.
            aside_s: How often to look at folders that the server does not tell of by itself.
        """
        self._client = client
        self._aside_s = aside_s
        self._seen: dict[str, State] = {}

    def saw(self, folder: str, state: State) -> None:
        """Remember the state in which a folder was just looked at."""
        self._seen[folder] = state

    def until_change(self, folders: Sequence[str], timeout_s: float, stop: Event) -> bool:
        """Wait until one of the folders may have changed since it was seen; return False when the time is up.

        The first is the one to be told of at once. Where the server can tell neither by IDLE nor by its states that a
        flag changed, the end of the time is a change, too.
        """
        ends_at = time.monotonic() + timeout_s
        while True:
            # The first folder last: it is the one that stays open.
            if any(self._is_changed(folder) for folder in reversed(folders)):
                return True
            left_s = ends_at - time.monotonic()
            if stop.is_set() or left_s <= 0:
                return not self._hears(folders[0])
            if self._wait(min(left_s, self._aside_s, _LONGEST_IDLE_S), stop):
                return True

    def _is_changed(self, folder: str) -> bool:
        state = open_folder(self._client, folder)
        seen = self._seen.setdefault(folder, state)
        self._seen[folder] = state
        return any(old != new for old, new in zip(seen, state, strict=True) if old is not None and new is not None)

    def _hears(self, folder: str) -> bool:
        return self._client.has_capability("IDLE") or tells_all(self._seen[folder])

    def _wait(self, timeout_s: float, stop: Event) -> bool:
        if self._client.has_capability("IDLE"):
            return _idle(self._client, timeout_s, stop)
        stop.wait(timeout_s)
        return False


def _idle(client: IMAPClient, timeout_s: float, stop: Event) -> bool:
    ends_at = time.monotonic() + timeout_s
    is_changed = is_cut = False
    client.idle()
    while not (is_changed or is_cut or stop.is_set()) and (left_s := ends_at - time.monotonic()) > 0:
        slice_s = min(left_s, _LOOK_FOR_STOP_S)
        began_at = time.monotonic()
        responses = client.idle_check(timeout=slice_s)
        is_changed = _tell_change(responses)
        # Something to read that is nothing: the server hung up, and idle_done will say so.
        is_cut = not responses and time.monotonic() - began_at < slice_s / 2
    _, late = client.idle_done()
    return is_changed or _tell_change(late)


def _tell_change(responses: list[Any]) -> bool:
    return any(isinstance(response, tuple) and not _CHANGES.isdisjoint(response[:2]) for response in responses)
