"""service/refresh/lease.py: one holder at a time, on SQLite and on PostgreSQL, whatever becomes of the holder."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, text

from connectors.archive import Archive
from connectors.errors import StoreError
from connectors.schema import lease as table
from service.refresh.holder import Holder, this_process
from service.refresh.lease import TRAINING, LeaseLost, Leases, LeaseTaken
from tests.clock import Clock
from tests.parts import require
from tests.service.refresh import databases
from tests.service.refresh.databases import opened, running_postgres
from tests.waiting import until


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, with an empty database."""
    require("PostgreSQL", is_there=databases.is_installed(), install=databases.INSTALL)
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.server, pytest.mark.process])])
def url(request: pytest.FixtureRequest, database_file: Path, tmp_path: Path) -> str:
    """A database of its own for each test."""
    if request.param == "postgres":
        server: str = request.getfixturevalue("postgres")
        with opened(server) as engine, engine.begin() as connection:
            connection.execute(text("DELETE FROM lease"))
        return server
    path = tmp_path / "leases.db"
    path.write_bytes(database_file.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    """That database, opened."""
    with opened(url) as engine:
        yield engine


def elsewhere(number: int = 1) -> Callable[[], Holder]:
    """A process of another machine."""
    return lambda: this_process()._replace(place="another", pid=number, host="other")


def leases(engine: Engine, **changes: object) -> Leases:
    """Leases that beat quickly."""
    return Leases(engine, **{"ttl_s": 60.0, "beat_s": 0.05, **changes})  # type: ignore[arg-type]


def test_one_holds_it_and_gives_it_back(database: Engine) -> None:
    """While one has it nobody else gets it, not even within the same process; then it is free."""
    first, second = leases(database), leases(database)
    with first.hold(TRAINING) as held:
        held.check()
        with pytest.raises(LeaseTaken, match="under way") as caught, second.hold(TRAINING):
            pass
        assert "cyrano status" in caught.value.hint
        assert second.is_held(TRAINING)
    assert second.holder(TRAINING) is None
    assert not second.is_held(TRAINING)
    with second.hold(TRAINING):
        pass


def test_leases_of_different_names_are_apart(database: Engine) -> None:
    """The clock goes on while a run is under way."""
    with leases(database).hold(TRAINING), leases(database).hold("clock"):
        pass


def test_of_many_that_try_at_once_one_succeeds(database: Engine) -> None:
    """Twenty threads with one free lease: it is taken once."""
    won, lost, barrier = list[int](), threading.Semaphore(0), threading.Barrier(20)

    def attempt(number: int) -> None:
        barrier.wait()
        try:
            with leases(database).hold(TRAINING):
                won.append(number)
                for _ in range(19):
                    lost.acquire(timeout=20)
        except LeaseTaken:
            lost.release()

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_holder_elsewhere_keeps_it_while_its_beat_rises(database: Engine) -> None:
    """However long it takes: only a beat that stands still counts."""
    clock = Clock(1000.0)
    mine = leases(database, monotonic=clock)
    with leases(database, me=elsewhere()).hold(TRAINING):
        for _ in range(5):
            before = beat_of(database)
            until(lambda before=before: beat_of(database) > before)  # type: ignore[misc]
            clock.now += 59
            with pytest.raises(LeaseTaken), mine.hold(TRAINING):
                pass


def test_a_holder_elsewhere_that_is_silent_loses_it(database: Engine) -> None:
    """After `ttl_s` by the clock of whoever wants it, and not before."""
    clock = Clock(1000.0)
    mine = leases(database, monotonic=clock)
    take_silently(database, str(elsewhere()()))
    for _ in range(3):
        with pytest.raises(LeaseTaken, match="process 1 on other"), mine.hold(TRAINING):
            pass
        clock.now += 29
    with mine.hold(TRAINING):
        assert epoch_of(database) == 8


def test_a_dead_process_of_this_machine_loses_it_at_once(database: Engine) -> None:
    """After a crash nothing waits for a minute."""
    take_silently(database, str(this_process()._replace(started="1")))
    assert leases(database).holder(TRAINING) is None
    with leases(database).hold(TRAINING):
        pass


def test_whoever_lost_it_is_told_and_spoils_nothing(database: Engine) -> None:
    """A holder that stood still for too long: its work is checked, and its end does not free what another one has."""
    with leases(database, me=elsewhere(1)).hold(TRAINING) as held:
        take_silently(database, str(elsewhere(2)()))
        until(lambda: held.is_lost)
        with pytest.raises(LeaseLost) as caught:
            held.check()
        assert caught.value.hint
    assert "|2|" in holder_of(database)


def test_a_holder_without_its_database_gives_up_before_others_may_take_over(
    database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows then who holds it; the one that cannot beat must assume that it is another one."""
    mine = leases(database, ttl_s=0.4)

    def fail(*_: object) -> bool:
        raise StoreError("The database is away.")

    mine._beat = fail  # type: ignore[method-assign]
    with mine.hold(TRAINING) as held:
        until(lambda: held.is_lost)
    assert "could not be kept" in caplog.text


def test_patience_outlives_a_silent_holder(database: Engine) -> None:
    """A command waits until it knows whether the holder is gone."""
    take_silently(database, str(elsewhere()()))
    with leases(database, ttl_s=0.3).hold(TRAINING, patience_s=5):
        pass


def test_a_stop_ends_the_waiting(database: Engine) -> None:
    """A service that is told to stop does not try on."""
    stop = threading.Event()
    stop.set()
    with (
        leases(database, me=elsewhere()).hold(TRAINING),
        pytest.raises(LeaseTaken),
        leases(database).hold(TRAINING, patience_s=60, stop=stop),
    ):
        pass


def test_it_is_seen_whether_a_holder_elsewhere_lives(database: Engine) -> None:
    """By its beat; one that is silent is as good as none."""
    with leases(database, me=elsewhere()).hold(TRAINING):
        assert leases(database).is_held(TRAINING)
    take_silently(database, str(elsewhere()()))
    assert not leases(database).is_held(TRAINING)


HOLDS = """
import sys, threading
from connectors.database import open_database
from service.refresh.lease import Leases, LeaseTaken
leases = Leases(open_database(sys.argv[1]), beat_s=0.05)
try:
    with leases.hold("training"):
        print("held", flush=True)
        sys.stdin.read(1)
except LeaseTaken:
    print("taken", flush=True)
"""


def process(url: str) -> "subprocess.Popen[str]":
    """A process that wants the lease, and holds it until its input ends."""
    command = [sys.executable, "-c", HOLDS, url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def says(child: "subprocess.Popen[str]") -> str:
    """Return the next word of a process."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.process
def test_of_processes_that_contend_one_gets_it(url: str) -> None:
    """Real processes with a database of their own each."""
    children = [process(url) for _ in range(3)]
    said = sorted(says(child) for child in children)
    for child in children:
        child.communicate()
    assert said == ["held", "taken", "taken"]


@pytest.mark.process
def test_a_killed_holder_is_followed_at_once(url: str, database: Engine) -> None:
    """SIGKILL gives nobody the time to give anything back."""
    first = process(url)
    assert says(first) == "held"
    with pytest.raises(LeaseTaken), leases(database).hold(TRAINING):
        pass
    first.kill()
    first.communicate()
    with leases(database).hold(TRAINING):
        pass


@pytest.mark.process
def test_a_holder_that_was_stopped_for_long_finds_it_lost(url: str, database: Engine) -> None:
    """SIGSTOP: alive, and silent. Another one takes over after `ttl_s`, and the first one's end changes nothing."""
    first = process(url)
    assert says(first) == "held"
    first.send_signal(signal.SIGSTOP)
    second = leases(database, ttl_s=0.5)
    until(lambda: second.holder(TRAINING) is None)
    with second.hold(TRAINING):
        mine = holder_of(database)
        first.send_signal(signal.SIGCONT)
        first.communicate()
        assert holder_of(database) == mine


def test_a_lease_needs_no_row_beforehand(archive: Archive) -> None:
    """A new database has none."""
    with archive.engine.connect() as connection:
        assert not connection.execute(select(table)).all()
    assert leases(archive.engine).holder(TRAINING) is None


def take_silently(engine: Engine, holder: str) -> None:
    """Take the lease over as one that does not beat."""
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.name == TRAINING))
        connection.execute(insert(table).values(name=TRAINING, holder=holder, epoch=7, beat=0))


def holder_of(engine: Engine) -> str:
    """Return who stands in the table."""
    with engine.connect() as connection:
        return str(connection.execute(select(table.c.holder).where(table.c.name == TRAINING)).scalar_one())


def beat_of(engine: Engine) -> int:
    """Return the beat in the table."""
    with engine.connect() as connection:
        return int(connection.execute(select(table.c.beat).where(table.c.name == TRAINING)).scalar_one())


def epoch_of(engine: Engine) -> int:
    """Return the epoch in the table."""
    with engine.connect() as connection:
        return int(connection.execute(select(table.c.epoch).where(table.c.name == TRAINING)).scalar_one())
