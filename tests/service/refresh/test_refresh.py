"""service/refresh/refresh.py: one account's refresh, and every way it can end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.adapter import current_version, list_cards, taint
from connectors.archive import Archive
from connectors.errors import TrainError
from service.refresh.reporter import Reporter
from service.refresh.runs import ASKED, RunState
from tests.service.refresh.house import House, rejecting, replace_settings


def test_new_mail_becomes_the_adapter_that_writes(house: House) -> None:
    """From the mailbox to the flip; the row tells all of it, in the order it happened."""
    house.send(2)
    assert house.refresher.decision("ana").is_due
    decision = house.refresher.turn("ana")
    run = house.last()
    assert (run.state, run.adapter, run.reason, run.hint) == (RunState.LIVE, "ana@v2", "It is good.", "")
    assert list(run.seconds) == ["sync", "playback", "examples", "train", "evaluate", "flip"]
    assert run.why == "5 new mails since ana@v1."
    assert current_version(house.adapters, "ana") == 2
    assert house.collected == ["ana"]
    assert (house.told, decision.is_due, decision.why) == ([], False, "Nothing is new since ana@v2.")
    assert house.orders[0].run == run.run_id == list_cards(house.adapters, "ana")[-1].config["run"]


def test_what_is_not_due_leaves_no_trace(house: House) -> None:
    """Looking is no run."""
    house.settings = replace_settings(house, new_mails=50)
    assert not house.refresher.turn("ana").is_due
    assert house.runs.recent() == []


def test_nothing_new_is_skipped_also_for_who_asks(house: House) -> None:
    """What was asked for is answered; the next run of the clock is not due either."""
    house.refresher.turn("ana")
    house.pass_time(hours=1)
    house.runs.ask("ana")
    house.refresher.turn("ana")
    run = house.last()
    assert (run.state, run.trigger, run.reason) == (RunState.SKIPPED, ASKED, "Nothing changed since ana@v2.")
    assert "cyrano train" in run.hint
    assert len(house.orders) == 1
    assert not house.refresher.turn("ana").is_due


def test_the_first_adapter_can_be_asked_for(archive: Archive, tmp_path: Path) -> None:
    """By itself nothing begins before there is one."""
    house = House(archive, tmp_path / "home")
    house.send(8)
    assert not house.refresher.turn("ana").is_due
    house.runs.ask("ana")
    house.refresher.turn("ana")
    assert (house.last().state, house.last().adapter) == (RunState.LIVE, "ana@v1")


def test_mail_that_comes_during_a_run_counts_for_the_next(house: House) -> None:
    """What a run learned from is noted before it begins."""

    def train(folder: Path, _account: str, reporter: Reporter) -> Mapping[str, Any]:
        house.send(3)
        house.sync()
        return house.finish(folder, reporter)

    house.trainer = train
    decision = house.refresher.turn("ana")
    assert (decision.is_due, decision.why) == (True, "3 new mails since ana@v2.")


def test_a_tainted_adapter_is_replaced_without_new_mail(house: House) -> None:
    """Once: then the new one is there, good enough or not."""
    house.refresher.turn("ana")
    house.pass_time(hours=1)
    taint(house.adapters, "ana", 2)
    house.trainer = rejecting(house)
    decision = house.refresher.turn("ana")
    assert house.last().why == "ana@v2 learned from mail that was forgotten since."
    assert (house.last().state, decision.is_due) == (RunState.REJECTED, False)


def test_one_that_was_rejected_does_not_hide_that_what_writes_is_tainted(house: House) -> None:
    """It is tried again when there is other mail: the same would come to the same."""
    house.refresher.turn("ana")
    house.pass_time(hours=1)
    taint(house.adapters, "ana", 2)
    house.trainer = rejecting(house)
    house.refresher.turn("ana")
    assert house.looker.look("ana").spoilt == ""
    house.send(1)
    house.sync()
    assert house.looker.look("ana").spoilt == "ana@v2 writes, and learned from mail that was forgotten since."
    house.pass_time(hours=1)
    house.trainer = None
    assert house.refresher.turn("ana").is_due is False
    assert house.last().adapter == "ana@v4"
    assert house.looker.look("ana").spoilt == ""


def test_an_adapter_for_another_base_model_is_replaced_without_new_mail(house: House) -> None:
    """Whoever changes the model need not think of it."""
    house.refresher.turn("ana")
    looker = house.looker
    looker._why_unfit = lambda _: "The base model changed since it was trained. Train again: cyrano train"
    assert looker.look("ana").spoilt == "ana@v2 is of no use any more: The base model changed since it was trained."
    assert house.refresher.decision("ana").is_due


def test_a_rejected_adapter_changes_nothing_and_is_told(house: House) -> None:
    """The one in service writes on; the reason is the gate's, and the next run waits for more mail."""
    house.trainer = rejecting(house)
    decision = house.refresher.turn("ana")
    run = house.last()
    assert (run.state, run.adapter, run.reason) == (RunState.REJECTED, "ana@v2", "Undecided: 3 more mails are needed.")
    assert "cyrano adapters" in run.hint
    assert current_version(house.adapters, "ana") == 1
    assert (house.told, decision.is_due) == ([run], False)
    house.refresher.turn("ana")
    assert house.told == [run]


def test_who_could_not_be_told_is_told_later(house: House) -> None:
    """At the next look, and then no more."""
    house.trainer, house.is_told = rejecting(house), False
    house.refresher.turn("ana")
    house.is_told = True
    house.refresher.turn("ana")
    house.refresher.turn("ana")
    assert [run.run_id for run in house.told] == [house.last().run_id] * 2


def test_the_same_failure_is_told_once_and_another_one_anew(house: House) -> None:
    """What is tried again and again by itself does not fill anybody's mailbox."""
    errors = [TrainError("A."), TrainError("A."), TrainError("B.")]

    def fail(*_: object) -> Mapping[str, Any]:
        raise errors.pop(0)

    house.trainer = fail
    for _ in range(3):
        house.refresher.turn("ana")
        house.pass_time(hours=1)
    assert [run.reason for run in house.told] == ["A.", "B."]
