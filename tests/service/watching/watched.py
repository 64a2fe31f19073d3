"""A watched mailbox and what is done to it: by its owner, by other people, by Cyrano, and by whoever kills Cyrano."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

from sqlalchemy import delete

from connectors import schema
from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.message import Address
from service.backoff import Backoff
from service.draft_row import DraftRow, State
from service.ledger import Ledger
from service.watching.settings import WatchSettings
from service.watching.watch import Watcher, WatchStatus
from tests.service.watching.fake_mailbox import INBOX, FakeDrafter, FakeMailbox, Killed, Steps

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ANA = AccountRecord(
    name="ana",
    kind="imap",
    owner=Address(addr="ana@example.org", name="Ana"),
    addresses=frozenset({"ana@example.org"}),
)


def mail(
    number: int = 1,
    *,
    sender: str = "ben@example.net",
    extra: str = "",
    answers: int | None = None,
    sent_at: str = "Fri, 20 Nov 2026 10:00:00 +0000",
    to: str = "ana@example.org",
) -> bytes:
    """A mail that asks something; as an answer to another one it was sent a little later than all others."""
    if answers is not None:
        extra += f"In-Reply-To: <m{answers}@x>\r\nReferences: <m{answers}@x>\r\n"
        sent_at = "Sat, 21 Nov 2026 09:05:00 +0000"
    return (
        f"From: Ben <{sender}>\r\nTo: {to}\r\nSubject: Question {number}\r\nMessage-ID: <m{number}@x>\r\n"
        f"Date: {sent_at}\r\n{extra}\r\nCan you come on Monday?\r\n"
    ).encode()


def answer(number: int = 1, *, text: str = "No, sorry.", subject: str = "Re: Question", message_id: str = "") -> bytes:
    """What the owner sends without Cyrano."""
    return (
        f"From: ana@example.org\r\nTo: ben@example.net\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id or f's{number}@ana'}>\r\nDate: Sat, 21 Nov 2026 09:10:00 +0000\r\n"
        f"In-Reply-To: <m{number}@x>\r\nReferences: <m{number}@x>\r\n\r\n{text}\r\n"
    ).encode()


class SteppedLedger(Ledger):
    """A ledger each of whose writes is a point to be killed at. The drafter counts its own."""

    steps = Steps()

    def _move(self, draft_id: str, sources: Any, target: State, **values: object) -> None:
        if target in {State.GENERATING, State.FAILED} or "text" in values:
            Ledger._move(self, draft_id, sources, target, **values)
        else:
            self.steps.run(lambda: Ledger._move(self, draft_id, sources, target, **values))

    def _note(self, draft_id: str, **values: object) -> None:
        self.steps.run(lambda: Ledger._note(self, draft_id, **values))

    def want(self, *args: Any, **options: Any) -> DraftRow:
        """Counted."""
        row: DraftRow = self.steps.run(lambda: Ledger.want(self, *args, **options))
        return row

    def drop(self, row: DraftRow) -> None:
        """Counted."""
        self.steps.run(lambda: Ledger.drop(self, row))

    def set_arrival(self, account: str, cursor: str) -> None:
        """Counted."""
        self.steps.run(lambda: Ledger.set_arrival(self, account, cursor))


@dataclass
class World:
    """A mailbox, a database, a clock, and a Cyrano that can be started again."""

    archive: Archive
    server: FakeMailbox = field(default_factory=FakeMailbox)
    now: datetime = NOW
    options: dict[str, Any] = field(default_factory=dict)
    """Of the section [watch]."""
    faults: list[Exception] = field(default_factory=list)
    """What the drafter raises, one after the other."""
    meanwhile: Callable[[], object] = bool
    """What happens while the model writes."""
    text: str = "I will come."
    watcher: Watcher | None = None
    drafter: FakeDrafter | None = None

    def __post_init__(self) -> None:
        """Begin with an empty ledger: many worlds share one database."""
        with self.archive.engine.begin() as connection:
            for table in (schema.draft, schema.arrival):
                connection.execute(delete(table))

    def tick(self) -> datetime:
        """The time, which goes on a little whenever somebody asks."""
        self.now += timedelta(milliseconds=1)
        return self.now

    @property
    def ledger(self) -> Ledger:
        """The ledger, as whoever looks at it sees it."""
        return Ledger(self.archive.engine, clock=self.tick)

    @property
    def rows(self) -> list[DraftRow]:
        """All drafts, oldest first."""
        return list(reversed(self.ledger.recent("ana", 1000)))

    @property
    def states(self) -> list[State]:
        """How they stand."""
        return [row.state for row in self.rows]

    def start(self, steps: Steps | None = None) -> Watcher:
        """Start Cyrano anew; nothing is remembered but what is in the database."""
        self.server.steps = steps or Steps()
        ledger = SteppedLedger(self.archive.engine, clock=self.tick)
        ledger.steps = self.server.steps
        self.drafter = FakeDrafter(ledger, self.server.steps, self.faults, meanwhile=self.meanwhile, text=self.text)
        self.watcher = Watcher(
            ANA,
            WatchSettings.model_validate({"poll_s": 0.01, "instructions": False, **self.options}),
            connect=lambda: self.server,
            ledger=ledger,
            drafter=self.drafter,
            clock=self.tick,
            zone=UTC,
            backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
            sleep=lambda _: None,
        )
        return self.watcher

    def look(self, times: int = 1, *, after_s: float = 0.0) -> None:
        """Have the running Cyrano make passes, each a while after the one before."""
        watcher = self.watcher or self.start()
        for _ in range(times):
            self.now += timedelta(seconds=after_s)
            watcher.check(self.server, threading.Event())

    def look_until_killed(self, kill_at: int | None) -> bool:
        """Start a Cyrano that is killed at a point of its first pass; tell whether it was."""
        self.start(Steps(kill_at=kill_at))
        try:
            self.look()
        except Killed:
            return True
        finally:
            self.watcher = None
        return False

    def settle(self) -> None:
        """Start a Cyrano that lives, and let it look until nothing moves any more."""
        self.start()
        self.look(3, after_s=90)

    def drafts_for(self, number: int) -> list[bytes]:
        """The drafts that answer a mail."""
        return [raw for raw in self.server.draft_bytes if message_from_bytes(raw)["In-Reply-To"] == f"<m{number}@x>"]

    def with_draft(self, number: int = 1) -> bytes:
        """Have a mail, and its draft; return the draft."""
        self.server.put(INBOX, mail(number))
        self.look()
        (raw,) = self.drafts_for(number)
        return raw


def points_of(make: Callable[[], World]) -> int:
    """Count the points at which a pass over a world can be killed."""
    world = make()
    steps = Steps()
    world.start(steps)
    world.look()
    return steps.done


def status(world: World) -> WatchStatus:
    """How its watcher does."""
    assert world.watcher is not None
    return world.watcher.status
