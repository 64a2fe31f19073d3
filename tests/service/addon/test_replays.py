"""What came before is known again, as long as its tokens live: in every thread and process, and after a restart."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from connectors.database import open_database
from connectors.schema import replay as table
from service.addon.replays import SLACK, Replays
from service.addon.tokens import Refused
from tests.clock import Clock
from tests.service.racing import race
from tests.service.stand_ins import NOON

UNTIL = NOON + timedelta(hours=1)
MARK = (b"token", b"address")
WORKER = """
import sys
from datetime import UTC, datetime, timedelta
from connectors.database import open_database
from service.addon.replays import Replays
url, *marks = sys.argv[1:]
replays, until = Replays(open_database(url)), datetime.now(UTC) + timedelta(hours=1)
print("ready", flush=True)
sys.stdin.readline()
print(sum(replays.are_new([(mark.encode(),)], until=until) for mark in marks), flush=True)
"""


@pytest.fixture
def clock() -> Clock[datetime]:
    """Noon, until it is moved."""
    return Clock(NOON)


@pytest.fixture
def replays(engine: Engine, clock: Clock[datetime]) -> Replays:
    """Nothing seen yet."""
    return Replays(engine, clock=clock)


def rows(engine: Engine) -> list[tuple[object, ...]]:
    """What stands in the database."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table))]


def test_what_came_before_is_not_new(replays: Replays) -> None:
    """The same marks once, and others still."""
    assert replays.are_new([MARK], until=UNTIL)
    assert not replays.are_new([MARK], until=UNTIL)
    assert replays.are_new([(b"another", b"address")], until=UNTIL)


def test_one_mark_that_was_seen_is_enough(replays: Replays) -> None:
    """Who leaves a part of a request out, or adds one, brings it all the same."""
    assert replays.are_new([MARK, (b"second",)], until=UNTIL)
    assert not replays.are_new([(b"second",)], until=UNTIL)
    assert not replays.are_new([MARK, (b"third",)], until=UNTIL)


def test_parts_are_told_apart(replays: Replays) -> None:
    """No request passes for another by its parts running together."""
    assert replays.are_new([(b"ab", b"c")], until=UNTIL)
    assert replays.are_new([(b"a", b"bc")], until=UNTIL)
    assert replays.are_new([(b"abc",)], until=UNTIL)


def test_a_restart_forgets_nothing(replays: Replays, engine: Engine, clock: Clock[datetime]) -> None:
    """What one process saw the next one knows."""
    replays.are_new([MARK], until=UNTIL)
    assert not Replays(engine, clock=clock).are_new([MARK], until=UNTIL)


def test_a_digest_and_its_end_are_all_that_is_kept(replays: Replays, engine: Engine) -> None:
    """Nothing of whoever asked stands in the database."""
    replays.are_new([(b"ana@example.org", b"secret-token")], until=UNTIL)
    ((digest, ends_at),) = rows(engine)
    assert (len(str(digest)), ends_at) == (64, UNTIL + SLACK)


def test_what_ended_is_dropped(replays: Replays, engine: Engine, clock: Clock[datetime]) -> None:
    """Not before the tokens end, nor at once where another machine's clock may be slow; but then."""
    replays.are_new([MARK], until=UNTIL)
    clock.now = UNTIL + SLACK
    replays.are_new([(b"second",)], until=UNTIL + timedelta(hours=2))
    assert len(rows(engine)) == 2
    clock.now += timedelta(seconds=1)
    replays.are_new([(b"third",)], until=UNTIL + timedelta(hours=2))
    assert len(rows(engine)) == 2
    assert replays.are_new([MARK], until=UNTIL + timedelta(hours=2))


def test_room_is_limited_and_what_was_seen_stays(engine: Engine, clock: Clock[datetime]) -> None:
    """A flood is refused; it neither fills the disk nor drives out what must not come again."""
    replays = Replays(engine, clock=clock, most=3)
    assert replays.are_new([MARK], until=UNTIL + timedelta(hours=1))
    assert all(replays.are_new([(b"flood", bytes([number]))], until=UNTIL) for number in range(2))
    with pytest.raises(Refused) as refused:
        replays.are_new([(b"one more",)], until=UNTIL)
    assert refused.value.word == "too-many"
    clock.now = UNTIL + SLACK + timedelta(seconds=1)
    assert replays.are_new([(b"one more",)], until=UNTIL + timedelta(hours=1))
    assert not replays.are_new([MARK], until=UNTIL)


def test_of_many_threads_one_passes(replays: Replays) -> None:
    """A race does not let a copy through, whatever order its parts come in."""
    start, passed = threading.Barrier(12), []

    def run(number: int) -> None:
        marks = [MARK, (b"second",)] if number % 2 else [(b"second",), MARK]
        start.wait()
        if replays.are_new(marks, until=UNTIL):
            passed.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(passed) == 1


def test_threads_that_sweep_at_once_let_all_others_through(
    replays: Replays, engine: Engine, clock: Clock[datetime]
) -> None:
    """Whoever comes while what ended is dropped waits at most, and is served."""
    for number in range(40):
        replays.are_new([(b"old", bytes([number]))], until=NOON)
    clock.now = UNTIL
    start, passed = threading.Barrier(12), []

    def run(number: int) -> None:
        start.wait()
        passed.append(replays.are_new([(b"new", bytes([number]))], until=UNTIL + timedelta(hours=1)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert passed == [True] * 12
    assert len(rows(engine)) == 12


def run_processes(url: str, marks: list[str]) -> int:
    """Let three processes bring the same marks at the same moment; return how many passed."""
    return race(WORKER, url, *marks, processes=3)


def test_of_several_processes_one_lets_a_request_in(tmp_path: Path) -> None:
    """The database decides, not a lock of ours."""
    url = f"sqlite:///{tmp_path / 'cyrano.db'}"
    open_database(url).dispose()
    assert run_processes(url, [f"request {number}" for number in range(20)]) == 20


@pytest.mark.server
@pytest.mark.process
def test_of_several_processes_one_lets_a_request_in_on_postgresql(postgres: Engine) -> None:
    """The same where several machines share a server."""
    with postgres.begin() as connection:
        connection.execute(table.delete())
    url = postgres.url.render_as_string(hide_password=False)
    assert run_processes(url, [f"request {number}" for number in range(20)]) == 20
