"""A mailbox in memory, for many short runs: as IMAP has it, with UIDs and their validity, and nothing else."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from threading import Event

from connectors.account import Account, AccountRecord, RawMessage
from connectors.mailbox import Arrivals, DraftEntry, Mailbox, MailboxEntry, Place, Trigger
from connectors.message import Address
from tests.machine.mails import OWNER, cyrano_id, id_of, named_by
from tests.machine.servers import FOLDER, Held, Known

INBOX, DRAFTS, SENT, ARCHIVE, JUNK = "INBOX", "Drafts", "Sent", "Archive", "Junk"
_PLACES = {Place.RECEIVED: (INBOX, FOLDER, ARCHIVE), Place.DRAFTS: (DRAFTS,), Place.SENT: (SENT,)}


@dataclass
class MemoryServer:
    """The server's side, which survives whoever is killed."""

    record: AccountRecord = field(
        default_factory=lambda: AccountRecord(
            name="ana", kind="imap", owner=Address(addr=OWNER, name="Ana"), addresses=frozenset({OWNER})
        )
    )
    folders: dict[str, dict[int, bytes]] = field(
        default_factory=lambda: {name: {} for name in (INBOX, DRAFTS, SENT, ARCHIVE, JUNK, FOLDER)}
    )
    flagged: set[str] = field(default_factory=set)
    validity: int = 1
    last_uid: int = 0
    late: list[bytes] = field(default_factory=list)
    """What was appended and does not show yet."""
    is_slow: bool = False
    """Whether what is appended shows only later."""

    def put(self, folder: str, raw: bytes) -> None:
        """Have a message in a folder."""
        self.last_uid += 1
        self.folders[folder][self.last_uid] = raw

    def forget(self) -> None:
        """See `MailServer`: every message gets another UID, as when a server was restored from a copy."""
        self.validity += 1
        for folder, messages in self.folders.items():
            self.folders[folder] = {}
            for raw in messages.values():
                self.put(folder, raw)

    def show_late(self) -> None:
        """Finish the appends that hang."""
        while self.late:
            self.put(DRAFTS, self.late.pop(0))

    def deliver(self, raw: bytes, *, trigger: Trigger | None = None, is_spam: bool = False) -> None:
        """See `MailServer`."""
        self.put(JUNK if is_spam else FOLDER if trigger == "folder" else INBOX, raw)
        if trigger == "flagged":
            self.flagged.add(id_of(raw))

    def choose(self, message_id: str, trigger: Trigger) -> None:
        """See `MailServer`."""
        if trigger == "folder":
            self._move(message_id, FOLDER)
        else:
            self.flagged.add(message_id)

    def file_away(self, message_id: str) -> None:
        """See `MailServer`."""
        self._move(message_id, ARCHIVE)

    def received(self) -> list[Held]:
        """See `MailServer`."""
        return [held for folder in (INBOX, FOLDER, ARCHIVE, JUNK) for held in self._held(folder)]

    def drafts(self) -> list[Held]:
        """See `MailServer`."""
        return self._held(DRAFTS)

    def sent(self) -> list[Held]:
        """See `MailServer`."""
        return self._held(SENT)

    def save(self, raw: bytes, *, replaces: str = "") -> None:
        """See `MailServer`."""
        self.put(DRAFTS, raw)
        if replaces:
            self.discard(replaces)

    def discard(self, key: str) -> None:
        """See `MailServer`."""
        self.folders[DRAFTS].pop(int(key), None)

    def send(self, raw: bytes, key: str = "") -> None:
        """See `MailServer`."""
        self.put(SENT, raw)
        if key:
            self.discard(key)

    def connect(self) -> Mailbox:
        """See `MailServer`."""
        return MemoryMailbox(self)

    def account(self, known: Known) -> Account:  # noqa: ARG002  it has no ids of its own
        """See `MailServer`."""
        return MemoryAccount(self)

    def cut_next(self, after_bytes: int) -> None:
        """There is no wire."""

    def check_wire(self) -> None:
        """There is no wire."""

    def _held(self, folder: str) -> list[Held]:
        return [Held(key=str(uid), raw=raw) for uid, raw in self.folders[folder].items()]

    def _move(self, message_id: str, target: str) -> None:
        for uid, raw in list(self.folders[INBOX].items()):
            if id_of(raw) == message_id:
                self.put(target, self.folders[INBOX].pop(uid))


@dataclass(frozen=True)
class MemoryMailbox:
    """The way in for a watcher. A ref is "<folder>;<validity>;<UID>"."""

    server: MemoryServer

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """See `Mailbox`."""
        folder = FOLDER if trigger == "folder" else INBOX
        found = self.server.folders[folder].items()
        if trigger == "all":
            if cursor is None:
                return Arrivals(entries=(), cursor=self._cursor())
            validity, _, last = cursor.partition(":")
            after = int(last) if validity == str(self.server.validity) else 0
            found = {uid: raw for uid, raw in found if uid > after}.items()
        if trigger == "flagged":
            found = {uid: raw for uid, raw in found if id_of(raw) in self.server.flagged}.items()
        entries = tuple(self._entry(folder, uid, raw) for uid, raw in found)
        return Arrivals(entries=entries, cursor=self._cursor() if trigger == "all" else "")

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """See `Mailbox`."""
        return [self._entry(folder, uid, raw) for folder, uid, raw in self._all(place) if id_of(raw) == message_id]

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """See `Mailbox`."""
        return [self._entry(folder, uid, raw) for folder, uid, raw in self._all(place) if message_id in named_by(raw)]

    def drafts(self) -> list[DraftEntry]:
        """See `Mailbox`."""
        return [self._draft(uid, raw) for _, uid, raw in self._all(Place.DRAFTS)]

    def fetch(self, ref: str) -> bytes | None:
        """See `Mailbox`."""
        folder, validity, uid = ref.split(";")
        return self.server.folders[folder].get(int(uid)) if validity == str(self.server.validity) else None

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:  # noqa: ARG002
        """See `Mailbox`."""
        if self.server.is_slow:
            self.server.late.append(raw)
        else:
            self.server.put(DRAFTS, raw)

    def remove_draft(self, ref: str) -> None:
        """See `Mailbox`."""
        folder, validity, uid = ref.split(";")
        assert folder == DRAFTS, "Only drafts are ever taken out."
        if validity == str(self.server.validity):
            self.server.discard(uid)

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """Nobody waits in these tests."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to do."""

    def _all(self, place: Place) -> Iterator[tuple[str, int, bytes]]:
        for folder in _PLACES[place]:
            yield from ((folder, uid, raw) for uid, raw in list(self.server.folders[folder].items()))

    def _cursor(self) -> str:
        return f"{self.server.validity}:{self.server.last_uid}"

    def _entry(self, folder: str, uid: int, raw: bytes) -> MailboxEntry:
        return MailboxEntry(ref=f"{folder};{self.server.validity};{uid}", message_id=id_of(raw))

    def _draft(self, uid: int, raw: bytes) -> DraftEntry:
        headers = message_from_bytes(raw)
        return DraftEntry(
            ref=f"{DRAFTS};{self.server.validity};{uid}",
            message_id=id_of(raw),
            in_reply_to=str(headers.get("In-Reply-To", "")).strip().strip("<>"),
            references=tuple(re.findall(r"<([^<>]+)>", str(headers.get("References", "")))),
            cyrano_id=cyrano_id(raw),
        )


@dataclass(frozen=True)
class MemoryAccount:
    """The way in for a sync."""

    server: MemoryServer

    @property
    def record(self) -> AccountRecord:
        """Whose mail it is."""
        return self.server.record

    def count_since(self, cursor: str | None) -> int | None:
        """See `Account`."""
        return len(list(self.sent_since(cursor)))

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """See `Account`."""
        validity, _, last = (cursor or "").partition(":")
        after = int(last) if validity == str(self.server.validity) else 0
        for uid, raw in list(self.server.folders[SENT].items()):
            if uid > after:
                yield RawMessage(ref=f"{SENT};{uid}", raw=raw, cursor=f"{self.server.validity}:{uid}")

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """See `Account`."""
        for held in self.server.received():
            if id_of(held.raw) in message_ids:
                yield RawMessage(ref=held.key, raw=held.raw, cursor="")

    def close(self) -> None:
        """Nothing to do."""
