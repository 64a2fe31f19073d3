"""What a run asks for before it loads its model."""

from pathlib import Path

import pytest
import torch

from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from tests.trainer.memory.models import write_small
from trainer.data.packing import Example
from trainer.memory.devices import GIB
from trainer.memory.shapes import read_shapes
from trainer.room import GROWTH_BYTES, drafting_bytes, room_of, room_to_evaluate

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="the numbers are of a machine without a GPU")
LEARNED = [
    Example(message_id=f"m{number}@x", tokens=(1,) * 200, prompt_tokens=150, reply_bytes=100) for number in range(8)
]


def order(home: Path, **settings: object) -> TrainJob:
    """A run of a small model."""
    values = {"batch_size": 4, "accumulation": 1, **settings}
    return TrainJob(
        run="r", account="ana", home=home, archive_url="sqlite://", model=str(write_small(home / "model")),
        prompt_budget=1000, settings=TrainSettings.model_validate(values), adapters=home / "adapters",
    )  # fmt: skip


def test_where_plenty_is_free_nothing_is_traced(tmp_path: Path) -> None:
    """It asks for more than it can need, and gets it beside whatever else runs."""
    room = room_of(order(tmp_path), LEARNED, free=64 * GIB)
    assert room.needs < room.free == 64 * GIB
    assert room.device == "cpu"
    assert room.advice == ()


def test_where_little_is_free_it_is_planned(tmp_path: Path) -> None:
    """The number is then that of the planner, lower than the crude one, and what would need less stands beside it."""
    job = order(tmp_path)
    crude, planned = room_of(job, LEARNED, free=64 * GIB), room_of(job, LEARNED, free=GROWTH_BYTES)
    assert GROWTH_BYTES < planned.needs < crude.needs
    assert planned.advice == ('checkpointing = "on"', "batch_size = 2", "accumulation = 2")


def test_processes_of_one_machine_share_its_memory(tmp_path: Path) -> None:
    """Two of them need it twice."""
    one = room_of(order(tmp_path), LEARNED, free=64 * GIB)
    two = room_of(order(tmp_path, processes=2), LEARNED, free=64 * GIB)
    assert two.needs == 2 * one.needs


def test_it_looks_by_itself_for_what_is_free(tmp_path: Path) -> None:
    """Nobody has to tell it."""
    assert room_of(order(tmp_path), LEARNED).free > 0


def test_drafts_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they take more than a step of training, they are what is asked for."""
    job = order(tmp_path)
    planned = room_of(job, LEARNED, free=GROWTH_BYTES).needs
    monkeypatch.setattr("trainer.room.drafting_bytes", lambda *_: GIB)
    assert planned < room_of(job, LEARNED, free=GROWTH_BYTES).needs - GROWTH_BYTES // 2
    assert room_of(job, LEARNED, free=GROWTH_BYTES).needs > GIB


def test_an_evaluation_asks_for_its_models_and_its_drafts(tmp_path: Path) -> None:
    """Two models may lie beside each other; longer prompts and more of them take more."""
    job = order(tmp_path)
    shapes = read_shapes(job.model)
    one, eight = (room_to_evaluate(job.model, job.settings, LEARNED, size).needs for size in (1, 8))
    assert GROWTH_BYTES + 8 * shapes.parameters < one < eight
    assert drafting_bytes(shapes, 400, 400, 4) > 2 * drafting_bytes(shapes, 200, 200, 4)
