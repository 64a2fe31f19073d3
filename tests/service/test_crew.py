"""service/crew.py: one thread per watched mailbox."""

import threading
import time
from dataclasses import dataclass, field, replace

from connectors.account import AccountRecord
from connectors.errors import StoreError
from connectors.message import Address
from service.crew import ASK_AGAIN_S, Crew
from tests.waiting import until


def record(name: str, host: str = "mail.example.org") -> AccountRecord:
    """An account."""
    owner = Address(addr=f"{name}@example.org")
    return AccountRecord(
        name=name, kind="imap", owner=owner, addresses=frozenset({owner.addr}), settings={"host": host}
    )


@dataclass
class FakeWorker:
    """Works until told to stop, or not at all."""

    is_refused: bool = False
    stop: threading.Event | None = None

    def run(self, stop: threading.Event) -> None:
        """Wait for the end."""
        self.stop = stop
        if not self.is_refused:
            stop.wait(20)


@dataclass
class Office:
    """Where workers are hired."""

    records: list[AccountRecord] = field(default_factory=list)
    hired: list[tuple[AccountRecord, FakeWorker]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    mark: str = "one"
    now_s: float = 0.0
    error: StoreError | None = None

    def accounts(self) -> list[AccountRecord]:
        """Return the accounts, if the database lets us."""
        if self.error:
            raise self.error
        return list(self.records)

    def hire(self, who: AccountRecord) -> FakeWorker | None:
        """Hire for all but files."""
        self.asked.append(who.name)
        if who.kind == "mbox":
            return None
        worker = FakeWorker(is_refused=who.name in self.refused)
        self.hired.append((who, worker))
        return worker

    def crew(self) -> Crew:
        """A crew on this office."""
        return Crew(self.accounts, self.hire, mark=lambda _: self.mark, clock=lambda: self.now_s)

    @property
    def names(self) -> list[str]:
        """Whom anybody was hired for."""
        return [who.name for who, _ in self.hired]


def test_accounts_come_and_go_while_it_runs() -> None:
    """An added one is watched, a removed one is not any more, a changed one anew; the others are left alone."""
    office = Office(records=[record("ana"), record("ben")])
    crew = office.crew()
    crew.look()
    office.records = [record("ben", host="new.example.org"), record("cleo")]
    crew.look()
    assert office.names == ["ana", "ben", "ben", "cleo"]
    gone = [worker.stop is not None and worker.stop.is_set() for _, worker in office.hired]
    assert gone == [True, True, False, False]
    crew.look()
    assert len(office.hired) == 4


def test_refused_credentials_are_tried_again_once_they_changed_or_after_hours() -> None:
    """Not before: servers lock accounts for trying. And nobody has to start Cyrano again."""
    office = Office(records=[record("ana")], refused={"ana"})
    crew = office.crew()
    for _ in range(3):
        crew.look()
        until(lambda: all(worker.stop for _, worker in office.hired))
        time.sleep(0.02)
    assert len(office.hired) == 1
    office.mark = "two"
    crew.look()
    until(lambda: len(office.hired) == 2)
    time.sleep(0.02)
    office.now_s += ASK_AGAIN_S + 1
    crew.look()
    assert len(office.hired) == 3


def test_an_account_that_cannot_be_watched_keeps_no_other_from_it() -> None:
    """Nor does it end the crew; it is tried again at every look."""
    office = Office(records=[record("ana"), record("ben")])

    def hire(who: AccountRecord) -> FakeWorker | None:
        if who.name == "ana" and office.error:
            raise office.error
        return office.hire(who)

    crew = Crew(lambda: office.records, hire, mark=lambda _: office.mark, clock=lambda: 0.0)
    office.error = StoreError("The index is damaged.")
    crew.look()
    assert office.names == ["ben"]
    office.error = None
    crew.look()
    assert office.names == ["ben", "ana"]


def test_a_database_that_fails_dismisses_nobody() -> None:
    """The watchers go on with what they know."""
    office = Office(records=[record("ana")])
    crew = office.crew()
    crew.look()
    office.error = StoreError("The database is busy.")
    crew.look()
    (_, worker) = office.hired[0]
    assert worker.stop is None or not worker.stop.is_set()


def test_the_end_waits_for_all() -> None:
    """What they use is closed only afterwards."""
    office, stop = Office(records=[record("ana"), record("ben")]), threading.Event()
    thread = threading.Thread(target=office.crew().run, args=(stop,))
    thread.start()
    until(lambda: len(office.hired) == 2 and all(worker.stop for _, worker in office.hired))
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert all(worker.stop is not None and worker.stop.is_set() for _, worker in office.hired)


def test_an_account_with_nothing_to_watch_is_asked_about_once() -> None:
    """Until something changes: the crew looks every few seconds, for years."""
    file = replace(record("ana"), kind="mbox")
    office = Office(records=[file])
    crew = office.crew()
    for _ in range(3):
        crew.look()
        time.sleep(0.02)
    assert office.asked == ["ana"]
    office.mark = "two"
    crew.look()
    assert office.asked == ["ana", "ana"]
    assert not office.hired
