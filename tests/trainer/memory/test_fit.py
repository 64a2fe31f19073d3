"""Whether a run fits, and what would make it fit."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.train_settings import TrainSettings
from tests.trainer.memory.models import write_small
from trainer.memory.devices import CONTEXT_BYTES, Device
from trainer.memory.fit import Plan, _changes, check_fit, judge, largest_batch
from trainer.memory.shapes import read_shapes

MB = 2**20
SETTINGS = TrainSettings(checkpointing="off", loss="plain", batch_size=8, packing=False)


def gpu(megabytes: float) -> Device:
    """Return a GPU with so much room for tensors."""
    size = int(CONTEXT_BYTES + megabytes * MB * 1.05)
    return Device(name="test", kind="cuda", memory_bytes=size, has_bf16=True, flops={})


def planned(folder: Path, megabytes: float, settings: TrainSettings = SETTINGS) -> Plan:
    """Return a plan for a small model on a small GPU."""
    return Plan(shapes=read_shapes(write_small(folder)), settings=settings, sequence=256, device=gpu(megabytes))


def test_a_run_that_fits_is_told_how_much_room_it_leaves(tmp_path: Path) -> None:
    """The room is what the device gives to tensors, less the peak."""
    wanted = planned(tmp_path, 500)
    verdict = judge(wanted)
    assert (verdict.is_fit, verdict.advice) == (True, ())
    assert verdict.room == wanted.device.usable_bytes - verdict.estimate.total


def test_a_run_that_does_not_fit_gets_the_mildest_settings_that_do(tmp_path: Path) -> None:
    """The proposed lines are valid settings, and with them it fits."""
    peak = planned(tmp_path, 500).estimate().total / MB
    wanted = planned(tmp_path, peak * 0.8)
    verdict = judge(wanted)
    assert not verdict.is_fit
    assert verdict.room < 0
    changes = tomllib.loads("\n".join(verdict.advice))
    TrainSettings(**{**SETTINGS.model_dump(), **changes})
    assert judge(wanted.changed(**changes)).is_fit
    assert changes == {"checkpointing": "on"}


@pytest.mark.process
def test_a_smaller_batch_makes_the_same_step(tmp_path: Path) -> None:
    """What is taken from the batch goes to accumulation."""
    on = SETTINGS.model_copy(update={"checkpointing": "on", "loss": "auto"})
    smaller = on.model_copy(update={"batch_size": 2, "accumulation": 4})
    peak = planned(tmp_path, 500, smaller).estimate().total / MB
    changes = tomllib.loads("\n".join(judge(planned(tmp_path, peak * 1.02, on)).advice))
    assert changes == {"batch_size": 2, "accumulation": 4}


@pytest.mark.process
def test_where_nothing_helps_nothing_is_proposed(tmp_path: Path) -> None:
    """A device with next to no memory trains nothing."""
    verdict = judge(planned(tmp_path, 0.1))
    assert (verdict.is_fit, verdict.advice) == (False, ())


@pytest.mark.process
def test_the_largest_batch_is_the_last_that_fits(tmp_path: Path) -> None:
    """One more would not."""
    wanted = planned(tmp_path, 40)
    most = largest_batch(wanted, limit=32)
    assert 1 < most < 32
    assert wanted.estimate(batch=most).total <= wanted.device.usable_bytes < wanted.estimate(batch=most + 1).total


def test_rosa_also_needs_room_to_choose(tmp_path: Path) -> None:
    """Gradients and sums of the layers it looks at stand beside the model before the first step."""
    rosa = SETTINGS.model_copy(update={"method": "rosa", "batch_size": 1, "checkpointing": "on", "loss": "auto"})
    wanted = planned(tmp_path, 500, rosa)
    verdict = judge(wanted)
    assert verdict.room < wanted.device.usable_bytes - verdict.estimate.total


@pytest.mark.process
def test_rosa_s_largest_batch_leaves_room_to_choose(tmp_path: Path) -> None:
    """What its choosing needs counts for every number of rows."""
    rosa = SETTINGS.model_copy(update={"method": "rosa", "batch_size": 1, "checkpointing": "on", "loss": "auto"})
    most = largest_batch(planned(tmp_path, 12, rosa), limit=16)
    assert 0 < most < 16
    fits = (judge(planned(tmp_path, 12, rosa.model_copy(update={"batch_size": rows}))) for rows in (most, most + 1))
    assert [verdict.is_fit for verdict in fits] == [True, False]


def test_several_gpus_are_proposed_with_what_goes_with_them(tmp_path: Path) -> None:
    """Quantised weights and a batch to be found do not: with the proposed lines the run would start."""
    settings = TrainSettings(quantisation="nf4", batch_size="auto", compile="on")
    wanted = replace(planned(tmp_path, 1), settings=settings)
    spread = [change for change in _changes(wanted) if "processes" in change]
    assert [change["processes"] for change in spread] == [2, 4, 8]
    for change in spread:
        wanted.changed(**change).check()
        assert wanted.changed(**change).settings.step_size == settings.step_size


def test_this_machine_is_meant_where_no_device_is_named(tmp_path: Path) -> None:
    """A tiny model fits everywhere."""
    assert check_fit(str(write_small(tmp_path)), TrainSettings(), sequence=64).is_fit
