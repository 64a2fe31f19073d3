r"""What a watcher does in an IMAP mailbox: find mail to answer, read it, list Drafts, put a draft there, take one out.

A ref is "<folder>;<UIDVALIDITY>;<UID>". Where UIDVALIDITY has changed, the ref's message is not there any more.

The rules this module keeps:
1. Nothing leaves Drafts but the one message named, whatever others marked for deletion.
2. What somebody marked for deletion, or as junk, is no mail that came in, and no draft in the list of drafts. `find` in
   Drafts finds it still: whoever asks whether a draft was put there must not put it there again.
3. Where the server vouches that nothing changed (CONDSTORE), nothing is fetched again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Event
from types import TracebackType
from typing import Any, Self

from imapclient import IMAPClient

from connectors.account import AccountRecord
from connectors.cleaning.headers import Headers
from connectors.errors import AccountError, FolderError
from connectors.imap.fetch import GMAIL, Fetched, fetch, message_id_of, read_headers
from connectors.imap.folders import (
    ALL,
    ARCHIVE,
    DRAFTS,
    INBOX,
    JUNK,
    SENT,
    TRASH,
    choose_folder,
    list_folders,
    marked,
    select,
)
from connectors.imap.search import MOST_CANDIDATES, by_id
from connectors.imap.session import ImapSettings, close_session, imap_errors, open_session
from connectors.imap.wait import State, Waiting, ask_for_changes, open_folder, state_of, tells_all
from connectors.mailbox import Arrivals, DraftEntry, MailboxEntry, Place, Trigger
from connectors.oauth.tokens import Credential
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

_WINDOW = 500
_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_IDS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO REFERENCES X-CYRANO-DRAFT)]"
_NO_MAIL = frozenset({r"\deleted", "$junk", "junk"})
_MOST_REMEMBERED = 1_000
"""Searches whose answers are kept while nothing changes."""

_Found = tuple[MailboxEntry, Headers]


class ImapMailbox:
    """A mailbox over one connection, for one thread."""

    def __init__(
        self,
        client: IMAPClient,
        settings: ImapSettings,
        *,
        folder: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        aside_s: float = 30.0,
    ) -> None:
        """Look which folders there are.

        Args:
            client: A connection that is logged in.
            settings: Of the account.
            folder: The folder of trigger "folder"; "" for none.
            clock: Tells the day on which a cursor is made.
            aside_s: How often to look, while waiting, at folders that the server does not tell of by itself.

        Raises:
            FolderError: there is no folder for drafts.
        """
        self._client = client
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._watched = INBOX
        self._waiting = Waiting(client, aside_s=aside_s)
        self._selected: dict[Trigger, tuple[State, tuple[MailboxEntry, ...]]] = {}
        self._drafts: tuple[State, list[DraftEntry]] | None = None
        self._found: dict[tuple[str, ...], tuple[State, list[_Found]]] = {}
        with self._errors():
            ask_for_changes(client)
            self._folders = list_folders(client)
            self.drafts_folder = choose_folder(
                self._folders, DRAFTS, named=settings.drafts_folder, option="--drafts-folder"
            )

    @classmethod
    def open(cls, record: AccountRecord, credential: Credential, *, folder: str = "") -> Self:
        """Connect, log in and find the Drafts folder.

        Raises:
            AuthError, Unreachable, FolderError: see there.
        """
        settings = read_settings(ImapSettings, record)
        client = open_session(settings, credential)
        try:
            return cls(client, settings, folder=folder)
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

    # Mail that came in

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """Return the mail a trigger selects; the cursor of "all" is "<UIDVALIDITY>:<UID>:<day it was made>"."""
        if trigger == "off":
            return Arrivals(entries=(), cursor=cursor or "")
        with self._errors():
            if trigger == "all":
                return self._arrived(cursor)
            folder = self._trigger_folder() if trigger == "folder" else INBOX
            criteria = ["UNDELETED"] if trigger == "folder" else ["FLAGGED", "UNDELETED", "UNANSWERED"]
            return Arrivals(entries=self._select_arrivals(trigger, folder, criteria), cursor=cursor or "")

    def _trigger_folder(self) -> str:
        if self._folder in {self.drafts_folder, *marked(self._folders, JUNK), *marked(self._folders, SENT)}:
            hint = "Name another folder in the configuration: [watch] folder"
            raise FolderError(f'Mail in the folder "{self._folder}" gets no drafts.', hint=hint)
        return self._folder

    def _select_arrivals(self, trigger: Trigger, folder: str, criteria: list[str]) -> tuple[MailboxEntry, ...]:
        state = self._look_into(folder)
        before = self._selected.get(trigger)
        if before is not None and before[0] == state and tells_all(state):
            return before[1]
        entries = _entries(folder, state, self._fetch(self._search(criteria), "FLAGS", _ID))
        self._selected[trigger] = state, entries
        return entries

    def _arrived(self, cursor: str | None) -> Arrivals:
        state = self._look_into(INBOX)
        if cursor is None:
            return Arrivals(entries=(), cursor=_cursor(state, self._last_uid(state), self._today()))
        validity, last, day = _read_cursor(cursor)
        if validity != state[0]:  # renumbered: all of these days again, rather than one mail too few
            last, uids = self._last_uid(state), self._search(["SINCE", day - timedelta(days=1)] if day else ["ALL"])
        elif state[1] is not None and state[1] <= last + 1:
            uids = []
        else:
            # "n:*" names the newest message even where its UID is below n (RFC 3501, 6.4.8).
            uids = [uid for uid in self._search(["UID", f"{last + 1}:*"]) if uid > last]
        found = list(self._fetch(uids, "FLAGS", "INTERNALDATE", _ID))
        # The server's day where it is earlier: a clock that ran ahead must not hide mail.
        came = min([self._today(), *(each.came_on for each in found[-1:] if each.came_on)])
        new_cursor = _cursor(state, max([last, *uids[-1:]]), came)
        return Arrivals(entries=_entries(INBOX, state, found), cursor=new_cursor)

    def _today(self) -> date:
        return self._clock().astimezone(UTC).date()

    def _last_uid(self, state: State) -> int:
        return max(self._search(["UID", "*"]), default=0) if state[1] is None else state[1] - 1

    def _look_into(self, folder: str) -> State:
        state = open_folder(self._client, folder)
        self._watched = folder
        self._waiting.saw(folder, state)
        return state

    # Any mail

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place with exactly this id, oldest first."""
        kept = [] if place is Place.DRAFTS else ["UNDELETED"]
        found = self._find(place, kept, by_id(message_id, "MESSAGE-ID"))
        return [entry for entry, _ in found if entry.message_id == message_id]

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place that name this id in In-Reply-To or References, oldest first."""
        found = self._find(place, ["UNDELETED"], by_id(message_id, "IN-REPLY-TO", "REFERENCES"))
        return [
            entry for entry, headers in found if message_id in {*headers.ids("in-reply-to"), *headers.ids("references")}
        ]

    def fetch(self, ref: str) -> bytes | None:
        """Return a message without marking it seen, or None if it is not there any more."""
        folder, validity, uid = _read_ref(ref)
        with self._errors():
            try:
                state = open_folder(self._client, folder)
            except FolderError:
                if self._client.folder_exists(folder):
                    raise
                return None
            if state[0] != validity:
                return None
            found = fetch(self._client, [uid], "BODY.PEEK[]").get(uid)
        return None if found is None else found.raw

    def _find(self, place: Place, kept: list[str], criteria: list[str]) -> Iterator[_Found]:
        # All mail of Gmail's holds drafts, too.
        alive = ["UNDRAFT"] if place is Place.RECEIVED else []
        with self._errors():
            for folder in self._folders_of(place) if criteria else ():
                yield from self._find_in(folder, [*kept, *alive, *criteria])

    def _find_in(self, folder: str, criteria: list[str]) -> list[_Found]:
        state = open_folder(self._client, folder)
        key = (folder, *criteria)
        before = self._found.get(key)
        if before is None or before[0] != state or not tells_all(state):
            if len(self._found) > _MOST_REMEMBERED:
                self._found.clear()
            before = self._found[key] = (
                state,
                [
                    (MailboxEntry(ref=_ref(folder, state, each.uid), message_id=message_id_of(headers)), headers)
                    for each in self._fetch(self._search(criteria)[-MOST_CANDIDATES:], _IDS)
                    for headers in [read_headers(each)]
                ],
            )
        return before[1]

    def _folders_of(self, place: Place) -> list[str]:
        if place is Place.DRAFTS:
            return [self.drafts_folder]
        if place is Place.SENT:
            named = self._settings.sent_folder
            return [choose_folder(self._folders, SENT, named=named, option="--sent-folder")]
        names = {folder.name for folder in self._folders} | {self._watched}
        archives = marked(self._folders, ARCHIVE) + marked(self._folders, ALL)
        return list(dict.fromkeys([INBOX, *(name for name in (self._folder, *archives) if name in names)]))

    # Drafts

    def drafts(self) -> list[DraftEntry]:
        """Return all messages in Drafts, oldest first."""
        with self._errors():
            state = open_folder(self._client, self.drafts_folder)
            self._waiting.saw(self.drafts_folder, state)
            if self._drafts is None or self._drafts[0] != state or not tells_all(state):
                self._drafts = state, self._list_drafts(state)
        return list(self._drafts[1])

    def _list_drafts(self, state: State) -> list[DraftEntry]:
        """List what is there, asking only for what is new: a draft under its UID never changes."""
        known = {entry.ref: entry for entry in self._drafts[1]} if self._drafts else {}
        refs = {uid: _ref(self.drafts_folder, state, uid) for uid in self._search(["UNDELETED"])}
        for each in self._fetch([uid for uid, ref in refs.items() if ref not in known], _IDS):
            known[refs[each.uid]] = _draft_entry(refs[each.uid], read_headers(each))
        return [known[ref] for ref in refs.values() if ref in known]

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:  # noqa: ARG002
        """Put a message into Drafts. It is not sent: nothing in this program can."""
        with self._errors():
            self._client.append(self.drafts_folder, raw, (rb"\Draft", rb"\Seen"))

    def remove_draft(self, ref: str) -> None:
        """Take one message out of Drafts, and no other that somebody marked for deletion."""
        folder, validity, uid = _read_ref(ref)
        if folder != self.drafts_folder:
            raise AccountError("Only drafts are ever taken out.", hint="Report this: it should not have been asked.")
        with self._errors():
            if state_of(select(self._client, folder, readonly=False))[0] == validity:
                self._remove(uid)

    def _remove(self, uid: int) -> None:
        trash = marked(self._folders, TRASH)
        if self._client.has_capability(GMAIL) and self._client.has_capability("MOVE") and trash:
            # What is expunged from a folder of Gmail's stays in All Mail.
            self._client.move([uid], trash[0])
            return
        self._client.delete_messages([uid], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge([uid])
        elif self._search(["DELETED"]) == [uid]:
            self._client.expunge()

    # Waiting

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """Wait until inbox, trigger folder or Drafts may have changed; return False when the time is up."""
        folders = list(dict.fromkeys([self._watched, INBOX, self.drafts_folder]))
        with self._errors():
            return self._waiting.until_change(folders, timeout_s, stop or Event())

    # Inside

    def _search(self, criteria: Sequence[Any]) -> list[int]:
        return sorted(self._client.search(list(criteria)))

    def _fetch(self, uids: Sequence[int], *items: str) -> Iterator[Fetched]:
        for start in range(0, len(uids), _WINDOW):
            window = uids[start : start + _WINDOW]
            found = fetch(self._client, window, *items)
            yield from (found[uid] for uid in window if uid in found and found[uid].raw is not None)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with imap_errors(self._settings.host):
            yield


def _ref(folder: str, state: State, uid: int) -> str:
    return f"{folder};{state[0] or 0};{uid}"


def _read_ref(ref: str) -> tuple[str, int | None, int]:
    folder, validity, uid = ref.rsplit(";", 2)
    return folder, int(validity) or None, int(uid)


def _cursor(state: State, uid: int, day: date) -> str:
    return f"{state[0] or 0}:{uid}:{day:%Y-%m-%d}"


def _read_cursor(cursor: str) -> tuple[int | None, int, date | None]:
    """Read a cursor; one that is none fits no folder."""
    try:
        validity, uid, day = cursor.split(":")
        return int(validity) or None, int(uid), date.fromisoformat(day)
    except ValueError:
        return -1, 0, None


def _entries(folder: str, state: State, found: Iterable[Fetched]) -> tuple[MailboxEntry, ...]:
    return tuple(
        MailboxEntry(ref=_ref(folder, state, each.uid), message_id=message_id_of(read_headers(each)))
        for each in found
        if not each.flags & _NO_MAIL
    )


def _draft_entry(ref: str, headers: Headers) -> DraftEntry:
    return DraftEntry(
        ref=ref,
        message_id=message_id_of(headers),
        in_reply_to=(headers.ids("in-reply-to")[:1] or ("",))[0],
        references=headers.ids("references"),
        cyrano_id=headers.raw("x-cyrano-draft"),
    )
