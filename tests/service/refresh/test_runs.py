"""service/refresh/runs.py: the table of runs, from the wish to the end."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from connectors import schema
from connectors.archive import Archive
from connectors.errors import UsageError
from service.refresh.runs import ASKED, ASKED_WHY, SCHEDULE, RunGone, Runs, RunState
from tests.clock import Clock
from tests.parts import require
from tests.service.refresh import databases
from tests.service.refresh.databases import opened, running_postgres

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class RunClock(Clock[datetime]):
    """A clock that counts seconds, too."""

    def monotonic(self) -> float:
        """Return the time as seconds."""
        return self.now.timestamp()

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> RunClock:
    """Noon."""
    return RunClock(NOON)


@pytest.fixture
def runs(archive: Archive, clock: RunClock) -> Runs:
    """The runs of a home with one account, ana."""
    return Runs(archive.engine, clock=clock, monotonic=clock.monotonic)


def test_a_run_that_is_asked_for_waits_with_its_reason(runs: Runs) -> None:
    """Its id is the name its folder will have."""
    record = runs.ask("ana")
    assert record.run_id == "ana-20261121-120000"
    assert (record.state, record.trigger, record.why, record.asked_at) == (RunState.ASKED, ASKED, ASKED_WHY, NOON)
    assert runs.asked() == [record] == runs.recent("ana")


def test_asking_twice_is_asking_once(runs: Runs, clock: RunClock) -> None:
    """Also while it is under way: the run that is there already is the answer."""
    first = runs.ask("ana")
    clock.pass_s(60)
    assert runs.ask("ana") == first
    begun = runs.begin("ana", why="")
    assert runs.ask("ana") == begun
    assert len(runs.recent()) == 1


def test_nobody_asks_for_a_run_of_an_account_that_is_not_there(runs: Runs) -> None:
    """The mistake is told as such."""
    with pytest.raises(UsageError, match="nobody") as caught:
        runs.ask("nobody")
    assert caught.value.hint


def test_asking_at_the_same_time_is_asking_once(archive: Archive) -> None:
    """Command line, console and programs are different threads and processes: one run, and no error."""
    ask_at_once(archive.engine)


@pytest.mark.server
@pytest.mark.process
def test_asking_a_server_at_the_same_time_is_asking_once() -> None:
    """PostgreSQL lets several write at once."""
    require("PostgreSQL", is_there=databases.is_installed(), install=databases.INSTALL)
    with running_postgres() as url, opened(url) as engine:
        values = {"kind": "mbox", "owner_name": "Ana", "owner_addr": "ana@example.org", "addresses": [], "settings": {}}
        with engine.begin() as connection:
            connection.execute(insert(schema.account).values(name="ana", signature="", **values))
        ask_at_once(engine)


def ask_at_once(engine: Engine) -> None:
    """Have four ask at the same time, again and again."""
    for _ in range(5):
        runs, gate = [Runs(engine) for _ in range(4)], threading.Barrier(4)
        answers = list[str]()

        def ask(own: Runs, gate: threading.Barrier = gate, answers: list[str] = answers) -> None:
            gate.wait()
            answers.append(own.ask("ana").run_id)

        threads = [threading.Thread(target=ask, args=(own,)) for own in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [runs[0].asked()[0].run_id] * 4
        assert len(runs[0].asked()) == 1
        runs[0].withdraw("ana")


def test_what_is_not_wanted_any_more_is_withdrawn_as_long_as_it_has_not_begun(runs: Runs, clock: RunClock) -> None:
    """What is under way goes on."""
    runs.ask("ana")
    runs.withdraw("ana")
    assert runs.recent() == []
    runs.ask("ana")
    begun = runs.begin("ana", why="")
    clock.pass_s(1)
    runs.withdraw("ana")
    assert runs.recent() == [begun]


def test_a_run_of_a_clock_that_was_far_ahead_is_the_newest_no_more(runs: Runs, clock: RunClock) -> None:
    """After the clock was set back each new run counts, and one that goes on is noted with the time it has now."""
    clock.pass_s(400 * 86400)
    future = runs.begin("ana", why="")
    runs.end(future.run_id, RunState.FAILED)
    clock.now = NOON
    assert runs.newest("ana") is not None
    runs.end(runs.begin("ana", why="").run_id, RunState.LIVE)
    last = runs.last_ended("ana")
    assert last is not None
    assert (last.state, [each.run_id for each in runs.recent("ana")][-1]) == (RunState.LIVE, future.run_id)
    assert runs.begin("ana", why="", run_id=future.run_id).asked_at == NOON


def test_who_asked_gets_the_run_that_begins(runs: Runs, clock: RunClock) -> None:
    """Whatever made it begin."""
    asked = runs.ask("ana")
    clock.pass_s(5)
    begun = runs.begin("ana", trigger=SCHEDULE, why="12 new mails.")
    assert (begun.run_id, begun.trigger, begun.why) == (asked.run_id, ASKED, ASKED_WHY)
    assert (begun.state, begun.asked_at, begun.started_at) == (RunState.RUNNING, NOON, clock.now)


def test_two_runs_of_one_second_have_names_of_their_own(runs: Runs) -> None:
    """Names are folders."""
    first = runs.begin("ana", why="")
    runs.end(first.run_id, RunState.SKIPPED)
    assert runs.begin("ana", why="").run_id == "ana-20261121-120001"


def test_a_run_goes_on_under_its_own_name(runs: Runs, clock: RunClock) -> None:
    """What was broken off or failed begins anew as what it was: its end is forgotten, its stages add up."""
    first = runs.begin("ana", why="12 new mails.")
    runs.progress(first.run_id, "train", 1, 9)
    clock.pass_s(40)
    runs.end(first.run_id, RunState.FAILED, reason="The disk is full.", hint="Free some.")
    runs.mark_told(first.run_id)
    clock.pass_s(60)
    again = runs.begin("ana", why="", run_id=first.run_id)
    assert (again.run_id, again.asked_at, again.why) == (first.run_id, NOON, "12 new mails.")
    assert (again.state, again.reason, again.hint, again.ended_at) == (RunState.RUNNING, "", "", None)
    runs.progress(again.run_id, "train", 2, 9)
    clock.pass_s(2)
    ended = runs.end(again.run_id, RunState.FAILED, reason="Again.")
    assert ended.seconds == {"train": 42.0}
    assert runs.untold("ana") == [ended]


def test_who_asked_gets_the_run_that_goes_on(runs: Runs, clock: RunClock) -> None:
    """It takes the place of the one that was asked for: there is one run, and it is the newest."""
    broken = runs.begin("ana", why="12 new mails.")
    runs.end(broken.run_id, RunState.INTERRUPTED)
    clock.pass_s(60)
    asked = runs.ask("ana")
    again = runs.begin("ana", why="", run_id=broken.run_id)
    assert (again.trigger, again.asked_at) == (ASKED, asked.asked_at)
    assert runs.recent("ana") == [again]
    assert runs.newest("ana") == again


def test_progress_is_written_at_every_stage_and_once_a_second(runs: Runs, clock: RunClock) -> None:
    """A trainer that says a thousand things a second does not wear out the disk."""
    run_id = runs.begin("ana", why="").run_id

    def seen() -> tuple[str, int, int]:
        record = runs.get(run_id)
        assert record is not None
        return record.stage, record.done, record.total

    runs.progress(run_id, "sync")
    assert seen() == ("sync", 0, 0)
    clock.pass_s(0.5)
    runs.progress(run_id, "sync", 1, 9)
    assert seen() == ("sync", 0, 0)
    clock.pass_s(0.5)
    runs.progress(run_id, "sync", 2, 9)
    assert seen() == ("sync", 2, 9)
    runs.progress(run_id, "train", 0, 5)
    assert seen() == ("train", 0, 5)


def test_the_time_is_kept_by_stage(runs: Runs, clock: RunClock) -> None:
    """A stage that comes twice counts once; the last one ends with the run."""
    run_id = runs.begin("ana", why="").run_id
    for stage, seconds in (("sync", 3), ("train", 7), ("evaluate", 2), ("train", 1)):
        runs.progress(run_id, stage)
        clock.pass_s(seconds)
    ended = runs.end(run_id, RunState.LIVE, adapter="ana@v2")
    assert ended.seconds == {"sync": 3.0, "train": 8.0, "evaluate": 2.0}
    assert (ended.state, ended.adapter, ended.ended_at) == (RunState.LIVE, "ana@v2", clock.now)


def test_a_removed_account_takes_its_runs_along(runs: Runs, archive: Archive, clock: RunClock) -> None:
    """And whoever carries one out hears of it."""
    run_id = runs.begin("ana", why="").run_id
    archive.remove_account("ana")
    with pytest.raises(RunGone) as caught:
        runs.progress(run_id, "train")
    assert caught.value.hint
    clock.pass_s(2)
    for call in (lambda: runs.end(run_id, RunState.LIVE), lambda: runs.note(run_id, why="x")):
        with pytest.raises(RunGone):
            call()
    assert runs.get(run_id) is None
    assert runs.recent() == []


def test_what_nobody_carries_out_any_more_is_interrupted(runs: Runs) -> None:
    """Whoever looks says why, and what becomes of it."""
    left = runs.begin("ana", why="")
    assert runs.unfinished() == [left]
    assert runs.interrupt("The process ended.") == [left]
    ended = runs.get(left.run_id)
    assert ended is not None
    assert (ended.state, ended.reason) == (RunState.INTERRUPTED, "The process ended.")
    assert "goes on" in ended.hint
    assert runs.unfinished() == []


def test_what_was_learned_is_that_of_runs_that_came_to_an_adapter(runs: Runs, clock: RunClock) -> None:
    """A failed run learned nothing, whatever mail it had."""
    ends = {RunState.REJECTED: "a", RunState.FAILED: "b", RunState.SKIPPED: ""}
    for state, material in ends.items():
        run_id = runs.begin("ana", why="").run_id
        runs.note(run_id, material=material, newest=NOON)
        runs.end(run_id, state)
        clock.pass_s(10)
    learned, last = runs.last_learned("ana"), runs.last_ended("ana")
    assert learned is not None
    assert last is not None
    assert (learned.material, learned.newest, last.state) == ("a", NOON, RunState.SKIPPED)


def test_only_bad_ends_are_told_and_once(runs: Runs, clock: RunClock) -> None:
    """Whoever tells of them marks them."""
    for state in (RunState.LIVE, RunState.REJECTED, RunState.FAILED, RunState.INTERRUPTED):
        runs.end(runs.begin("ana", why="").run_id, state)
        clock.pass_s(10)
    untold = runs.untold("ana")
    assert [each.state for each in untold] == [RunState.REJECTED, RunState.FAILED]
    runs.mark_told(untold[0].run_id)
    assert runs.untold("ana") == untold[1:]
