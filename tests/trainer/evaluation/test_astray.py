"""Losses that are no numbers: another's adapter is left out of the table, one's own is rejected with its report."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.adapter import read_card
from connectors.evaluation import read_evaluation
from tests.trainer.runs import ana_and_ben, carry_out
from trainer.evaluation import arms
from trainer.evaluation.arms import Exam


def overflowing(column: str) -> Callable[..., dict[str, float]]:
    """Return a row of the table in which one writer overflows."""
    row = Exam.row

    def measured(self: Exam, model: object, name: str, say: arms.Say) -> dict[str, float]:
        found = row(self, model, name, say)  # type: ignore[arg-type]
        return dict.fromkeys(found, math.nan) if name == column else found

    return measured


def test_anothers_adapter_that_overflows_stops_no_run(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """It has no column; all else is told and can be read again."""
    job = ana_and_ben(tiny, tmp_path)
    assert carry_out(job)[0] == 0
    monkeypatch.setattr(Exam, "row", overflowing("ana@v1"))
    code, said, _ = carry_out(job.model_copy(update={"run": "ben-1", "account": "ben"}))
    assert code == 0, said[-1]
    found = read_evaluation(job.adapters / "ben" / "v1")
    assert found
    assert {tuple(losses) for losses in found.table.values()} == {("base", "this")}
    assert found.is_approved


def test_an_adapter_that_overflows_is_rejected_with_its_report(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The run ends, the reason says what to do, and what was found can be read again."""
    job = ana_and_ben(tiny, tmp_path)
    monkeypatch.setattr(Exam, "row", overflowing("this"))
    code, said, _ = carry_out(job)
    assert code == 0, said[-1]
    card, found = read_card(job.adapters / "ana" / "v1"), read_evaluation(job.adapters / "ana" / "v1")
    assert found
    assert not card.is_approved
    assert "not a number" in card.verdict
    assert "learning_rate" in card.verdict
    assert math.isnan(found.table["ana"]["this"])
    assert found.measures == ()
