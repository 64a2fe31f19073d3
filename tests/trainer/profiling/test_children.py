"""Cells in processes of their own, and the ends they come to."""

import signal
from pathlib import Path

import psutil
import pytest

from connectors.errors import UsageError
from tests.trainer.profiling import fates
from trainer.profiling import cell
from trainer.profiling.children import LOG, carry_out, judge
from trainer.profiling.records import Order, Outcome, read_outcome

ORDER = Order(task="train", model="m")


def test_a_killed_cell_was_out_of_memory() -> None:
    """Nobody but the system kills a cell so, and it does when memory has run out."""
    assert judge(-signal.SIGKILL, [], 1).status == "out of memory"


@pytest.mark.parametrize("word", ["std::bad_alloc", "MemoryError", "DefaultCPUAllocator: can't allocate memory"])
def test_refused_memory_is_told_from_a_fault(word: str) -> None:
    """Native code ends by a signal when memory is refused; its last words tell."""
    assert judge(-signal.SIGABRT, ["words\n", f"what(): {word}\n"], 1).status == "out of memory"
    assert judge(-signal.SIGABRT, ["words\n"], 1).status == "failed"


def test_a_fault_is_told_by_its_kind_alone() -> None:
    """The message of a foreign exception may quote mail; a report is passed around."""
    outcome = judge(1, ["Traceback …\n", "KeyError: 'Dear Ana'\n"], 1)
    assert outcome == Outcome(status="failed", reason="ended with code 1: KeyError")


def test_a_cell_that_is_refused_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cyrano's own errors hold no mail, and stand in the report as they are."""

    def refuse(*_: object) -> None:
        raise UsageError("2 processes need 2 GPUs.", hint="Set processes = 1.")

    monkeypatch.setattr(cell, "_measure", refuse)
    (tmp_path / "order.json").write_text(ORDER.model_dump_json(), "utf-8")
    cell.main(tmp_path)
    assert read_outcome(tmp_path) == Outcome(status="failed", reason="2 processes need 2 GPUs")


def test_an_end_in_an_earlier_form_is_none(tmp_path: Path) -> None:
    """A cell that an earlier version measured is measured again."""
    (tmp_path / "outcome.json").write_text('{"training": {"precision": "bf16"}}', "utf-8")
    assert read_outcome(tmp_path) is None


def test_a_cell_that_has_ended_is_not_carried_out_again(tmp_path: Path) -> None:
    """What stands in its folder is taken, without a process."""
    known = Outcome(status="out of memory", reason="known")
    (tmp_path / ORDER.key).mkdir()
    (tmp_path / ORDER.key / "outcome.json").write_text(known.model_dump_json(), "utf-8")
    assert carry_out(tmp_path, ORDER, timeout_s=1, work=fates.fail) == known


def test_an_order_has_a_folder_of_its_own() -> None:
    """Whatever its numbers depend on makes it another cell."""
    others = [ORDER.model_copy(update=change) for change in ({"steps": 2}, {"memory_gib": 1.0}, {"material": "x"})]
    assert len({ORDER.key, *(other.key for other in others)}) == 4


@pytest.mark.process
def test_every_end_of_a_process_is_put_down(tmp_path: Path) -> None:
    """A kill, refused memory and a fault each end as an outcome that stays; a cell that takes too long is given up."""
    ends = {}
    for index, work in enumerate((fates.be_killed, fates.run_out, fates.fail)):
        order = ORDER.model_copy(update={"steps": index + 1})
        ends[work.__name__] = carry_out(tmp_path, order, timeout_s=300, work=work)
        assert read_outcome(tmp_path / order.key) == ends[work.__name__]
    assert [end.status for end in ends.values()] == ["out of memory", "out of memory", "failed"]
    assert "secret" not in ends["fail"].reason
    late = ORDER.model_copy(update={"steps": 9})
    assert carry_out(tmp_path, late, timeout_s=20, work=fates.dawdle).reason == "took more than 20 s"
    assert not psutil.pid_exists(int((tmp_path / late.key / "pid").read_text("ascii")))
    assert (tmp_path / late.key / LOG).exists()
