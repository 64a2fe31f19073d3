"""One trained model stands in for the base model and for other adapters, and is itself again after."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.trainer.learners import SETTINGS
from tests.trainer.methods.test_merge import logits, trained
from trainer.methods import METHODS
from trainer.methods.scoring import can_hold, scored_with
from trainer.training.model import load_model

ONCE = SETTINGS.model_copy(update={"epochs": 1})
KINDS = {
    "lora": ONCE,
    "dora": ONCE.model_copy(update={"variant": "dora"}),
    "rosa": ONCE.model_copy(update={"method": "rosa", "seed": 1}),
    "full": ONCE.model_copy(update={"method": "full", "learning_rate": 1e-3}),
}


@pytest.fixture(scope="module")
def others(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of an adapter of each kind."""
    root = tmp_path_factory.mktemp("others")
    for name, settings in KINDS.items():
        trained(tiny, root / name, settings.model_copy(update={"rank": 2}))
    return {name: root / name / "adapter" for name in KINDS}


@pytest.mark.parametrize("own", KINDS)
def test_every_kind_is_scored_with_every_other(tiny: Path, tmp_path: Path, others: dict[str, Path], own: str) -> None:
    """Base, own and other, of whichever kinds they are: each says what it says by itself."""

    def load() -> nn.Module:
        return load_model(str(tiny), torch.float32, "cpu")

    model = trained(tiny, tmp_path, KINDS[own])
    before, base = logits(model), logits(load())
    with scored_with(model, None, load) as shown:
        assert torch.equal(logits(shown), base)
    for name, folder in others.items():
        expected = logits(METHODS[KINDS[name].method].load(load(), folder))
        assert not torch.allclose(expected, base, atol=1e-3)
        with scored_with(model, folder, load) as shown:
            torch.testing.assert_close(logits(shown), expected)
        assert torch.equal(logits(model), before)


def test_quantised_weights_hold_lora_only(tiny: Path, others: dict[str, Path]) -> None:
    """Single numbers cannot be put into 4-bit weights: for RoSA the base is loaded anew."""
    model = METHODS["lora"].wrap(load_model(str(tiny), torch.float32, "cpu", quantisation="nf4"), SETTINGS)
    loaded = []

    def load() -> nn.Module:
        loaded.append(1)
        return load_model(str(tiny), torch.float32, "cpu")

    expected = logits(METHODS["rosa"].load(load(), others["rosa"]))
    with scored_with(model, others["rosa"], load) as shown:
        assert torch.equal(logits(shown), expected)
    assert len(loaded) == 2
    assert not can_hold(model, others["rosa"])
    assert can_hold(model, others["lora"])
