"""service/refresh/clock.py: each account's looks, kept in the database, on APScheduler's own clock."""

import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from connectors.archive import Archive
from connectors.errors import StoreError
from connectors.schema import clockwork, lease
from service.__main__ import cli
from service.refresh import clock as module
from service.refresh.clock import Clock
from service.refresh.decide import Decision
from service.refresh.holder import this_process
from service.refresh.lease import CLOCK, Leases
from tests.waiting import until

SECRET = "Dear Marta, this stays between us."
QUIET = Decision(is_due=False, why="Nothing is new.")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ticks that a test can wait for."""
    for name, seconds in {"TICK_S": 0.02, "TEND_S": 0.04, "STAND_BY_S": 0.02}.items():
        monkeypatch.setattr(module, name, seconds)


@dataclass
class Looks:
    """A clock's parts, and what it looked at."""

    archive: Archive
    names: list[str] = field(default_factory=lambda: ["ana"])
    asked: list[str] = field(default_factory=list)
    every: timedelta = timedelta(hours=1)
    decide: Callable[[str], Decision] = lambda _: QUIET
    done: list[str] = field(default_factory=list)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.looked = threading.Condition()

    def turn(self, account: str) -> Decision:
        """Look at an account."""
        with self.looked:
            self.done.append(account)
            self.looked.notify_all()
        if self.error is not None:
            raise self.error
        return self.decide(account)

    @contextmanager
    def running(self, **changes: Any) -> Iterator[Clock]:
        """Let a clock go for the block."""
        stop, leases = threading.Event(), Leases(self.archive.engine, beat_s=0.05)
        clock = Clock(
            self.archive.engine, leases, accounts=lambda: list(self.names), asked=lambda: list(self.asked),
            turn=self.turn, every=lambda _: self.every, **changes,
        )  # fmt: skip
        thread = threading.Thread(target=clock.run, args=(stop,))
        thread.start()
        try:
            yield clock
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()

    def wait(self, count: int, account: str = "ana") -> None:
        """Wait until an account was looked at so often."""
        with self.looked:
            assert self.looked.wait_for(lambda: self.done.count(account) >= count, 10), self.done

    def jobs(self) -> dict[str, datetime]:
        """Return when each account is looked at next, as the database has it."""
        with self.archive.engine.connect() as connection:
            rows = connection.execute(select(clockwork.c.id, clockwork.c.next_run_time)).all()
        return {row.id: datetime.fromtimestamp(row.next_run_time, UTC) for row in rows}

    def set_next(self, at: datetime) -> None:
        """Write a look into the database, as a process did that is gone."""
        with self.archive.engine.begin() as connection:
            for name, state in connection.execute(select(clockwork.c.id, clockwork.c.job_state)).all():
                job = pickle.loads(state) | {"next_run_time": at}  # noqa: S301  our own
                values = {"next_run_time": at.timestamp(), "job_state": pickle.dumps(job)}
                connection.execute(update(clockwork).where(clockwork.c.id == name).values(values))


@pytest.fixture
def looks(archive: Archive) -> Looks:
    """The looks at one account, an hour apart."""
    return Looks(archive)


def is_kept(looks: Looks) -> bool:
    """Tell whether a clock goes."""
    return Leases(looks.archive.engine).holder(CLOCK) is not None


def test_a_new_account_is_looked_at_at_once_and_then_by_the_clock(looks: Looks) -> None:
    """Nobody waits for the first look; when the next one comes stands in the database."""
    with looks.running():
        looks.wait(1)
        until(lambda: looks.jobs()["ana"] > datetime.now(UTC) + timedelta(minutes=58))
        assert looks.done == ["ana"]
    looks.every = timedelta(seconds=0.1)
    with looks.running():
        looks.wait(4)


def test_what_is_kept_holds_the_name_of_the_account_alone(looks: Looks) -> None:
    """No object, no mail, no address, no secret."""
    with looks.running():
        looks.wait(1)
    with looks.archive.engine.connect() as connection:
        state = pickle.loads(connection.execute(select(clockwork.c.job_state)).scalar_one())  # noqa: S301  our own
    assert (state["func"], state["args"], state["kwargs"]) == ("service.refresh.clock:ring", ("ana",), {})


def test_a_look_that_is_not_due_yet_survives_the_process(looks: Looks) -> None:
    """A service that is started again and again does not look more often for it."""
    with looks.running():
        looks.wait(1)
        until(lambda: looks.jobs()["ana"] > datetime.now(UTC) + timedelta(minutes=58))
    with looks.running():
        until(lambda: is_kept(looks))
        time.sleep(0.1)
    assert looks.done == ["ana"]


def test_a_machine_that_slept_makes_up_for_it_once(looks: Looks) -> None:
    """However many looks it missed, and however long ago."""
    with looks.running():
        looks.wait(1)
    looks.set_next(datetime.now(UTC) - timedelta(days=30))
    with looks.running():
        looks.wait(2)
        until(lambda: looks.jobs()["ana"] > datetime.now(UTC))
        time.sleep(0.1)
    assert looks.done == ["ana", "ana"]


def test_a_clock_that_was_set_back_is_noticed(looks: Looks) -> None:
    """What was planned in a year that has not come is looked at now."""
    with looks.running():
        looks.wait(1)
        until(lambda: looks.jobs()["ana"] > datetime.now(UTC) + timedelta(minutes=58))
        looks.set_next(datetime.now(UTC) + timedelta(days=365))
        looks.wait(2)
    assert looks.jobs()["ana"] < datetime.now(UTC) + timedelta(hours=2)


def test_accounts_come_and_go_while_it_runs(looks: Looks) -> None:
    """Each is looked at soon after it was added, and nothing is left of one that was removed."""
    with looks.running():
        looks.wait(1)
        looks.names.append("ben")
        looks.wait(1, "ben")
        looks.names.remove("ana")
        until(lambda: set(looks.jobs()) == {"ben"})


def test_what_is_asked_for_is_seen_within_seconds(looks: Looks) -> None:
    """Long before the next look."""
    with looks.running():
        looks.wait(1)
        looks.asked.append("ana")
        looks.wait(2)
        looks.asked.clear()


def test_what_is_asked_for_and_waits_is_not_looked_at_all_the_time(looks: Looks) -> None:
    """Somebody trains by hand for hours: until then every few seconds is often enough."""
    looks.asked.append("ana")
    looks.every = timedelta(seconds=0.5)
    with looks.running():
        looks.wait(3)
        assert len(looks.done) < 10


def test_a_run_that_is_due_at_a_known_time_is_looked_at_then(looks: Looks) -> None:
    """The hours begin when they begin, not at the next look after it."""
    soon = datetime.now(UTC) + timedelta(minutes=7)
    looks.decide = lambda _: Decision(is_due=False, why="It waits.", next_at=soon)
    with looks.running():
        until(lambda: abs(looks.jobs().get("ana", datetime.now(UTC)) - soon) < timedelta(seconds=2))


def test_a_run_that_waits_for_its_turn_is_looked_at_soon(looks: Looks) -> None:
    """Another account's run may end any moment."""
    looks.decide = lambda _: Decision(is_due=True, why="It waits for its turn.")
    with looks.running():
        until(lambda: timedelta(0) < looks.jobs().get("ana", datetime.now(UTC)) - datetime.now(UTC) < module.TURN)


def test_a_longer_or_shorter_interval_counts_from_the_next_start(looks: Looks) -> None:
    """What the configuration says, not what it said."""
    with looks.running():
        looks.wait(1)
    looks.every = timedelta(minutes=5)
    with looks.running():
        looks.wait(2)
        until(lambda: timedelta(minutes=4) < looks.jobs()["ana"] - datetime.now(UTC) <= timedelta(minutes=5))


@pytest.mark.parametrize("error", [StoreError("The disk is full."), ValueError(SECRET)])
def test_an_accident_stops_no_clock_and_quotes_no_mail(
    looks: Looks, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The next look comes as planned."""
    looks.error, looks.every = error, timedelta(seconds=0.1)
    with looks.running():
        looks.wait(3)
    assert "ana could not be refreshed" in caplog.text
    assert SECRET not in caplog.text


def test_of_two_processes_one_keeps_the_clock_and_the_other_stands_by(looks: Looks) -> None:
    """It takes over when the first one stops."""
    other = Looks(looks.archive, every=timedelta(seconds=0.1))
    looks.every = timedelta(seconds=0.1)
    with looks.running():
        looks.wait(1)
        with other.running():
            looks.wait(4)
            assert other.done == []
            with looks.archive.engine.begin() as connection:
                stolen = str(this_process()._replace(place="elsewhere", started="1"))
                connection.execute(update(lease).where(lease.c.name == CLOCK).values(holder=stolen, epoch=99))
            until(lambda: not any(thread.name == "APScheduler" for thread in threading.enumerate()))
            with looks.archive.engine.begin() as connection:
                connection.execute(delete(lease))
            with looks.looked:
                looks.done.clear()
            until(lambda: looks.done or other.done)
            assert not (looks.done and other.done)


def test_a_database_that_fails_for_a_while_stops_no_clock(looks: Looks, caplog: pytest.LogCaptureFixture) -> None:
    """Accounts that cannot be read now are read later."""
    names, broken = looks.names, threading.Event()

    class Names(list[str]):
        def __iter__(self) -> Iterator[str]:
            if broken.is_set():
                raise StoreError("The database is locked by another process.")
            return iter(names)

    looks.every = timedelta(seconds=0.1)
    looks.names = Names()
    with looks.running():
        looks.wait(1)
        broken.set()
        until(lambda: "could not be tended" in caplog.text)
        looks.wait(len(looks.done) + 2)


def test_looks_are_no_news() -> None:
    """`-v` says what happens, and not every few seconds that nothing does."""
    cli.callback(verbose=True)  # type: ignore[misc]  # click has one for every command it made
    assert not logging.getLogger("apscheduler.executors.default").isEnabledFor(logging.INFO)
