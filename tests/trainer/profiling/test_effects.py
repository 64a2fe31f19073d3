"""What a technique does, read from pairs of cells."""

import pytest

from tests.trainer.profiling.outcomes import OUT, profile_of, trained
from trainer.pages.numbers import UNKNOWN
from trainer.profiling.effects import arrow, find_effects

AXES = {"method": ("full", "lora"), "accumulation": (1, 8)}
CELLS = {
    ("full", 1): trained(parameters=100, gradients=100, activations=80, step_s=1.0),
    ("full", 8): trained(parameters=100, gradients=100, activations=10, step_s=2.0),
    ("lora", 1): trained(parameters=101, gradients=1, activations=80, step_s=0.5),
    ("lora", 8): trained(parameters=101, gradients=1, activations=20, step_s=1.5),
}


def test_an_effect_is_the_median_over_pairs_that_differ_in_it_alone() -> None:
    """LoRA is compared at each accumulation, and accumulation at each method: never across both."""
    effects = {effect.technique: effect for effect in find_effects(profile_of(AXES, CELLS).measured)}
    lora, accumulation = effects["method: lora instead of full"], effects["accumulation: 8 instead of 1"]
    assert lora.pairs == accumulation.pairs == 2
    assert lora.changes["parameters"] == pytest.approx(0.01)
    assert lora.changes["gradients"] == pytest.approx(-0.99)
    assert lora.changes["optimiser"] == pytest.approx(-0.99)
    assert lora.changes["activations"] == pytest.approx((0 + 1) / 2)
    assert lora.changes["computation"] == pytest.approx((-0.5 - 0.25) / 2)
    assert accumulation.changes["activations"] == pytest.approx((-0.875 - 0.75) / 2)
    assert accumulation.changes["gradients"] == 0


def test_a_cell_that_was_out_of_memory_makes_no_pair() -> None:
    """What was not measured says nothing about a technique; the other pairs still do."""
    effects = find_effects(profile_of(AXES, CELLS | {("full", 1): OUT}).measured)
    assert {effect.technique: effect.pairs for effect in effects} == {
        "accumulation: 8 instead of 1": 1,
        "method: lora instead of full": 1,
    }


@pytest.mark.parametrize(
    ("change", "shown"),
    [(0.5, "↑ 50 %"), (-0.984, "↓ 98 %"), (0.004, "="), (None, UNKNOWN), (12.0, "↑ 1,200 %")],
)
def test_a_change_has_a_direction_and_a_size(change: float | None, shown: str) -> None:
    """An arrow for what changed, = for what did not, a dash where nothing could be said."""
    assert arrow(change) == shown
