"""How a refresh ends where something goes wrong, and what the next one makes of it."""

import fcntl
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connectors import schema
from connectors.adapter import current_version, withdraw
from connectors.archive import Archive
from connectors.errors import AuthError, StoreError, TooFewMails, TrainError, Unreachable, UsageError
from connectors.message import ArchivedEmail
from connectors.train_settings import TrainSettings
from service.refresh.lease import TRAINING, Held, LeaseTaken
from service.refresh.reporter import Reporter
from service.refresh.runs import ASKED, RunState
from service.training import RESULT, Stage
from tests.service.refresh.house import SETTINGS, House, checked, replace_settings
from tests.trainer.mails import mail

SECRET = "Dear Marta, this stays between us."


@pytest.mark.parametrize(
    "error",
    [
        TrainError("The system ran out of memory and ended the trainer.", hint="Lower [train] batch_size."),
        StoreError("The adapter could not be written: No space left on device", hint="Free some disk space."),
        TooFewMails("ana has 3 mails to learn from; 20 are needed.", hint="Sync more."),
    ],
)
def test_a_failure_ends_the_run_with_its_reason_and_the_next_one_goes_on(house: House, error: Exception) -> None:
    """The adapter in service writes on; the run is tried again a minute later, under its name and in its folder."""

    def fail(folder: Path, _account: str, _reporter: Reporter) -> Mapping[str, Any]:
        (folder / "checkpoint.pt").touch()
        raise error

    house.trainer = fail
    decision = house.refresher.turn("ana")
    failed = house.last()
    assert (failed.state, failed.reason, failed.hint) == (RunState.FAILED, str(error), getattr(error, "hint", ""))
    assert (current_version(house.adapters, "ana"), house.told, decision.is_due) == (1, [failed], False)
    house.pass_time(minutes=1)

    def go_on(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        assert (folder / "checkpoint.pt").exists()
        return house.finish(folder, reporter)

    house.trainer = go_on
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state, house.last().reason) == (
        failed.run_id, RunState.LIVE, "It is good.",
    )  # fmt: skip
    assert len(house.runs.recent()) == 1


def test_what_was_made_for_another_order_is_not_gone_on_with(house: House) -> None:
    """Whoever changes [train] after a failure gets what they set."""

    def fail(folder: Path, _account: str, _reporter: Reporter) -> Mapping[str, Any]:
        (folder / "checkpoint.pt").touch()
        raise TrainError("No.")

    house.trainer = fail
    house.refresher.turn("ana")
    house.pass_time(minutes=1)
    seen = []

    def look(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        seen.append((folder / "checkpoint.pt").exists())
        return house.finish(folder, reporter)

    house.trainer = look
    order = house._order("ana").model_copy(update={"settings": TrainSettings(rank=4)})
    house.make_refresher(order=lambda _: order).turn("ana")
    assert (seen, house.orders[-1].settings.rank) == ([False], 4)


def test_what_nobody_thought_of_fails_without_quoting_mail(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the row nor in the log."""

    def fail(*_: object) -> Mapping[str, Any]:
        raise ValueError(SECRET)

    house.trainer = fail
    with caplog.at_level(logging.DEBUG):
        house.refresher.turn("ana")
    run = house.last()
    assert (run.state, run.reason) == (RunState.FAILED, "Something unexpected failed: ValueError.")
    assert run.hint
    assert SECRET not in caplog.text


@pytest.mark.parametrize("error", [Unreachable("No connection."), AuthError("Refused.")])
def test_a_mailbox_that_cannot_be_read_keeps_nothing_from_being_learned(house: House, error: Exception) -> None:
    """The mail is there already; the sync has its own say about the mailbox."""
    house.sync_fails = error
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE


def test_a_full_disk_is_noticed_before_anything_is_begun(house: House) -> None:
    """In the sync; the trainer is not even started."""
    house.sync_fails = StoreError("The disk is full.", hint="Free some disk space.")
    house.refresher.turn("ana")
    assert (house.last().state, house.last().hint, house.orders) == (RunState.FAILED, "Free some disk space.", [])


def test_an_account_that_is_removed_during_its_run_leaves_nothing(house: House) -> None:
    """The run ends quietly: no row, no folder, and no adapter for nobody."""

    def remove(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        house.archive.remove_account("ana")
        return house.finish(folder, reporter)

    house.trainer = remove
    house.refresher.turn("ana")
    assert house.runs.recent() == []
    assert list(house.folder.iterdir()) == []
    assert house.collected == ["forget ana"]
    assert house.told == []


def test_an_account_that_is_removed_during_its_sync_leaves_nothing(house: House) -> None:
    """What the archive says then is no failure of the run."""

    def remove(_account: str, _reporter: Reporter) -> None:
        house.archive.remove_account("ana")
        raise UsageError('There is no account "ana".')

    house.make_refresher(sync=remove).turn("ana")
    assert (house.runs.recent(), house.told) == ([], [])


def test_a_service_that_stops_breaks_the_run_off_and_the_next_one_goes_on(house: House) -> None:
    """Nothing is lost, and nobody is told: it is no failure."""

    def stop(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        (folder / "checkpoint.pt").touch()
        house.stop.set()
        reporter.check()
        raise AssertionError("it goes on")

    house.trainer = stop
    house.refresher.turn("ana")
    broken = house.last()
    assert (broken.state, broken.reason, house.told) == (RunState.INTERRUPTED, "Cyrano is stopping.", [])
    house.stop.clear()
    house.trainer = None
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state) == (broken.run_id, RunState.LIVE)


def test_what_goes_wrong_while_cyrano_stops_is_no_failure(house: House) -> None:
    """The trainer may be ended by the same signal, and say so first: the run goes on, and nobody is told."""
    for error in (TrainError("The trainer ended with code 130 and no word."), ValueError("half a line")):

        def end(_folder: Path, _account: str, _reporter: Reporter, error: Exception = error) -> Mapping[str, Any]:
            house.stop.set()
            raise error

        house.trainer = end
        house.refresher.turn("ana")
        run = house.last()
        assert (run.state, run.reason, house.told) == (RunState.INTERRUPTED, "Cyrano is stopping.", [])
        house.stop.clear()


def test_a_run_that_was_killed_between_its_adapter_and_its_result_puts_it_in_service(house: House) -> None:
    """Nothing is new since that adapter, and yet the run is not over: it does not write."""
    killed = house.runs.begin("ana", why="3 new mails.")
    stock = house.looker.stock("ana")
    house.runs.note(killed.run_id, material=stock.digest, newest=stock.newest)
    (house.folder / killed.run_id).mkdir(parents=True)
    with house.leases.hold(TRAINING) as held:
        reporter = Reporter(killed.run_id, house.runs, held, house.stop)
        house.finish(house.folder / killed.run_id, reporter)
    (house.folder / killed.run_id / RESULT).unlink()
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state, house.last().adapter) == (killed.run_id, RunState.LIVE, "ana@v2")
    assert (house.orders, current_version(house.adapters, "ana")) == ([], 2)
    assert not (house.folder / killed.run_id).exists()


def test_who_asks_while_a_killed_run_is_still_noted_gets_one(archive: Archive, tmp_path: Path) -> None:
    """It was asked for, if not anew: also where nothing is due, for nothing began yet or begins by itself."""
    house = House(archive, tmp_path / "home", settings=SETTINGS.model_copy(update={"when": "off"}))
    house.send(8)
    killed = house.runs.begin("ana", why="")
    assert house.runs.ask("ana") == killed
    ended = house.refresher.refresh("ana", is_asked=True)
    assert ended is not None
    assert (ended.state, ended.trigger, ended.adapter) == (RunState.LIVE, ASKED, "ana@v1")


def test_after_the_clock_was_set_back_a_failing_run_is_held_up_all_the_same(house: House) -> None:
    """What was noted in the future does not hide what failed just now."""
    noon = house.now
    house.pass_time(days=400)
    house.refresher.turn("ana")
    house.now = noon
    house.send(3)
    house.sync()
    house.pass_time(days=3)
    house.order_fails = TooFewMails("There are too few.")
    tries = [house.refresher.turn("ana").is_due]
    house.pass_time(seconds=15)
    tries += [house.refresher.turn("ana").is_due]
    assert (tries, house.last().state) == ([False, False], RunState.FAILED)
    assert house.last().ended_at == house.now - timedelta(seconds=15)


def test_one_mail_of_the_future_in_the_first_adapter_stops_nothing(archive: Archive, tmp_path: Path) -> None:
    """The card says that its newest mail is of 2099; what was sent since it was made is new."""
    house = House(archive, tmp_path / "home")
    late = replace(mail(900), sent_at=datetime(2099, 1, 1, tzinfo=UTC))
    archive.store("ana", [ArchivedEmail(account="ana", email=late, kept=True)], "1")
    card = house.learn_first()
    assert str(card.data["newest"]).startswith("2099")
    house.mailbox = [replace(mail(100 + each), sent_at=house.now + timedelta(days=1, hours=each)) for each in range(4)]
    house.sync()
    house.pass_time(days=3)
    assert house.refresher.decision("ana").why == "4 new mails since ana@v1."


def test_a_ctrl_c_is_noted_and_comes_through(house: House) -> None:
    """Whoever refreshes from a terminal may stop."""

    def interrupt(*_: object) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    house.trainer = interrupt
    with pytest.raises(KeyboardInterrupt):
        house.refresher.turn("ana")
    assert house.last().state is RunState.INTERRUPTED
    assert house.leases.holder(TRAINING) is None


def test_a_run_whose_process_was_killed_is_found_and_finished(house: House) -> None:
    """Also one that had published its adapter: it is put in service, and nothing is trained twice."""
    killed = house.runs.begin("ana", why="5 new mails.")
    house.runs.note(killed.run_id, material="x", newest=house.now)
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    with house.leases.hold(TRAINING) as held:
        house.finish(folder, Reporter(killed.run_id, house.runs, held, house.stop))
    house.refresher.turn("ana")
    assert house.last().run_id == killed.run_id
    assert (house.last().state, house.last().adapter, house.orders) == (RunState.LIVE, "ana@v2", [])
    assert current_version(house.adapters, "ana") == 2


def test_a_finished_run_whose_adapter_is_gone_fails_once(house: House) -> None:
    """Somebody deleted it; the next run makes a new one."""
    killed = house.runs.begin("ana", why="")
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    (folder / RESULT).write_text('{"adapter": "ana@v9"}')
    house.refresher.turn("ana")
    assert (house.last().state, folder.exists()) == (RunState.FAILED, False)
    house.pass_time(minutes=2)
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE


def test_whoever_loses_the_lease_ends_and_leaves_the_row_to_the_other(house: House) -> None:
    """The other one carries the run out now; two would train."""

    def lose(_folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        lease: Held = reporter._held
        lease.lose()
        reporter.check()
        raise AssertionError("it goes on")

    house.trainer = lose
    house.refresher.turn("ana")
    assert house.last().state is RunState.RUNNING


def test_only_one_run_at_a_time(house: House) -> None:
    """Another one's account waits for its turn, and says so; it begins when the first has ended."""
    with house.leases.hold(TRAINING):
        decision = house.make_refresher().turn("ana")
        assert (decision.is_due, house.runs.recent()) == (True, [])
        assert "It waits for its turn: A training run is under way" in decision.why
        with pytest.raises(LeaseTaken):
            house.refresher.refresh("ana")
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE


def test_a_run_under_way_is_left_alone_by_others(house: House) -> None:
    """A look from another process is no sign that it ended."""
    seen = []

    def look(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        seen.append(house.make_refresher().turn("ana"))
        return house.finish(folder, reporter)

    house.trainer = look
    house.refresher.turn("ana")
    assert seen[0].why == "A run is under way: sync."
    assert house.last().state is RunState.LIVE


def test_an_adapter_that_nobody_puts_in_service_waits_and_is_noted_when_it_writes(house: House) -> None:
    """No engine runs: the adapter goes live when one does."""
    house.flips = False
    house.refresher.turn("ana")
    waiting = house.last()
    assert (waiting.state, waiting.adapter) == (RunState.WAITING, "ana@v2")
    assert "cyrano up" in waiting.hint
    house.flips = True
    house._flip()
    house.refresher.turn("ana")
    assert (house.last().run_id, house.last().state) == (waiting.run_id, RunState.LIVE)


def test_an_adapter_that_cannot_serve_says_why_at_once(house: House) -> None:
    """Waiting would not help."""
    house.flips, house.why_not = False, 'rosa needs merged serving. Set [engine] serving = "merged".'
    house.refresher.turn("ana")
    assert (house.last().state, house.last().hint) == (RunState.WAITING, house.why_not)


def test_an_adapter_that_is_withdrawn_before_it_writes_waits(house: House) -> None:
    """Its owner was quicker."""
    house.flips = False

    def withdrawn(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        result = house.finish(folder, reporter)
        withdraw(house.adapters, "ana", 2, "rolled back")
        return result

    house.trainer = withdrawn
    house.refresher.turn("ana")
    assert (house.last().state, house.last().reason) == (RunState.WAITING, "ana@v2 was withdrawn before it wrote.")


def test_old_adapters_that_stay_are_no_failure(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """The new one writes; the log says what is left."""

    def fail(_account: str) -> None:
        raise StoreError("Old adapters of ana could not be deleted.")

    house.make_refresher(collect=fail).turn("ana")
    assert house.last().state is RunState.LIVE
    assert "could not be deleted" in caplog.text


def test_progress_that_cannot_be_written_ends_no_training(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A database that is busy for a moment is no reason to lose hours."""

    def train(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        progress = house.runs.progress

        def fail(*_: object) -> None:
            raise StoreError("The database is locked by another process.")

        house.runs.progress = fail  # type: ignore[method-assign]
        reporter.follow(Stage(name="train", done=1, total=2, note=""))
        house.runs.progress = progress  # type: ignore[method-assign]
        return house.finish(folder, reporter)

    house.trainer = train
    house.refresher.turn("ana")
    assert house.last().state is RunState.LIVE
    assert "could not be written" in caplog.text


def test_a_trainer_that_outlives_its_service_for_a_moment_is_waited_for(house: House) -> None:
    """It lets go of the folder when it notices; two would write into it."""
    killed = house.runs.begin("ana", why="")
    folder = house.folder / killed.run_id
    folder.mkdir(parents=True)
    lock = (folder / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    timer = threading.Timer(0.5, lock.close)
    timer.start()
    house.trainer = checked(house, lambda: lock.closed)
    house.refresher.turn("ana")
    timer.join()
    assert house.last().state is RunState.LIVE


def test_dates_in_the_future_count_for_nothing(house: House) -> None:
    """A mail of 2099 neither hides what is new, nor is it new for ever."""
    message = schema.message
    with house.archive.engine.begin() as connection:
        last = message.c.message_id.like("m12@%")
        connection.execute(update(message).where(last).values(sent_at=house.now.replace(year=2099)))
    house.settings = replace_settings(house, new_mails=2)
    house.refresher.turn("ana")
    assert (house.last().adapter, house.last().why) == ("ana@v2", "2 new mails since ana@v1.")
    house.pass_time(hours=1)
    for count, is_due in ((1, False), (1, True)):
        house.send(count)
        house.sync()
        assert house.refresher.decision("ana").is_due is is_due
