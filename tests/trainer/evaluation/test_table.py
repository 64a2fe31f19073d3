"""The table of authors and adapters as text, an evaluation as lines, and what other text than mail is judged by."""

import pytest

from tests.trainer.evaluation.evaluations import evaluation
from trainer.evaluation.simple import judge_by_loss
from trainer.evaluation.table import describe, format_table


def test_the_table_marks_the_nearest_adapter() -> None:
    """A row for each author, a column for each adapter, and a star at the lowest loss."""
    table = format_table({"ana": {"base": 2.0, "this": 1.25}, "ben": {"base": 1.5, "this": 1.75}}).splitlines()
    assert [line.split() for line in table[1:]] == [
        ["author", "base", "this"],
        ["ana", "2.000", "1.250*"],
        ["ben", "1.500*", "1.750"],
    ]


@pytest.mark.parametrize(("this", "is_approved"), [(1.9, True), (2.0, False), (2.1, False)])
def test_other_text_must_be_nearer_than_to_the_base_model(this: float, *, is_approved: bool) -> None:
    """Nearer than the base model: approved; equal or farther: not. Both losses are in the verdict."""
    verdict = judge_by_loss({"ana": {"base": 2.0, "this": this}}, "ana")
    assert verdict.is_approved == is_approved
    assert f"{this:.3f}" in verdict.reason
    assert "2.000" in verdict.reason


def test_an_evaluation_tells_its_arms_its_checks_and_its_secrets() -> None:
    """A line for each measure with every arm, one for the secrets, and one for each check."""
    found = evaluation()
    told = "\n".join(describe(found)).splitlines()
    for measure in found.measures:
        (line,) = [line for line in told if line.startswith(f"{measure.name} ")]
        assert line.count("[") == len(measure.arms)
    for check in found.checks:
        assert any(check.words in line for line in told)
    assert found.canaries is None or any("planted secrets" in line for line in told)
