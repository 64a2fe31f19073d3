"""Optimisers and schedules do what their settings say."""

from pathlib import Path

import pytest
import torch
from torch import nn

from connectors.train_settings import TrainSettings
from trainer.memory.peak import tensor_bytes
from trainer.training.optimiser import make_optimiser, make_schedule


def state_bytes(name: str, rows: int) -> int:
    """Return the bytes of an optimiser's state after a step on a matrix of `rows` x 256."""
    torch.manual_seed(0)
    model = nn.Linear(256, rows, bias=False)
    optimiser = make_optimiser(model, TrainSettings(optimiser=name))
    model(torch.ones(1, 256)).square().sum().backward()
    optimiser.step()
    tensors = [each for state in optimiser.state.values() for each in state.values() if isinstance(each, torch.Tensor)]
    return tensor_bytes(tensors)


@pytest.mark.parametrize("name", ["adamw_8bit", "paged_adamw_8bit"])
def test_8_bits_keep_the_state_in_less_than_a_third(name: str) -> None:
    """A byte a number and a scale for each 256, instead of four bytes; small tensors keep theirs in 32 bits."""
    assert state_bytes(name, 512) < state_bytes("adamw", 512) / 3
    assert state_bytes(name, 8) >= state_bytes("adamw", 8) - 8


@pytest.mark.parametrize("name", ["adamw", "adamw_8bit", "paged_adamw_8bit"])
def test_every_optimiser_finds_the_bottom_of_a_bowl(name: str) -> None:
    """A hundred steps bring a quadratic loss of 4,096 numbers from 1 to below a thousandth."""
    model = nn.Linear(4096, 1, bias=False)
    nn.init.ones_(model.weight)
    optimiser = make_optimiser(model, TrainSettings(optimiser=name, learning_rate=0.05))
    for _ in range(100):
        optimiser.zero_grad()
        model.weight.square().mean().backward()
        optimiser.step()
    assert model.weight.square().mean() < 1e-3


def test_only_what_is_trained_has_a_state() -> None:
    """Frozen weights are no business of the optimiser."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(requires_grad=False)
    (group,) = make_optimiser(model, TrainSettings()).param_groups
    assert [id(each) for each in group["params"]] == [id(each) for each in model[1].parameters()]


def test_a_weight_can_have_a_rate_of_its_own() -> None:
    """It rises and falls with the others, so many times as high."""
    settings = TrainSettings(learning_rate=1e-3, warmup=2)
    optimiser = make_optimiser(nn.Linear(2, 2), settings, rate_of=lambda name: 16.0 if name == "bias" else 1.0)
    schedule = make_schedule(optimiser, settings, 10)
    for _ in range(5):
        weight, bias = schedule.get_last_lr()
        assert bias == pytest.approx(16 * weight)
        optimiser.step()
        schedule.step()


def rates(total: int = 100, **changes: object) -> list[float]:
    """Return the learning rate of every step, as shares of the full one."""
    settings = TrainSettings(learning_rate=1.0, **changes)  # type: ignore[arg-type]
    optimiser = make_optimiser(nn.Linear(1, 1), settings)
    schedule, found = make_schedule(optimiser, settings, total), []
    for _ in range(total):
        found.append(float(schedule.get_last_lr()[0]))
        optimiser.step()
        schedule.step()
    return found


@pytest.mark.parametrize(("warmup", "steps"), [(0.1, 10), (8, 8), (0, 1), (1, 1)])
def test_the_rise_takes_a_share_or_a_number_of_steps(warmup: float, steps: int) -> None:
    """Below 1 a share of all steps, else their number; it is a straight line that ends at the full rate."""
    found = rates(warmup=warmup, schedule="constant")
    assert found[:steps] == pytest.approx([(step + 1) / steps for step in range(steps)])
    assert found[steps:] == [1.0] * (100 - steps)


def test_the_schedules_fall_as_they_are_named() -> None:
    """Linear is half-way down in the middle, cosine too but higher before and lower after; both end near zero."""
    linear, cosine = (rates(warmup=0, schedule=name) for name in ("linear", "cosine"))
    assert linear[1:] == pytest.approx([1 - step / 99 for step in range(99)])
    assert cosine[25] > linear[25]
    assert cosine[75] < linear[75]
    assert cosine[50] == pytest.approx(linear[50], abs=0.02)
    assert 0 < cosine[-1] < linear[-1] < 0.02


def test_the_trained_weights_of_a_model_on_disk_are_found_by_name(tiny: Path) -> None:
    """`rate_of` is asked with the names under which checkpoints keep the weights."""
    from tests.trainer.learners import SETTINGS, wrapped  # noqa: PLC0415  the only test here that needs a model
    from trainer.training.workers import trained  # noqa: PLC0415

    model, asked = wrapped(tiny, SETTINGS), []
    make_optimiser(model, SETTINGS, rate_of=lambda name: asked.append(name) or 1.0)  # type: ignore[func-returns-value]
    assert asked == list(trained(model))
