"""Runs that publish as LoRA what another method learned."""

from pathlib import Path

import pytest

from connectors.adapter import read_card
from connectors.evaluation import read_evaluation
from connectors.job import TrainJob
from tests.trainer.runs import ana_and_ben, carry_out
from trainer.methods.merge import method_of


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> TrainJob:
    """A job for Ana."""
    return ana_and_ben(tiny, tmp_path)


@pytest.mark.parametrize(
    "changes", [{"method": "rosa"}, {"method": "full", "learning_rate": 1e-3}, {"variant": "dora"}]
)
def test_what_is_published_is_lora_and_says_what_that_lost(job: TrainJob, changes: dict[str, object]) -> None:
    """The engine can serve it beside others; both losses are told, and that of the LoRA is what was judged."""
    settings = job.settings.model_copy(update={**changes, "as_lora": 4})
    code, said, _ = carry_out(job.model_copy(update={"settings": settings}))
    assert code == 0, said[-1]
    place = job.adapters / "ana" / "v1"
    card = read_card(place)
    assert (card.method, card.serving) == (settings.method, "lora")
    assert method_of(place) == "lora"
    told = card.config["as_lora"]
    assert told["rank"] == 4
    assert 0 < told["kept"] <= 1
    assert card.scores["ana"]["this"] == pytest.approx(told["loss"], rel=1e-6)
    assert told["exact"] != told["loss"]
    assert told["exact"] < card.scores["ana"]["base"]
    line = next(line for line in said[-1]["result"]["report"] if "as LoRA of rank 4" in line)
    assert f"{told['exact']:.4f} before" in line
    assert line in (place / "report.html").read_text("utf-8")
    evaluation = read_evaluation(place)
    assert evaluation is not None
    assert evaluation.table["ana"]["exact"] == card.scores["ana"]["exact"] == told["exact"]
    assert set(card.scores["ben"]) == {"base", "this", "exact"}
