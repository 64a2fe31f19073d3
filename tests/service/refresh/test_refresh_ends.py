"""How a refresh ends where something goes wrong, and what the next one makes of it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.adapter import current_version, withdraw
from connectors.errors import AuthError, StoreError, TooFewMails, TrainError, Unreachable, UsageError
from connectors.train_settings import TrainSettings
from service.refresh.reporter import Reporter
from service.refresh.runs import RunState
from service.training import Stage
from tests.service.refresh.house import House

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
