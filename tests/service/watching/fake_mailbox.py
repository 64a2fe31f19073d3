"""A mailbox in memory that keeps the laws of `connectors.mailbox`, and can be killed, cut, slow and blind."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.cleaning.headers import Headers
from connectors.cleaning.parts import Part
from connectors.mailbox import Arrivals, DraftEntry, MailboxEntry, Place, Trigger
from service.draft_row import Written
from service.drafting.draft import DraftEvent, DraftRequest, Token
from service.ledger import Ledger

INBOX, FOLDER, DRAFTS, SENT = "INBOX", "Cyrano", "Drafts", "Sent"
_PLACES = {Place.RECEIVED: (INBOX, FOLDER), Place.DRAFTS: (DRAFTS,), Place.SENT: (SENT,)}


class Killed(BaseException):
    """SIGKILL, as far as a test in one process can have it."""


@dataclass
class Steps:
    """Counts what is done to the outside world, and kills before one of those steps, which is after the one before."""

    kill_at: int | None = None
    done: int = 0

    def run(self, act: Callable[[], Any]) -> Any:
        """Do one step, unless killed before."""
        if self.done == self.kill_at:
            raise Killed
        self.done += 1
        return act()


@dataclass
class FakeMailbox:
    """The server's side: it survives whoever is killed. A ref is "<folder>;<number>"."""

    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {INBOX: {}, DRAFTS: {}, SENT: {}, FOLDER: {}})
    steps: Steps = field(default_factory=Steps)
    fault: Exception | None = None
    """What looking for mail raises."""
    fetch_fault: Exception | None = None
    is_blind: bool = False
    """It shows no drafts."""
    fetch_fault_in: bytes = b""
    """It is only for messages with these bytes."""
    is_late: bool = False
    """What is appended now shows only after the next append, or in the next pass but one."""
    can_replace: bool = False
    """It puts a draft in the place of another at once."""
    rewrites: Callable[[bytes], bytes] = bytes
    """What it makes of a draft that it is given."""
    late: list[bytes] = field(default_factory=list)
    needs_answers: bool = True
    """Whether a draft must say which mail it answers."""
    hidden: set[int] = field(default_factory=set)
    """Drafts marked for deletion: they are found, but not listed."""
    generation: int = 1
    """All refs change with it."""
    last_number: int = 0
    changes: threading.Event = field(default_factory=threading.Event)
    _passes: int = 0

    # The side of its owner and of other people

    def put(self, folder: str, raw: bytes) -> str:
        """Have a message in a folder."""
        self.last_number += 1
        self.folders[folder][self.last_number] = raw
        return self._ref(folder, self.last_number)

    def edit(self, before: bytes, after: bytes) -> None:
        """Save the one draft with other words, as a mail program does: the new one in, the old one out."""
        ((number, raw),) = self.folders[DRAFTS].items()
        assert before in raw
        self.put(DRAFTS, raw.replace(before, after))
        del self.folders[DRAFTS][number]

    def send(self, raw: bytes) -> None:
        """Send a mail; if it is a draft, it leaves Drafts."""
        self.put(SENT, raw)
        self.folders[DRAFTS] = {number: each for number, each in self.folders[DRAFTS].items() if each != raw}

    @property
    def draft_bytes(self) -> list[bytes]:
        """What lies in Drafts."""
        return list(self.folders[DRAFTS].values())

    # The side of the watcher

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """Everything in INBOX is flagged; the cursor is the last number seen."""
        if self.fault is not None:
            raise self.fault
        self._passes += 1
        if self._passes % 2 == 0:
            self._finish_late()
        entries: list[MailboxEntry] = self.steps.run(lambda: self._entries(FOLDER if trigger == "folder" else INBOX))
        if trigger != "all":
            return Arrivals(entries=tuple(entries))
        after = self.last_number if cursor is None else int(cursor)
        new = tuple(entry for entry in entries if int(entry.ref.rpartition(";")[2]) > after)
        return Arrivals(entries=new, cursor=str(self.last_number))

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """As a server's search does, exactly."""
        return [entry for entry in self._look(place) if entry.message_id == message_id]

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Likewise."""
        return [entry for entry in self._look(place) if message_id in self._named(entry)]

    def drafts(self) -> list[DraftEntry]:
        """All of Drafts that is not marked for deletion."""
        found: list[DraftEntry] = self.steps.run(lambda: [] if self.is_blind else self._draft_entries())
        return found

    def fetch(self, ref: str) -> bytes | None:
        """One message."""
        if self.fetch_fault is not None and self.fetch_fault_in in (self._get(ref) or b""):
            raise self.fetch_fault
        found: bytes | None = self.steps.run(lambda: self._get(ref))
        return found

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:
        """Keep a draft, now or, for a slow server, a little later."""
        assert answers or not self.needs_answers
        self.steps.run(lambda: self._append(self.rewrites(raw), replaces))

    def remove_draft(self, ref: str) -> None:
        """Take one out."""
        self.steps.run(lambda: self._remove(ref))

    def wait_for_change(self, timeout_s: float, *, stop: threading.Event | None = None) -> bool:
        """Until the test says so."""
        is_changed = self.changes.wait(min(timeout_s, 0.05))
        self.changes.clear()
        return is_changed and stop is not None

    def close(self) -> None:
        """Nothing to do."""

    # Inside

    def _ref(self, folder: str, number: int) -> str:
        return f"{folder};{self.generation};{number}"

    def _get(self, ref: str) -> bytes | None:
        folder, generation, number = ref.split(";")
        return self.folders[folder].get(int(number)) if int(generation) == self.generation else None

    def _append(self, raw: bytes, replaces: str) -> None:
        if self.is_late:
            self.late.append(raw)
            return
        self.put(DRAFTS, raw)
        self._finish_late()
        if replaces and self.can_replace:
            self._remove(replaces)

    def _finish_late(self) -> None:
        while self.late and not self.is_late:
            self.put(DRAFTS, self.late.pop())

    def _remove(self, ref: str) -> None:
        folder, generation, number = ref.split(";")
        assert folder == DRAFTS
        if int(generation) == self.generation:
            self.folders[DRAFTS].pop(int(number), None)

    def _entries(self, folder: str) -> list[MailboxEntry]:
        return [
            MailboxEntry(ref=self._ref(folder, number), message_id=_id_of(raw))
            for number, raw in self.folders[folder].items()
        ]

    def _look(self, place: Place) -> list[MailboxEntry]:
        if self.is_blind and place is Place.DRAFTS:
            return []
        found: list[MailboxEntry] = self.steps.run(
            lambda: [entry for folder in _PLACES[place] for entry in self._entries(folder)]
        )
        return found

    def _named(self, entry: MailboxEntry) -> set[str]:
        headers = _headers_of(self._get(entry.ref) or b"")
        return {*headers.ids("in-reply-to"), *headers.ids("references")}

    def _draft_entries(self) -> list[DraftEntry]:
        return [_draft_entry(self._ref(DRAFTS, number), raw) for number, raw in self._shown_drafts()]

    def _shown_drafts(self) -> list[tuple[int, bytes]]:
        return [(number, raw) for number, raw in self.folders[DRAFTS].items() if number not in self.hidden]


@dataclass
class FakeDrafter:
    """Writes one sentence, and keeps the ledger as the real one does."""

    ledger: Ledger
    steps: Steps = field(default_factory=Steps)
    faults: list[Exception] = field(default_factory=list)
    asked: list[DraftRequest] = field(default_factory=list)
    meanwhile: Callable[[], object] = bool
    """What happens while it writes."""
    text: str = "I will come."

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Move the row along, with points to be killed at."""
        draft_id = asked.draft_id or ""
        self.asked.append(asked)
        self.steps.run(lambda: self.ledger.set_generating(draft_id))
        if self.faults:
            error = self.faults.pop(0)
            self.ledger.fail(draft_id, str(error))
            raise error
        yield Token(text=self.text)
        self.meanwhile()
        written = Written(text=self.text, language="en", subject=asked.request.subject)
        self.steps.run(lambda: self.ledger.keep_text(draft_id, written))


def _headers_of(raw: bytes) -> Headers:
    return Part(raw).headers


def _id_of(raw: bytes) -> str:
    return next(iter(_headers_of(raw).ids("message-id")), "")


def _draft_entry(ref: str, raw: bytes) -> DraftEntry:
    headers = _headers_of(raw)
    return DraftEntry(
        ref=ref,
        message_id=_id_of(raw),
        in_reply_to=next(iter(headers.ids("in-reply-to")), ""),
        references=headers.ids("references"),
        cyrano_id=headers.raw("x-cyrano-draft"),
    )
