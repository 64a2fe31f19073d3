"""service/refresh/sweep.py: what processes that were killed left behind."""

from pathlib import Path

import pytest

from connectors.archive import Archive
from service.refresh.lease import TRAINING, Leases
from service.refresh.runs import RunRecord, Runs, RunState
from service.refresh.sweep import interrupt_left, sweep


@pytest.fixture
def runs(archive: Archive) -> Runs:
    """The runs of a home."""
    return Runs(archive.engine)


@pytest.fixture
def adapters(tmp_path: Path) -> Path:
    """Adapters, one of them half-built, and one that is just being taken in."""
    for name in ("v1", ".ana-20261121-120000", ".take-0123456789abcdef"):
        (tmp_path / "ana" / name).mkdir(parents=True)
        (tmp_path / "ana" / name / "adapter_model.safetensors").touch()
    (tmp_path / "ana" / "current").write_text("1\n")
    return tmp_path


def left(runs: Runs) -> RunRecord:
    """A run whose process was killed."""
    return runs.begin("ana", why="5 new mails.")


def test_what_a_killed_process_left_is_tidied_up(runs: Runs, archive: Archive, adapters: Path) -> None:
    """Its run is noted as interrupted, its half-built adapter goes; all else stays."""
    run = left(runs)
    sweep(runs, Leases(archive.engine), adapters)
    ended = runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, bool(ended.hint)) == (RunState.INTERRUPTED, True)
    assert sorted(path.name for path in (adapters / "ana").iterdir()) == [".take-0123456789abcdef", "current", "v1"]


def test_a_run_under_way_is_left_alone(runs: Runs, archive: Archive, adapters: Path) -> None:
    """Another process trains: neither its row nor its folder is anybody else's business."""
    run = left(runs)
    with Leases(archive.engine).hold(TRAINING):
        sweep(runs, Leases(archive.engine), adapters)
        interrupt_left(runs, Leases(archive.engine))
    assert runs.unfinished() == [run]
    assert (adapters / "ana" / ".ana-20261121-120000").exists()


def test_runs_that_nobody_carries_out_are_noticed_while_one_runs(runs: Runs, archive: Archive) -> None:
    """Another machine was switched off: its run does not stand there as under way for ever."""
    left(runs)
    interrupt_left(runs, Leases(archive.engine))
    assert runs.unfinished() == []


def test_a_home_without_adapters_has_nothing_to_tidy_up(runs: Runs, archive: Archive, tmp_path: Path) -> None:
    """The first start of all."""
    sweep(runs, Leases(archive.engine), tmp_path / "adapters")
    assert runs.recent() == []
