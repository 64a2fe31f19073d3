"""Models from a folder, and models of a shape with made-up weights."""

import shutil
from pathlib import Path

import pytest
import torch

from connectors.errors import ModelMissing
from tests.trainer.learners import EXAMPLES, FP32, SETTINGS, learn
from trainer.methods import METHODS, count_trainable
from trainer.training.loss import nats_per_byte
from trainer.training.model import Quantisation, load_model, load_tokenizer

KINDS: list[Quantisation] = ["none", "nf4", "int8"]


@pytest.fixture
def shape(tiny: Path, tmp_path: Path) -> Path:
    """A folder with a config and nothing else."""
    shutil.copy(tiny / "config.json", tmp_path / "config.json")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_is_enough_to_measure_by(shape: Path, kind: Quantisation) -> None:
    """The model has the numbers and the formats of a real one, from a folder or a file, and always the same weights."""
    whole = load_model(str(shape), torch.bfloat16, "cpu", quantisation=kind, is_random=True)
    assert count_trainable(whole)[1] == 116_800
    again = load_model(str(shape / "config.json"), torch.bfloat16, "cpu", quantisation=kind, is_random=True)
    for name, weight in whole.state_dict().items():
        if isinstance(weight, torch.Tensor):
            assert torch.equal(again.state_dict()[name], weight), name
    assert whole.state_dict()["lm_head.weight"].dtype == torch.bfloat16


@pytest.mark.parametrize("kind", KINDS)
def test_made_up_weights_train(shape: Path, tmp_path: Path, kind: Quantisation) -> None:
    """LoRA learns beside them, and nothing in the model is left without a number."""
    base = load_model(str(shape), torch.float32, "cpu", quantisation=kind, is_random=True)
    model = METHODS["lora"].wrap(base, SETTINGS)
    before = nats_per_byte(model, EXAMPLES, FP32, 8)
    learn(model, tmp_path, settings=SETTINGS)
    assert nats_per_byte(model, EXAMPLES, FP32, 8) < before
    assert all(torch.isfinite(each).all() for each in model.parameters() if each.is_floating_point())


def test_made_up_models_are_made_as_others_are(shape: Path, tiny: Path) -> None:
    """Same names, same shapes, and the same values where a model has them from its config: positions, norms."""
    made = load_model(str(shape), torch.float32, "cpu", is_random=True)
    real = load_model(str(tiny), torch.float32, "cpu")
    shapes = {name: each.shape for name, each in real.state_dict().items()}
    assert {name: each.shape for name, each in made.state_dict().items()} == shapes
    for name, buffer in real.named_buffers():
        assert torch.equal(dict(made.named_buffers())[name], buffer)
    assert (made.state_dict()["model.norm.weight"] == 1).all()
    assert 0.015 < made.state_dict()["model.layers.0.mlp.up_proj.weight"].std() < 0.025


def test_making_one_up_uses_up_no_random_numbers(shape: Path) -> None:
    """Who seeds first and makes a model then draws what it would have drawn."""
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    load_model(str(shape), torch.float32, "cpu", is_random=True)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("is_random", [False, True])
def test_a_missing_model_is_an_error(tmp_path: Path, *, is_random: bool) -> None:
    """It names the model and says what to do; nothing is downloaded."""
    with pytest.raises(ModelMissing) as caught:
        load_model(str(tmp_path / "none"), torch.float32, "cpu", is_random=is_random)
    assert "none" in str(caught.value)
    assert caught.value.hint
    with pytest.raises(ModelMissing):
        load_tokenizer(str(tmp_path / "none"))
