"""Which numbers are chosen: those with the highest mean squared gradient, however memory is spared."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, FP32, make, wrapped
from trainer.data.packing import Example
from trainer.methods.masks import choose_positions, highest
from trainer.methods.off import off
from trainer.methods.sparse import sparse_layers
from trainer.training.hardware import Arithmetic
from trainer.training.loss import packed, reply_nll
from trainer.training.model import load_model
from trainer.training.objective import Replies

SETTINGS = TrainSettings(method="rosa", rank=2, density=0.02)
STEPS = [EXAMPLES[:5], EXAMPLES[5:8], EXAMPLES[8:16]]


def choose(
    model: Path, *, part: int = 8, group_bytes: int = 2**30, arithmetic: Arithmetic = FP32, steps: Sequence = STEPS
) -> dict[str, torch.Tensor]:  # type: ignore[type-arg]
    """Return the chosen places by the layer's name in the base model."""
    learner = wrapped(model, SETTINGS)
    layers = sparse_layers(learner)
    with off(learner):
        choose_positions(
            learner, layers, Replies(), steps, arithmetic, part=part, group_bytes=group_bytes
        )  # fmt: skip
    chosen = {name: layer.positions for name, layer in layers.items()}
    return {
        name[len("base_model.model.") : -len(".base_layer")]: each for name, each in chosen.items() if each is not None
    }


def squares(model: nn.Module, steps: Sequence[Sequence[Example]]) -> dict[str, torch.Tensor]:
    """Return the mean squared gradients of all weights, computed with everything in memory at once."""
    sums = {name: torch.zeros_like(each) for name, each in model.named_parameters()}
    for items in steps:
        model.zero_grad()
        (reply_nll(model, packed(items)) / sum(item.reply_tokens for item in items)).backward()
        for name, each in model.named_parameters():
            assert each.grad is not None
            sums[name] += each.grad.square() / len(steps)
    return sums


def overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the Jaccard index of two choices."""
    first, second = set(one.tolist()), set(other.tolist())
    return len(first & second) / len(first | second)


def test_the_highest_mean_squared_gradients_are_chosen(tiny: Path) -> None:
    """In each layer the chosen numbers are the top of a list made by brute force, the share that was asked for."""
    chosen = choose(tiny)
    scores = squares(load_model(str(tiny), torch.float32, "cpu"), STEPS)
    assert len(chosen) == 14
    for name, places in chosen.items():
        score = scores[f"{name}.weight"].flatten()
        assert len(places) == round(0.02 * len(score))
        assert torch.equal(places.sort().values, places)
        others = torch.ones(len(score), dtype=torch.bool)
        others[places.long()] = False
        # What lies on the border may fall on either side, by the last bit of a sum.
        assert score[places.long()].min() >= score[others].max() * (1 - 1e-4)


def test_they_are_others_than_the_largest_weights(tiny: Path, record_property: Callable[[str, object], None]) -> None:
    """By magnitude, hardly any of them would have been chosen."""
    base = load_model(str(tiny), torch.float32, "cpu")
    found = [
        overlap(places, highest(base.get_submodule(name).weight.detach().abs(), len(places)))
        for name, places in choose(tiny).items()
    ]
    record_property("jaccard_mean", sum(found) / len(found))
    record_property("jaccard_highest", max(found))
    assert max(found) < 0.2


@pytest.mark.parametrize(("part", "group_bytes"), [(2, 2**30), (8, 1), (3, 100_000)])
def test_sparing_memory_does_not_change_the_choice(tiny: Path, part: int, group_bytes: int) -> None:
    """Smaller parts, and more groups of layers, choose the same numbers, but for the last bits of sums."""
    usual, spared = choose(tiny), choose(tiny, part=part, group_bytes=group_bytes)
    for name, places in usual.items():
        assert overlap(places, spared[name]) > (0.95 if part != 8 else 0.9999)


def test_the_same_items_always_choose_the_same(tiny: Path) -> None:
    """Bit for bit; other items choose others."""
    first, second = choose(tiny), choose(tiny)
    other = choose(tiny, steps=[[make(14, start=50 + index, prompt=4) for index in range(8)]])
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_fp16_chooses_nearly_the_same(tiny: Path) -> None:
    """Small gradients do not vanish: most of the choice is that of fp32."""
    fp16 = choose(tiny, arithmetic=Arithmetic(device="cpu", dtype=torch.float16))
    found = [overlap(places, fp16[name]) for name, places in choose(tiny).items()]
    assert sum(found) / len(found) > 0.8


def test_nothing_is_left_behind(tiny: Path) -> None:
    """No gradient, and no weight that wants one."""
    learner = wrapped(tiny, SETTINGS)
    with off(learner):
        choose_positions(learner, sparse_layers(learner), Replies(), STEPS, FP32, part=8)
    assert all(each.grad is None for each in learner.parameters())
    trained = {name.rpartition(".")[2] for name, each in learner.named_parameters() if each.requires_grad}
    assert trained == {"values", "weight"}
    assert all(
        "lora_" in name or name.endswith("values") for name, each in learner.named_parameters() if each.requires_grad
    )
