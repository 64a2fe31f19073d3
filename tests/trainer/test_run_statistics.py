"""The statistics that a run leaves beside its adapter."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.job import TrainJob
from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, HELD_OUT, make
from trainer.data.packing import Example
from trainer.pages.page import Page, write_page
from trainer.run_statistics import Measured, leaves, statistics, statistics_section, write_statistics

TEST = [Example(message_id="t", tokens=tuple(range(9)), prompt_tokens=1, reply_bytes=16), make(5)]
MEASURED = Measured(
    created_at=datetime(2026, 11, 21, 12, tzinfo=UTC), device="a processor", precision="fp32",
    parameters=1000, trained=50, batch_size=2, steps=24, tokens=600, seconds=2.0, peak_bytes=123_456,
    losses=[1.5, 0.75, 1.0], train_losses=[2.0, 1.0],
    scores={"held_out": {"base": 1.5, "trained": 0.75}, "test": {"base": 1.4, "trained": 0.7}},
)  # fmt: skip


@pytest.fixture
def numbers(tmp_path: Path) -> dict[str, Any]:
    """The statistics of a run that never was."""
    job = TrainJob(
        run="ana-1", account="ana", home=tmp_path, model="a/model", prompt_budget=700, recipe="panza-rosa",
        settings=TrainSettings(batch_size="auto", accumulation=1), adapters=tmp_path,
    )  # fmt: skip
    sides = {"learned": EXAMPLES, "held_out": HELD_OUT, "test": TEST}
    return statistics(job, sides, MEASURED, counts={"kind": "alpaca", "dropped": {"too long": 3}})


def test_derived_numbers_are_those_of_their_definitions(numbers: dict[str, Any]) -> None:
    """Shares, speeds, the best epoch and accumulation follow from what was measured."""
    assert numbers["parameters"]["share"] == 0.05
    assert numbers["training"]["tokens_per_s"] == 300
    assert (numbers["training"]["epochs"], numbers["training"]["best_epoch"]) == (2, 1)
    assert (numbers["training"]["step_size"], numbers["training"]["accumulation"]) == (8, 4)
    assert numbers["data"]["learned"]["examples"] == len(EXAMPLES)
    assert numbers["data"]["dropped"] == {"too long": 3}


def test_perplexity_is_per_token(numbers: dict[str, Any]) -> None:
    """A loss per byte, times the bytes over the tokens that were measured, is one per token."""
    tokens, held = (9 - 1) + (5 - 1), 16 + 5
    assert numbers["data"]["test"]["learned_tokens"] == tokens
    assert math.isclose(numbers["test"]["trained"]["perplexity"], math.exp(0.7 * held / tokens))


def test_the_file_is_json_for_anybody(numbers: dict[str, Any], tmp_path: Path) -> None:
    """It holds what was given, and null for a number that JSON has no word for."""
    path = write_statistics(tmp_path, numbers)
    assert json.loads(path.read_text()) == numbers
    write_statistics(tmp_path, {**numbers, "test": [{"trained": math.inf}, math.nan]})
    assert json.loads(path.read_text()) == {**numbers, "test": [{"trained": None}, None]}


def test_the_report_shows_every_number_by_its_name(numbers: dict[str, Any], tmp_path: Path) -> None:
    """Whoever reads the page finds what the file says, under the same name."""
    html = write_page(tmp_path, Page("Run", (), (statistics_section(numbers),))).read_text()
    shown = dict(leaves(numbers))
    assert {"test.trained.perplexity", "settings.rank", "data.dropped.too long"} <= set(shown)
    assert all(f">{name}<" in html for name in shown)
    assert "123,456" in html
    assert "1.5, 0.75, 1" in html
