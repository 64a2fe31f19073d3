"""What was learned by any method, as LoRA: the nearest there is, and how near that is can be told."""

from pathlib import Path

import pytest
import torch
from torch import nn

from connectors.train_settings import TrainSettings
from tests.trainer.learners import FP32, HELD_OUT, SETTINGS, learn, wrapped
from tests.trainer.methods.test_merge import logits, trained
from trainer.methods import METHODS, saved_by
from trainer.methods.merge import merge
from trainer.methods.svd import as_lora, take_apart
from trainer.methods.targets import ALL, find_layers
from trainer.training.loss import nats_per_byte
from trainer.training.model import load_model

KINDS = [("lora", "dora"), ("rosa", "plain"), ("full", "plain")]
ROSA = {"method": "rosa", "density": 0.05}


def _settings(method: str, variant: str, rank: int) -> TrainSettings:
    changes = {"method": method, "variant": variant, "epochs": 1, "as_lora": rank}
    return SETTINGS.model_copy(update=changes | ({"learning_rate": 1e-3} if method == "full" else {}))


@pytest.mark.parametrize(("method", "variant"), KINDS)
def test_of_full_rank_it_writes_as_the_model_that_learned(
    tiny: Path, tmp_path: Path, method: str, variant: str
) -> None:
    """All of the layers' change is said; of full fine-tuning only that of embeddings, norms and logits is missing."""
    settings = _settings(method, variant, 128)
    learner = trained(tiny, tmp_path, settings)
    exact = logits(_layers_alone(tiny, learner) if method == "full" else learner)
    found = as_lora(learner, settings, lambda: load_model(str(tiny), torch.float32, "cpu"))
    gap = (logits(found.model) - exact).abs().max() / exact.abs().max()
    assert found.kept == pytest.approx(1, abs=1e-5)
    assert gap < 1e-5


def _layers_alone(base: Path, learner: nn.Module) -> nn.Module:
    """Return the base model with the learner's layers in it."""
    model = load_model(str(base), torch.float32, "cpu")
    for name, layer in find_layers(model, ALL).items():
        layer.weight.data.copy_(learner.get_parameter(f"{name}.weight"))
    return model


def test_the_higher_the_rank_the_less_is_lost(tiny: Path, tmp_path: Path) -> None:
    """Of one model, more rank keeps more of its change and comes nearer to its loss; the loss of the exact is told."""
    load = lambda: load_model(str(tiny), torch.float32, "cpu")  # noqa: E731
    kept, gaps = [], []
    for rank in (1, 8, 32):
        settings = _settings("rosa", "plain", rank).model_copy(update=ROSA)
        learner = trained(tiny, tmp_path / str(rank), settings)
        exact = nats_per_byte(learner, HELD_OUT, FP32, 4)
        found = as_lora(learner, settings, load)
        kept.append(found.kept)
        gaps.append(abs(nats_per_byte(found.model, HELD_OUT, FP32, 4) - exact))
    assert kept == sorted(kept)
    assert kept[0] < kept[-1]
    assert gaps[-1] < gaps[0]


def test_what_is_saved_is_plain_lora_and_survives(tiny: Path, tmp_path: Path) -> None:
    """The folder is LoRA's, loads as such, and merges into the same model; the settings say that LoRA is served."""
    settings = _settings("rosa", "plain", 16)
    found = as_lora(trained(tiny, tmp_path, settings), settings, lambda: load_model(str(tiny), torch.float32, "cpu"))
    saved_by(settings).save(found.model, tmp_path / "as_lora")
    assert METHODS["rosa"].serving(settings) == "lora"
    assert METHODS["rosa"].serving(SETTINGS) == "merged"
    again = METHODS["lora"].load(load_model(str(tiny), torch.float32, "cpu"), tmp_path / "as_lora")
    said = logits(found.model)
    assert torch.equal(logits(again), said)
    merge(tmp_path / "as_lora", tmp_path / "merged", base=str(tiny))
    model = load_model(str(tmp_path / "merged"), torch.float32, "cpu")
    assert (logits(model) - said).abs().max() / said.abs().max() < 1e-6


def test_quantised_weights_are_changed_as_the_whole_ones_would_be(tiny: Path, tmp_path: Path) -> None:
    """DoRA that learned beside 4-bit weights is put beside those that the engine serves."""
    settings = _settings("lora", "dora", 64).model_copy(update={"quantisation": "nf4"})
    model = load_model(str(tiny), torch.float32, "cpu", quantisation="nf4")
    learner = METHODS["lora"].wrap(model, settings)
    learn(learner, tmp_path, settings=settings)
    METHODS["lora"].save(learner, tmp_path / "adapter")
    found = as_lora(learner, settings, lambda: load_model(str(tiny), torch.float32, "cpu"))
    exact = logits(METHODS["lora"].load(load_model(str(tiny), torch.float32, "cpu"), tmp_path / "adapter"))
    assert (logits(found.model) - exact).abs().max() / exact.abs().max() < 1e-5


def test_nothing_learned_is_nothing_said(tiny: Path) -> None:
    """A model that has not learned yet is its base, and no share of nothing is lost."""
    settings = _settings("lora", "dora", 4)
    found = as_lora(wrapped(tiny, settings), settings, lambda: load_model(str(tiny), torch.float32, "cpu"))
    base = logits(load_model(str(tiny), torch.float32, "cpu"))
    assert (logits(found.model) - base).abs().max() / base.abs().max() < 1e-5


def test_a_large_matrix_is_taken_apart_nearly_as_well() -> None:
    """By random projection the error is that of the best factors within a percent, and the same each time."""
    generator = torch.Generator().manual_seed(1)
    low = torch.randn(1500, 12, generator=generator) @ torch.randn(12, 1100, generator=generator)
    matrix = low + 0.1 * torch.randn(1500, 1100, generator=generator)
    sizes = torch.linalg.svdvals(matrix)
    best = sizes[8:].square().sum().sqrt()
    found, again = take_apart(matrix, 8), take_apart(matrix, 8)
    assert (matrix - found.up @ found.down).norm() < 1.01 * best
    assert torch.equal(found.up, again.up)
    assert found.kept / found.whole == pytest.approx((sizes[:8].square().sum() / sizes.square().sum()).item(), rel=1e-2)


def test_where_it_makes_no_sense_it_is_refused() -> None:
    """LoRA is LoRA already."""
    with pytest.raises(ValueError, match="as_lora is for rosa"):
        TrainSettings(as_lora=8)
    assert TrainSettings(as_lora=8, variant="dora").as_lora == 8
