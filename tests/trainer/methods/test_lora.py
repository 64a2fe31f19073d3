"""A saved adapter is the one that was trained, in the form that engines load."""

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import nn

from connectors.errors import UsageError
from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, SETTINGS, learn, wrapped
from trainer.methods import METHODS
from trainer.training.model import load_model


def test_a_reloaded_adapter_says_the_same(tiny: Path, tmp_path: Path) -> None:
    """Base model and saved folder together give the logits of the trained model, which differ from the base's."""
    model = wrapped(tiny, SETTINGS)
    learn(model, tmp_path)
    METHODS["lora"].save(model, tmp_path / "adapter")

    base = load_model(str(tiny), torch.float32, "cpu").eval()
    ids = torch.tensor([EXAMPLES[0].tokens])
    with torch.no_grad():
        trained, plain = model.eval()(input_ids=ids).logits, base(input_ids=ids).logits
        again = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()(input_ids=ids).logits
    torch.testing.assert_close(again, trained)
    assert not torch.allclose(plain, trained, atol=1e-3)


def test_the_folder_is_what_an_engine_loads(tiny: Path, tmp_path: Path) -> None:
    """It names its base model, its rank and plain layer names, and holds safetensors and nothing else."""
    METHODS["lora"].save(wrapped(tiny, SETTINGS), tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny)
    assert config["r"] == SETTINGS.rank
    every_layer = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert sorted({name.split(".")[-1] for name in config["target_modules"]}) == every_layer
    assert not config["modules_to_save"]
    names = sorted(path.name for path in (tmp_path / "adapter").iterdir())
    assert names == ["adapter_config.json", "adapter_model.safetensors"]


def test_targets_can_be_named(tiny: Path) -> None:
    """Only the layers named are trained."""
    model = wrapped(tiny, TrainSettings(targets=("q_proj", "v_proj")))
    trained = {name.split(".")[-4] for name, each in model.named_parameters() if each.requires_grad}
    assert trained == {"q_proj", "v_proj"}


@pytest.mark.parametrize("targets", ["v_proj", ("layers.0.self_attn.v_proj",), ("v_proj", "layers.1.self_attn.v_proj")])
def test_a_target_is_the_end_of_a_name(tiny: Path, targets: str | tuple[str, ...]) -> None:
    """One name needs no list, and more of a name means fewer layers."""
    model = wrapped(tiny, TrainSettings(targets=targets))
    layers = {name.split(".lora_")[0] for name, each in model.named_parameters() if each.requires_grad}
    assert len(layers) == (1 if targets == ("layers.0.self_attn.v_proj",) else 2)
    assert all(name.endswith("v_proj") for name in layers)


@pytest.mark.parametrize("method", ["lora", "rosa"])
@pytest.mark.parametrize("targets", ["query", ("q_proj", "proj"), ("embed_tokens",), ()])
def test_a_target_that_is_not_there_is_an_error(tiny: Path, method: str, targets: str | tuple[str, ...]) -> None:
    """Even beside targets that are there: nothing is left out in silence. The hint names the layers there are."""
    with pytest.raises(UsageError) as caught:
        wrapped(tiny, TrainSettings.model_validate({"method": method, "targets": targets}))
    assert "q_proj" in caught.value.hint
    assert "targets" in caught.value.hint


def scalings(model: nn.Module) -> set[float]:
    """Return by what the adapters' output is multiplied."""
    return {layer.scaling["default"] for layer in model.modules() if isinstance(layer, LoraLayer)}


def test_rslora_divides_by_the_root_of_the_rank(tiny: Path) -> None:
    """It is alpha / sqrt(rank) instead of alpha / rank, and the saved folder says so to the engine."""
    settings = TrainSettings(rank=16, alpha=8)
    assert scalings(wrapped(tiny, settings)) == {8 / 16}
    assert scalings(wrapped(tiny, settings.model_copy(update={"variant": "rslora"}))) == {8 / 4}


def test_dora_learns_lengths_and_starts_as_the_base_model(tiny: Path, tmp_path: Path) -> None:
    """Each layer has a trained length per row, which at first is that of the base's weight; so are the logits."""
    settings = SETTINGS.model_copy(update={"variant": "dora"})
    model, base = wrapped(tiny, settings), load_model(str(tiny), torch.float32, "cpu").eval()
    ids = torch.tensor([EXAMPLES[0].tokens])
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(input_ids=ids).logits, base(input_ids=ids).logits)
    lengths = {name: each for name, each in model.named_parameters() if "magnitude" in name and each.requires_grad}
    assert len(lengths) == 14
    name, length = next(iter(lengths.items()))
    weight = base.get_submodule(name.removeprefix("base_model.model.").split(".lora_")[0]).weight
    torch.testing.assert_close(length.detach(), weight.detach().norm(dim=1))
    before = length.detach().clone()
    learn(model, tmp_path, settings=settings)
    assert not torch.allclose(length, before)


@pytest.mark.parametrize(("variant", "serving"), [("plain", "lora"), ("rslora", "lora"), ("dora", "merged")])
def test_the_engine_turns_only_dora_away(tiny: Path, tmp_path: Path, variant: str, serving: str) -> None:
    """What is said of serving is what vLLM says of the saved folder."""
    helper = pytest.importorskip("vllm.lora.peft_helper")
    settings = SETTINGS.model_copy(update={"variant": variant})
    METHODS["lora"].save(wrapped(tiny, settings), tmp_path)
    faults = helper.PEFTHelper.from_local_dir(str(tmp_path), 1024)._validate_features()
    assert bool(faults) == (serving == "merged")
    assert METHODS["lora"].serving(settings) == serving
